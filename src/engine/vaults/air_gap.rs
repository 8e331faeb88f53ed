//! Making a logically air-gapped vault: its lock is final before anybody can write into it.
//!
//! The record of the lock lies in the folder before the folder has the vault's name, and in the catalog in the transaction that
//! adds the vault. So there is no moment, and no crash leaves one, in which such a vault is there and can be deleted from.

use crate::domain::air_gap::RetentionBounds;
use crate::domain::vault::{DEFAULT_VAULT, Vault, VaultType};
use crate::domain::vault_lock::LockState;
use crate::domain::{Invalid, VaultName, tags as tag_rules};
use crate::engine::Engine;
use crate::engine::authorize::action::CreateLogicallyAirGappedBackupVault;
use crate::engine::caller::Caller;
use crate::engine::error::Result;
use crate::engine::vaults::lock_record::LockRecord;
use crate::engine::vaults::ops::{New, NewVault, check_creator_request_id};
use crate::engine::vaults::rows::locks;

impl Engine {
    /// CreateLogicallyAirGappedBackupVault. The same token with the same name, days and tags gives the same vault.
    pub fn create_air_gapped_vault(
        &self,
        caller: &Caller,
        name: &VaultName,
        bounds: RetentionBounds,
        request: &NewVault,
    ) -> Result<Vault> {
        bounds.validate()?;
        if name.as_str() == DEFAULT_VAULT {
            return Err(
                Invalid::value("BackupVaultName", "the default backup vault is not logically air-gapped").into()
            );
        }
        tag_rules::validate("BackupVaultTags", &request.tags)?;
        check_creator_request_id(request.creator_request_id.as_deref())?;
        let now = self.now();
        let lock = LockRecord::default().followed_by(LockState::Immutable(bounds.lock(now)));
        let new = New { vault_type: VaultType::AirGapped, lock: Some(lock), request, now };
        self.make_vault(caller, name, CreateLogicallyAirGappedBackupVault, &new, |tx, permit| {
            locks::set(tx, permit, &lock)
        })
    }
}
