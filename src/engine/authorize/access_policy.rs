//! What the access policy of a vault says to whoever asks.

use super::principal::Principal;
use super::{Subject, rows};
use crate::domain::policy::{Decision, Facts, Identity, Policy, Request};
use crate::domain::{AccountId, Arn};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};

/// The condition keys of which an engine knows the value, or that a request does not have it. A policy that asks for others is
/// not accepted: it would protect nothing, or everything.
pub const KNOWN_KEYS: [&str; 20] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalType",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:userid",
    "aws:username",
    "backup:ChangeableForDays",
    "backup:CopyTargetOrgPaths",
    "backup:CopyTargets",
    "backup:FrameworkArns",
    "backup:Index",
    "backup:MaxRetentionDays",
    "backup:MinRetentionDays",
    "backup:MpaApprovalTeamArn",
];

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// There is none, or it says nothing of this, or it does not bind whoever asks.
    Nothing,
    /// It allows it, by the statement of this name.
    Allows(String),
    /// It denies it, by the statement of this name.
    Denies(String),
}

/// What the policy of the subject's vault says to `principal` of an action.
pub(super) fn said(tx: &Connection, principal: &Principal<'_>, action: &str, subject: &impl Subject) -> Result<Said> {
    let Some(vault) = subject.vault() else { return Ok(Said::Nothing) };
    let Some(identity) = vault.account().parse().ok().and_then(|account| principal.identity(&account)) else {
        return Ok(Said::Nothing);
    };
    let Some(text) = rows::get(tx, vault)? else { return Ok(Said::Nothing) };
    let policy = Policy::parse(&text).map_err(|invalid| Error::Damaged {
        what: format!("the access policy of {vault} cannot be read any more: {invalid}"),
        advice: "Nothing is allowed until it is; put back a good copy of the catalog".to_owned(),
    })?;
    let facts = subject.facts(known(tx, &identity, principal.user_id(), vault)?);
    let resource = subject.name();
    let request = Request { identity: &identity, action, resource: &resource, facts: &facts };
    Ok(match policy.evaluate(&request) {
        Decision::Nothing => Said::Nothing,
        Decision::Allow(statement) => Said::Allows(policy.name_of(statement)),
        // All keys that a policy may ask for are known here; were one not, nobody would be let through.
        Decision::Deny(statement) | Decision::Depends { statement, .. } => Said::Denies(policy.name_of(statement)),
    })
}

/// The refusal, in AWS's words.
pub(super) fn denied(principal: &Principal<'_>, action: &str, subject: &impl Subject) -> Error {
    Error::access_denied(format!(
        "{} with an explicit deny in a resource-based policy",
        not_authorized(principal, action, subject)
    ))
}

/// The same where a policy would have to allow it and does not.
pub(super) fn not_allowed(principal: &Principal<'_>, action: &str, subject: &impl Subject) -> Error {
    let begin = not_authorized(principal, action, subject);
    Error::access_denied(format!("{begin} because no resource-based policy allows the {action} action"))
}

/// The refusal of what a share does not let through an air gap.
pub(super) fn shared_for_less(principal: &Principal<'_>, action: &str, subject: &impl Subject) -> Error {
    let begin = not_authorized(principal, action, subject);
    Error::access_denied(format!(
        "{begin} because the logically air-gapped backup vault is shared with this account for restores only"
    ))
}

fn not_authorized(principal: &Principal<'_>, action: &str, subject: &impl Subject) -> String {
    let account = subject.vault().and_then(|vault| vault.account().parse().ok());
    let who = account.and_then(|account| principal.identity(&account));
    let who = who.map_or_else(|| "AWS Backup".to_owned(), |identity| identity.to_string());
    format!("User: {who} is not authorized to perform: {action} on resource: {}", subject.name())
}

/// What is known of whoever asks, and of the vault. All accounts are in one organization.
fn known(tx: &Connection, identity: &Identity, user_id: Option<&str>, vault: &Arn) -> Result<Facts> {
    let (organization, _) = rows::organization::root(tx)?;
    let path_of = |account: &AccountId| Ok::<_, Error>(rows::organization::path_of(tx, account)?.into_iter().collect());
    let owner: Option<AccountId> = vault.account().parse().ok();
    let arn = identity.principal_arn();
    let mut facts = Facts::complete()
        .with("aws:PrincipalAccount", identity.account.as_str())
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:PrincipalOrgID", organization.as_str())
        .with_all("aws:PrincipalOrgPaths", path_of(&identity.account)?)
        .with("aws:PrincipalType", identity.kind())
        .with("aws:RequestedRegion", vault.region())
        .with("aws:ResourceAccount", vault.account())
        .with("aws:ResourceOrgID", organization)
        .with_all("aws:ResourceOrgPaths", owner.as_ref().map_or_else(|| Ok(Vec::new()), path_of)?);
    if let Some(name) = arn.split_once(":user/").and_then(|(_, name)| name.rsplit('/').next()) {
        facts = facts.with("aws:username", name);
    }
    if let Some(id) = user_id {
        facts = facts.with("aws:userid", id);
    }
    Ok(facts.with("aws:PrincipalArn", arn))
}
