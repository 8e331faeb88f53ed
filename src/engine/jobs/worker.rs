//! The threads of jobs: what they do whatever the work is.

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

/// A job whose row says RUNNING.
pub struct Begun {
    pub(super) kind: &'static dyn Kind,
    pub(super) live: Arc<LiveJob>,
    pub(super) job: Box<dyn Job>,
    pub(super) entered: Entered,
}

/// Starts a thread for a job; one that makes a recovery point waits in line while no lane is free.
pub(super) fn start(engine: &Arc<Engine>, begun: Begun) -> Result<()> {
    if !begun.kind.table().makes_points() {
        return spawn(engine, begun, |engine, begun| {
            let Begun { live, job, entered, .. } = begun;
            let worked = work(engine, &live, job.as_ref(), entered);
            end(engine, &live, job.as_ref(), worked);
        });
    }
    let Some(begun) = engine.jobs.lanes.enter(begun) else { return Ok(()) };
    take_lane(engine, begun)
}

/// Starts a thread for a job that has a lane.
fn take_lane(engine: &Arc<Engine>, begun: Begun) -> Result<()> {
    let started = spawn(engine, begun, |engine, begun| {
        let mut next = Some(begun);
        while let Some(Begun { live, job, entered, .. }) = next {
            let worked = work(engine, &live, job.as_ref(), entered);
            next = engine.jobs.lanes.next();
            // By the system's clock what is stored is committed at once, and by this thread: nobody waits behind it for a lane.
            if engine.clock.kind() == ClockKind::System {
                next.take().map_or(Ok(()), |next| take_lane(engine, next)).unwrap_or_else(|error| tell(&error));
            }
            end(engine, &live, job.as_ref(), worked);
        }
    });
    // Those behind it are told the same, one after the other.
    if started.is_err()
        && let Some(next) = engine.jobs.lanes.next()
    {
        take_lane(engine, next).unwrap_or_else(|error| tell(&error));
    }
    started
}

fn tell(error: &Error) {
    tracing::error!(%error, "a job could not begin; it is begun again");
}

fn spawn(engine: &Arc<Engine>, begun: Begun, body: impl FnOnce(&Arc<Engine>, Begun) + Send + 'static) -> Result<()> {
    let (owner, id) = (Arc::clone(engine), begun.live.id.clone());
    let builder = std::thread::Builder::new().name(begun.kind.name().to_owned());
    builder.spawn(move || body(&owner, begun)).map(drop).map_err(|error| {
        engine.jobs.over(&id);
        Error::io("start a thread", error)
    })
}

/// Does the work of a job. A panic is a bug; it costs this job and nothing else.
fn work(engine: &Arc<Engine>, live: &LiveJob, job: &dyn Job, entered: Entered) -> std::result::Result<Worked, Failure> {
    catch_unwind(AssertUnwindSafe(|| job.run(engine, live, entered)))
        .unwrap_or_else(|_| Err(Ending::failed(false, "An internal error occurred.").into()))
}

/// Brings a job to its end, or to its commit, and commits what is ripe.
fn end(engine: &Arc<Engine>, live: &Arc<LiveJob>, job: &dyn Job, worked: std::result::Result<Worked, Failure>) {
    let concluded = catch_unwind(AssertUnwindSafe(|| conclude(engine, live, worked, job)));
    match concluded.unwrap_or_else(|_| Err(Error::Internal("the end of a job panicked".to_owned()))) {
        Ok(Held::Yes) => engine.jobs.wake(),
        Ok(Held::ForCommit) => {}
        Ok(Held::No) => engine.jobs.over(&live.id),
        Err(error) => {
            engine.set_back(live, &error);
            engine.jobs.over(&live.id);
        }
    }
    engine.commit_waiting();
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
