//! What an account sees of the others: its own things, and all of its organization's for the management account.

pub use super::principal::is_management;
use super::rows::organization::is_delegated;
use super::subject::NO_PERMISSION;
use crate::domain::{AccountId, Scope};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};

/// Whose jobs a list tells of: one account's, or with `None` everybody's. Only the management account sees others.
pub fn job_accounts(caller: &Caller, account_id: Option<&str>) -> Result<Option<AccountId>> {
    match account_id {
        None => Ok(Some(caller.account.clone())),
        Some("*") if is_management(&caller.account) => Ok(None),
        Some("*") => Ok(Some(caller.account.clone())),
        Some(text) => {
            let account: AccountId = text.parse()?;
            if account == caller.account || is_management(&caller.account) {
                Ok(Some(account))
            } else {
                Err(Error::insufficient_privileges())
            }
        }
    }
}

/// Whether the caller may see a job of `owner`: its own, or any of its region for the management account.
pub fn sees(caller: &Caller, owner: &Scope) -> bool {
    owner.region == caller.region && (owner.account == caller.account || is_management(&caller.account))
}

/// Refuses whoever may not read the organization: only its management account and its delegated administrators may.
pub fn may_read_organization(connection: &Connection, caller: &Caller) -> Result<()> {
    if is_management(&caller.account) || is_delegated(connection, &caller.account)? {
        Ok(())
    } else {
        Err(Error::access_denied(NO_PERMISSION))
    }
}
