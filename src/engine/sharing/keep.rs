//! Changes of shares, in the catalog and in the folders of the vaults that they share.

use super::rows;
use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::authorize::action::KeepVaultShares;
use crate::engine::authorize::rows::shares;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, Transaction};
use crate::engine::error::Result;
use crate::engine::vaults;
use crate::engine::vaults::records::VaultRecord as _;
use crate::engine::vaults::shares_record::SharesRecord;
use crate::repository::crash_point;

impl Engine {
    /// Makes a change that is about a share, where there is one yet, and about more vaults: in the catalog first and in the
    /// vaults' folders then; only then the call is answered.
    pub(super) fn change_shares<T>(
        &self,
        caller: &Caller,
        share: Option<&Arn>,
        more: &[Arn],
        change: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let _alone = self.sharing.lock();
        let concerned = self.catalog.read(|c| concerned(c, caller, share, more))?;
        let name_locks: Vec<_> = concerned.iter().map(|vault| self.vault_store.name_lock(vault)).collect();
        let _names: Vec<_> = name_locks.iter().map(|lock| lock.lock()).collect();
        for vault in &concerned {
            self.compare_records(vault)?;
        }
        let (changed, records) = self.catalog.write(|tx| {
            let before = known(tx, &concerned)?;
            let changed = change(tx)?;
            Ok((changed, counted(tx, before)?))
        })?;
        crash_point::reached("vault-shares-noted");
        for (vault, record) in &records {
            match self.vault_store.tell(vault, record) {
                // Its KMS key was deleted: the catalog is all that counts.
                Err(error) if error.is_stranded() => {}
                told => told?,
            }
        }
        Ok(changed)
    }
}

/// The caller's vaults that a change is about, in their order: those that the share has, and more.
fn concerned(connection: &Connection, caller: &Caller, share: Option<&Arn>, more: &[Arn]) -> Result<Vec<Arn>> {
    let mut vaults = share.map_or(Ok(Vec::new()), |share| rows::vaults_of(connection, share))?;
    vaults.extend_from_slice(more);
    vaults.sort();
    vaults.dedup();
    let mut own = Vec::new();
    for vault in vaults {
        if vault.account() == caller.account.as_str() && vaults::rows::exists(connection, &vault)? {
            own.push(vault);
        }
    }
    Ok(own)
}

fn known(connection: &Connection, vaults: &[Arn]) -> Result<Vec<(Arn, SharesRecord)>> {
    vaults.iter().map(|vault| Ok((vault.clone(), SharesRecord::known(connection, vault)?))).collect()
}

/// Counts the change for each vault whose shares are not what they were, and tells what they are.
fn counted(tx: &Connection, before: Vec<(Arn, SharesRecord)>) -> Result<Vec<(Arn, SharesRecord)>> {
    let mut records = Vec::new();
    for (vault, before) in before {
        let now = SharesRecord::known(tx, &vault)?;
        if now != before {
            let record = SharesRecord { sequence: before.sequence + 1, ..now };
            let permit = authorize(tx, Doing::Sharing, KeepVaultShares, &Anything(vault.as_str()))?;
            shares::count(tx, &permit, record.sequence)?;
            records.push((vault, record));
        }
    }
    Ok(records)
}
