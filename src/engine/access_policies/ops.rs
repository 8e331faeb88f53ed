//! PutBackupVaultAccessPolicy, GetBackupVaultAccessPolicy, DeleteBackupVaultAccessPolicy.

use super::principals;
use crate::domain::Invalid;
use crate::domain::policy::{Policy, shown};
use crate::domain::vault::Vault;
use crate::engine::authorize::access_policy::KNOWN_KEYS;
use crate::engine::authorize::action::{
    DeleteBackupVaultAccessPolicy, GetBackupVaultAccessPolicy, PutBackupVaultAccessPolicy,
};
use crate::engine::authorize::subject::VaultFound;
use crate::engine::authorize::{authorize, rows};
use crate::engine::caller::Caller;
use crate::engine::error::{Error, Result};
use crate::engine::{Engine, vaults};

impl Engine {
    /// Gives a vault an access policy, in place of the one that it has. The text is kept as it is. One that nobody could ever
    /// change again is taken as well, as in AWS.
    pub fn put_vault_access_policy(&self, caller: &Caller, name: &str, text: &str) -> Result<()> {
        let policy = Policy::parse(text)?;
        check_keys(&policy)?;
        self.catalog.write(|tx| {
            let found = vaults::rows::get(tx, &caller.scope(), name)?;
            let permit = authorize(tx, caller, PutBackupVaultAccessPolicy, &VaultFound { found: found.as_ref() })?;
            principals::check(tx, &policy)?;
            rows::put(tx, &permit, text)?;
            self.tell_vault_modified(tx, found.as_ref())
        })
    }

    /// The access policy of a vault, as it was put.
    pub fn vault_access_policy(&self, caller: &Caller, name: &str) -> Result<(Vault, String)> {
        self.catalog.read(|c| {
            let vault = vaults::ops::readable(c, caller, GetBackupVaultAccessPolicy, name)?;
            let none = || Error::not_found(format!("Backup Vault {} has no associated POLICY", vault.arn));
            let text = rows::get(c, &vault.arn)?.ok_or_else(none)?;
            Ok((vault, text))
        })
    }

    /// Takes the access policy of a vault away. That there is none is no error.
    pub fn delete_vault_access_policy(&self, caller: &Caller, name: &str) -> Result<()> {
        self.catalog.write(|tx| {
            let found = vaults::rows::get(tx, &caller.scope(), name)?;
            let permit = authorize(tx, caller, DeleteBackupVaultAccessPolicy, &VaultFound { found: found.as_ref() })?;
            if rows::remove(tx, &permit)? { self.tell_vault_modified(tx, found.as_ref()) } else { Ok(()) }
        })
    }
}

/// A statement that asks for what this engine never knows would protect nothing, or everything.
fn check_keys(policy: &Policy) -> Result<()> {
    for (index, statement) in policy.statements.iter().enumerate() {
        let known = |key: &str| KNOWN_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key));
        if let Some(key) = statement.keys().find(|key| !known(key)) {
            let key = shown(key);
            let rule = format!("this engine does not know {key} of a request; it knows {}", KNOWN_KEYS.join(", "));
            return Err(Invalid::value(format!("Policy.Statement[{index}].Condition"), rule).into());
        }
    }
    Ok(())
}
