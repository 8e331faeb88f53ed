//! What protects a vault, held against what its folder says of it: at the start of an engine, before each call that it could
//! refuse, when a vault is found again, and at each turn of the upkeep.

use crate::domain::{Arn, Scope, VaultName};
use crate::engine::Engine;
use crate::engine::authorize::action::{KeepVaultAccessPolicy, KeepVaultLock, KeepVaultShares};
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize, rows as policies};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::vaults::lock_record::LockRecord;
use crate::engine::vaults::policy_record::PolicyRecord;
use crate::engine::vaults::records::{RecordFault, VaultRecord};
use crate::engine::vaults::rows::{self, locks};
use crate::engine::vaults::shares_record::SharesRecord;

impl VaultRecord for LockRecord {
    const NAME: &'static str = "lock";
    const FILE: &'static str = "lock.json";

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn prevails_over(&self, other: &Self) -> bool {
        self.prevails_over(other)
    }

    fn known(connection: &Connection, vault: &Arn) -> Result<Self> {
        locks::get(connection, vault)
    }

    fn take_up(&self, tx: &Connection, vault: &Arn) -> Result<()> {
        let permit = authorize(tx, Doing::Rescan, KeepVaultLock, &Anything(vault.as_str()))?;
        locks::set(tx, &permit, self)
    }
}

impl VaultRecord for PolicyRecord {
    const NAME: &'static str = "access policy";
    const FILE: &'static str = "access-policy.json";

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn known(connection: &Connection, vault: &Arn) -> Result<Self> {
        let (sequence, policy) = policies::last(connection, vault)?;
        Ok(Self { sequence, policy })
    }

    fn take_up(&self, tx: &Connection, vault: &Arn) -> Result<()> {
        let permit = authorize(tx, Doing::Rescan, KeepVaultAccessPolicy, &Anything(vault.as_str()))?;
        policies::set(tx, &permit, self.sequence, self.policy.as_deref())
    }
}

impl VaultRecord for SharesRecord {
    const NAME: &'static str = "shares";
    const FILE: &'static str = "shares.json";

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn known(connection: &Connection, vault: &Arn) -> Result<Self> {
        let (sequence, shares) = policies::shares::kept(connection, vault)?;
        Ok(Self { sequence, shares })
    }

    fn take_up(&self, tx: &Connection, vault: &Arn) -> Result<()> {
        let permit = authorize(tx, Doing::Rescan, KeepVaultShares, &Anything(vault.as_str()))?;
        policies::shares::keep(tx, &permit, self.sequence, &self.shares)
    }
}

impl Engine {
    /// Makes sure that the catalog knows what a vault's folder knows of its lock, its access policy and its shares, and the
    /// other way round. Fails where the folder cannot be asked: then nothing may be done that they could refuse.
    pub(crate) fn settle_records(&self, vault: &Arn) -> Result<()> {
        if !self.data_dir.is_writable() {
            return Ok(());
        }
        let name_lock = self.vault_store.name_lock(vault);
        let _name = name_lock.lock();
        self.compare_records(vault)
    }

    /// The same for whoever holds the vault's name.
    pub(crate) fn compare_records(&self, vault: &Arn) -> Result<()> {
        self.compare::<LockRecord>(vault)?;
        self.compare::<PolicyRecord>(vault)?;
        self.compare::<SharesRecord>(vault)
    }

    /// The same for all vaults. What cannot be asked is told: each call that a lock or a policy could refuse asks again.
    pub(crate) fn settle_all_records(&self) -> Result<()> {
        for vault in self.catalog.read(rows::arns)? {
            if let Err(error) = self.settle_records(&vault) {
                tracing::warn!(%vault, %error, "what the vault's folder says of its lock, policy and shares could not be read");
            }
        }
        Ok(())
    }

    /// The same before a call that a lock, a policy or a legal hold could refuse, and of the holds too. What names no vault is
    /// left to the answer of that call.
    pub(crate) fn heed_protection(&self, scope: &Scope, name: &str) -> Result<()> {
        let Ok(name) = name.parse::<VaultName>() else { return Ok(()) };
        let vault = Arn::vault(scope, &name);
        let known = self.catalog.read(|connection| rows::exists(connection, &vault))?;
        if !known || !self.data_dir.is_writable() {
            return Ok(());
        }
        self.settle_records(&vault)?;
        match self.take_up_holds(&vault)?.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(Error::invalid_request(format!(
                "It cannot be told what legal holds are on recovery points of this vault: {problem}"
            ))),
        }
    }

    /// Which files of a vault's folder do not say what its lock, its access policy and its shares are.
    pub(crate) fn record_faults(&self, vault: &Arn) -> Result<Vec<RecordFault>> {
        let name_lock = self.vault_store.name_lock(vault);
        let _name = name_lock.lock();
        let mut faults = self.faults::<LockRecord>(vault)?;
        faults.extend(self.faults::<PolicyRecord>(vault)?);
        faults.extend(self.faults::<SharesRecord>(vault)?);
        Ok(faults)
    }
}
