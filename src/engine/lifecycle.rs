//! The sweeper: recovery points expire within eight hours after their day, and deletions are carried to their end.
//!
//! A deletion is a small machine of its own: DELETING in the catalog, the snapshot forgotten, the manifest removed, the
//! row gone. A crash anywhere leaves a point that is still DELETING, and the next turn goes on. The data itself is left to
//! the collection.

use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, Lifecycle, Time};
use crate::engine::catalog::values::{Columns as _, millis, to_json};
use crate::engine::catalog::{idempotency, manifests, recovery_points, state};
use crate::engine::clock::unconfirmed_jump;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::store;
use crate::engine::jobs::{Turn, queue::RETRY_AFTER};
use crate::engine::{Caller, Engine, manifest};
use crate::repository::{Id, crash_point};
use chrono::Duration;
use rusqlite::{Connection, Transaction, params};
use sha2::{Digest as _, Sha256};

/// Within this many milliseconds after its day a recovery point is deleted.
const JITTER: u64 = 8 * 3600 * 1000;
/// How long the records of jobs are kept (AWS: 30 days).
const KEEP_RECORDS: Duration = Duration::days(400);
/// How often old records are looked for.
const PURGE_EVERY: Duration = Duration::days(1);
/// How often a deletion is tried before the point is left as EXPIRED.
const DELETE_ATTEMPTS: i64 = 3;
/// The name of the seed in the catalog's state.
const SEED: &str = "sweep-seed";

/// That a point `p` does not expire only because the clock jumped from ?1 to ?2 without anybody's word for it: of what
/// fell due in such a jump, the newest good point of each resource stays until there is a newer one.
const NOT_BY_A_JUMP: &str = "NOT (delete_due > ?1 AND delete_due <= ?2 AND NOT EXISTS (
    SELECT 1 FROM recovery_points AS newer WHERE newer.resource_arn = p.resource_arn AND newer.status = 'COMPLETED'
    AND newer.arn <> p.arn AND (newer.created > p.created OR (newer.created = p.created AND newer.arn > p.arn))))";

/// A recovery point that is being deleted.
struct Doomed {
    arn: Arn,
    vault: Arn,
    point_id: String,
    snapshot: Option<String>,
    attempts: i64,
}

/// When the sweeper deletes a point whose life ends at `delete_at`: a moment of its own within eight hours.
pub fn delete_due(delete_at: Time, seed: &str, point_id: &str) -> Time {
    let digest = Sha256::new().chain_update(seed).chain_update([0]).chain_update(point_id).finalize();
    let mut number = [0; 8];
    number.copy_from_slice(&digest[..8]);
    delete_at + Duration::milliseconds((u64::from_le_bytes(number) % JITTER) as i64)
}

/// The seed of this data directory; the same one always sweeps at the same moments.
pub(crate) fn seed(connection: &Connection) -> Result<String> {
    Ok(state::get(connection, SEED)?.unwrap_or_default())
}

impl Engine {
    /// Deletes what has outlived its days, and goes on with deletions that were begun.
    pub(crate) fn sweep(&self, turn: &mut Turn, now: Time) -> Result<()> {
        if self.options.scheduler && self.clock.is_trusted() {
            self.mark_expired(now)?;
        }
        if turn.next_deletion.is_some_and(|at| at > now) {
            return Ok(());
        }
        turn.next_deletion = None;
        for doomed in self.catalog.read(doomed)? {
            self.jobs.pulse.beat(self.clock.awake(), "deleting recovery points");
            self.delete_point(turn, &doomed, now)?;
        }
        Ok(())
    }

    /// When the sweeper has something to do next.
    pub(crate) fn next_sweep(&self, turn: &Turn) -> Result<Option<Time>> {
        let expires = self.options.scheduler && self.clock.is_trusted();
        let due = if expires { self.catalog.read(next_due)? } else { None };
        let collection = turn.collections.values().min().copied();
        Ok([due, collection, turn.next_deletion].into_iter().flatten().min())
    }

    /// Marks the points whose time has come.
    fn mark_expired(&self, now: Time) -> Result<()> {
        if self.catalog.read(next_due)?.is_none_or(|due| due > now) {
            return Ok(());
        }
        self.catalog.write(|tx| {
            let (from, to) = unconfirmed_jump(tx)?.unwrap_or_default();
            tx.prepare_cached(&format!(
                "UPDATE recovery_points AS p SET status = 'DELETING', deleting_since = ?3
                 WHERE delete_due <= ?3 AND status IN ('COMPLETED', 'PARTIAL') AND {NOT_BY_A_JUMP}"
            ))?
            .execute([from, to, millis(now)])?;
            Ok(())
        })
    }

    /// Carries one deletion to its end, or as far as it goes now.
    fn delete_point(&self, turn: &mut Turn, doomed: &Doomed, now: Time) -> Result<()> {
        let wait = |turn: &mut Turn| turn.next_deletion = Some(now + RETRY_AFTER);
        if self.catalog.read(|connection| is_being_restored(connection, &doomed.arn))? {
            wait(turn);
            return Ok(());
        }
        match self.erase(doomed) {
            Ok(()) => {
                turn.collections.entry(doomed.vault.clone()).or_insert(now + crate::engine::collection::DELAY);
                Ok(())
            }
            Err(error) if error.is_temporary() => {
                wait(turn);
                Ok(())
            }
            Err(error) => {
                wait(turn);
                tracing::error!(point = %doomed.arn, %error, "a recovery point could not be deleted");
                let last = doomed.attempts + 1 >= DELETE_ATTEMPTS;
                self.catalog.write(|tx| note_failure(tx, &doomed.arn, last, &error.to_string()))
            }
        }
    }

    /// Forgets the snapshot, then the manifest, then the row: in that order a crash leaves a point that is still DELETING.
    fn erase(&self, doomed: &Doomed) -> Result<()> {
        let vault = self.vault_store.get(&doomed.vault)?;
        vault.may_remove()?;
        let _gate = vault.enter();
        crash_point::reached("during-delete");
        if let Some(snapshot) = &doomed.snapshot {
            let id: Id = snapshot.parse().map_err(|_| Error::Internal(format!("{snapshot} is no snapshot's id")))?;
            vault.repository.forget(&id)?;
        }
        crash_point::reached("during-delete");
        manifest::remove(&vault.points, &doomed.point_id)?;
        crash_point::reached("during-delete");
        self.catalog.write(|tx| {
            tx.prepare_cached("DELETE FROM recovery_points WHERE arn = ?1 AND status = 'DELETING'")?
                .execute([doomed.arn.as_str()])?;
            Ok(())
        })
    }

    /// Deletes a recovery point. It is gone when this returns, unless a restore of it runs: then when that ends.
    pub fn delete_recovery_point(&self, caller: &Caller, vault_name: &str, arn: &Arn) -> Result<()> {
        let now = self.clock.now();
        self.catalog.write(|tx| {
            let point = point_in(tx, caller, vault_name, arn)?;
            match point.status {
                RecoveryPointStatus::Deleting => Ok(()),
                RecoveryPointStatus::Creating => Err(Error::invalid_state(format!(
                    "Recovery point {arn} is in state CREATING and cannot be deleted."
                ))),
                _ => {
                    tx.prepare_cached(
                        "UPDATE recovery_points SET status = 'DELETING', status_message = NULL, deleting_since = ?2,
                             delete_attempts = 0 WHERE arn = ?1",
                    )?
                    .execute(params![arn.as_str(), millis(now)])?;
                    Ok(())
                }
            }
        })?;
        let mut turn = self.jobs.turn();
        turn.next_deletion = None;
        let doomed = self.catalog.read(doomed)?.into_iter().find(|doomed| &doomed.arn == arn);
        let result = doomed.map_or(Ok(()), |doomed| self.delete_point(&mut turn, &doomed, now));
        drop(turn);
        self.jobs.wake();
        result
    }

    /// Changes how long a recovery point lives. Both values are set: what is not given is never (reference §2.4).
    pub fn update_recovery_point_lifecycle(
        &self,
        caller: &Caller,
        vault_name: &str,
        arn: &Arn,
        lifecycle: Lifecycle,
    ) -> Result<RecoveryPoint> {
        lifecycle.validate()?;
        lifecycle.unsupported_members()?;
        let point = self.catalog.write(|tx| {
            let point = point_in(tx, caller, vault_name, arn)?;
            if !matches!(point.status, RecoveryPointStatus::Completed | RecoveryPointStatus::Partial) {
                return Err(Error::invalid_state(format!(
                    "Recovery point {arn} is in state {}; its lifecycle cannot be changed.",
                    point.status.as_str()
                )));
            }
            let delete_at = lifecycle.calculate(point.created).delete_at;
            let due =
                delete_at.map(|at| Ok::<_, Error>(delete_due(at, &seed(tx)?, store::point_id(arn)))).transpose()?;
            tx.prepare_cached(
                "UPDATE recovery_points SET lifecycle = ?2, delete_at = ?3, delete_due = ?4 WHERE arn = ?1",
            )?
            .execute(params![
                arn.as_str(),
                to_json(&lifecycle)?,
                delete_at.map(millis),
                due.map(millis)
            ])?;
            manifests::owe(tx, arn)?;
            recovery_points::get(tx, arn)?.ok_or_else(|| Error::no_such_recovery_point(arn))
        })?;
        // The change is made; its manifest follows now, or later when that fails.
        self.write_owed_manifests(&point.vault_arn);
        self.jobs.wake();
        Ok(point)
    }

    /// Removes the records of jobs, and tokens, that are old enough to be forgotten.
    pub(crate) fn purge_records(&self, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.options.scheduler || !self.clock.is_trusted() || turn.next_purge.is_some_and(|at| at > now) {
            return Ok(());
        }
        turn.next_purge = Some(now + PURGE_EVERY);
        let before = now - KEEP_RECORDS;
        let old: i64 = self.catalog.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT (SELECT count(*) FROM backup_jobs WHERE completed < ?1)
                      + (SELECT count(*) FROM restore_jobs WHERE completed < ?1)
                      + (SELECT count(*) FROM idempotency_tokens WHERE created < ?1)",
            )?;
            Ok(statement.query_row([millis(before)], |row| row.get(0))?)
        })?;
        if old == 0 {
            return Ok(());
        }
        self.catalog.write(|tx| {
            tx.execute("DELETE FROM backup_jobs WHERE completed < ?1", [millis(before)])?;
            tx.execute("DELETE FROM restore_jobs WHERE completed < ?1", [millis(before)])?;
            idempotency::forget_before(tx, before)
        })
    }
}

/// The recovery point of a vault in the caller's account and region.
pub(crate) fn point_in(connection: &Connection, caller: &Caller, vault_name: &str, arn: &Arn) -> Result<RecoveryPoint> {
    recovery_points::get(connection, arn)?
        .filter(|point| point.scope == caller.scope() && point.vault_name == vault_name)
        .ok_or_else(|| Error::no_such_recovery_point(arn))
}

/// The next moment at which a point's time has come.
fn next_due(connection: &Connection) -> Result<Option<Time>> {
    let (from, to) = unconfirmed_jump(connection)?.unwrap_or_default();
    let due: Option<i64> = connection
        .prepare_cached(&format!(
            "SELECT min(delete_due) FROM recovery_points AS p
             WHERE delete_due IS NOT NULL AND status IN ('COMPLETED', 'PARTIAL') AND {NOT_BY_A_JUMP}"
        ))?
        .query_row([from, to], |row| row.get(0))?;
    due.map(crate::engine::catalog::values::time).transpose()
}

/// The points that are being deleted.
fn doomed(connection: &Connection) -> Result<Vec<Doomed>> {
    store::select(
        connection,
        "SELECT arn, vault_arn, point_id, snapshot_id, delete_attempts FROM recovery_points WHERE status = 'DELETING'",
        |row| {
            Ok(Doomed {
                arn: row.parsed("arn")?,
                vault: row.parsed("vault_arn")?,
                point_id: row.column("point_id")?,
                snapshot: row.column("snapshot_id")?,
                attempts: row.column("delete_attempts")?,
            })
        },
    )
}

fn is_being_restored(connection: &Connection, point: &Arn) -> Result<bool> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM restore_jobs WHERE state IN {} AND recovery_point_arn = ?1)",
        store::OPEN
    ))?;
    Ok(statement.query_row([point.as_str()], |row| row.get(0))?)
}

/// A deletion failed; after the last attempt the point is EXPIRED, and DeleteRecoveryPoint tries again.
fn note_failure(tx: &Transaction<'_>, arn: &Arn, last: bool, why: &str) -> Result<()> {
    tx.prepare_cached(
        "UPDATE recovery_points SET delete_attempts = delete_attempts + 1, status_message = ?3,
             status = CASE WHEN ?2 THEN 'EXPIRED' ELSE status END WHERE arn = ?1",
    )?
    .execute(params![arn.as_str(), last, format!("The deletion failed: {why}")])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_due_within_eight_hours_and_always_at_the_same_moment() {
        let day: Time = "2026-12-01T05:00:00Z".parse().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..200 {
            let due = delete_due(day, "seed", &format!("point {number}"));
            assert!((day..day + Duration::hours(8)).contains(&due));
            assert_eq!(due, delete_due(day, "seed", &format!("point {number}")));
            seen.insert(due);
        }
        assert!(seen.len() > 190, "the moments spread");
        assert_ne!(delete_due(day, "a", "p"), delete_due(day, "b", "p"));
    }
}
