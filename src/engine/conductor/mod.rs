//! What makes things happen: the conductor's loop, and advances of a simulated clock.

pub mod request;

use crate::domain::extension::ClockConfirmed;
use crate::domain::{Invalid, Time};
use crate::engine::Engine;
use crate::engine::clock::trust::Change;
use crate::engine::clock::{self, ClockKind};
use crate::engine::conductor::request::{AdvanceTo, Cancel};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::turn::Turn;
use crate::repository::crash_point;
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The longest that the conductor sleeps: what it missed to notice is noticed then.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// How long nothing wakes it after a turn that failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// When it tries again by itself after a turn that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(4);
/// How often restic's locks are renewed; they count as stale after 30 minutes.
const LOCK_RENEWAL: Duration = Duration::from_secs(240);

/// How far the clock can be moved at a time. All that falls due on the way is done, and a span that is given in the wrong
/// unit must not keep an engine busy for ever.
const LONGEST_ADVANCE: TimeDelta = TimeDelta::days(3653);

/// The moment that a move of the clock leads to.
fn target(to: AdvanceTo, now: Time) -> Result<Time> {
    let (field, span) = match to {
        AdvanceTo::At(at) => ("set", at - now),
        AdvanceTo::By(by) => ("advance_seconds", by),
    };
    if span > LONGEST_ADVANCE {
        let rule = format!(
            "the clock moves by at most {} seconds ({} days) at a time, not by {}",
            LONGEST_ADVANCE.num_seconds(),
            LONGEST_ADVANCE.num_days(),
            span.num_seconds()
        );
        return Err(Invalid::value(field, rule).into());
    }
    now.checked_add_signed(span).ok_or_else(|| Error::invalid_request("that is later than any time"))
}

/// Takes up what an earlier process left, and starts the conductor's thread.
pub(crate) fn start(engine: &Arc<Engine>) -> Result<()> {
    if engine.options.scheduler && engine.data_dir.is_writable() {
        engine.jobs.resume();
        engine.reconcile_interrupted()?;
        engine.survey_vaults()?;
    }
    let weak = Arc::downgrade(engine);
    let thread = std::thread::Builder::new()
        .name("conductor".to_owned())
        .spawn(move || run(&weak))
        .map_err(|e| Error::io("start a thread", e))?;
    *engine.jobs.conductor.lock() = Some(thread);
    Ok(())
}

/// The loop. It holds the engine only while it works, so that an engine that nobody holds any more goes away.
fn run(weak: &Weak<Engine>) {
    loop {
        let Some(engine) = weak.upgrade() else { return };
        if engine.jobs.is_stopping() {
            return;
        }
        crash_point::misbehave("conductor");
        let turned = engine.conduct();
        // An embedded engine is dropped with its last holder; the wait must not keep it.
        let jobs = Arc::clone(&engine.jobs);
        drop(engine);
        match turned {
            Ok(sleep) => jobs.wait(sleep),
            // What a turn that failed has started wakes the conductor when it ends: without a pause it would spin.
            Err(_) => {
                jobs.pause(FAILURE_PAUSE);
                jobs.wait(AFTER_FAILURE);
            }
        }
    }
}

impl Engine {
    /// One turn of the conductor; how long it may sleep then. What failed was told.
    fn conduct(self: &Arc<Self>) -> Result<Duration> {
        // An advance does all that is due, and wakes the conductor when it is over.
        let Some(_advancing) = self.jobs.no_advance() else {
            // Its steps give their own signs of life; while it waits for jobs it has none to give.
            if self.jobs.turn.try_lock().is_some() {
                self.jobs.pulse.beat(self.clock.awake(), "waiting for the jobs of an advance");
            }
            return Ok(LONGEST_SLEEP);
        };
        self.jobs.pulse.beat(self.clock.awake(), "waiting for its turn");
        let mut turn = self.jobs.turn();
        self.run_due(&mut turn)
            .inspect_err(|error| tracing::error!(%error, "the conductor could not do all that is due"))?;
        if self.clock.kind() == ClockKind::Simulated || !self.data_dir.is_writable() {
            return Ok(LONGEST_SLEEP);
        }
        Ok(match self.next_event(&turn) {
            Ok(Some(at)) => (at - self.clock.now()).to_std().unwrap_or(Duration::from_millis(1)).min(LONGEST_SLEEP),
            Ok(None) => LONGEST_SLEEP,
            Err(error) => {
                tracing::error!(%error, "the next event is not known");
                LONGEST_SLEEP
            }
        })
    }

    /// Does all that is due now: in a data directory that cannot be written, restores and nothing else. Each step is done even when one before it failed; the first failure is told.
    fn run_due(self: &Arc<Self>, turn: &mut Turn) -> Result<()> {
        if !self.data_dir.is_writable() {
            let done = self.step(turn, "starting jobs", |turn| self.dispatch(turn, self.clock.now()));
            self.jobs.pulse.turned(self.clock.awake(), done.as_ref().err().map(ToString::to_string));
            return done;
        }
        let settled = self.step(turn, "settling the clock", |turn| self.settle_clock(turn));
        // Asked for only now: what the clock shows counts, or does not.
        let now = self.clock.now();
        let steps = [
            settled,
            self.step(turn, "ending held jobs", |_| self.finish_held(now)),
            self.step(turn, "enforcing completion windows", |_| self.enforce_deadlines(now)),
            self.step(turn, "making the jobs of plans", |turn| self.make_scheduled_jobs(turn, now)),
            self.step(turn, "finishing the locks of vaults", |_| self.finish_cooling_off(now)),
            self.step(turn, "destroying keys", |turn| self.destroy_keys(turn, now)),
            self.step(turn, "starting jobs", |turn| self.dispatch(turn, now)),
            self.step(turn, "following logs", |_| self.follow_logs()),
            self.step(turn, "deleting recovery points", |turn| self.sweep(turn, now)),
            self.step(turn, "collecting vaults", |turn| self.collect_due(turn, now)),
            self.step(turn, "keeping vaults well", |turn| self.keep_up(turn, now)),
            self.step(turn, "removing old records", |turn| self.purge_records(turn, now)),
            self.step(turn, "copying the catalog", |turn| self.copy_catalog_due(turn)),
            self.step(turn, "emptying the trash", |turn| self.empty_trash(turn, now)),
            self.step(turn, "keeping restic's locks", |turn| self.keep_locks(turn)),
            self.step(turn, "laying the reserve", |_| {
                self.data_dir.reserve().refill();
                Ok(())
            }),
            self.step(turn, "remembering the time", |_| self.remember_time()),
        ];
        let done: Result<()> = steps.into_iter().collect();
        self.jobs.pulse.turned(self.clock.awake(), done.as_ref().err().map(ToString::to_string));
        done
    }

    /// A simulated time is remembered with what happened at it, and when the advance to it answers.
    fn remember_time(&self) -> Result<()> {
        if self.clock.kind() == ClockKind::Simulated { Ok(()) } else { self.clock.save(&self.catalog, false) }
    }

    /// One step of a turn. A panic is a bug; it costs this step and nothing else.
    fn step(&self, turn: &mut Turn, name: &'static str, work: impl FnOnce(&mut Turn) -> Result<()>) -> Result<()> {
        self.jobs.pulse.beat(self.clock.awake(), name);
        let done = catch_unwind(AssertUnwindSafe(|| {
            crash_point::misbehave(name);
            work(turn)
        }));
        done.unwrap_or_else(|panic| {
            let text =
                panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let what = format!("{name}: {}", text.unwrap_or("a panic without a message"));
            tracing::error!(%what, "a step of the conductor panicked");
            self.jobs.pulse.panicked(what.clone());
            // What it remembered may be half changed; all of it can be found out again.
            *turn = Turn::default();
            Err(Error::Internal(what))
        })
    }

    /// Renews restic's locks, and makes those anew that somebody removed.
    fn keep_locks(&self, turn: &mut Turn) -> Result<()> {
        let now = self.clock.awake();
        let renew = turn.locks_renewed.is_none_or(|at| now.saturating_sub(at) >= LOCK_RENEWAL);
        if renew {
            turn.locks_renewed = Some(now);
        }
        self.vault_store.keep_locks(renew);
        Ok(())
    }

    /// Deals with what became of the trust in the system's clock.
    fn settle_clock(&self, turn: &mut Turn) -> Result<()> {
        let utc = |time: Time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        self.clock.doubt();
        while let Some(change) = self.clock.next_change() {
            // Moments of another time mean nothing any more. Runs that a wrong clock called for come again at their time.
            let early = if change == Change::Righted { BTreeSet::new() } else { std::mem::take(&mut turn.early) };
            *turn = Turn { early, locks_renewed: turn.locks_renewed, ..Turn::default() };
            match change {
                Change::Doubted { expected, shown } => tracing::warn!(
                    shown = utc(shown),
                    expected = utc(expected),
                    "the system's clock is not believed: until it is right again, confirmed by `vaultdeck clock confirm`, \
                     or even for an hour, nothing expires and no run counts as missed"
                ),
                Change::Righted => tracing::info!("the system's clock is right again"),
                Change::Adopted { from, to, by_person } => {
                    tracing::warn!(from = utc(from), to = utc(to), by_person, "the system's clock is believed again");
                    for setback in self.jobs.setbacks().values_mut() {
                        // The time that was jumped over is none in which it was tried.
                        (setback.since, setback.until) = (setback.since + (to - from), to);
                    }
                    self.catalog.write(|tx| {
                        clock::adopt(tx, from, to, by_person)?;
                        self.clock.save_in(tx)
                    })?;
                }
            }
            self.clock.change_is_settled();
        }
        Ok(())
    }

    /// Does all that is due at this moment, and waits for what comes of it.
    pub fn settle_now(self: &Arc<Self>) -> Result<()> {
        self.settle()
    }

    /// A person says that the system's clock is right; whether it was doubted.
    pub fn confirm_clock(&self) -> Result<ClockConfirmed> {
        self.data_dir.require_write()?;
        let was_doubted = self.clock.confirm();
        self.jobs.wake();
        Ok(ClockConfirmed { now: self.clock.now(), was_doubted })
    }

    /// The next moment after now at which something falls due.
    pub(super) fn next_event(&self, turn: &Turn) -> Result<Option<Time>> {
        let now = self.clock.now();
        // What is due stays due until the thread that does it is done. An advance waits for that thread, and passes over nothing.
        let is_under_way = self.clock.kind() == ClockKind::System && self.upkeep.is_busy();
        let upkeep =
            if is_under_way { None } else { [self.next_move()?, turn.next_upkeep].into_iter().flatten().min() };
        let moments = [
            self.next_scheduled(turn),
            self.next_job_event(turn)?,
            self.next_sweep(turn)?,
            self.next_lock_date()?,
            self.next_key_deletion(turn)?,
            upkeep,
        ];
        Ok(moments.into_iter().flatten().min().map(|at| at.max(now + chrono::Duration::milliseconds(1))))
    }

    /// Moves a simulated clock forward, runs all that falls due on the way to its rest, and tells the time then.
    pub fn advance(self: &Arc<Self>, to: AdvanceTo) -> Result<Time> {
        self.advance_until(to, &Cancel::default())
    }

    /// The same, ended early between two moments when `cancel` says so: the clock then stands where it came to.
    pub fn advance_until(self: &Arc<Self>, to: AdvanceTo, cancel: &Cancel) -> Result<Time> {
        self.data_dir.require_write()?;
        if self.clock.kind() != ClockKind::Simulated {
            return Err(Error::invalid_request("the engine's clock is the system's: it cannot be moved"));
        }
        let advanced = self.advance_alone(to, cancel);
        self.jobs.wake();
        advanced
    }

    fn advance_alone(self: &Arc<Self>, to: AdvanceTo, cancel: &Cancel) -> Result<Time> {
        let _queue = self.jobs.advancing.lock();
        let now = self.clock.now();
        let target = target(to, now)?;
        if target < now {
            return Err(Error::invalid_request(format!(
                "the simulated clock stands at {} and does not go back to {}",
                now.to_rfc3339(),
                target.to_rfc3339()
            )));
        }
        self.settle()?;
        while !self.jobs.is_stopping() {
            if cancel.is_cancelled() {
                self.clock.save(&self.catalog, true)?;
                let stands = self.clock.now().to_rfc3339();
                return Err(Error::unavailable(format!("the move of the clock was ended by its caller at {stands}")));
            }
            let turn = self.jobs.turn();
            let next = self.next_event(&turn)?.filter(|next| *next <= target);
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
        self.catalog.read(crate::engine::jobs::uses::count_open)
    }
}
