//! Answers as they would have been at a moment of the past, as far as today's tell it.

use crate::client::{Answer, Rows, query};
use crate::domain::Time;
use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use std::sync::Arc;

/// A record that came to be at a moment, and whose end is another.
trait Dated: Clone {
    /// When it came to be, where that is told.
    fn begun(&self) -> Option<Time>;
    /// When it ended.
    fn ended(&self) -> Option<Time>;
    /// Takes back that it has ended.
    fn reopen(&mut self);
}

impl Dated for BackupJob {
    fn begun(&self) -> Option<Time> {
        Some(self.created)
    }
    fn ended(&self) -> Option<Time> {
        self.completed
    }
    fn reopen(&mut self) {
        self.state = JobState::Running;
        (self.completed, self.status_message, self.message_category) = (None, None, None);
    }
}

impl Dated for RestoreJob {
    fn begun(&self) -> Option<Time> {
        Some(self.created)
    }
    fn ended(&self) -> Option<Time> {
        self.completed
    }
    fn reopen(&mut self) {
        self.state = JobState::Running;
        (self.completed, self.status_message, self.validation) = (None, None, None);
    }
}

impl Dated for CopyJob {
    fn begun(&self) -> Option<Time> {
        self.created
    }
    fn ended(&self) -> Option<Time> {
        self.completed
    }
    fn reopen(&mut self) {
        self.state = JobState::Running;
        (self.completed, self.status_message, self.message_category) = (None, None, None);
    }
}

/// What an answer would have been at `at`.
pub(super) fn cut(answer: &Answer, at: Time) -> Answer {
    match answer {
        Answer::BackupJobs(rows) => Answer::BackupJobs(jobs(rows, at)),
        Answer::RestoreJobs(rows) => Answer::RestoreJobs(jobs(rows, at)),
        Answer::CopyJobs(rows) => Answer::CopyJobs(jobs(rows, at)),
        Answer::RecoveryPoints(rows) => {
            Answer::RecoveryPoints(rows.iter().filter(|point| point.created < at).cloned().collect())
        }
        Answer::NewData(rows) => {
            Answer::NewData(rows.iter().filter(|backup| backup.completion_date < at).cloned().collect())
        }
        Answer::ProtectedResources(rows) => {
            // The list tells of the newest backup alone: of one that came later nothing is known before it.
            let told = |row: &Arc<crate::domain::resource::ProtectedResource>| {
                let mut past = row.as_ref().clone();
                past.last_backup_time = past.last_backup_time.filter(|time| *time < at);
                past
            };
            Answer::ProtectedResources(query::rows(rows.iter().map(told)))
        }
        other => other.clone(),
    }
}

fn jobs<T: Dated>(rows: &Rows<T>, at: Time) -> Rows<T> {
    let there = rows.iter().filter(|job| job.begun().is_none_or(|begun| begun < at));
    let as_it_was = |job: &Arc<T>| match job.ended() {
        Some(ended) if ended >= at => {
            let mut open = job.as_ref().clone();
            open.reopen();
            Arc::new(open)
        }
        _ => Arc::clone(job),
    };
    there.map(as_it_was).collect()
}
