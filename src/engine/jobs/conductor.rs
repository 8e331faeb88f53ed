//! What makes things happen: the conductor's loop, and advances of a simulated clock.

use crate::domain::Time;
use crate::engine::AdvanceTo;
use crate::engine::Engine;
use crate::engine::clock::ClockKind;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::Turn;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

/// The longest that the conductor sleeps: what it missed to notice is noticed then.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// How often restic's locks are renewed; they count as stale after 30 minutes.
const LOCK_RENEWAL: Duration = Duration::from_secs(240);

/// Starts the conductor's thread.
pub(crate) fn start(engine: &Arc<Engine>) -> Result<()> {
    let weak = Arc::downgrade(engine);
    let thread = std::thread::Builder::new()
        .name("conductor".to_owned())
        .spawn(move || run(&weak))
        .map_err(|e| Error::io("start a thread", e))?;
    *engine.jobs.conductor.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    Ok(())
}

/// The loop. It holds the engine only while it works, so that an engine that nobody holds any more goes away.
fn run(weak: &Weak<Engine>) {
    let mut renewed = Instant::now();
    loop {
        let Some(engine) = weak.upgrade() else { return };
        if engine.jobs.is_stopping() {
            return;
        }
        if renewed.elapsed() >= LOCK_RENEWAL {
            engine.vault_store.refresh_locks();
            renewed = Instant::now();
        }
        let sleep = engine.conduct();
        // An embedded engine is dropped with its last holder; the wait must not keep it.
        let jobs = Arc::clone(&engine.jobs);
        drop(engine);
        jobs.wait(sleep);
    }
}

impl Engine {
    /// One turn of the conductor; how long it may sleep then.
    fn conduct(self: &Arc<Self>) -> Duration {
        let mut turn = self.jobs.turn();
        if let Err(error) = self.run_due(&mut turn) {
            tracing::error!(%error, "the conductor could not do all that is due");
            return Duration::from_secs(5);
        }
        if self.clock.kind() == ClockKind::Simulated {
            return LONGEST_SLEEP;
        }
        match self.next_event(&mut turn) {
            Ok(Some(at)) => (at - self.clock.now()).to_std().unwrap_or(Duration::from_millis(1)).min(LONGEST_SLEEP),
            Ok(None) => LONGEST_SLEEP,
            Err(error) => {
                tracing::error!(%error, "the next event is not known");
                LONGEST_SLEEP
            }
        }
    }

    /// Does all that is due now. Each step is done even when one before it failed; the first failure is told.
    fn run_due(self: &Arc<Self>, turn: &mut Turn) -> Result<()> {
        let now = self.clock.now();
        let steps = [
            self.finish_held(now),
            self.enforce_deadlines(now),
            self.make_scheduled_jobs(turn, now),
            self.dispatch(turn, now),
            self.sweep(turn, now),
            self.collect_due(turn, now),
            self.purge_records(turn, now),
            self.clock.save(&self.catalog, false),
        ];
        steps.into_iter().collect()
    }

    /// The next moment after now at which something falls due.
    fn next_event(&self, turn: &mut Turn) -> Result<Option<Time>> {
        let now = self.clock.now();
        let moments = [self.next_scheduled(turn)?, self.next_job_event(turn)?, self.next_sweep(turn)?];
        Ok(moments.into_iter().flatten().min().map(|at| at.max(now + chrono::Duration::milliseconds(1))))
    }

    /// Moves a simulated clock forward, runs all that falls due on the way to its rest, and tells the time then.
    pub fn advance(self: &Arc<Self>, to: AdvanceTo) -> Result<Time> {
        if self.clock.kind() != ClockKind::Simulated {
            return Err(Error::invalid_request("the engine's clock is the system's: it cannot be moved"));
        }
        let _queue = self.jobs.advancing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let target = match to {
            AdvanceTo::At(at) => Some(at),
            AdvanceTo::By(by) => now.checked_add_signed(by),
        };
        let target = target.ok_or_else(|| Error::invalid_request("that is later than any time"))?;
        if target < now {
            return Err(Error::invalid_request(format!(
                "the simulated clock stands at {} and does not go back to {}",
                now.to_rfc3339(),
                target.to_rfc3339()
            )));
        }
        self.settle()?;
        while !self.jobs.is_stopping() {
            let mut turn = self.jobs.turn();
            let next = self.next_event(&mut turn)?.filter(|next| *next <= target);
            self.clock.set(next.unwrap_or(target).max(self.clock.now()))?;
            drop(turn);
            self.settle()?;
            if next.is_none() {
                break;
            }
        }
        self.clock.save(&self.catalog, true)?;
        Ok(self.clock.now())
    }

    /// Runs what is due, waits for the threads that work, and again, until nothing more happens at this moment.
    fn settle(self: &Arc<Self>) -> Result<()> {
        loop {
            let finished = self.jobs.finished();
            let mut turn = self.jobs.turn();
            self.run_due(&mut turn)?;
            drop(turn);
            self.jobs.wait_for_workers();
            // What was over meanwhile may let another job start at this same moment.
            if self.jobs.finished() == finished || self.jobs.is_stopping() {
                return Ok(());
            }
        }
    }

    /// How many jobs run or wait to run.
    pub fn active_jobs(&self) -> Result<u64> {
        self.catalog.read(crate::engine::jobs::store::count_active)
    }
}
