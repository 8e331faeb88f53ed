//! Backup policies, what they are attached to, and what holds in an account.

use super::{Call, available, id, listed, page};
use crate::domain::backup_policy::{Policy, PolicyId, PolicyType, Target, TargetId, ValidationError};
use crate::domain::{AccountId, RootId};
use crate::engine::{Error, NewPolicy, OrganizationsException, Page, PolicyChange};
use crate::server::call::stamp;
use crate::server::failure::Failure;
use crate::server::members::Members;
use serde_json::{Value, json};

pub(super) fn create(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let new = NewPolicy {
        kind: id(&mut body, "Type")?,
        name: body.required_string("Name")?,
        // It must be there, and may be empty.
        description: body.string("Description")?.ok_or_else(|| Failure::missing("Description"))?,
        content: body.required_string("Content")?,
    };
    body.refuse("Tags")?;
    body.finish()?;
    Ok(whole(call, &call.engine.create_policy(call.caller.into(), new)?))
}

pub(super) fn update(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let policy: PolicyId = id(&mut body, "PolicyId")?;
    let change = PolicyChange {
        name: body.string("Name")?,
        description: body.string("Description")?,
        content: body.string("Content")?,
    };
    body.finish()?;
    Ok(whole(call, &call.engine.update_policy(call.caller.into(), &policy, change)?))
}

pub(super) fn delete(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let policy: PolicyId = id(&mut body, "PolicyId")?;
    body.finish()?;
    call.engine.delete_policy(call.caller.into(), &policy)?;
    Ok(json!({}))
}

pub(super) fn describe(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let policy: PolicyId = id(&mut body, "PolicyId")?;
    body.finish()?;
    Ok(whole(call, &call.engine.policy(call.caller, &policy)?))
}

pub(super) fn list(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let kind: PolicyType = id(&mut body, "Filter")?;
    let page = page(&mut body)?;
    body.finish()?;
    Ok(listed("Policies", call.engine.policies(call.caller, &kind, &page)?.map(|policy| summary(call, &policy))))
}

pub(super) fn list_for_target(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let target: TargetId = id(&mut body, "TargetId")?;
    let kind: PolicyType = id(&mut body, "Filter")?;
    let page = page(&mut body)?;
    body.finish()?;
    let policies = call.engine.policies_of(call.caller, &target, &kind, &page)?;
    Ok(listed("Policies", policies.map(|policy| summary(call, &policy))))
}

pub(super) fn list_targets(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let policy: PolicyId = id(&mut body, "PolicyId")?;
    let page = page(&mut body)?;
    body.finish()?;
    let row = |Target { id, name }| {
        let kind = match id.kind() {
            "ROOT" => "root",
            "ACCOUNT" => "account",
            _ => "ou",
        };
        json!({ "TargetId": id.as_str(), "Arn": call.arn(kind, id.as_str()), "Name": name, "Type": id.kind() })
    };
    Ok(listed("Targets", call.engine.targets_of(call.caller, &policy, &page)?.map(row)))
}

pub(super) fn attach(call: &Call<'_>, body: Members) -> Result<Value, Failure> {
    let (policy, target) = attachment(body)?;
    call.engine.attach_policy(call.caller.into(), &policy, &target)?;
    Ok(json!({}))
}

pub(super) fn detach(call: &Call<'_>, body: Members) -> Result<Value, Failure> {
    let (policy, target) = attachment(body)?;
    call.engine.detach_policy(call.caller.into(), &policy, &target)?;
    Ok(json!({}))
}

fn attachment(mut body: Members) -> Result<(PolicyId, TargetId), Failure> {
    let both = (id(&mut body, "PolicyId")?, id(&mut body, "TargetId")?);
    body.finish()?;
    Ok(both)
}

pub(super) fn enable(call: &Call<'_>, body: Members) -> Result<Value, Failure> {
    let (root, kind) = of_root(body)?;
    call.engine.enable_policy_type(call.caller.into(), &root, &kind)?;
    Ok(json!({ "Root": root_row(call, &root)? }))
}

pub(super) fn disable(call: &Call<'_>, body: Members) -> Result<Value, Failure> {
    let (root, kind) = of_root(body)?;
    call.engine.disable_policy_type(call.caller.into(), &root, &kind)?;
    Ok(json!({ "Root": root_row(call, &root)? }))
}

fn of_root(mut body: Members) -> Result<(RootId, PolicyType), Failure> {
    let both = (id(&mut body, "RootId")?, id(&mut body, "PolicyType")?);
    body.finish()?;
    Ok(both)
}

/// The root, with the types of policies that are enabled in it.
pub(super) fn root_row(call: &Call<'_>, root: &RootId) -> Result<Value, Failure> {
    let types = if call.engine.has_backup_policies()? { vec![available()] } else { Vec::new() };
    Ok(json!({ "Id": root, "Arn": call.arn("root", root), "Name": "Root", "PolicyTypes": types }))
}

pub(super) fn effective(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let kind: PolicyType = id(&mut body, "PolicyType")?;
    let target = body.string("TargetId")?;
    body.finish()?;
    let target = target.map(|text| account("TargetId", &text)).transpose()?;
    refuse_others(&kind)?;
    let policy = call.engine.effective_policy(call.caller, target.as_ref())?;
    let mut answer = json!({
        "TargetId": policy.account, "PolicyType": kind.as_str(), "PolicyContent": policy.content,
    });
    if let Some(changed) = stamp(Some(policy.changed)) {
        answer["LastUpdatedTimestamp"] = json!(changed);
    }
    Ok(json!({ "EffectivePolicy": answer }))
}

pub(super) fn errors(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let account: AccountId = id(&mut body, "AccountId")?;
    let kind: PolicyType = id(&mut body, "PolicyType")?;
    let page = page(&mut body)?;
    body.finish()?;
    refuse_others(&kind)?;
    let row = |(error, policies): (ValidationError, Vec<PolicyId>)| {
        json!({
            "ErrorCode": error.code, "ErrorMessage": error.message, "PathToError": error.path,
            "ContributingPolicies": policies,
        })
    };
    let found = call.engine.effective_policy_errors(call.caller, &account, &page)?;
    let mut answer = listed("EffectivePolicyValidationErrors", found.map(row));
    let tree = call.engine.tree()?;
    let unit = tree.account(&account).and_then(|account| account.unit.as_ref());
    answer["AccountId"] = json!(account);
    answer["PolicyType"] = json!(kind.as_str());
    answer["Path"] = json!(format!("{}{account}/", tree.path_of(unit)));
    if let Some(now) = stamp(Some(call.engine.now())) {
        answer["EvaluationTimestamp"] = json!(now);
    }
    Ok(answer)
}

pub(super) fn accounts_with_errors(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let kind: PolicyType = id(&mut body, "PolicyType")?;
    let page = page(&mut body)?;
    body.finish()?;
    let ids = match kind {
        PolicyType::Backup => call.engine.accounts_with_errors(call.caller, &page)?,
        PolicyType::Other(_) => Page::empty(),
    };
    let tree = call.engine.tree()?;
    let known = ids.items.iter().filter_map(|id| tree.account(id));
    let items = known.map(|account| super::accounts::row(call, account, &tree)).collect();
    let mut answer = listed("Accounts", Page { items, next_token: ids.next_token });
    answer["PolicyType"] = json!(kind.as_str());
    Ok(answer)
}

/// Of other types nothing ever holds.
fn refuse_others(kind: &PolicyType) -> Result<(), Failure> {
    match kind {
        PolicyType::Backup => Ok(()),
        PolicyType::Other(name) => {
            let message = format!("No {name} holds in any account of this organization.");
            Err(Error::organizations(OrganizationsException::EffectivePolicyNotFound, message).into())
        }
    }
}

fn account(member: &str, text: &str) -> Result<AccountId, Failure> {
    text.parse().map_err(|_| Failure::invalid(format!("Invalid {member}: must be the 12 digits of an account")))
}

fn summary(call: &Call<'_>, policy: &Policy) -> Value {
    let kind = PolicyType::Backup.as_str();
    json!({
        "Id": policy.id,
        "Arn": call.arn("policy", format_args!("{}/{}", kind.to_lowercase(), policy.id)),
        "Name": policy.name,
        "Description": policy.description,
        "Type": kind,
        "AwsManaged": false,
    })
}

fn whole(call: &Call<'_>, policy: &Policy) -> Value {
    json!({ "Policy": { "PolicySummary": summary(call, policy), "Content": policy.content } })
}
