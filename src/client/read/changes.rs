//! Job lists: the first time read as a whole; then only what was created or ended since, and the jobs that were still open.

use super::single::{backup_job, restore_job};
use super::{PAGE, Question, list};
use crate::client::connect::Connection;
use crate::client::explain::Explain;
use crate::client::{Answer, Fault, Rows, map};
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::{Scope, Time};
use chrono::TimeDelta;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

/// Lists on AWS lag behind: this much before the newest known job is asked for again.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// More open jobs than this are not asked for one by one; the list is read as a whole.
const MOST_DESCRIBED: usize = 8;

/// What the merge must know of a job.
trait Job: PartialEq {
    fn id(&self) -> &JobId;
    fn created(&self) -> Time;
    fn completed(&self) -> Option<Time>;
    fn is_open(&self) -> bool;
}

impl Job for BackupJob {
    fn id(&self) -> &JobId {
        &self.id
    }
    fn created(&self) -> Time {
        self.created
    }
    fn completed(&self) -> Option<Time> {
        self.completed
    }
    fn is_open(&self) -> bool {
        !self.state.is_final()
    }
}

impl Job for RestoreJob {
    fn id(&self) -> &JobId {
        &self.id
    }
    fn created(&self) -> Time {
        self.created
    }
    fn completed(&self) -> Option<Time> {
        self.completed
    }
    fn is_open(&self) -> bool {
        !self.state.is_final()
    }
}

impl Job for CopyJob {
    fn id(&self) -> &JobId {
        &self.id
    }
    fn created(&self) -> Time {
        self.created.unwrap_or(Time::UNIX_EPOCH)
    }
    fn completed(&self) -> Option<Time> {
        self.completed
    }
    fn is_open(&self) -> bool {
        !self.state.is_final()
    }
}

/// What to ask for, given what is known.
#[derive(Debug, PartialEq)]
struct Since {
    /// Jobs created after this.
    created: Time,
    /// Jobs that ended after this: those whose scheduled time lies before `created` appear by it.
    completed: Option<Time>,
    /// Jobs that were open and were created before.
    open: Vec<JobId>,
}

/// None when the list must be read as a whole.
fn since<T: Job>(known: &Rows<T>) -> Option<Since> {
    let created = known.first()?.created() - OVERLAP;
    let completed = known.iter().filter_map(|job| job.completed()).max().map(|time| time - OVERLAP);
    let old_and_open = known.iter().filter(|job| job.is_open() && job.created() <= created);
    let open: Vec<JobId> = old_and_open.map(|job| job.id().clone()).collect();
    (open.len() <= MOST_DESCRIBED).then_some(Since { created, completed, open })
}

/// The known rows with the changed ones put in, newest first. What says the same stays the same allocation, rows and all.
fn merge<T: Job>(known: &Rows<T>, changed: Vec<T>) -> Rows<T> {
    let mut changed: HashMap<JobId, T> = changed.into_iter().map(|job| (job.id().clone(), job)).collect();
    for job in known.iter() {
        if changed.get(job.id()).is_some_and(|new| *new == **job) {
            changed.remove(job.id());
        }
    }
    if changed.is_empty() {
        return known.clone();
    }
    let replaced = |job: &Arc<T>| changed.remove(job.id()).map_or_else(|| job.clone(), Arc::new);
    let mut merged: Vec<Arc<T>> = known.iter().map(replaced).collect();
    merged.extend(changed.into_values().map(Arc::new));
    merged.sort_by(|a, b| (Reverse(a.created()), a.id()).cmp(&(Reverse(b.created()), b.id())));
    merged.into()
}

/// One list operation: as a whole, or what changed.
macro_rules! job_list {
    ($name:ident, $record:ty, $answer:ident, $operation:literal, $list:ident, $field:ident, $map:path, $describe:expr) => {
        pub(super) async fn $name(
            connection: &Connection,
            scope: &Scope,
            backup: &aws_sdk_backup::Client,
            question: &Question,
            previous: Option<&Answer>,
        ) -> Result<Answer, Fault> {
            let call = backup.$list().max_results(PAGE);
            let row = |row: &_| $map(scope, row);
            let known = match previous {
                Some(Answer::$answer(known)) => since(known).map(|since| (known, since)),
                _ => None,
            };
            let Some((known, since)) = known else {
                let all: Vec<$record> = list!(question, call, $operation, $field, row).await?;
                return Ok(Answer::$answer(merge(&Rows::from([]), all)));
            };
            let newer = call.clone().by_created_after(map::moment(since.created));
            let mut changed: Vec<$record> = list!(question, newer, $operation, $field, row).await?;
            if let Some(completed) = since.completed.filter(|_| connection.capabilities().engine.is_some()) {
                let ended = call.by_complete_after(map::moment(completed));
                changed.extend(list!(question, ended, $operation, $field, row).await?);
            }
            for id in
                since.open.iter().filter(|id| !changed.iter().any(|job| job.id() == *id)).cloned().collect::<Vec<_>>()
            {
                question.bucket.turn().await;
                changed.extend($describe(scope, backup, &id).await?);
            }
            Ok(Answer::$answer(merge(known, changed)))
        }
    };
}

job_list!(
    backup_jobs,
    BackupJob,
    BackupJobs,
    "ListBackupJobs",
    list_backup_jobs,
    backup_jobs,
    map::backup_job,
    async |scope, backup, id| backup_job(scope, backup, id).await.map(Some)
);
job_list!(
    restore_jobs,
    RestoreJob,
    RestoreJobs,
    "ListRestoreJobs",
    list_restore_jobs,
    restore_jobs,
    map::restore_job,
    async |scope, backup, id| restore_job(scope, backup, id).await.map(Some)
);
job_list!(copy_jobs, CopyJob, CopyJobs, "ListCopyJobs", list_copy_jobs, copy_jobs, map::copy_job, described_copy_job);

async fn described_copy_job(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    id: &JobId,
) -> Result<Option<CopyJob>, Fault> {
    let told = backup.describe_copy_job().copy_job_id(id.as_str()).send().await.explain("DescribeCopyJob")?;
    Ok(told.copy_job().and_then(|job| map::copy_job(scope, job)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_backup::types as sdk;

    const MINUTE: i64 = 60;

    fn job(id: &str, created_minute: i64, state: &str) -> BackupJob {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let at = |minute: i64| aws_smithy_types::DateTime::from_secs(1_800_000_000 + minute * MINUTE);
        let told = sdk::BackupJob::builder()
            .backup_job_id(id)
            .creation_date(at(created_minute))
            .set_completion_date((state == "COMPLETED").then(|| at(created_minute + 1)))
            .state(sdk::BackupJobState::from(state))
            .build();
        map::backup_job(&scope, &told).unwrap()
    }

    fn ids(rows: &Rows<BackupJob>) -> Vec<&str> {
        rows.iter().map(|job| job.id.as_str()).collect()
    }

    #[test]
    fn nothing_known_is_read_as_a_whole() {
        assert_eq!(since::<BackupJob>(&Rows::from([])), None);
    }

    #[test]
    fn open_jobs_older_than_the_new_ones_are_asked_for_one_by_one() {
        let known = merge(
            &Rows::from([]),
            vec![job("old-open", 0, "RUNNING"), job("old", 1, "COMPLETED"), job("new", 60, "RUNNING")],
        );
        let since = since(&known).unwrap();
        assert_eq!(since.created, known[0].created - OVERLAP);
        assert_eq!(since.open.iter().map(JobId::as_str).collect::<Vec<_>>(), ["old-open"], "new comes with the list");
        assert_eq!(since.completed, known[1].completed.map(|time| time - OVERLAP));
    }

    #[test]
    fn many_old_open_jobs_are_read_as_a_whole() {
        let mut jobs: Vec<_> = (0..9).map(|n| job(&format!("open-{n}"), n, "PENDING")).collect();
        jobs.push(job("new", 600, "COMPLETED"));
        assert_eq!(since(&merge(&Rows::from([]), jobs)), None);
    }

    #[test]
    fn changes_replace_what_they_change_and_new_jobs_come_first() {
        let known = merge(&Rows::from([]), vec![job("a", 1, "RUNNING"), job("b", 2, "COMPLETED")]);
        let changed = vec![job("c", 3, "CREATED"), job("a", 1, "COMPLETED"), job("b", 2, "COMPLETED")];
        let merged = merge(&known, changed);
        assert_eq!(ids(&merged), ["c", "b", "a"]);
        assert!(merged[2].state.is_final());
        assert!(Arc::ptr_eq(&merged[1], &known[0]), "what says the same stays the same allocation");
        assert!(Arc::ptr_eq(&merge(&merged, vec![job("c", 3, "CREATED")]), &merged), "and so does the whole");
    }
}
