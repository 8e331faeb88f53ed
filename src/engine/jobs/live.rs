//! Jobs that are under way in this process: their progress lives here, in memory, and is laid over what the lists show.

use crate::domain::job::{BackupJob, JobKind, JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::jobs::stored::Stored;
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

/// What becomes of a job whose work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its result counts.
    Complete,
    /// Its result is thrown away: it took too long.
    Expired,
    /// Its result is thrown away: a user stopped it.
    Stopped,
}

/// Writes down what became of a job whose work is done.
pub type WriteDown = Box<dyn FnOnce(&Arc<Engine>, Verdict) -> Result<()> + Send>;

/// What is to be done when a job's work is.
pub enum Finish {
    /// A stored backup is committed, alone or with others.
    Together(Box<Stored>),
    /// What became of it is written down.
    Alone(WriteDown),
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
    /// Its kind.
    pub kind: JobKind,
    /// What it backs up; none for restores, which may run side by side.
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
    /// 0 to 100.
    pub percent: f64,
    /// Bytes so far.
    pub bytes: u64,
    /// When it will be done at this pace.
    pub expected: Option<Time>,
}

impl LiveJob {
    /// A job whose thread is about to begin.
    pub fn new(id: JobId, kind: JobKind, resource: Option<Arn>, started: Time, complete_by: Option<Time>) -> Self {
        Self {
            id,
            kind,
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
            return Progress { percent: share * 100.0, bytes: (bytes as f64 * share) as u64, expected: Some(until) };
        }
        let done = self.control.progress.bytes_done.load(Ordering::Relaxed);
        let total = self.control.progress.bytes_total.load(Ordering::Relaxed);
        // The total grows while the tree is walked, so the last percent is never promised.
        let share = if total == 0 { 0.0 } else { (done as f64 / total as f64).clamp(0.0, 0.99) };
        let expected = (share > 0.01).then(|| {
            let left = (elapsed / share * (1.0 - share)).min(1e12);
            now + chrono::Duration::milliseconds(left as i64)
        });
        Progress { percent: share * 100.0, bytes: done, expected }
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

    /// How many threads work, on jobs of one kind or of any.
    pub fn working(&self, kind: Option<JobKind>) -> usize {
        self.map().values().filter(|job| kind.is_none_or(|kind| job.kind == kind) && job.is_working()).count()
    }

    /// Lays progress over a backup job from the catalog.
    pub fn overlay_backup(&self, job: &mut BackupJob, now: Time) {
        if job.state != JobState::Running {
            return;
        }
        if let Some(live) = self.get(&job.id) {
            let progress = live.progress(now);
            job.percent_done = Some(progress.percent);
            job.bytes_transferred = Some(progress.bytes as i64);
            job.expected_completion = progress.expected;
        }
    }

    /// Lays progress over a restore job from the catalog.
    pub fn overlay_restore(&self, job: &mut RestoreJob, now: Time) {
        if job.state != JobState::Running {
            return;
        }
        if let Some(live) = self.get(&job.id) {
            let progress = live.progress(now);
            job.percent_done = Some(progress.percent);
            job.expected_minutes = progress.expected.map(|at| ((at - live.started).num_minutes()).max(1));
        }
    }
}
