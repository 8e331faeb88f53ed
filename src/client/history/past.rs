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
        let (begin, tail) = self.begin(listed, now);
        self.between(begin, self.jobs.len(), tail)
    }

    /// From which of the jobs on they are of the time that is not listed any more, and the jobs of that time that are on the list
    /// all the same.
    pub(in crate::client) fn begin<'a>(
        &self,
        listed: &'a [Arc<BackupJob>],
        now: Time,
    ) -> (usize, &'a [Arc<BackupJob>]) {
        let begin = now - LISTED;
        let of_before = |jobs: &[Arc<BackupJob>]| jobs.partition_point(|job| job.created >= begin);
        (of_before(&self.jobs), &listed[of_before(listed)..])
    }

    /// The jobs from one place to another that are not among those on the list.
    pub(in crate::client) fn between(
        &self,
        begin: usize,
        end: usize,
        listed: &[Arc<BackupJob>],
    ) -> Vec<&Arc<BackupJob>> {
        let still: HashSet<&JobId> = listed.iter().map(|job| &job.id).collect();
        let some = self.jobs.get(begin..end).unwrap_or_default();
        some.iter().filter(|job| !still.contains(&job.id)).collect()
    }
}
