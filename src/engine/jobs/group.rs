//! Group commit: what jobs stored at about the same time becomes recovery points together.
//!
//! A commit waits for the disk several times, and the disk makes many files durable in the time of one. So a job's thread
//! hands what it stored over and is free; whoever finds no commit under way makes one of all that waits, again and again
//! until nothing does. By the system's clock nobody is waited for: a job that is alone is committed at once. By a simulated
//! one all jobs of a moment are due together, and the commit comes when the last of them is stored, or when many wait.
//!
//! A failure concerns the job that it befalls: a group that fails is committed job by job.

use crate::engine::Engine;
use crate::engine::clock::ClockKind;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::commit;
use crate::engine::jobs::finish::Stored;
use crate::engine::jobs::live::LiveJob;
use crate::engine::vaults::gate::Pass;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How many jobs of a simulated moment are begun together, and how many wait at most for their commit.
pub(in crate::engine::jobs) const GROUP: usize = 256;

/// A job that waits for its commit.
pub struct Waiting {
    /// The job.
    pub live: Arc<LiveJob>,
    /// What it stored.
    pub stored: Box<dyn Stored>,
    /// Held until the commit, unless the job was held and gave it back.
    pub pass: Option<Pass>,
}

/// The jobs that wait for their commit.
#[derive(Default)]
pub struct Commits(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    /// Whether a thread commits.
    busy: bool,
}

impl Commits {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// One more waits.
    pub(in crate::engine::jobs) fn add(&self, waiting: Waiting) {
        self.state().waiting.push(waiting);
    }
}

impl Engine {
    /// Commits what waits, unless that is not yet to be done or another thread does it: that one goes on until nothing is
    /// left. To be called whenever a job's thread is done.
    pub(in crate::engine::jobs) fn commit_waiting(self: &Arc<Self>) {
        let mut state = self.jobs.commits.state();
        while !state.busy && self.is_ripe(&state.waiting) {
            let group = std::mem::take(&mut state.waiting);
            state.busy = true;
            drop(state);
            self.commit_group(group);
            state = self.jobs.commits.state();
            state.busy = false;
        }
    }

    fn is_ripe(&self, waiting: &[Waiting]) -> bool {
        let alone = self.clock.kind() == ClockKind::System;
        !waiting.is_empty() && (alone || waiting.len() >= GROUP || !self.jobs.live.makes_points())
    }

    /// Makes recovery points of what jobs stored, those of each vault together, and ends the jobs.
    pub(in crate::engine::jobs) fn commit_group(self: &Arc<Self>, group: Vec<Waiting>) {
        let mut vaults: BTreeMap<_, Vec<Waiting>> = BTreeMap::new();
        for waiting in group {
            vaults.entry(waiting.stored.vault_arn().clone()).or_default().push(waiting);
        }
        for group in vaults.into_values() {
            self.commit_together(&group);
            let ids: Vec<_> = group.into_iter().map(|waiting| waiting.live.id.clone()).collect();
            self.jobs.all_over(&ids);
        }
    }

    /// Commits what was stored in one vault; what went wrong is noted with the jobs that it befell.
    fn commit_together(self: &Arc<Self>, group: &[Waiting]) {
        match self.try_to_commit(group) {
            Ok(ends) => {
                for (Waiting { live, .. }, end) in group.iter().zip(ends) {
                    match end {
                        Ok(true) => {}
                        Ok(false) => self.begin_again(live, "packs that it counts on changed while it ran".to_owned()),
                        Err(error) => self.set_back(live, &error),
                    }
                }
            }
            Err(error) => match group {
                [alone] => self.set_back(&alone.live, &error),
                _ => {
                    tracing::warn!(%error, jobs = group.len(), "jobs could not be committed together: each is by itself");
                    group.chunks(1).for_each(|alone| self.commit_together(alone));
                }
            },
        }
    }

    /// A panic is a bug; it costs no more than a failure.
    fn try_to_commit(&self, group: &[Waiting]) -> Result<Vec<Result<bool>>> {
        let Some(first) = group.first() else { return Ok(Vec::new()) };
        let stored: Vec<&dyn Stored> = group.iter().map(|waiting| waiting.stored.as_ref()).collect();
        let committed = catch_unwind(AssertUnwindSafe(|| commit::commit(self, first.stored.vault(), &stored)));
        committed.unwrap_or_else(|_| Err(Error::Internal("a commit panicked".to_owned())))
    }
}
