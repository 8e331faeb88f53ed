//! Vault Lock: putting it on, taking it off, and that nothing shortens it.
//!
//! A lock is kept twice, in the catalog and in the vault's folder, as `records` says.
//!
//! | attempt | why it changes nothing |
//! | --- | --- |
//! | a clock that is set back | that the lock date has passed is written down once, and is not asked of a clock again |
//! | a clock that is set forward, once or again and again | the lock counts as the clock shows, but it is made final only while the clock is trusted, and of a date that lay in a jump which nobody confirmed, after three days that were not jumped over: who sets the clock right before that finds the lock as it was, and the recovery points whose life ended in the jump, which stay as long |
//! | an older copy of the catalog, or none | the record in the folder has the higher number |
//! | an older copy of the folder's record, or none | the catalog's has the higher number |
//! | a crash between the two | the catalog's has the higher number |
//!
//! Who puts back an older copy of *both*, or takes both away, has the vault's own files in hand as well, and no program keeps
//! them from being deleted. That takes another disk, or another machine.

use crate::domain::vault_lock::{LockRequest, LockState};
use crate::domain::{Arn, Lifecycle, Retention, Time, VaultName};
use crate::engine::Engine;
use crate::engine::authorize::action::{
    Action, DeleteBackupVaultLockConfiguration, KeepVaultLock, PutBackupVaultLockConfiguration, SetsLock,
};
use crate::engine::authorize::subject::{Anything, VaultToLock};
use crate::engine::authorize::{Doing, authorize, rows as policies};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::clock::Jumps;
use crate::engine::error::Result;
use crate::engine::vaults::rows::{self, locks};
use crate::repository::crash_point;
use std::collections::BTreeSet;

/// Whether recovery points of this lifecycle may come into a vault. What writes new ones into it asks this when it begins, in
/// the transaction that notes its beginning, and fails as a job when they may not: backup jobs, and copy jobs with the
/// lifecycle that the copy will have. Points that are there already keep theirs.
pub(crate) fn retention_fits(connection: &Connection, vault: &Arn, lifecycle: Option<&Lifecycle>) -> Result<bool> {
    let lock = locks::get(connection, vault)?.lock();
    Ok(lock.is_none_or(|lock| lock.admits(Retention::of(lifecycle))))
}

impl Engine {
    /// PutBackupVaultLockConfiguration: puts a lock on a vault, or another in its place.
    pub fn put_vault_lock(&self, caller: &Caller, name: &str, request: &LockRequest) -> Result<()> {
        request.validate()?;
        self.change_lock(caller, name, PutBackupVaultLockConfiguration, Some(request))
    }

    /// DeleteBackupVaultLockConfiguration: takes the lock off a vault. One that has none stays as it is.
    pub fn delete_vault_lock(&self, caller: &Caller, name: &str) -> Result<()> {
        self.change_lock(caller, name, DeleteBackupVaultLockConfiguration, None)
    }

    fn change_lock<A>(&self, caller: &Caller, name: &str, action: A, request: Option<&LockRequest>) -> Result<()>
    where
        A: SetsLock + for<'a> Action<On<'a> = VaultToLock<'a>>,
    {
        let scope = caller.scope();
        let arn = Arn::vault(&scope, &name.parse::<VaultName>()?);
        let name_lock = self.vault_store.name_lock(&arn);
        let _name = name_lock.lock();
        if self.catalog.read(|connection| rows::exists(connection, &arn))? {
            self.compare_records(&arn)?;
        }
        let now = self.now();
        let record = self.catalog.write(|tx| {
            let found = rows::get(tx, &scope, name)?;
            let before = locks::get(tx, &arn)?;
            let subject = VaultToLock { name, found: found.as_ref(), request, now };
            let permit = authorize(tx, caller, action, &subject)?;
            let record = match request {
                None if before.state == LockState::Unlocked => return Ok(before),
                None => before.followed_by(LockState::Unlocked),
                Some(request) => before.followed_by(LockState::Changeable(request.at(now))),
            };
            locks::set(tx, &permit, &record)?;
            self.tell_vault_modified(tx, rows::get(tx, &scope, name)?.as_ref())?;
            Ok(record)
        })?;
        crash_point::reached("vault-lock-noted");
        if record.sequence > 0 {
            match self.vault_store.tell(&arn, &record) {
                // Its KMS key was deleted: the catalog is all that counts.
                Err(error) if error.is_stranded() => {}
                told => told?,
            }
        }
        // A lock date is an event of the conductor.
        self.jobs.wake();
        Ok(())
    }

    /// Which of these vaults have a lock. One that is not there has none.
    pub fn locked_among<'a>(&self, vaults: impl Iterator<Item = &'a Arn>) -> Result<BTreeSet<Arn>> {
        let vaults: BTreeSet<&Arn> = vaults.collect();
        self.catalog.read(|connection| {
            let mut locked = BTreeSet::new();
            for vault in vaults {
                if policies::locks::state(connection, vault)?.lock().is_some() {
                    locked.insert(vault.clone());
                }
            }
            Ok(locked)
        })
    }

    /// Writes down which locks nobody can take off any more, since their lock date has passed.
    pub(crate) fn finish_cooling_off(&self, now: Time) -> Result<()> {
        if !self.clock.is_trusted() {
            return Ok(());
        }
        for vault in self.catalog.read(|connection| dated(connection, now))? {
            let name_lock = self.vault_store.name_lock(&vault);
            let _name = name_lock.lock();
            let record = self.catalog.write(|tx| {
                let before = locks::get(tx, &vault)?;
                let LockState::Changeable(lock) = before.state else { return Ok(None) };
                if lock.lock_date.is_none_or(|date| date > now) {
                    return Ok(None);
                }
                let permit = authorize(tx, Doing::CoolingOff, KeepVaultLock, &Anything(vault.as_str()))?;
                let record = before.followed_by(LockState::Immutable(lock));
                locks::set(tx, &permit, &record)?;
                Ok(Some(record))
            })?;
            // Whoever held the name had changed it meanwhile.
            let Some(record) = record else { continue };
            crash_point::reached("vault-lock-final");
            tracing::info!(%vault, "the lock date of the vault has passed: nobody can change its lock any more");
            // It holds by the catalog already; the folder follows at the latest with the next comparison.
            if let Err(error) = self.vault_store.tell(&vault, &record) {
                tracing::warn!(%vault, %error, "the vault's folder does not say yet that its lock is final");
            }
        }
        Ok(())
    }

    /// When the next lock becomes final.
    pub(crate) fn next_lock_date(&self) -> Result<Option<Time>> {
        if !self.clock.is_trusted() {
            return Ok(None);
        }
        let (date, jumps) =
            self.catalog.read(|connection| Ok((locks::next_date(connection)?, Jumps::of(connection)?)))?;
        Ok(date.map(|date| jumps.final_at(date)))
    }
}

/// The vaults whose lock becomes final at `now`.
fn dated(connection: &Connection, now: Time) -> Result<Vec<Arn>> {
    let jumps = Jumps::of(connection)?;
    let due = locks::dated(connection, now)?;
    Ok(due.into_iter().filter(|(_, date)| jumps.final_at(*date) <= now).map(|(vault, _)| vault).collect())
}
