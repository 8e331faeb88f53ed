//! What keeps vaults well while nobody looks: manifests and legal holds that are owed are written, what of the recovery points cannot be
//! restored is found out when losses become known, and every vault is read through once in thirty days ([`scrub`]), and what was set
//! aside of it goes when it is of no use any more ([`set_aside`]). Recovery points move to cold storage when their day has
//! come ([`cold`]).
//!
//! The conductor calls [`Engine::keep_up`]; the work is done in a thread of its own, beside all else.

pub mod catalog_copy;
pub(crate) mod cold;
pub mod collection;
pub mod lifecycle;
pub mod manifests;
pub(crate) mod rows;
pub mod scrub;
pub mod set_aside;
pub mod trash;

use crate::domain::{Arn, StorageClass, Time};
use crate::engine::Engine;
use crate::engine::clock::ClockKind;
use crate::engine::error::Result;
use crate::engine::jobs::turn::Turn;
use crate::engine::points::rows::owed_manifests as owed;
use crate::repository::Id;
use chrono::Duration;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// When what could not be done, or gave way to a job, is tried again.
const AGAIN: Duration = Duration::minutes(1);

/// The packs of a vault of which something is lost, and how much.
type Losses = (Vec<Id>, usize);

/// What upkeep remembers while the engine runs.
#[derive(Default)]
pub struct State {
    /// What was lost in each vault when its recovery points were last looked at.
    losses: Mutex<BTreeMap<(Arn, StorageClass), Losses>>,
    /// Whether a thread is at work.
    busy: AtomicBool,
    /// Whether something is to be done that no clock tells of.
    poked: AtomicBool,
    /// What moves to cold storage.
    moves: cold::Moves,
}

impl State {
    fn map(&self) -> MutexGuard<'_, BTreeMap<(Arn, StorageClass), Losses>> {
        self.losses.lock()
    }

    /// What was lost in a vault's repository when its recovery points were last looked at by this process.
    pub(crate) fn losses(&self, vault: &Arn, class: StorageClass) -> Option<Losses> {
        self.map().get(&(vault.clone(), class)).cloned()
    }

    /// The recovery points in a vault's repository were looked at with these losses.
    pub(crate) fn note_losses(&self, vault: &Arn, class: StorageClass, losses: Losses) {
        self.map().insert((vault.clone(), class), losses);
    }

    /// A point gets another snapshot, which the catalog does not tell of yet, until what this answers is dropped.
    pub(crate) fn moving(&self, point: &Arn) -> cold::UnderWay<'_> {
        self.moves.begin(vec![point.clone()])
    }

    /// Whether a point gets another snapshot right now.
    pub(crate) fn is_moving(&self, point: &Arn) -> bool {
        self.moves.has(point)
    }

    /// Whether its thread is at work; its end wakes the conductor.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// The conductor's next turn looks for what is to be done.
    pub(crate) fn poke(&self) {
        self.poked.store(true, Ordering::Release);
    }
}

/// Gives the place free when the work ends, also by a panic.
struct Place<'a>(&'a AtomicBool);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Engine {
    /// Does what keeps vaults well, as far as it is due; one thread at a time.
    pub(crate) fn keep_up(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        // A simulated day has no idle time: the work waits until the jobs of this moment are done, so that the same days
        // give the same reads.
        let simulated = self.clock.kind() == ClockKind::Simulated;
        if self.jobs.is_stopping() || (simulated && self.jobs.is_working()) {
            return Ok(());
        }
        let due = turn.next_upkeep.is_none_or(|at| at <= now)
            || self.upkeep.poked.load(Ordering::Acquire)
            || self.next_move()?.is_some_and(|at| at <= now);
        if !due && self.unseen().is_empty() {
            return Ok(());
        }
        if self.upkeep.busy.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.upkeep.poked.store(false, Ordering::Release);
        // Should the thread not come to it, there is another time.
        turn.next_upkeep = Some(now + AGAIN);
        let engine = Arc::clone(self);
        self.jobs
            .in_background("upkeep", move || {
                let place = Place(&engine.upkeep.busy);
                let next = engine.upkeep_now(now);
                drop(place);
                engine.jobs.turn().next_upkeep = Some(next);
            })
            .inspect_err(|_| self.upkeep.busy.store(false, Ordering::Release))
    }

    /// Vaults that are open and whose recovery points nobody has looked at since: a pack may have gone meanwhile.
    fn unseen(&self) -> Vec<(Arn, Arc<crate::engine::vaults::store::OpenVault>)> {
        let seen = self.upkeep.map();
        self.vault_store
            .opened()
            .into_iter()
            .filter(|(arn, open)| !seen.contains_key(&(arn.clone(), open.class)))
            .collect()
    }

    /// Does all that is due at `now`; when to come again. What fails is told in the log and tried again.
    fn upkeep_now(&self, now: Time) -> Time {
        for (arn, vault) in self.unseen() {
            self.look_again(&arn, &vault);
            // Once a process, also where it failed: a check tells why.
            self.upkeep.map().entry((arn, vault.class)).or_default();
        }
        if let Err(error) = self.settle_all_records() {
            tracing::warn!(%error, "the locks and policies of the vaults could not be compared");
        }
        // A folder may have been away at the start.
        if let Err(error) = self.know_holds() {
            tracing::warn!(%error, "the legal holds that the vaults tell of could not be looked for");
        }
        let owing = self.catalog.read(owed::vaults_that_owe).unwrap_or_default();
        let unwritten = owing.iter().filter(|vault| !self.wrote_owed_manifests(vault)).count();
        let holds_written = self.wrote_owed_holds();
        // After what is owed, which takes a moment: moves may take hours.
        self.move_due(now);
        let scrub = self.scrub_due(now).unwrap_or_else(|error| {
            tracing::warn!(%error, "the scrub could not go on");
            Some(now + AGAIN)
        });
        let retry = (unwritten > 0 || !holds_written).then(|| now + AGAIN);
        // Looked for at least once a day, so that what another process left is found.
        [scrub, retry].into_iter().flatten().min().unwrap_or(now + Duration::days(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineOptions;

    #[test]
    fn while_its_thread_is_at_work_what_is_due_does_not_wake_the_conductor() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(EngineOptions {
            data_dir: folder.path().join("data"),
            clock: ClockKind::System,
            scheduler: false,
            simulated_rate: None,
            cold: BTreeMap::new(),
        })
        .unwrap();
        // The conductor's own thread may be at it.
        while engine.upkeep.busy.swap(true, Ordering::AcqRel) {
            std::thread::yield_now();
        }
        let now = engine.clock.now();
        let turn = Turn { next_upkeep: Some(now - Duration::hours(1)), ..Turn::default() };
        let soon = || engine.next_event(&turn).unwrap().is_some_and(|at| at < now + Duration::minutes(1));
        assert!(!soon());
        engine.upkeep.busy.store(false, Ordering::Release);
        assert!(soon(), "it is due");
        engine.shutdown(std::time::Duration::from_secs(5));
    }
}
