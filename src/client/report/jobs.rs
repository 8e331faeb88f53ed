//! The jobs of a period.

use super::{Named, Period, Place};
use crate::client::survey::Survey;
use crate::domain::day::{DayCounts, DayState};
use crate::domain::finding::Facts;
use crate::domain::job::{BackupJob, CopyJob, JobKind, JobState, RestoreJob, Validation};
use crate::domain::{Arn, Time};
use serde::Serialize;
use std::collections::BTreeMap;

/// So many of the longest jobs are told.
const LONGEST: usize = 10;

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobLine {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Of which resource.
    #[serde(flatten)]
    pub resource: Named,
    /// `backup`, `copy` or `restore`.
    pub kind: &'static str,
    /// Its id.
    pub job_id: String,
    /// What became of it.
    pub outcome: DayState,
    /// When it was made.
    pub created: Time,
    /// When it ended.
    pub ended: Option<Time>,
    /// How long it took, from when it began.
    pub seconds: Option<i64>,
    /// How much it moved, or would have.
    pub bytes: i64,
    /// What the service says of it.
    pub message: String,
}

/// A run of a plan of which no job came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MissedLine {
    /// When it was due.
    pub due: Time,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Of which resource.
    #[serde(flatten)]
    pub resource: Named,
    /// The plan's name and the rule's.
    pub rule: String,
}

/// Jobs of one account, region, type and kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Sum {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The resources' type.
    pub resource_type: String,
    /// `backup`, `copy` or `restore`.
    pub kind: &'static str,
    /// How many jobs there were.
    pub ran: u64,
    /// How many completed.
    pub completed: u64,
    /// How many completed with issues.
    pub with_issues: u64,
    /// How many failed, or are partial.
    pub failed: u64,
    /// How many missed their window.
    pub expired: u64,
    /// How many somebody stopped.
    pub stopped: u64,
    /// How many have not ended.
    pub not_ended: u64,
    /// Runs of which no job came.
    pub missing: u64,
    /// What the completed ones moved.
    pub bytes: i64,
}

/// A restore, or a restore test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoreLine {
    /// The job.
    #[serde(flatten)]
    pub job: JobLine,
    /// `restored`, `not restored`, `proven`, `not proven` or `not ended`.
    pub verdict: &'static str,
    /// The recovery point.
    pub recovery_point_arn: String,
    /// When that was made.
    pub recovery_point_created: Option<Time>,
    /// What it was restored to, where that was kept.
    pub created_resource_arn: String,
}

fn word(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Backup => "backup",
        JobKind::Copy => "copy",
        JobKind::Restore => "restore",
    }
}

fn seconds(began: Time, ended: Option<Time>) -> Option<i64> {
    ended.map(|ended| (ended - began).num_seconds().max(0))
}

fn of_backup(job: &BackupJob) -> JobLine {
    JobLine {
        place: Place::from(&job.scope),
        resource: Named::of(Some(&job.resource_arn), job.resource_name.as_deref(), Some(&job.resource_type)),
        kind: word(JobKind::Backup),
        job_id: job.id.to_string(),
        outcome: DayState::of(job),
        created: job.created,
        ended: job.completed,
        seconds: seconds(job.initiated.unwrap_or(job.created), job.completed),
        bytes: job.size_bytes.unwrap_or_default(),
        message: job.status_message.clone().unwrap_or_default(),
    }
}

fn of_copy(job: &CopyJob) -> JobLine {
    let created = job.created.unwrap_or(Time::UNIX_EPOCH);
    JobLine {
        place: Place::from(&job.scope),
        resource: Named::of(job.resource_arn.as_ref(), job.resource_name.as_deref(), Some(&job.resource_type)),
        kind: word(JobKind::Copy),
        job_id: job.id.to_string(),
        outcome: DayState::of_state(&job.state),
        created,
        ended: job.completed,
        seconds: seconds(created, job.completed),
        bytes: job.size_bytes.unwrap_or_default(),
        message: job.status_message.clone().unwrap_or_default(),
    }
}

fn of_restore(job: &RestoreJob) -> JobLine {
    JobLine {
        place: Place::from(&job.scope),
        resource: Named::of(job.source_resource_arn.as_ref(), None, job.resource_type.as_ref()),
        kind: word(JobKind::Restore),
        job_id: job.id.to_string(),
        outcome: DayState::of_state(&job.state),
        created: job.created,
        ended: job.completed,
        seconds: seconds(job.created, job.completed),
        bytes: job.size_bytes.unwrap_or_default(),
        message: job.status_message.clone().unwrap_or_default(),
    }
}

/// Whether a job was at work in a period of which what came later is cut off.
fn is_of(period: &Period, state: &JobState, ended: Time) -> bool {
    !state.is_final() || period.has(ended)
}

/// The jobs of a period, the oldest first.
pub(super) fn lines(survey: &Survey, facts: &Facts<'_>, restores: &[RestoreLine], period: &Period) -> Vec<JobLine> {
    let backups = facts.backup_jobs.iter().filter(|job| is_of(period, &job.state, job.ended_or_created()));
    let mut lines: Vec<JobLine> = backups.map(|job| of_backup(job)).collect();
    let ended = |job: &CopyJob| job.completed.or(job.created).unwrap_or(Time::UNIX_EPOCH);
    let copies = survey.copy_jobs().into_iter().filter(|job| is_of(period, &job.state, ended(job)));
    lines.extend(copies.map(of_copy));
    lines.extend(restores.iter().map(|line| line.job.clone()));
    lines.sort_by(in_order);
    lines
}

/// By time, and what happened at one time by what it is about: ids are drawn.
fn in_order(a: &JobLine, b: &JobLine) -> std::cmp::Ordering {
    let times = |line: &JobLine| (line.ended.unwrap_or(line.created), line.created);
    let about = |line: &JobLine| (line.kind, line.outcome, line.bytes);
    times(a)
        .cmp(&times(b))
        .then_with(|| (&a.place, &a.resource.name).cmp(&(&b.place, &b.resource.name)))
        .then_with(|| about(a).cmp(&about(b)))
        .then_with(|| a.job_id.cmp(&b.job_id))
}

/// The runs of the period of which no job came.
pub(super) fn missing(survey: &Survey, period: &Period) -> Vec<MissedLine> {
    let mut lines: Vec<MissedLine> = (survey.wall().rows())
        .flat_map(|row| row.missed.iter().filter(|missed| period.has(missed.at)).map(move |missed| (row, missed)))
        .map(|(row, missed)| MissedLine {
            due: missed.at,
            place: Place::from(&row.scope),
            resource: Named::of(Some(&row.arn), row.name.as_deref(), None),
            rule: missed.rule.clone(),
        })
        .collect();
    lines.sort();
    lines
}

/// Sums them up.
pub(super) fn sums(lines: &[JobLine], missing: &[MissedLine]) -> Vec<Sum> {
    let mut sums: BTreeMap<(Place, String, &'static str), (DayCounts, i64)> = BTreeMap::new();
    let key = |place: &Place, resource: &Named, kind| (place.clone(), resource.resource_type.clone(), kind);
    for line in lines {
        let (counts, bytes) = sums.entry(key(&line.place, &line.resource, line.kind)).or_default();
        counts.add(line.outcome);
        if matches!(line.outcome, DayState::Good | DayState::Issues) {
            *bytes += line.bytes;
        }
    }
    for line in missing {
        sums.entry(key(&line.place, &line.resource, word(JobKind::Backup))).or_default().0.add(DayState::Missing);
    }
    let sum = |((place, resource_type, kind), (counts, bytes)): (_, (DayCounts, i64))| Sum {
        place,
        resource_type,
        kind,
        ran: counts.jobs().into(),
        completed: counts.of(DayState::Good).into(),
        with_issues: counts.of(DayState::Issues).into(),
        failed: counts.of(DayState::Failed).into(),
        expired: counts.of(DayState::Expired).into(),
        stopped: counts.of(DayState::Stopped).into(),
        not_ended: counts.of(DayState::Running).into(),
        missing: counts.of(DayState::Missing).into(),
        bytes,
    };
    sums.into_iter().map(sum).collect()
}

/// Those that did not go as they should.
pub(super) fn troubles(lines: &[JobLine]) -> Vec<JobLine> {
    let is_good = |line: &&JobLine| matches!(line.outcome, DayState::Good | DayState::Running);
    lines.iter().filter(|line| !is_good(line)).cloned().collect()
}

/// Those that took longest, the longest first.
pub(super) fn longest(mut lines: Vec<JobLine>) -> Vec<JobLine> {
    lines.retain(|line| line.seconds.is_some());
    // Stable: of those that took as long the first comes first.
    lines.sort_by_key(|line| std::cmp::Reverse(line.seconds));
    lines.truncate(LONGEST);
    lines
}

/// What was restored, the oldest first.
pub(super) fn restores(survey: &Survey, facts: &Facts<'_>, period: &Period) -> Vec<RestoreLine> {
    let mut lines = restored(survey, facts, period);
    lines.sort_by(|a, b| in_order(&a.job, &b.job));
    // Those of one moment by what came of them.
    lines
        .sort_by_key(|line| (line.job.ended.unwrap_or(line.job.created), line.job.resource.name.clone(), line.verdict));
    lines
}

fn restored(survey: &Survey, facts: &Facts<'_>, period: &Period) -> Vec<RestoreLine> {
    // A restore's record does not have the name of its source, which other records have.
    let names: BTreeMap<_, _> = survey.wall().rows().filter_map(|row| Some((&row.arn, row.name.as_deref()?))).collect();
    let of = |job: &&RestoreJob| is_of(period, &job.state, job.completed.unwrap_or(job.created));
    let line = |job: &RestoreJob| {
        let mut line = of_restore(job);
        if let Some(name) = job.source_resource_arn.as_ref().and_then(|arn| names.get(arn)) {
            (*name).clone_into(&mut line.resource.name);
        }
        let text = |arn: Option<&Arn>| arn.map(ToString::to_string).unwrap_or_default();
        RestoreLine {
            job: line,
            verdict: verdict(job),
            recovery_point_arn: text(job.recovery_point_arn.as_ref()),
            recovery_point_created: job.recovery_point_created,
            created_resource_arn: text(job.created_resource_arn.as_ref()),
        }
    };
    facts.restore_jobs.iter().copied().filter(of).map(line).collect()
}

fn verdict(job: &RestoreJob) -> &'static str {
    match (&job.validation, &job.state) {
        (_, state) if !state.is_final() => "not ended",
        (Some(found), JobState::Completed) if found.status == Validation::SUCCESSFUL => "proven",
        (Some(_), _) => "not proven",
        (None, JobState::Completed) => "restored",
        (None, _) => "not restored",
    }
}
