//! What an account sees of the others: its own things, and the jobs of all its organization for who oversees that.

pub use super::principal::is_management;
use super::rows::organization::is_delegated;
use super::subject::NO_PERMISSION;
use crate::domain::{AccountId, Scope};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};

/// Whether an account sees the jobs of all others: the management account, and whom it made an administrator of AWS Backup.
pub fn oversees(connection: &Connection, account: &AccountId) -> Result<bool> {
    Ok(is_management(account) || is_delegated(connection, account)?)
}

/// Whose jobs a list tells of: one account's, or with `None` everybody's. Only who [`oversees`] the organization sees others'.
pub fn job_accounts(connection: &Connection, caller: &Caller, account_id: Option<&str>) -> Result<Option<AccountId>> {
    match account_id {
        None => Ok(Some(caller.account.clone())),
        Some("*") if oversees(connection, &caller.account)? => Ok(None),
        Some("*") => Ok(Some(caller.account.clone())),
        Some(text) => {
            let account: AccountId = text.parse()?;
            if account == caller.account || oversees(connection, &caller.account)? {
                Ok(Some(account))
            } else {
                Err(Error::insufficient_privileges())
            }
        }
    }
}

/// Whether the caller may see a job of `owner`: its own, or any of its region for who [`oversees`] the organization.
pub fn sees(connection: &Connection, caller: &Caller, owner: &Scope) -> Result<bool> {
    let own = owner.account == caller.account;
    Ok(owner.region == caller.region && (own || oversees(connection, &caller.account)?))
}

/// Refuses whoever may not read the organization: only its management account and its delegated administrators may.
pub fn may_read_organization(connection: &Connection, caller: &Caller) -> Result<()> {
    if oversees(connection, &caller.account)? { Ok(()) } else { Err(Error::access_denied(NO_PERMISSION)) }
}
