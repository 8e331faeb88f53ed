//! The thread of a job: what it does whatever the work is.

use crate::engine::Engine;
use crate::engine::clock::ClockKind;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::entered::Entered;
use crate::engine::jobs::finish::{Finish, Verdict};
use crate::engine::jobs::group::Waiting;
use crate::engine::jobs::kind::{Job, Kind};
use crate::engine::jobs::live::{LiveJob, StopCause};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::store;
use crate::engine::jobs::work::{Failure, Worked};
use chrono::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Starts the thread of a job whose row says RUNNING.
pub(crate) fn spawn(
    engine: &Arc<Engine>,
    kind: &'static dyn Kind,
    live: Arc<LiveJob>,
    job: Box<dyn Job>,
    entered: Entered,
) -> Result<()> {
    let (owner, live_job) = (Arc::clone(engine), Arc::clone(&live));
    let started = std::thread::Builder::new().name(kind.name().to_owned()).spawn(move || {
        let live = live_job;
        // A panic is a bug; it costs this job and nothing else.
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let _lane = kind.table().makes_points().then(|| owner.jobs.lanes.take());
            job.run(&owner, &live, entered)
        }))
        .unwrap_or_else(|_| Err(Ending::failed(false, "An internal error occurred.").into()));
        match conclude(&owner, &live, worked, job.as_ref()) {
            Ok(Held::Yes) => owner.jobs.wake(),
            Ok(Held::ForCommit) => {}
            Ok(Held::No) => owner.jobs.over(&live.id),
            Err(error) => {
                owner.set_back(&live, &error);
                owner.jobs.over(&live.id);
            }
        }
        owner.commit_waiting();
    });
    if let Err(error) = started {
        engine.jobs.over(&live.id);
        return Err(Error::io("start a thread", error));
    }
    Ok(())
}

/// Whether a job lasts on after its work.
enum Held {
    Yes,
    /// Until it is committed.
    ForCommit,
    No,
}

fn conclude(
    engine: &Arc<Engine>,
    live: &Arc<LiveJob>,
    worked: std::result::Result<Worked, Failure>,
    job: &dyn Job,
) -> Result<Held> {
    // How it ended without a result.
    let end = |ending: &Ending| {
        let (bytes, now) = (live.control.progress.bytes_done.load(Ordering::Relaxed), engine.clock.now());
        engine.catalog.note(|tx| job.end(tx, ending, bytes as i64, now))
    };
    match worked {
        Ok(worked) => {
            let until = live.started + simulated_time(engine, worked.bytes);
            if until > engine.clock.now() {
                live.hold(until, worked.bytes, worked.finish, worked.pass.gate());
                return Ok(Held::Yes);
            }
            match worked.finish {
                Finish::Together(stored) => {
                    engine.jobs.commits.add(Waiting { live: Arc::clone(live), stored, pass: Some(worked.pass) });
                    // After it can be found: whoever sees that no job works any more commits all that wait.
                    live.await_commit();
                    return Ok(Held::ForCommit);
                }
                Finish::Alone(finish) => finish(engine, Verdict::Complete)?,
            }
        }
        Err(Failure::Ended(ending)) => end(&ending)?,
        Err(Failure::Later { why, after }) => engine.begin_later(live, why, after),
        Err(Failure::Stopped) => match live.stop_cause() {
            Some(StopCause::User) => end(&Ending::stopped())?,
            Some(StopCause::Deadline) => end(&Ending::past_deadline(None))?,
            // Left to resume. That an orderly stop is no attempt was written down when it began.
            Some(StopCause::Shutdown) => {}
            None => {
                engine.catalog.note(|tx| store::forget_attempt(tx, live.table, &live.id))?;
            }
        },
    }
    Ok(Held::No)
}

/// Writes down that a stop of the engine is no attempt of the jobs that it interrupts.
pub fn forgive(engine: &Engine, jobs: &[Arc<LiveJob>]) -> Result<()> {
    engine.catalog.write(|tx| {
        let stopped = jobs.iter().filter(|job| job.stop_cause() == Some(StopCause::Shutdown));
        stopped.into_iter().try_for_each(|job| store::forget_attempt(tx, job.table, &job.id))
    })
}

impl Engine {
    /// Whether jobs may last on after their work.
    pub(super) fn may_hold(&self) -> bool {
        self.options.simulated_rate.is_some() && self.clock.kind() == ClockKind::Simulated
    }
}

/// How long a job that moved so many bytes lasts in engine time.
fn simulated_time(engine: &Engine, bytes: u64) -> Duration {
    match engine.options.simulated_rate {
        Some(rate) if engine.may_hold() => {
            let milliseconds = u128::from(bytes) * 1000 / u128::from(rate.max(1));
            Duration::milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX / 2).min(i64::MAX / 4))
        }
        _ => Duration::zero(),
    }
}
