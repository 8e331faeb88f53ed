//! Who administers AWS Backup for the organization, and which services work in it.

use super::{Call, accounts, all, id, listed, page};
use crate::domain::AccountId;
use crate::domain::organization::BACKUP_SERVICE;
use crate::server::call::{Stamp, stamp};
use crate::server::failure::Failure;
use crate::server::members::Members;
use serde_json::{Value, json};

pub(super) fn register(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let account = of_backup(&mut body)?;
    body.finish()?;
    call.engine.register_delegated_administrator(call.caller.into(), &account)?;
    Ok(json!({}))
}

pub(super) fn deregister(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let account = of_backup(&mut body)?;
    body.finish()?;
    call.engine.deregister_delegated_administrator(call.caller.into(), &account)?;
    Ok(json!({}))
}

pub(super) fn list(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    if let Some(service) = body.string("ServicePrincipal")? {
        check_service(&service)?;
    }
    let page = page(&mut body)?;
    body.finish()?;
    let found = call.engine.delegated_administrators(call.caller, &page)?;
    let tree = call.engine.tree()?;
    let row = |(account, since)| {
        let mut row = accounts::row(call, &account, &tree);
        row["DelegationEnabledDate"] = json!(Stamp(since));
        row
    };
    Ok(listed("DelegatedAdministrators", found.map(row)))
}

pub(super) fn services(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let account: AccountId = id(&mut body, "AccountId")?;
    page(&mut body)?;
    body.finish()?;
    let since = call.engine.delegated_since(call.caller, &account)?;
    Ok(all("DelegatedServices", vec![service("DelegationEnabledDate", Some(Stamp(since)))]))
}

/// AWS Backup is at home in an engine's organization since that is there.
pub(super) fn service_access(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    page(&mut body)?;
    body.finish()?;
    // Whoever may read the organization may read this.
    call.engine.root(call.caller)?;
    let since = stamp(call.organization.management.joined);
    Ok(all("EnabledServicePrincipals", vec![service("DateEnabled", since)]))
}

fn service(member: &str, since: Option<Stamp>) -> Value {
    let mut row = json!({ "ServicePrincipal": BACKUP_SERVICE });
    if let Some(since) = since {
        row[member] = json!(since);
    }
    row
}

fn of_backup(body: &mut Members) -> Result<AccountId, Failure> {
    let account = id(body, "AccountId")?;
    check_service(&body.required_string("ServicePrincipal")?)?;
    Ok(account)
}

fn check_service(service: &str) -> Result<(), Failure> {
    if service == BACKUP_SERVICE {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "Invalid ServicePrincipal: {service:?} is not {BACKUP_SERVICE}, the one service here"
    )))
}
