//! AWS Organizations (awsJson1.1): the organization that the engine holds.

use super::call::stamp;
use super::failure::Failure;
use super::members::Members;
use crate::domain::{Account, AccountId};
use crate::engine::{Caller, Engine, Organization, PageRequest};
use serde_json::{Value, json};

/// What `X-Amz-Target` begins with.
pub(super) const TARGET: &str = "AWSOrganizationsV20161128";

/// This service's names for what AWS Backup calls otherwise.
const NAMES: [(&str, &str); 4] = [
    ("InvalidParameterValueException", "InvalidInputException"),
    ("MissingParameterValueException", "InvalidInputException"),
    ("InvalidRequestException", "InvalidInputException"),
    ("ServiceUnavailableException", "ServiceException"),
];

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, operation: &str, body: Members) -> Result<Value, Failure> {
    carried_out(engine, caller, operation, body).map_err(|failure| failure.renamed(&NAMES))
}

fn carried_out(engine: &Engine, caller: &Caller, operation: &str, mut body: Members) -> Result<Value, Failure> {
    match operation {
        "DescribeOrganization" => {
            body.finish()?;
            let organization = engine.organization()?;
            let management = &organization.management;
            Ok(json!({ "Organization": {
                "Id": organization.id,
                "Arn": format!("arn:aws:organizations::{}:organization/{}", management.id, organization.id),
                "FeatureSet": "ALL",
                "MasterAccountArn": account_arn(&organization, &management.id),
                "MasterAccountId": management.id,
                "MasterAccountEmail": management.email,
                "AvailablePolicyTypes": [],
            }}))
        }
        "ListAccounts" => {
            let page = PageRequest { max_results: body.integer("MaxResults")?, next_token: body.string("NextToken")? };
            body.finish()?;
            let organization = engine.organization()?;
            let accounts = engine.list_accounts(caller, &page)?;
            let rows: Vec<Value> = accounts.items.into_iter().map(|account| row(&organization, account)).collect();
            let mut answer = json!({ "Accounts": rows });
            if let Some(token) = accounts.next_token {
                answer["NextToken"] = json!(token);
            }
            Ok(answer)
        }
        other => {
            Err(Failure::unknown_operation(format!("{other} of AWS Organizations is not supported by this engine")))
        }
    }
}

fn account_arn(organization: &Organization, account: &AccountId) -> String {
    format!("arn:aws:organizations::{}:account/{}/{account}", organization.management.id, organization.id)
}

fn row(organization: &Organization, account: Account) -> Value {
    let mut row = json!({
        "Id": account.id,
        "Arn": account_arn(organization, &account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": account.status,
        "JoinedMethod": if account.management { "INVITED" } else { "CREATED" },
    });
    if let Some(joined) = stamp(account.joined) {
        row["JoinedTimestamp"] = json!(joined);
    }
    row
}
