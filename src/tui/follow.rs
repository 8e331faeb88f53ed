//! The jobs that were started from here: they are asked for until they end, and their end is told.

use crate::client::{Key, Query};
use crate::domain::Scope;
use crate::domain::job::{JobKind, JobState};
use crate::domain::names::JobId;
use crate::tui::fmt;
use crate::tui::msg::Tone;
use crate::tui::world::World;

/// Jobs that were started from here and have not ended.
#[derive(Debug, Default)]
pub struct Followed {
    jobs: Vec<(Scope, JobId, JobKind)>,
}

/// How a job that has ended is told.
struct End {
    state: JobState,
    issues: bool,
    said: String,
}

impl Followed {
    /// Follows a backup job.
    pub fn backup(&mut self, scope: Scope, id: JobId) {
        self.jobs.push((scope, id, JobKind::Backup));
    }

    /// Follows a copy job.
    pub fn copy(&mut self, scope: Scope, id: JobId) {
        self.jobs.push((scope, id, JobKind::Copy));
    }

    /// Follows a restore job.
    pub fn restore(&mut self, scope: Scope, id: JobId) {
        self.jobs.push((scope, id, JobKind::Restore));
    }

    /// What must be asked to follow them.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.jobs.iter().map(|(scope, id, kind)| {
            let id = id.clone();
            let query = match kind {
                JobKind::Backup => Query::BackupJob { id },
                JobKind::Copy => Query::CopyJob { id },
                JobKind::Restore => Query::RestoreJob { id },
            };
            Key::scoped(scope.clone(), query)
        })
    }

    /// Those that have ended since this was last asked, in words; they are not followed any more.
    pub fn ended(&mut self, world: &World) -> Vec<(Scope, Tone, String)> {
        let mut news = Vec::new();
        self.jobs.retain(|(scope, id, kind)| {
            let Some(End { state, issues, said }) = end(scope, id, *kind, world) else { return true };
            if !state.is_final() {
                return true;
            }
            let (tone, word) = match (&state, issues) {
                (JobState::Completed, false) => (Tone::Good, "done"),
                (JobState::Completed, true) => (Tone::Bad, "done with issues"),
                _ => (Tone::Bad, "did not succeed"),
            };
            let verb = words(*kind).0;
            news.push((scope.clone(), tone, format!("{verb} {word}: {said}")));
            false
        });
        news
    }
}

/// What a job does, and what it has done.
fn words(kind: JobKind) -> (&'static str, &'static str) {
    match kind {
        JobKind::Backup => ("Backup", "backed up"),
        JobKind::Copy => ("Copy", "copied"),
        JobKind::Restore => ("Restore", "restored"),
    }
}

/// How a job is now, as far as it is known.
fn end(scope: &Scope, id: &JobId, kind: JobKind, world: &World) -> Option<End> {
    let (state, issues, message, size) = match kind {
        JobKind::Backup => {
            let job = world.store.find_backup_job(scope, id)?;
            (&job.state, job.completed_with_issues(), &job.status_message, job.size_bytes)
        }
        JobKind::Copy => {
            let job = world.store.copy_job(scope, id)?;
            (&job.state, false, &job.status_message, job.size_bytes)
        }
        JobKind::Restore => {
            let job = world.store.find_restore_job(scope, id)?;
            (&job.state, false, &job.status_message, job.size_bytes)
        }
    };
    let size = fmt::maybe_bytes(size);
    let done = if size.is_empty() { size } else { format!("{size} {}", words(kind).1) };
    Some(End { state: state.clone(), issues, said: message.clone().unwrap_or(done) })
}
