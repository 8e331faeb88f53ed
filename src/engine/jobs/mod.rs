//! Jobs: persistent state machines for backup, copy and restore.
//!
//! The catalog holds what a job is; threads do the work; the conductor, one thread, moves all of it: it makes
//! scheduled jobs, starts what may start, expires what came too late, sweeps what has outlived its days. Under a
//! simulated clock the same steps run inside [`Engine::advance`](crate::engine::Engine::advance), at every moment at which
//! something falls due.

mod adopt;
pub mod backup;
#[cfg(test)]
mod begin_tests;
pub mod commit;
mod composite;
pub mod copy;
pub(crate) mod entered;
pub mod finish;
pub mod group;
mod id;
pub(crate) mod kind;
pub mod lanes;
pub mod live;
pub mod outcome;
pub mod pulse;
pub mod queue;
pub mod readiness;
pub mod recovery;
pub mod restore;
pub mod rows;
pub mod scheduler;
pub mod summaries;
pub mod turn;
pub mod uses;
pub(crate) mod work;
pub mod worker;

use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::pulse::Pulse;
use crate::repository::Control;
use backup::Backups;
use copy::Copies;
use group::Commits;
use kind::Kind;
use lanes::Lanes;
use live::{LiveJob, LiveJobs, StopCause};
use parking_lot::{Condvar, Mutex, MutexGuard};
use restore::Restores;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use turn::Turn;
use worker::Begun;

/// Every kind of job, in the order in which the queue looks at them.
pub(crate) static KINDS: [&dyn Kind; 3] = [&Backups, &Copies, &Restores];

/// How long a shutdown waits for the turn of the conductor that is under way.
const LAST_TURN: Duration = Duration::from_secs(1);

/// How often a job is begun before it counts as failed.
pub const MAX_ATTEMPTS: i64 = 3;

/// The state of the moving parts, in memory.
pub struct Runtime {
    /// What is under way.
    pub live: LiveJobs,
    /// Held by whoever runs what is due: the conductor, or an advance of the simulated clock.
    pub(in crate::engine) turn: Mutex<Turn>,
    /// Held through a whole advance, so that calls queue.
    pub(in crate::engine) advancing: Mutex<()>,
    /// How many jobs of one kind work side by side.
    pub workers: usize,
    /// Lets so many jobs that make recovery points work at a time.
    pub lanes: Lanes<Begun>,
    /// What was stored and waits for its commit.
    pub commits: Commits,
    /// Cancelled when the engine shuts down; for work that is no job.
    pub housekeeping: Control,
    /// The conductor's signs of life.
    pub pulse: Pulse,
    /// The jobs that rest until they are begun again.
    setbacks: Mutex<BTreeMap<JobId, Setback>>,
    finished: AtomicU64,
    /// Whether something ended on which a deletion may have waited: a restore of its point, a collection of its vault.
    deletions_may_go: AtomicBool,
    /// The restore jobs that were asked for since the engine was opened.
    session: Mutex<BTreeSet<JobId>>,
    /// Vaults in which a job ended without a recovery point: what it stored is to be collected.
    littered: Mutex<BTreeSet<Arn>>,
    /// How many threads of housekeeping work.
    background: AtomicU64,
    signal: Mutex<Signal>,
    changed: Condvar,
    pub(in crate::engine) conductor: Mutex<Option<JoinHandle<()>>>,
}

/// Why a job that began rests, and until when.
#[derive(Debug, Clone)]
pub struct Setback {
    /// Since when it is tried in vain, in engine time.
    pub since: Time,
    /// Until when it rests, in engine time.
    pub until: Time,
    /// What went wrong.
    pub why: String,
}

#[derive(Default)]
struct Signal {
    /// Something changed that the conductor should look at.
    wake: bool,
    /// The engine shuts down.
    stopping: bool,
    /// Jobs that an earlier process left are taken up; without the scheduler only once a job is started here.
    resuming: bool,
}

impl Runtime {
    /// Nothing under way.
    pub fn new() -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 4);
        Self {
            live: LiveJobs::default(),
            turn: Mutex::default(),
            advancing: Mutex::default(),
            workers,
            lanes: Lanes::new(workers),
            commits: Commits::default(),
            housekeeping: Control::new(),
            pulse: Pulse::default(),
            setbacks: Mutex::default(),
            finished: AtomicU64::new(0),
            deletions_may_go: AtomicBool::new(false),
            session: Mutex::default(),
            littered: Mutex::default(),
            background: AtomicU64::new(0),
            signal: Mutex::default(),
            changed: Condvar::new(),
            conductor: Mutex::default(),
        }
    }

    /// Held while no advance is under way; none while one is.
    pub(in crate::engine) fn no_advance(&self) -> Option<MutexGuard<'_, ()>> {
        self.advancing.try_lock()
    }

    /// Waits for one's turn.
    pub fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock()
    }

    /// The jobs that rest until they are begun again.
    pub fn setbacks(&self) -> MutexGuard<'_, BTreeMap<JobId, Setback>> {
        self.setbacks.lock()
    }

    /// A job is tried in vain at `now`, not for the first time perhaps, and rests for a while.
    pub(crate) fn set_back(&self, id: &JobId, now: Time, pause: chrono::Duration, why: String) {
        let mut setbacks = self.setbacks();
        let since = setbacks.get(id).map_or(now, |before| before.since);
        setbacks.insert(id.clone(), Setback { since, until: now + pause, why });
    }

    /// Lets the conductor look again, and whoever waits for a job.
    pub fn wake(&self) {
        self.signal().wake = true;
        self.changed.notify_all();
    }

    /// Whether the engine shuts down.
    pub fn is_stopping(&self) -> bool {
        self.signal().stopping
    }

    /// Whether jobs that an earlier process left are taken up.
    pub fn resumes(&self) -> bool {
        self.signal().resuming
    }

    /// From now on jobs that an earlier process left are taken up.
    pub fn resume(&self) {
        self.signal().resuming = true;
    }

    /// A restore job was asked for.
    pub fn note_asked(&self, id: &JobId) {
        self.session.lock().insert(id.clone());
    }

    /// Whether a restore job was asked for since the engine was opened.
    pub fn is_of_session(&self, id: &JobId) -> bool {
        self.session.lock().contains(id)
    }

    /// A job is over: it is not under way any more, and others may start.
    pub fn over(&self, id: &JobId) {
        self.all_over([id]);
    }

    /// The same of several jobs.
    pub fn all_over<'a>(&self, ids: impl IntoIterator<Item = &'a JobId>) {
        let removed = ids.into_iter().map(|id| self.live.remove(id)).count();
        self.ended(removed);
    }

    /// So many jobs are over that have no thread by now: what waited for them may go on.
    pub fn ended(&self, jobs: usize) {
        self.let_deletions_go();
        self.finished.fetch_add(jobs as u64, Ordering::AcqRel);
        self.wake();
    }

    /// Whether the conductor's thread has ended.
    pub fn conductor_ended(&self) -> bool {
        let conductor = self.conductor.lock();
        conductor.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Something ended on which a deletion may have waited.
    pub fn let_deletions_go(&self) {
        self.deletions_may_go.store(true, Ordering::Release);
    }

    /// Whether deletions that waited should be looked at again; asks once.
    pub fn may_deletions_go(&self) -> bool {
        self.deletions_may_go.swap(false, Ordering::AcqRel)
    }

    /// A job stored something in a vault that no recovery point will need.
    pub fn litter(&self, vault: &Arn) {
        self.littered.lock().insert(vault.clone());
    }

    /// The vaults that were littered since this was last asked.
    pub fn take_littered(&self) -> BTreeSet<Arn> {
        std::mem::take(&mut self.littered.lock())
    }

    /// How many jobs were over since the engine was opened.
    pub fn finished(&self) -> u64 {
        self.finished.load(Ordering::Acquire)
    }

    /// Runs housekeeping in a thread of its own. A simulated clock waits for it, as it does for jobs.
    pub fn in_background(self: &Arc<Self>, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let guard = Background::enter(self);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                work();
                drop(guard);
            })
            .map(drop)
            .map_err(|e| Error::io("start a thread", e))
    }

    /// Whether any thread works, on a job or on housekeeping, or a job waits for its commit.
    pub(crate) fn is_working(&self) -> bool {
        self.live.working(None) > 0 || self.live.any_stored() || self.background.load(Ordering::Acquire) > 0
    }

    /// Waits for `time`, whatever changes, unless the engine shuts down.
    pub(in crate::engine) fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut signal = self.signal();
        while !signal.stopping && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            self.changed.wait_for(&mut signal, left);
        }
    }

    /// Waits until something changes, or for `limit`.
    pub(in crate::engine) fn wait(&self, limit: Duration) {
        let mut signal = self.signal();
        if !signal.wake && !signal.stopping {
            self.changed.wait_for(&mut signal, limit);
        }
        signal.wake = false;
    }

    /// Waits until no thread works on a job, or the engine shuts down.
    pub(in crate::engine) fn wait_for_workers(&self) {
        let mut signal = self.signal();
        while self.is_working() && !signal.stopping {
            self.changed.wait_for(&mut signal, Duration::from_millis(100));
        }
    }

    /// Asks the conductor and all jobs to stop; gives the jobs, which are left to resume.
    pub fn ask_to_stop(&self) -> Vec<Arc<LiveJob>> {
        self.signal().stopping = true;
        self.changed.notify_all();
        self.housekeeping.cancel();
        // A turn that began before may be about to start jobs whose rows say already that they run.
        drop(self.last_turn());
        let jobs = self.live.all();
        for job in &jobs {
            job.stop(StopCause::Shutdown);
        }
        jobs
    }

    /// The turn, once the one that is under way has ended; none when that blocks.
    fn last_turn(&self) -> Option<MutexGuard<'_, Turn>> {
        self.turn.try_lock_for(LAST_TURN)
    }

    /// Waits for all that was asked to stop, at most `limit`. Whether all stopped.
    pub fn rest(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let conductor = self.conductor.lock().take();
        while self.is_working() || conductor.as_ref().is_some_and(|thread| !thread.is_finished()) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn signal(&self) -> MutexGuard<'_, Signal> {
        self.signal.lock()
    }
}

/// Counts a thread of housekeeping as long as it lives, also when it panics.
struct Background(Arc<Runtime>);

impl Background {
    fn enter(runtime: &Arc<Runtime>) -> Self {
        runtime.background.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(runtime))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.background.fetch_sub(1, Ordering::AcqRel);
        self.0.finished.fetch_add(1, Ordering::AcqRel);
        self.0.wake();
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::new()
    }
}
