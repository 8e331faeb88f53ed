//! AWS Organizations (awsJson1.1): the organization that the engine holds.

use super::call::stamp;
use super::failure::Failure;
use super::members::Members;
use crate::domain::Account;
use crate::engine::{Caller, Engine, PageRequest};
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
            Ok(json!({ "Organization": {
                "Id": organization.id,
                "Arn": organization.arn,
                "FeatureSet": "ALL",
                "MasterAccountArn": organization.management_account_arn,
                "MasterAccountId": organization.management_account,
                "MasterAccountEmail": organization.management_account_email,
                "AvailablePolicyTypes": [],
            }}))
        }
        "ListAccounts" => {
            let page = PageRequest { max_results: body.integer("MaxResults")?, next_token: body.string("NextToken")? };
            body.finish()?;
            let accounts = engine.list_accounts(caller, &page)?;
            let rows: Vec<Value> =
                accounts.items.into_iter().map(|account| row(engine, account)).collect::<Result<_, _>>()?;
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

fn row(engine: &Engine, account: Account) -> Result<Value, Failure> {
    let mut row = json!({
        "Id": account.id,
        "Arn": engine.account_arn(&account.id)?,
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": account.status,
        "JoinedMethod": if account.management { "INVITED" } else { "CREATED" },
    });
    if let Some(joined) = stamp(account.joined) {
        row["JoinedTimestamp"] = json!(joined);
    }
    Ok(row)
}
