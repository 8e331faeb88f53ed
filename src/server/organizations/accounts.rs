//! The organization itself and its accounts.

use super::{Call, id, listed, page};
use crate::domain::{Account, AccountId, ParentId};
use crate::engine::{AccountRequest, NewAccount};
use crate::server::call::{Stamp, stamp};
use crate::server::failure::Failure;
use crate::server::members::Members;
use serde_json::{Value, json};

pub(super) fn describe_organization(call: &Call<'_>, body: Members) -> Result<Value, Failure> {
    body.finish()?;
    let organization = &call.organization;
    let management = &organization.management;
    Ok(json!({ "Organization": {
        "Id": organization.id,
        "Arn": format!("arn:aws:organizations::{}:organization/{}", management.id, organization.id),
        "FeatureSet": "ALL",
        "MasterAccountArn": call.arn("account", &management.id),
        "MasterAccountId": management.id,
        "MasterAccountEmail": management.email,
        "AvailablePolicyTypes": [super::available()],
    }}))
}

pub(super) fn list(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let page = page(&mut body)?;
    body.finish()?;
    let accounts = call.engine.list_accounts(call.caller, &page)?;
    rows(call, accounts)
}

pub(super) fn list_for_parent(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let parent: ParentId = id(&mut body, "ParentId")?;
    let page = page(&mut body)?;
    body.finish()?;
    rows(call, call.engine.accounts_of(call.caller, &parent, &page)?)
}

fn rows(call: &Call<'_>, accounts: crate::engine::Page<Account>) -> Result<Value, Failure> {
    let tree = call.engine.tree()?;
    Ok(listed("Accounts", accounts.map(|account| row(call, &account, &tree))))
}

pub(super) fn describe(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let account: AccountId = id(&mut body, "AccountId")?;
    body.finish()?;
    let account = call.engine.account(call.caller, &account)?;
    Ok(json!({ "Account": row(call, &account, &call.engine.tree()?) }))
}

pub(super) fn create(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let new = NewAccount {
        name: body.required_string("AccountName")?,
        email: body.required_string("Email")?,
        role: body.string("RoleName")?,
    };
    for member in ["IamUserAccessToBilling", "Tags"] {
        body.refuse(member)?;
    }
    body.finish()?;
    Ok(json!({ "CreateAccountStatus": status(&call.engine.create_account(call.caller, &new)?) }))
}

pub(super) fn describe_request(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let request = body.required_string("CreateAccountRequestId")?;
    body.finish()?;
    Ok(json!({ "CreateAccountStatus": status(&call.engine.account_request(call.caller, &request)?) }))
}

pub(super) fn list_requests(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let states = body.strings("States")?.unwrap_or_default();
    for state in &states {
        if !["IN_PROGRESS", "SUCCEEDED", "FAILED"].contains(&state.as_str()) {
            let message = format!("Invalid States: {state:?} is not one of IN_PROGRESS, SUCCEEDED, FAILED");
            return Err(Failure::invalid(message));
        }
    }
    let page = page(&mut body)?;
    body.finish()?;
    let asked = |state: &str| states.is_empty() || states.iter().any(|asked| asked == state);
    let (succeeded, failed) = (asked("SUCCEEDED"), asked("FAILED"));
    let found = if succeeded || failed {
        call.engine.account_requests(call.caller, succeeded, failed, &page)?
    } else {
        // An engine is never in the middle of one.
        crate::engine::Page::empty()
    };
    Ok(listed("CreateAccountStatuses", found.map(|request| status(&request))))
}

pub(super) fn move_to(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let account: AccountId = id(&mut body, "AccountId")?;
    let from: ParentId = id(&mut body, "SourceParentId")?;
    let to: ParentId = id(&mut body, "DestinationParentId")?;
    body.finish()?;
    call.engine.move_account(call.caller.into(), &account, &from, &to)?;
    Ok(json!({}))
}

fn status(request: &AccountRequest) -> Value {
    let mut status = json!({
        "Id": request.id,
        "AccountName": request.name,
        "RequestedTimestamp": Stamp(request.requested),
        "CompletedTimestamp": Stamp(request.requested),
    });
    match &request.outcome {
        Ok(account) => {
            status["State"] = json!("SUCCEEDED");
            status["AccountId"] = json!(account);
        }
        Err(reason) => {
            status["State"] = json!("FAILED");
            status["FailureReason"] = json!(reason);
        }
    }
    status
}

/// An account as this service tells of it.
pub(super) fn row(call: &Call<'_>, account: &Account, tree: &crate::domain::organization::Tree) -> Value {
    let mut row = json!({
        "Id": account.id,
        "Arn": call.arn("account", &account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": account.status,
        "Paths": [format!("{}{}/", tree.path_of(account.unit.as_ref()), account.id)],
        "JoinedMethod": if account.management { "INVITED" } else { "CREATED" },
    });
    if let Some(joined) = stamp(account.joined) {
        row["JoinedTimestamp"] = json!(joined);
    }
    row
}
