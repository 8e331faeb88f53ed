//! Since when something fails, where that is longer ago than the service lists jobs.

use crate::domain::Time;
use crate::domain::finding::{Lane, lane};
use crate::domain::job::BackupJob;
use std::collections::HashMap;
use std::sync::Arc;

/// Of older jobs those from which findings follow: those that went well, by which is told what is usual, and those that went
/// wrong before a failure that is listed, with nothing good between. What no job that is listed goes on with is over, and what
/// went wrong before each job was seen, which is since `whole_since`, may have been over. Both have the newest first.
pub(super) fn go_on<'a>(
    listed: &'a [Arc<BackupJob>],
    older: Vec<&'a Arc<BackupJob>>,
    whole_since: Option<Time>,
) -> Vec<&'a BackupJob> {
    if older.is_empty() {
        return Vec::new();
    }
    // Whether the last of them went well.
    let mut last: HashMap<Lane<'a>, bool> = HashMap::new();
    last.extend(listed.iter().filter_map(|job| Some((lane(job), job.went_well()?))));
    let mut found = Vec::new();
    for job in older {
        let goes_on = match job.went_well() {
            Some(true) => {
                last.insert(lane(job), true);
                true
            }
            Some(false) => {
                whole_since.is_some_and(|since| job.created >= since) && last.get(&lane(job)) == Some(&false)
            }
            None => false,
        };
        if goes_on {
            found.push(job.as_ref());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::history::Past;
    use crate::client::query::rows;
    use crate::client::survey::{Answers, facts};
    use crate::client::{Answer, Key, Query};
    use crate::domain::Scope;
    use crate::domain::finding::fixture::{at, by_rule, job, scope};
    use crate::domain::finding::{FindingKind, findings};
    use crate::domain::job::JobState;
    use chrono::Duration;

    /// AWS with these jobs, and what was seen before.
    struct Told {
        jobs: Answer,
        past: Past,
    }

    impl Answers for Told {
        fn answer(&self, key: &Key) -> Option<&Answer> {
            (key.query == Query::BackupJobs).then_some(&self.jobs)
        }
        fn past(&self, _: &Scope) -> Option<&Past> {
            Some(&self.past)
        }
        fn told_at(&self, _: &Key, now: Time) -> Time {
            now
        }
        fn is_engine(&self) -> bool {
            false
        }
    }

    fn now() -> Time {
        at("2026-11-23T12:00:00Z")
    }

    fn night(ago: i64, state: JobState) -> BackupJob {
        let mut job = by_rule(job(&format!("night-{ago}"), state, "2026-11-23T01:00:00Z"), "nightly");
        job.created -= Duration::days(ago);
        (job.initiated, job.completed) = (Some(job.created), Some(job.created + Duration::minutes(ago)));
        job
    }

    fn told(listed: impl IntoIterator<Item = BackupJob>, past: impl IntoIterator<Item = BackupJob>) -> Told {
        let past = Past { whole_since: Some(now() - Duration::days(400)), jobs: rows(past) };
        Told { jobs: Answer::BackupJobs(rows(listed)), past }
    }

    /// How many days ago each finding of this kind was, the newest first.
    fn days(told: &Told, kind: FindingKind) -> Vec<i64> {
        let scopes = [scope()];
        let found = findings(&facts(told, &scopes, now(), None, None));
        found.iter().filter(|finding| finding.kind == kind).map(|finding| (now() - finding.at).num_days()).collect()
    }

    #[test]
    fn what_fails_since_longer_than_the_service_lists_fails_since_then() {
        let failed = |range: std::ops::Range<i64>| range.map(|ago| night(ago, JobState::Failed));
        let good = [night(45, JobState::Completed), night(46, JobState::Failed)];
        let past = failed(30..40).chain([night(40, JobState::Aborted)]).chain(failed(41..45)).chain(good);
        let told = told(failed(0..30), past);
        let expected: Vec<i64> = (0..40).chain(41..45).collect();
        assert_eq!(days(&told, FindingKind::Failed), expected, "up to the last that went well");
    }

    #[test]
    fn a_failure_does_not_reach_back_over_a_time_in_which_nobody_looked() {
        let failed = |range: std::ops::Range<i64>| range.map(|ago| night(ago, JobState::Failed));
        let mut told = told(failed(0..30), failed(30..36).chain(failed(200..205)));
        let expected = |days: std::ops::Range<i64>| days.collect::<Vec<_>>();
        told.past.whole_since = Some(now() - Duration::days(36));
        assert_eq!(days(&told, FindingKind::Failed), expected(0..36));
        told.past.whole_since = Some(now() - Duration::days(30));
        assert_eq!(days(&told, FindingKind::Failed), expected(0..30));
        told.past.whole_since = None;
        assert_eq!(days(&told, FindingKind::Failed), expected(0..30), "of what is not known to be whole");
    }

    #[test]
    fn what_failed_before_what_is_listed_is_over() {
        let failed = |range: std::ops::Range<i64>| range.map(|ago| night(ago, JobState::Failed));
        let since = told([night(0, JobState::Failed), night(29, JobState::Completed)], failed(31..40));
        assert_eq!(days(&since, FindingKind::Failed), [0]);
        let gone = told([], failed(31..40));
        assert_eq!(days(&gone, FindingKind::Failed), Vec::<i64>::new(), "nothing is listed of it any more");
        let open = told([night(0, JobState::Running)], failed(31..40));
        assert_eq!(days(&open, FindingKind::Failed), Vec::<i64>::new(), "of the one that runs nobody knows");
    }

    #[test]
    fn what_is_usual_is_told_by_older_jobs_too() {
        let size = |ago: i64, bytes: i64| BackupJob { size_bytes: Some(bytes), ..night(ago, JobState::Completed) };
        let monthly = (1..7).map(|month| size(month * 31, 100 << 20));
        let shrunk = told([size(0, 1 << 20)], monthly);
        assert_eq!(days(&shrunk, FindingKind::UnusualChange), [0]);
        assert_eq!(days(&told([size(0, 1 << 20)], []), FindingKind::UnusualChange), Vec::<i64>::new());
    }
}
