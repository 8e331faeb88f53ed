//! What is known of the time before the service's lists begin.

use crate::client::Rows;
use crate::domain::Time;
use crate::domain::job::BackupJob;
use crate::domain::names::JobId;
use chrono::Duration;
use std::collections::HashSet;
use std::sync::Arc;

/// AWS lists jobs for so long after they ended. Of this time what it tells now is all that counts.
pub(in crate::client) const LISTED: Duration = Duration::days(30);

/// The jobs of one account and region that were seen, as far back as somebody looks: each of the last two months, and of older
/// ones those by which is told how long a job takes and since when it fails.
#[derive(Debug, Clone)]
pub struct Past {
    /// From when on each job was seen; none where that is not known.
    pub whole_since: Option<Time>,
    /// The jobs, the newest first.
    pub jobs: Rows<BackupJob>,
}

impl Past {
    /// Those of the time that the service does not list any more: begun longer ago than it keeps jobs, and not on its list all
    /// the same. `listed` is its list, the newest first.
    pub fn beyond(&self, listed: &[Arc<BackupJob>], now: Time) -> Vec<&Arc<BackupJob>> {
        let begin = now - LISTED;
        let still: HashSet<&JobId> =
            listed[listed.partition_point(|job| job.created >= begin)..].iter().map(|job| &job.id).collect();
        let old = &self.jobs[self.jobs.partition_point(|job| job.created >= begin)..];
        old.iter().filter(|job| !still.contains(&job.id)).collect()
    }
}
