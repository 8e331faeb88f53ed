//! The jobs that were started from here: they are asked for until they end, and their end is told.

use crate::client::{Key, Query};
use crate::domain::Scope;
use crate::domain::job::JobState;
use crate::domain::names::JobId;
use crate::tui::fmt;
use crate::tui::msg::Tone;
use crate::tui::world::World;

/// Jobs that were started from here and have not ended.
#[derive(Debug, Default)]
pub struct Followed {
    jobs: Vec<(Scope, JobId, bool)>,
}

impl Followed {
    /// Follows a backup job.
    pub fn backup(&mut self, scope: Scope, id: JobId) {
        self.jobs.push((scope, id, true));
    }

    /// Follows a restore job.
    pub fn restore(&mut self, scope: Scope, id: JobId) {
        self.jobs.push((scope, id, false));
    }

    /// What must be asked to follow them.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.jobs.iter().map(|(scope, id, backup)| {
            let id = id.clone();
            Key::scoped(scope.clone(), if *backup { Query::BackupJob { id } } else { Query::RestoreJob { id } })
        })
    }

    /// Those that have ended since this was last asked, in words; they are not followed any more.
    pub fn ended(&mut self, world: &World) -> Vec<(Scope, Tone, String)> {
        let mut news = Vec::new();
        self.jobs.retain(|(scope, id, backup)| {
            let (state, issues, message) = if *backup {
                let Some(job) = world.store.find_backup_job(scope, id) else { return true };
                let size = fmt::maybe_bytes(job.size_bytes);
                let said = job.status_message.clone().unwrap_or(if size.is_empty() {
                    size
                } else {
                    format!("{size} backed up")
                });
                (job.state.clone(), job.completed_with_issues(), said)
            } else {
                let Some(job) = world.store.find_restore_job(scope, id) else { return true };
                let size = fmt::maybe_bytes(job.size_bytes);
                let said = job.status_message.clone().unwrap_or(if size.is_empty() {
                    size
                } else {
                    format!("{size} restored")
                });
                (job.state.clone(), false, said)
            };
            if !state.is_final() {
                return true;
            }
            let verb = if *backup { "Backup" } else { "Restore" };
            let (tone, word) = match (&state, issues) {
                (JobState::Completed, false) => (Tone::Good, "done"),
                (JobState::Completed, true) => (Tone::Bad, "done with issues"),
                _ => (Tone::Bad, "did not succeed"),
            };
            news.push((scope.clone(), tone, format!("{verb} {word}: {message}")));
            false
        });
        news
    }
}
