//! What the conductor remembers between its turns: when what is due again, and what could not be done yet.

use crate::domain::names::JobId;
use crate::domain::plan_runs::PlanRuns;
use crate::domain::{Arn, Time};
use crate::engine::jobs::entered::{Closed, Use};
use chrono::Duration;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How long a job whose start failed for the time being waits before it is tried again.
pub const RETRY_AFTER: Duration = Duration::minutes(10);
/// How long after a deletion the vault is collected: one collection serves many deletions.
pub(crate) const DELAY: Duration = Duration::hours(1);
/// How often a moment without a job is looked for before new ones have to wait.
pub(crate) const TRIES: u32 = 6;
/// How long new jobs wait at most for those that are inside.
pub(crate) const PATIENCE: Duration = Duration::minutes(30);

/// What the conductor remembers between its turns.
#[derive(Default)]
pub struct Turn {
    /// The next run of each plan, for the version that it was computed of.
    pub next_runs: HashMap<String, NextRun>,
    /// When a job whose start failed for the time being is tried again, and why it failed.
    pub retries: BTreeMap<JobId, (Time, String)>,
    /// When deletions that could not be carried out are tried again.
    pub next_deletion: Option<Time>,
    /// The vaults from which recovery points are being deleted right now.
    pub deleting: BTreeSet<Arn>,
    /// The vaults that are being opened for a job.
    pub opening: BTreeSet<(Arn, Use)>,
    /// Those that could not be opened, until the jobs that asked for them were told.
    pub closed: BTreeMap<(Arn, Use), Closed>,
    /// The vaults that have something to collect, and when.
    pub collections: BTreeMap<Arn, Due>,
    /// Whether the vaults that an earlier process left to collect are among them.
    pub collections_known: bool,
    /// When a vault is next to be read in part, or an owed manifest to be written.
    pub next_upkeep: Option<Time>,
    /// When it is next looked whether a copy of the catalog is due, in wall time.
    pub next_copy: Option<Time>,
    /// When the deletion of a KMS key that was put off is looked at again.
    pub next_key_deletion: Option<Time>,
    /// When old records are next removed.
    pub next_purge: Option<Time>,
    /// Runs that were made while the clock was doubted: the plan, the rule's place in it, when the run was due.
    pub early: BTreeSet<(String, usize, Time)>,
    /// When restic's locks were last renewed, as the clock's `awake` counts.
    pub locks_renewed: Option<std::time::Duration>,
    /// When the trash is next looked through.
    pub next_emptying: Option<Time>,
}

/// See [`Turn::next_runs`].
#[derive(Debug, Clone)]
pub struct NextRun {
    /// The plan's version.
    pub version_id: String,
    /// The moment; none when the plan never runs again.
    pub at: Option<Time>,
    /// The plan's schedules, read once.
    pub(crate) runs: Arc<PlanRuns>,
}

/// When a vault is collected.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The next time that it is tried.
    pub at: Time,
    /// How often it was tried in vain.
    pub(crate) tries: u32,
    /// While new jobs wait for it: until when they do.
    pub(crate) claimed: Option<Time>,
}

impl Due {
    /// At a moment.
    pub(crate) fn at(at: Time) -> Self {
        Self { at, tries: 0, claimed: None }
    }

    /// Something in the vault is not needed any more: it is collected after a while, if it is not going to be anyway.
    pub(crate) fn plan(turn: &mut Turn, vault: Arn, now: Time) {
        turn.collections.entry(vault).or_insert(Self::at(now + DELAY));
    }

    /// The same on a full disk, where its room is needed now.
    pub(crate) fn plan_at_once(turn: &mut Turn, vault: Arn, now: Time) {
        let due = turn.collections.entry(vault).or_insert(Self::at(now));
        due.at = due.at.min(now);
    }

    /// Whether it is to be tried now. Once new jobs wait for it, it is tried whenever something has ended.
    pub(crate) fn is_now(&self, now: Time) -> bool {
        self.at <= now || self.claimed.is_some()
    }

    /// What comes after a try in vain at `now`.
    pub(crate) fn after_failure(self, now: Time) -> Self {
        match self.claimed {
            Some(until) if now < until => self,
            Some(_) => Self::at(now + RETRY_AFTER),
            None if self.tries + 1 >= TRIES => Self { at: now + PATIENCE, tries: 0, claimed: Some(now + PATIENCE) },
            None => Self { at: now + RETRY_AFTER, tries: self.tries + 1, claimed: None },
        }
    }
}
