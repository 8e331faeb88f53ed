//! Who may ask, and as whom: accounts, roles, access keys, sessions, and which account sees what.

pub mod accounts;
pub mod credentials;
pub mod founding;
pub mod regions;
pub mod roles;
pub(crate) mod rows;
pub mod sessions;
pub mod settings;

use crate::domain::{AccountId, Scope};
use crate::engine::caller::Caller;
use crate::engine::error::{Error, Result};
use crate::engine::keys::random;
use crate::engine::{Engine, FIRST_ACCOUNT};

/// The alphabet of AWS's ids of keys, users and roles.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A prefix such as `AKIA`, and `length` random letters and digits behind it.
pub(crate) fn unique_id(prefix: &str, length: usize) -> Result<String> {
    let mut bytes = vec![0; length];
    random(&mut bytes)?;
    Ok(prefix.chars().chain(bytes.iter().map(|byte| BASE32[usize::from(byte % 32)] as char)).collect())
}

impl Engine {
    /// Whether an account is the management account of the organization.
    pub fn is_management(&self, account: &AccountId) -> bool {
        account.as_str() == FIRST_ACCOUNT
    }

    /// Whose jobs a list tells of: one account's, or with `None` everybody's. Only the management account sees others.
    pub fn job_accounts(&self, caller: &Caller, account_id: Option<&str>) -> Result<Option<AccountId>> {
        match account_id {
            None => Ok(Some(caller.account.clone())),
            Some("*") if self.is_management(&caller.account) => Ok(None),
            Some("*") => Ok(Some(caller.account.clone())),
            Some(text) => {
                let account: AccountId = text.parse()?;
                if account == caller.account || self.is_management(&caller.account) {
                    Ok(Some(account))
                } else {
                    Err(Error::insufficient_privileges())
                }
            }
        }
    }

    /// Whether the caller may see a job of `owner`: its own, or any of its region for the management account.
    pub fn sees(&self, caller: &Caller, owner: &Scope) -> bool {
        owner.region == caller.region && (owner.account == caller.account || self.is_management(&caller.account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_ids_have_the_shape_of_aws_and_differ() {
        let (one, other) = (unique_id("AKIA", 16).unwrap(), unique_id("AKIA", 16).unwrap());
        assert_eq!(one.len(), 20);
        assert!(one.starts_with("AKIA") && one.bytes().all(|b| BASE32.contains(&b)));
        assert_ne!(one, other);
    }
}
