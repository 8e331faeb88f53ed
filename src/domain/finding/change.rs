//! Of the newest backup of a resource: whether far more changed, or far less is there, than its own history lets expect. That
//! is how it looks when somebody encrypts or deletes what is backed up.

use super::jobs::{Lane, lane};
use super::{Facts, Finding, FindingKind, Severity, Subject, name_of};
use crate::domain::job::{BackupJob, JobState};
use crate::domain::sizes;
use chrono::Duration;
use std::collections::HashMap;

/// A history has at least so many backups before the newest.
const LEAST: usize = 5;

/// It looks at so many of them, the newest.
const MOST: usize = 30;

/// So many times the median is unusual.
const TIMES: i64 = 10;

/// Where less than this moves, or is there, nothing is unusual.
const FLOOR: i64 = 1 << 20;

/// A backup that is older is not news any more.
const NEWS: Duration = Duration::days(7);

/// What is unusual of the newest backup of each resource and rule.
pub(super) fn unusual(facts: &Facts<'_>) -> Vec<Finding> {
    let mut lanes: HashMap<Lane<'_>, Vec<&BackupJob>> = HashMap::new();
    for job in facts.backup_jobs.iter().copied().filter(|job| is_whole(job)) {
        lanes.entry(lane(job)).or_default().push(job);
    }
    let mut found: Vec<Finding> = lanes.into_values().filter_map(|jobs| of_lane(jobs, facts)).collect();
    found.sort_by(|a, b| a.title.cmp(&b.title));
    found
}

/// Whether a job tells of a whole backup. What is nested is told of by itself, and not by its parent.
fn is_whole(job: &BackupJob) -> bool {
    job.state == JobState::Completed && !job.is_parent
}

fn of_lane(mut jobs: Vec<&BackupJob>, facts: &Facts<'_>) -> Option<Finding> {
    jobs.sort_unstable_by_key(|job| std::cmp::Reverse(job.created));
    let (newest, before) = jobs.split_first()?;
    let before = &before[..before.len().min(MOST)];
    if before.len() < LEAST || facts.now - newest.created > NEWS {
        return None;
    }
    let detail = [moved(newest, before), shrank(newest, before)].into_iter().flatten().collect::<Vec<_>>().join("; ");
    (!detail.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        kind: FindingKind::UnusualChange,
        scope: newest.scope.clone(),
        subject: Subject::BackupJob(newest.id.clone()),
        at: newest.completed.unwrap_or(newest.created),
        title: format!("Unusual change: {}", name_of(newest.resource_name.as_deref(), &newest.resource_arn)),
        detail,
        identity: format!("backup {}", newest.resource_arn),
        occasion: None,
        recovered: false,
    })
}

/// What a backup moved, where that is far more than usual. The first of a history moved everything, which its median forgives.
fn moved(newest: &BackupJob, before: &[&BackupJob]) -> Option<String> {
    let moved = newest.bytes_transferred.filter(|moved| *moved >= FLOOR)?;
    let told: Vec<i64> = before.iter().filter_map(|job| job.bytes_transferred).collect();
    let count = told.len();
    let usual = sizes::median(told).filter(|_| count >= LEAST)?;
    (moved / TIMES >= usual)
        .then(|| format!("it moved {}, where {} are usual in {count} backups before", bytes(moved), bytes(usual)))
}

/// What there is, where that is far less than usual.
fn shrank(newest: &BackupJob, before: &[&BackupJob]) -> Option<String> {
    let size = newest.size_bytes?;
    let told: Vec<i64> = before.iter().filter_map(|job| job.size_bytes).collect();
    let count = told.len();
    let usual = sizes::median(told).filter(|usual| *usual >= FLOOR && count >= LEAST)?;
    (size < usual / 2).then(|| {
        let (size, usual) = (bytes(size), bytes(usual));
        format!("{size} are left of it, where {usual} are usual in {count} backups before")
    })
}

fn bytes(number: i64) -> String {
    sizes::bytes(number.unsigned_abs())
}
