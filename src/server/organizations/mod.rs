//! AWS Organizations (awsJson1.1): the organization that the engine holds.

mod accounts;
mod delegation;
mod policies;
mod units;

use super::failure::Failure;
use super::members::Members;
use crate::domain::backup_policy::PolicyType;
use crate::engine::{Caller, Engine, Organization, Page, PageRequest};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// What `X-Amz-Target` begins with.
pub(super) const TARGET: &str = "AWSOrganizationsV20161128";

/// This service's names for what AWS Backup calls otherwise.
const NAMES: [(&str, &str); 5] = [
    ("InvalidParameterValueException", "InvalidInputException"),
    ("MissingParameterValueException", "InvalidInputException"),
    ("InvalidRequestException", "InvalidInputException"),
    ("ConflictException", "ConcurrentModificationException"),
    ("ServiceUnavailableException", "ServiceException"),
];

/// How many rows a page may be asked to hold.
const MAX_RESULTS: RangeInclusive<i64> = 1..=20;

/// Every operation: AWS's name, and what answers it.
const OPERATIONS: [(&str, Handler); 35] = [
    ("AttachPolicy", policies::attach),
    ("CreateAccount", accounts::create),
    ("CreateOrganizationalUnit", units::create),
    ("CreatePolicy", policies::create),
    ("DeleteOrganizationalUnit", units::delete),
    ("DeletePolicy", policies::delete),
    ("DeregisterDelegatedAdministrator", delegation::deregister),
    ("DescribeAccount", accounts::describe),
    ("DescribeCreateAccountStatus", accounts::describe_request),
    ("DescribeEffectivePolicy", policies::effective),
    ("DescribeOrganization", accounts::describe_organization),
    ("DescribeOrganizationalUnit", units::describe),
    ("DescribePolicy", policies::describe),
    ("DetachPolicy", policies::detach),
    ("DisablePolicyType", policies::disable),
    ("EnablePolicyType", policies::enable),
    ("ListAWSServiceAccessForOrganization", delegation::service_access),
    ("ListAccounts", accounts::list),
    ("ListAccountsForParent", accounts::list_for_parent),
    ("ListAccountsWithInvalidEffectivePolicy", policies::accounts_with_errors),
    ("ListChildren", units::children),
    ("ListCreateAccountStatus", accounts::list_requests),
    ("ListDelegatedAdministrators", delegation::list),
    ("ListDelegatedServicesForAccount", delegation::services),
    ("ListEffectivePolicyValidationErrors", policies::errors),
    ("ListOrganizationalUnitsForParent", units::list_for_parent),
    ("ListParents", units::parents),
    ("ListPolicies", policies::list),
    ("ListPoliciesForTarget", policies::list_for_target),
    ("ListRoots", units::roots),
    ("ListTargetsForPolicy", policies::list_targets),
    ("MoveAccount", accounts::move_to),
    ("RegisterDelegatedAdministrator", delegation::register),
    ("UpdateOrganizationalUnit", units::update),
    ("UpdatePolicy", policies::update),
];

type Handler = fn(&Call<'_>, Members) -> Result<Value, Failure>;

/// A call whose caller is known.
struct Call<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    organization: Organization,
}

/// An operation's name as the service has it; none where it has no such operation.
pub(super) fn name_of(operation: &str) -> Option<&'static str> {
    OPERATIONS.iter().find(|(name, _)| *name == operation).map(|(name, _)| *name)
}

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, operation: &str, body: Members) -> Result<Value, Failure> {
    let Some((_, handler)) = OPERATIONS.iter().find(|(name, _)| *name == operation) else {
        return Err(Failure::unknown_operation(format!(
            "{operation} of AWS Organizations is not supported by this engine"
        )));
    };
    let call = Call { engine, caller, organization: engine.organization()? };
    handler(&call, body).map_err(|failure| failure.renamed(&NAMES))
}

impl Call<'_> {
    /// `arn:aws:organizations::MANAGEMENT:KIND/o-…/ID`.
    fn arn(&self, kind: &str, id: impl std::fmt::Display) -> String {
        format!("arn:aws:organizations::{}:{kind}/{}/{id}", self.organization.management.id, self.organization.id)
    }
}

/// The one type of policies that organizations of an engine have.
fn available() -> Value {
    json!({ "Type": PolicyType::Backup.as_str(), "Status": "ENABLED" })
}

/// The members of every list.
fn page(body: &mut Members) -> Result<PageRequest, Failure> {
    let page = PageRequest { max_results: body.integer("MaxResults")?, next_token: body.string("NextToken")? };
    match page.max_results {
        Some(number) if !MAX_RESULTS.contains(&number) => {
            let (least, most) = MAX_RESULTS.into_inner();
            Err(Failure::invalid(format!("Invalid MaxResults: {number} is not between {least} and {most}")))
        }
        _ => Ok(page),
    }
}

/// A list, as this service answers it.
fn listed(member: &str, page: Page<Value>) -> Value {
    let mut answer = json!({ member: page.items });
    if let Some(token) = page.next_token {
        answer["NextToken"] = json!(token);
    }
    answer
}

/// Everything in one page: there is never more.
fn all(member: &str, items: Vec<Value>) -> Value {
    listed(member, Page { items, next_token: None })
}

/// An id that must be there; errors name the member.
fn id<T: std::str::FromStr<Err = crate::domain::Invalid>>(body: &mut Members, member: &str) -> Result<T, Failure> {
    let text = body.required_string(member)?;
    // The type's own words name the type; here it stands in a member.
    text.parse().map_err(|invalid: crate::domain::Invalid| {
        let rule = invalid.message.split_once(": ").map_or(invalid.message.as_str(), |(_, rule)| rule);
        Failure::invalid(format!("Invalid {member}: {rule}"))
    })
}
