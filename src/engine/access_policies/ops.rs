//! PutBackupVaultAccessPolicy, GetBackupVaultAccessPolicy, DeleteBackupVaultAccessPolicy.

use super::principals;
use crate::domain::policy::{Policy, shown};
use crate::domain::vault::Vault;
use crate::domain::{Arn, Invalid};
use crate::engine::authorize::access_policy::KNOWN_KEYS;
use crate::engine::authorize::action::{
    Action, DeleteBackupVaultAccessPolicy, GetBackupVaultAccessPolicy, PutBackupVaultAccessPolicy, SetsAccessPolicy,
};
use crate::engine::authorize::subject::VaultFound;
use crate::engine::authorize::{authorize, rows};
use crate::engine::caller::Caller;
use crate::engine::error::{Error, Result};
use crate::engine::vaults::policy_record::PolicyRecord;
use crate::engine::vaults::records::VaultRecord as _;
use crate::engine::{Engine, vaults};
use crate::repository::crash_point;

impl Engine {
    /// Gives a vault an access policy, in place of the one that it has. The text is kept as it is. One that nobody could ever
    /// change again is taken as well, as in AWS.
    pub fn put_vault_access_policy(&self, caller: &Caller, name: &str, text: &str) -> Result<()> {
        let policy = Policy::parse(text)?;
        check_keys(&policy)?;
        self.change_access_policy(caller, name, PutBackupVaultAccessPolicy, Some((text, &policy)))
    }

    /// Takes the access policy of a vault away. That there is none is no error.
    pub fn delete_vault_access_policy(&self, caller: &Caller, name: &str) -> Result<()> {
        self.change_access_policy(caller, name, DeleteBackupVaultAccessPolicy, None)
    }

    /// In the catalog first and in the vault's folder then; only then the call is answered.
    fn change_access_policy<A>(
        &self,
        caller: &Caller,
        name: &str,
        action: A,
        new: Option<(&str, &Policy)>,
    ) -> Result<()>
    where
        A: SetsAccessPolicy + for<'a> Action<On<'a> = VaultFound<'a>>,
    {
        let scope = caller.scope();
        // A name that no vault can have is answered as one that none has.
        let arn = name.parse().ok().map(|name| Arn::vault(&scope, &name));
        let name_lock = arn.as_ref().map(|arn| self.vault_store.name_lock(arn));
        let _name = name_lock.as_ref().map(|lock| lock.lock());
        if let Some(arn) = &arn
            && self.catalog.read(|connection| vaults::rows::exists(connection, arn))?
        {
            self.compare_records(arn)?;
        }
        let changed = self.catalog.write(|tx| {
            let found = vaults::rows::get(tx, &scope, name)?;
            let permit = authorize(tx, caller, action, &VaultFound { found: found.as_ref() })?;
            new.map_or(Ok(()), |(_, policy)| principals::check(tx, policy))?;
            let Some(vault) = &found else { return Ok(None) };
            let before = PolicyRecord::known(tx, &vault.arn)?;
            if new.is_none() && before.policy.is_none() {
                return Ok(None);
            }
            let record = before.followed_by(new.map(|(text, _)| text));
            rows::set(tx, &permit, record.sequence, record.policy.as_deref())?;
            self.tell_vault_modified(tx, found.as_ref())?;
            Ok(Some((vault.arn.clone(), record)))
        })?;
        let Some((vault, record)) = changed else { return Ok(()) };
        crash_point::reached("vault-policy-noted");
        match self.vault_store.tell(&vault, &record) {
            // Its KMS key was deleted: the catalog is all that counts.
            Err(error) if error.is_stranded() => Ok(()),
            told => told,
        }
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
