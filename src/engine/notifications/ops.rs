//! What a vault notifies of: put, get, delete.

use crate::domain::notification::VaultNotifications;
use crate::domain::vault::Vault;
use crate::engine::authorize::action::{
    DeleteBackupVaultNotifications, GetBackupVaultNotifications, PutBackupVaultNotifications,
};
use crate::engine::authorize::authorize;
use crate::engine::authorize::subject::VaultFound;
use crate::engine::caller::Caller;
use crate::engine::error::{Error, Result};
use crate::engine::notifications::rows;
use crate::engine::{Engine, events, vaults};

impl Engine {
    /// PutBackupVaultNotifications: from now on the vault tells a topic of its events, in place of what it told before.
    pub fn put_vault_notifications(&self, caller: &Caller, name: &str, topic: &str, events: &[String]) -> Result<()> {
        let notifications = VaultNotifications::new(&caller.account, topic, events)?;
        self.catalog.write(|tx| {
            let found = vaults::rows::get(tx, &caller.scope(), name)?;
            let permit = authorize(tx, caller, PutBackupVaultNotifications, &VaultFound { found: found.as_ref() })?;
            let last = events::rows::bounds(tx)?.map_or(0, |(_, last)| last);
            rows::put(tx, &permit, &notifications, last)?;
            self.tell_vault_modified(tx, found.as_ref())
        })
    }

    /// GetBackupVaultNotifications: as they were put.
    pub fn vault_notifications(&self, caller: &Caller, name: &str) -> Result<(Vault, VaultNotifications)> {
        self.catalog.read(|connection| {
            let vault = vaults::ops::readable(connection, caller, GetBackupVaultNotifications, name)?;
            let none = || Error::not_found("Failed reading notifications from database for Backup vault");
            let notifications = rows::get(connection, &vault.arn)?.ok_or_else(none)?;
            Ok((vault, notifications))
        })
    }

    /// DeleteBackupVaultNotifications. That there are none is no error. What was not told yet is not told any more.
    pub fn delete_vault_notifications(&self, caller: &Caller, name: &str) -> Result<()> {
        self.catalog.write(|tx| {
            let found = vaults::rows::get(tx, &caller.scope(), name)?;
            let permit = authorize(tx, caller, DeleteBackupVaultNotifications, &VaultFound { found: found.as_ref() })?;
            if rows::remove(tx, &permit)? { self.tell_vault_modified(tx, found.as_ref()) } else { Ok(()) }
        })
    }
}
