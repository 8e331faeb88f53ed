//! Collection: the packs that no recovery point needs any more are given back.
//!
//! A pack goes only when two proofs agree: no recovery point in the catalog refers to it, and no snapshot in the
//! repository leads to it. One that is needed in part is repacked where that is worth it, and the references of its
//! recovery points are moved to the new packs before it goes. Either must be known to the catalog for a day of engine time,
//! so that what a job wrote and did not finish is there when the job runs again.
//!
//! A collection is alone in its vault. Where there is always some job it is next in line after an hour of looking for a
//! moment without: new jobs wait then until it has run. A job that takes hours is not worth that, since the windows of
//! those behind it go by; so the line is given up after a while, and formed again later.

use crate::domain::{Arn, Time};
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::jobs::turn::{DELAY, Due, RETRY_AFTER, Turn};
use crate::engine::jobs::uses;
use crate::engine::points::rows::packs;
use crate::engine::vaults::gate::Alone;
use crate::engine::vaults::store::OpenVault;
use crate::engine::{Engine, vaults};
use crate::repository::{CollectOutcome, CollectRequest, FileKind, Id, Moves, RepackRule};
use chrono::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long the catalog must have known a pack before it may go.
const YOUNG: Duration = Duration::hours(24);

impl Engine {
    /// Collects the vaults whose time has come, each in a thread of its own: a walk over a large vault takes its time.
    pub(crate) fn collect_due(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.options.scheduler || !self.clock.is_trusted() || self.jobs.is_stopping() {
            return Ok(());
        }
        if !turn.collections_known {
            turn.collections_known = true;
            let known = self.catalog.read(|connection| {
                let jobs = uses::littered(connection, now - DELAY - YOUNG)?;
                Ok(packs::vaults_with_garbage(connection)?.into_iter().chain(jobs).collect::<BTreeSet<Arn>>())
            })?;
            for vault in known {
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
            // It is planned again when the vault's KMS key is enabled.
            if self.is_key_unusable(&vault)? {
                turn.collections.remove(&vault);
                continue;
            }
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
            Err(error) if error.waits_for_key() || error.is_stranded() => None,
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

    /// Collects one vault; when to look again, if packs were too young or there is more to repack.
    fn collect_vault(&self, arn: &Arn, now: Time, _alone: &Alone) -> Result<Option<Time>> {
        if !self.catalog.read(|connection| vaults::rows::exists(connection, arn))? {
            return Ok(None);
        }
        let tiers = self.tiers(arn)?;
        let mut again = tiers.away.map(|error| {
            tracing::warn!(vault = %arn, %error, "the vault's cold storage is not collected");
            now + YOUNG
        });
        for vault in &tiers.open {
            again = [again, self.collect_tier(arn, vault, now)?].into_iter().flatten().min();
        }
        if again.is_none() {
            self.catalog.write(|tx| vaults::rows::note_clean(tx, arn))?;
        }
        Ok(again)
    }

    /// Collects one of a vault's repositories; when to look again.
    fn collect_tier(&self, arn: &Arn, vault: &OpenVault, now: Time) -> Result<Option<Time>> {
        let tier = (arn, vault.class);
        self.make_way_for_index(vault)?;
        vault.may_write()?;
        self.reconcile(arn, vault)?;
        let present: Vec<Id> = vault.repository.packs()?.into_iter().map(|(id, _)| id).collect();
        let request = self.catalog.write(|tx| {
            packs::keep_known(tx, tier, &present, now)?;
            request(tx, tier, now - YOUNG)
        })?;
        let mut note_moves =
            |moves: &Moves| Ok(self.catalog.write(|tx| packs::move_references(tx, tier, moves, now))?);
        let outcome = vault.repository.collect(&request, &self.jobs.housekeeping, &mut note_moves)?;
        tell(arn, &outcome);
        let again = match () {
            () if outcome.unfinished => Some(now + DELAY),
            () if !outcome.guarded.is_empty() => Some(now + YOUNG),
            () => None,
        };
        self.catalog.write(|tx| packs::forget(tx, arn, &outcome.deleted))?;
        self.data_dir.reserve().refill();
        if !outcome.damaged.is_empty() {
            self.look_again(arn, vault);
        }
        Ok(again)
    }

    /// What stays is written into new index files before anything goes: on a full disk, into the room of the reserve.
    fn make_way_for_index(&self, vault: &OpenVault) -> Result<()> {
        let files = vault.repository.storage().list(FileKind::Index)?;
        self.data_dir.reserve().ensure(files.iter().map(|(_, bytes)| bytes).sum());
        Ok(())
    }

    /// When a vault in which something was deleted is collected.
    pub(crate) fn plan_collection(&self, turn: &mut Turn, vault: Arn, now: Time) {
        if self.data_dir.reserve().standing().is_short() {
            Due::plan_at_once(turn, vault, now);
        } else {
            Due::plan(turn, vault, now);
        }
    }
}

/// Says in the log what came of a collection.
fn tell(vault: &Arn, outcome: &CollectOutcome) {
    for pack in &outcome.only_snapshots {
        tracing::warn!(%vault, %pack, "a snapshot needs a pack that no recovery point of the catalog refers to");
    }
    for pack in &outcome.damaged {
        tracing::warn!(%vault, %pack, "a pack is damaged: it stays as it is, and what is lost is told of its points");
    }
    if !outcome.deleted.is_empty() {
        tracing::info!(
            %vault,
            bytes = outcome.bytes_freed,
            deleted = outcome.deleted.len(),
            repacked = outcome.repacked.len(),
            written = outcome.written.len(),
            unused = outcome.bytes_unused,
            "space that no recovery point needs was given back"
        );
    }
}

/// What the catalog knows: the snapshots that count, the packs that are referred to, the packs that are old enough.
fn request(connection: &Connection, tier: packs::Tier<'_>, before: Time) -> Result<CollectRequest> {
    Ok(CollectRequest {
        snapshots: packs::snapshots(connection, tier)?,
        referenced: packs::referenced(connection, tier.0)?,
        eligible: packs::eligible(connection, tier, before)?,
        repack: RepackRule::default(),
    })
}

#[cfg(test)]
#[path = "collection_tests.rs"]
mod tests;
