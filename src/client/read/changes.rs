//! Job lists: the first time read as a whole; then only what was created or ended since, and the jobs that were still open.

use super::single::{backup_job, restore_job};
use super::{PAGE, Question, SoFar, list};
use crate::client::connect::Connection;
use crate::client::explain::Explain;
use crate::client::{Answer, Fault, Rows, map};
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::{Scope, Time};
use aws_sdk_backup::Client;
use aws_smithy_types::DateTime;
use chrono::TimeDelta;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Lists on AWS lag behind: this much before the newest known job is asked for again.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// More open jobs than this are not asked for one by one; the list is read as a whole.
const MOST_DESCRIBED: usize = 8;

/// What the merge must know of a job.
pub(super) struct Facts<'a> {
    id: &'a JobId,
    created: Time,
    completed: Option<Time>,
    open: bool,
}

/// Which jobs of a list are asked for.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Whole,
    CreatedAfter(Time),
    EndedAfter(Time),
}

impl Part {
    fn created_after(self) -> Option<DateTime> {
        match self {
            Self::CreatedAfter(time) => Some(map::moment(time)),
            Self::Whole | Self::EndedAfter(_) => None,
        }
    }

    fn ended_after(self) -> Option<DateTime> {
        match self {
            Self::EndedAfter(time) => Some(map::moment(time)),
            Self::Whole | Self::CreatedAfter(_) => None,
        }
    }
}

/// The jobs of the last answer: one that is told of as before stays the same allocation, also where the whole list is read.
struct Before<'a, T>(HashMap<&'a JobId, &'a Arc<T>>);

impl<'a, T: Job> Before<'a, T> {
    fn of(question: &'a Question, part: Part) -> Self {
        let known = question.previous.as_ref().filter(|_| matches!(part, Part::Whole)).and_then(T::listed);
        Self(known.into_iter().flat_map(|known| known.iter()).map(|job| (job.facts().id, job)).collect())
    }

    fn or_new(&self, job: T) -> Arc<T> {
        let known = self.0.get(job.facts().id).filter(|known| ****known == job);
        known.map_or_else(|| Arc::new(job), |known| Arc::clone(known))
    }
}

/// Tells the first page of a list.
fn begun<T: Job>(question: &Question, jobs: &[Arc<T>]) {
    (question.told)(SoFar::Begun(T::answer(merge(&Rows::from([]), jobs.to_vec()))));
}

/// A kind of job: where its list is, and what tells two of them apart.
pub(super) trait Job: PartialEq + Sized {
    /// The list, if the answer is one of this kind.
    fn listed(answer: &Answer) -> Option<&Rows<Self>>;
    /// The answer that is this list.
    fn answer(rows: Rows<Self>) -> Answer;
    /// What the merge must know.
    fn facts(&self) -> Facts<'_>;
    /// Reads a part of the list, page by page.
    async fn list(scope: &Scope, backup: &Client, question: &Question, part: Part) -> Result<Vec<Arc<Self>>, Fault>;
    /// Asks for one; none when it is told without a usable id.
    async fn describe(scope: &Scope, backup: &Client, id: &JobId) -> Result<Option<Self>, Fault>;
}

impl Job for BackupJob {
    fn listed(answer: &Answer) -> Option<&Rows<Self>> {
        answer.backup_jobs()
    }
    fn answer(rows: Rows<Self>) -> Answer {
        Answer::BackupJobs(rows)
    }
    fn facts(&self) -> Facts<'_> {
        let open = !self.state.is_final();
        Facts { id: &self.id, created: self.created, completed: self.completed, open }
    }
    async fn list(scope: &Scope, backup: &Client, question: &Question, part: Part) -> Result<Vec<Arc<Self>>, Fault> {
        let call = backup.list_backup_jobs().max_results(PAGE);
        let call = call.set_by_created_after(part.created_after()).set_by_complete_after(part.ended_after());
        let (begun, before) = (|jobs: &[Arc<Self>]| begun(question, jobs), &Before::of(question, part));
        list!(question, begun, call, "ListBackupJobs", backup_jobs, |row| map::backup_job(scope, row)
            .map(|job| before.or_new(job)))
        .await
    }
    async fn describe(scope: &Scope, backup: &Client, id: &JobId) -> Result<Option<Self>, Fault> {
        backup_job(scope, backup, id).await.map(Some)
    }
}

impl Job for RestoreJob {
    fn listed(answer: &Answer) -> Option<&Rows<Self>> {
        answer.restore_jobs()
    }
    fn answer(rows: Rows<Self>) -> Answer {
        Answer::RestoreJobs(rows)
    }
    fn facts(&self) -> Facts<'_> {
        let open = !self.state.is_final();
        Facts { id: &self.id, created: self.created, completed: self.completed, open }
    }
    async fn list(scope: &Scope, backup: &Client, question: &Question, part: Part) -> Result<Vec<Arc<Self>>, Fault> {
        let call = backup.list_restore_jobs().max_results(PAGE);
        let call = call.set_by_created_after(part.created_after()).set_by_complete_after(part.ended_after());
        let (begun, before) = (|jobs: &[Arc<Self>]| begun(question, jobs), &Before::of(question, part));
        list!(question, begun, call, "ListRestoreJobs", restore_jobs, |row| map::restore_job(scope, row)
            .map(|job| before.or_new(job)))
        .await
    }
    async fn describe(scope: &Scope, backup: &Client, id: &JobId) -> Result<Option<Self>, Fault> {
        restore_job(scope, backup, id).await.map(Some)
    }
}

impl Job for CopyJob {
    fn listed(answer: &Answer) -> Option<&Rows<Self>> {
        answer.copy_jobs()
    }
    fn answer(rows: Rows<Self>) -> Answer {
        Answer::CopyJobs(rows)
    }
    fn facts(&self) -> Facts<'_> {
        let (created, open) = (self.created.unwrap_or(Time::UNIX_EPOCH), !self.state.is_final());
        Facts { id: &self.id, created, completed: self.completed, open }
    }
    async fn list(scope: &Scope, backup: &Client, question: &Question, part: Part) -> Result<Vec<Arc<Self>>, Fault> {
        let call = backup.list_copy_jobs().max_results(PAGE);
        let call = call.set_by_created_after(part.created_after()).set_by_complete_after(part.ended_after());
        let (begun, before) = (|jobs: &[Arc<Self>]| begun(question, jobs), &Before::of(question, part));
        list!(question, begun, call, "ListCopyJobs", copy_jobs, |row| map::copy_job(scope, row)
            .map(|job| before.or_new(job)))
        .await
    }
    async fn describe(scope: &Scope, backup: &Client, id: &JobId) -> Result<Option<Self>, Fault> {
        let told = backup.describe_copy_job().copy_job_id(id.as_str()).send().await.explain("DescribeCopyJob")?;
        Ok(told.copy_job().and_then(|job| map::copy_job(scope, job)))
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
    let created = known.first()?.facts().created - OVERLAP;
    let completed = known.iter().filter_map(|job| job.facts().completed).max().map(|time| time - OVERLAP);
    let old_and_open = known.iter().map(|job| job.facts()).filter(|job| job.open && job.created <= created);
    let open: Vec<JobId> = old_and_open.map(|job| job.id.clone()).collect();
    (open.len() <= MOST_DESCRIBED).then_some(Since { created, completed, open })
}

/// The known rows with the changed ones put in, newest first. What says the same stays the same allocation, rows and all.
fn merge<T: Job>(known: &Rows<T>, changed: Vec<Arc<T>>) -> Rows<T> {
    let mut changed: HashMap<JobId, Arc<T>> = changed.into_iter().map(|job| (job.facts().id.clone(), job)).collect();
    for job in known.iter() {
        if changed.get(job.facts().id).is_some_and(|new| new == job) {
            changed.remove(job.facts().id);
        }
    }
    if changed.is_empty() {
        return known.clone();
    }
    let replaced = |job: &Arc<T>| changed.remove(job.facts().id).unwrap_or_else(|| job.clone());
    let mut merged: Vec<Arc<T>> = known.iter().map(replaced).collect();
    merged.extend(changed.into_values());
    merged.sort_by(|a, b| {
        let (a, b) = (a.facts(), b.facts());
        (Reverse(a.created), a.id).cmp(&(Reverse(b.created), b.id))
    });
    merged.into()
}

/// The jobs of one kind: as a whole, or what changed since the last answer put into it.
pub(super) async fn jobs<T: Job>(
    connection: &Connection,
    scope: &Scope,
    backup: &Client,
    question: &Question,
) -> Result<Answer, Fault> {
    let known = question.previous.as_ref().and_then(T::listed).filter(|_| !question.whole);
    let Some((known, since)) = known.and_then(|known| Some((known, since(known)?))) else {
        let all = T::list(scope, backup, question, Part::Whole).await?;
        return Ok(T::answer(merge(&Rows::from([]), all)));
    };
    let mut changed = T::list(scope, backup, question, Part::CreatedAfter(since.created)).await?;
    if let Some(completed) = since.completed.filter(|_| connection.capabilities().engine.is_some()) {
        changed.extend(T::list(scope, backup, question, Part::EndedAfter(completed)).await?);
    }
    let told: HashSet<JobId> = changed.iter().map(|job| job.facts().id.clone()).collect();
    for id in since.open.iter().filter(|id| !told.contains(id)) {
        question.bucket.turn().await;
        changed.extend(T::describe(scope, backup, id).await?.map(Arc::new));
    }
    Ok(T::answer(merge(known, changed)))
}

#[cfg(test)]
mod tests;
