//! Jobs that are under way in this process: their progress lives here, in memory, and is laid over what the lists show.

use crate::domain::job::{JobKind, JobState};
use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::jobs::finish::Finish;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::vaults::gate::Gate;
use crate::repository::Control;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Why a job is being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// StopBackupJob.
    User,
    /// Its completion window is over.
    Deadline,
    /// The engine shuts down; the job is left to resume.
    Shutdown,
}

/// Where a job is.
enum Phase {
    /// A thread works on it.
    Working,
    /// The work is done, and under a simulated clock with a rate the job lasts until a later engine time.
    Held { until: Time, bytes: u64, finish: Finish, gate: Arc<Gate> },
    /// The work is done and waits to be committed.
    Stored,
    /// It is over.
    Over,
}

/// A job that is under way.
pub struct LiveJob {
    /// Its id.
    pub id: JobId,
    /// Where its row is.
    pub(in crate::engine) table: &'static JobTable,
    /// What no other job may work on meanwhile; none for jobs that may run side by side.
    pub resource: Option<Arn>,
    /// When this attempt began, in engine time.
    pub started: Time,
    /// Until when it must be done.
    pub complete_by: Option<Time>,
    /// Its cancel flag and its counters.
    pub control: Control,
    phase: Mutex<Phase>,
    cause: Mutex<Option<StopCause>>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// When this attempt began.
    pub started: Time,
    /// 0 to 100.
    pub percent: f64,
    /// Bytes so far.
    pub bytes: u64,
    /// When it will be done at this pace.
    pub expected: Option<Time>,
}

impl LiveJob {
    /// A job whose thread is about to begin.
    pub(in crate::engine) fn new(
        id: JobId,
        table: &'static JobTable,
        resource: Option<Arn>,
        started: Time,
        complete_by: Option<Time>,
    ) -> Self {
        Self {
            id,
            table,
            resource,
            started,
            complete_by,
            control: Control::new(),
            phase: Mutex::new(Phase::Working),
            cause: Mutex::new(None),
        }
    }

    /// Asks it to stop; the first cause counts.
    pub fn stop(&self, cause: StopCause) {
        self.cause.lock().get_or_insert(cause);
        self.control.cancel();
    }

    /// Why it was asked to stop, if it was.
    pub fn stop_cause(&self) -> Option<StopCause> {
        *self.cause.lock()
    }

    /// Whether a thread works on it.
    pub fn is_working(&self) -> bool {
        matches!(*self.phase(), Phase::Working)
    }

    /// Whether its work is done and waits to be committed.
    pub fn is_stored(&self) -> bool {
        matches!(*self.phase(), Phase::Stored)
    }

    /// The work is done and waits to be committed.
    pub fn await_commit(&self) {
        *self.phase() = Phase::Stored;
    }

    /// The work is done; the job lasts until `until`.
    pub fn hold(&self, until: Time, bytes: u64, finish: Finish, gate: Arc<Gate>) {
        *self.phase() = Phase::Held { until, bytes, finish, gate };
    }

    /// Until when it is held, if it is.
    pub fn held_until(&self) -> Option<Time> {
        match *self.phase() {
            Phase::Held { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Whether it is held, and its vault is not being collected: then it can be brought to its end.
    pub fn can_finish(&self) -> bool {
        matches!(&*self.phase(), Phase::Held { gate, .. } if !gate.is_held())
    }

    /// Takes what is to be done at the end of a held job.
    pub fn take_finish(&self) -> Option<Finish> {
        match std::mem::replace(&mut *self.phase(), Phase::Over) {
            Phase::Held { finish, .. } => Some(finish),
            Phase::Working | Phase::Stored | Phase::Over => None,
        }
    }

    /// How far it is at `now`.
    pub fn progress(&self, now: Time) -> Progress {
        let elapsed = (now - self.started).num_milliseconds().max(0) as f64;
        if let Phase::Held { until, bytes, .. } = *self.phase() {
            let whole = (until - self.started).num_milliseconds().max(1) as f64;
            let share = (elapsed / whole).clamp(0.0, 1.0);
            return Progress {
                started: self.started,
                percent: share * 100.0,
                bytes: (bytes as f64 * share) as u64,
                expected: Some(until),
            };
        }
        let done = self.control.progress.bytes_done.load(Ordering::Relaxed);
        let total = self.control.progress.bytes_total.load(Ordering::Relaxed);
        // The total grows while the tree is walked, so the last percent is never promised.
        let share = if total == 0 { 0.0 } else { (done as f64 / total as f64).clamp(0.0, 0.99) };
        let expected = (share > 0.01).then(|| {
            let left = (elapsed / share * (1.0 - share)).min(1e12);
            now + chrono::Duration::milliseconds(left as i64)
        });
        Progress { started: self.started, percent: share * 100.0, bytes: done, expected }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock()
    }
}

/// All jobs that are under way, by id.
#[derive(Default)]
pub struct LiveJobs(Mutex<BTreeMap<JobId, Arc<LiveJob>>>);

impl LiveJobs {
    fn map(&self) -> MutexGuard<'_, BTreeMap<JobId, Arc<LiveJob>>> {
        self.0.lock()
    }

    /// Adds one.
    pub fn insert(&self, job: Arc<LiveJob>) {
        self.map().insert(job.id.clone(), job);
    }

    /// Takes one out.
    pub fn remove(&self, id: &JobId) {
        self.map().remove(id);
    }

    /// The job of that id.
    pub fn get(&self, id: &JobId) -> Option<Arc<LiveJob>> {
        self.map().get(id).cloned()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<LiveJob>> {
        self.map().values().cloned().collect()
    }

    /// Whether any work is done and waits to be committed.
    pub fn any_stored(&self) -> bool {
        self.map().values().any(|job| job.is_stored())
    }

    /// Whether any thread works on a job that makes a recovery point.
    pub fn makes_points(&self) -> bool {
        self.map().values().any(|job| job.table.makes_points() && job.is_working())
    }

    /// How many threads work, on jobs of one kind or of any.
    pub fn working(&self, kind: Option<JobKind>) -> usize {
        self.map().values().filter(|job| kind.is_none_or(|kind| job.table.kind == kind) && job.is_working()).count()
    }

    /// How far a job is whose row has this state; none unless it runs, and here.
    pub fn progress(&self, id: &JobId, state: &JobState, now: Time) -> Option<Progress> {
        self.get(id).filter(|_| *state == JobState::Running).map(|live| live.progress(now))
    }
}
