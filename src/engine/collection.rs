//! Collection: the packs that no recovery point needs any more are given back.
//!
//! A pack goes only when two proofs agree: no recovery point in the catalog refers to it, and no snapshot in the
//! repository leads to it. It must also be known to the catalog for a day of engine time, so that what a job wrote and did
//! not finish is there when the job runs again.
//!
//! A collection is alone in its vault. Where there is always some job it is next in line after an hour of looking for a
//! moment without: new jobs wait then until it has run. A job that takes hours is not worth that, since the windows of
//! those behind it go by; so the line is given up after a while, and formed again later.

use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::{Turn, queue::RETRY_AFTER};
use crate::engine::vault_gate::Alone;
use crate::repository::{CollectRequest, Id};
use chrono::Duration;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long after a deletion the vault is collected: one collection serves many deletions.
pub(crate) const DELAY: Duration = Duration::hours(1);
/// How long the catalog must have known a pack before it may go.
const YOUNG: Duration = Duration::hours(24);
/// How often a moment without a job is looked for before new ones have to wait.
const TRIES: u32 = 6;
/// How long new jobs wait at most for those that are inside.
const PATIENCE: Duration = Duration::minutes(30);

/// When a vault is collected.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The next time that it is tried.
    pub at: Time,
    /// How often it was tried in vain.
    tries: u32,
    /// While new jobs wait for it: until when they do.
    claimed: Option<Time>,
}

impl Due {
    /// At a moment.
    fn at(at: Time) -> Self {
        Self { at, tries: 0, claimed: None }
    }

    /// Something in the vault is not needed any more: it is collected after a while, if it is not going to be anyway.
    pub(crate) fn plan(turn: &mut Turn, vault: Arn, now: Time) {
        turn.collections.entry(vault).or_insert(Self::at(now + DELAY));
    }

    /// Whether it is to be tried now. Once new jobs wait for it, it is tried whenever something has ended.
    fn is_now(&self, now: Time) -> bool {
        self.at <= now || self.claimed.is_some()
    }

    /// What comes after a try in vain at `now`.
    fn after_failure(self, now: Time) -> Self {
        match self.claimed {
            Some(until) if now < until => self,
            Some(_) => Self::at(now + RETRY_AFTER),
            None if self.tries + 1 >= TRIES => Self { at: now + PATIENCE, tries: 0, claimed: Some(now + PATIENCE) },
            None => Self { at: now + RETRY_AFTER, tries: self.tries + 1, claimed: None },
        }
    }
}

impl Engine {
    /// Collects the vaults whose time has come, each in a thread of its own: a walk over a large vault takes its time.
    pub(crate) fn collect_due(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.options.scheduler || !self.clock.is_trusted() || self.jobs.is_stopping() {
            return Ok(());
        }
        if !turn.collections_known {
            turn.collections_known = true;
            for vault in self.catalog.read(|connection| vaults_with_garbage(connection, now))? {
                Due::plan(turn, vault, now);
            }
        }
        for vault in self.jobs.take_littered() {
            Due::plan(turn, vault, now);
        }
        let due: Vec<(Arn, Due)> = turn
            .collections
            .iter()
            .filter(|(_, due)| due.is_now(now))
            .map(|(vault, due)| (vault.clone(), *due))
            .collect();
        for (vault, due) in due {
            let gate = self.vault_store.gate(&vault);
            if let Some(alone) = gate.try_alone() {
                gate.claim(false);
                turn.collections.remove(&vault);
                let engine = Arc::clone(self);
                self.jobs.in_background("collection", move || {
                    engine.collect_and_note(vault, now, &alone);
                    drop(alone);
                    engine.jobs.let_deletions_go();
                })?;
            } else {
                let next = due.after_failure(now);
                gate.claim(next.claimed.is_some());
                turn.collections.insert(vault, next);
            }
        }
        Ok(())
    }

    /// Collects one vault, and notes when to look again.
    fn collect_and_note(&self, vault: Arn, now: Time, alone: &Alone) {
        let again = match self.collect_vault(&vault, now, alone) {
            Ok(again) => again,
            Err(error) if error.is_temporary() => Some(now + RETRY_AFTER),
            Err(error) => {
                tracing::error!(%vault, %error, "the vault could not be collected; nothing that is needed was deleted");
                Some(now + YOUNG)
            }
        };
        if let Some(again) = again {
            self.jobs.turn().collections.insert(vault, Due::at(again));
        }
    }

    /// Collects one vault; when to look again, if packs were too young.
    fn collect_vault(&self, arn: &Arn, now: Time, _alone: &Alone) -> Result<Option<Time>> {
        if !self.catalog.read(|connection| exists(connection, arn))? {
            return Ok(None);
        }
        let vault = self.vault_store.get(arn)?;
        vault.may_write()?;
        self.reconcile(arn, &vault)?;
        let present: Vec<Id> = vault.repository.packs()?.into_iter().map(|(id, _)| id).collect();
        let request = self.catalog.write(|tx| {
            remember_packs(tx, arn, &present, now)?;
            request(tx, arn, now - YOUNG)
        })?;
        let outcome = vault.repository.collect(&request, &self.jobs.housekeeping)?;
        for pack in &outcome.only_snapshots {
            tracing::warn!(vault = %arn, %pack, "a snapshot needs a pack that no recovery point of the catalog refers to");
        }
        self.catalog.write(|tx| {
            let mut statement = tx.prepare_cached("DELETE FROM packs WHERE vault_arn = ?1 AND pack = ?2")?;
            for pack in &outcome.deleted {
                statement.execute(params![arn.as_str(), pack.as_bytes().as_slice()])?;
            }
            Ok(())
        })?;
        Ok((!outcome.guarded.is_empty()).then_some(now + YOUNG))
    }
}

/// The vaults in which an earlier process left something to collect: packs that the catalog knows and no recovery point
/// refers to, or jobs that ended without one since their packs could be known.
fn vaults_with_garbage(connection: &Connection, now: Time) -> Result<Vec<Arn>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT p.vault_arn FROM packs p WHERE NOT EXISTS
             (SELECT 1 FROM pack_references r WHERE r.vault_arn = p.vault_arn AND r.pack = p.pack)
         UNION
         SELECT vault_arn FROM backup_jobs
         WHERE state IN ('ABORTED', 'EXPIRED', 'FAILED') AND initiated IS NOT NULL AND completed > ?1",
    )?;
    let mut rows = statement.query([millis(now - DELAY - YOUNG)])?;
    let mut vaults = Vec::new();
    while let Some(row) = rows.next()? {
        vaults.push(row.parsed("vault_arn")?);
    }
    Ok(vaults)
}

fn exists(connection: &Connection, vault: &Arn) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM vaults WHERE arn = ?1)")?;
    Ok(statement.query_row([vault.as_str()], |row| row.get(0))?)
}

/// Notes when packs were first seen; those that are known keep their time.
pub(crate) fn remember_packs<'a>(
    connection: &Connection,
    vault: &Arn,
    packs: impl IntoIterator<Item = &'a Id>,
    now: Time,
) -> Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT OR IGNORE INTO packs (vault_arn, pack, added_at) VALUES (?1, ?2, ?3)")?;
    for pack in packs {
        statement.execute(params![vault.as_str(), pack.as_bytes().as_slice(), millis(now)])?;
    }
    Ok(())
}

/// What the catalog knows: the snapshots that count, the packs that are referred to, the packs that are old enough.
fn request(connection: &Connection, vault: &Arn, before: Time) -> Result<CollectRequest> {
    let text = |sql: &str| -> Result<BTreeSet<Id>> {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([vault.as_str()], |row| row.get::<_, String>(0))?;
        rows.map(|row| row?.parse().map_err(|_| damaged())).collect()
    };
    let snapshots = text(
        "SELECT snapshot_id FROM recovery_points WHERE vault_arn = ?1 AND snapshot_id IS NOT NULL AND status <> 'DELETING'",
    )?;
    let blobs = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| -> Result<BTreeSet<Id>> {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(parameters, |row| row.get::<_, [u8; 32]>(0))?;
        Ok(rows.map(|row| row.map(Id::from_bytes)).collect::<rusqlite::Result<_>>()?)
    };
    let vault_text = vault.as_str();
    Ok(CollectRequest {
        snapshots,
        referenced: blobs("SELECT DISTINCT pack FROM pack_references WHERE vault_arn = ?1", &[&vault_text])?,
        eligible: blobs(
            "SELECT pack FROM packs WHERE vault_arn = ?1 AND added_at <= ?2",
            &[&vault_text, &millis(before)],
        )?,
    })
}

fn damaged() -> Error {
    Error::Internal("the catalog holds a snapshot id that is none".to_owned())
}

#[cfg(test)]
#[path = "collection_tests.rs"]
mod tests;
