//! Of jobs: what did not end well.

use super::{Finding, FindingKind, Severity, Subject, name_of};
use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use crate::domain::{Arn, Time};
use std::collections::HashMap;

/// What the jobs of one history have in common: the resource, and the rule behind them, if any.
pub type Lane<'a> = (&'a Arn, Option<&'a str>);

/// The history that a job is of.
pub fn lane(job: &BackupJob) -> Lane<'_> {
    (&job.resource_arn, job.created_by.as_ref().map(|by| by.backup_rule_id.as_str()))
}

/// When each resource and rule was last backed up whole.
pub(super) fn last_success<'a>(jobs: &[&'a BackupJob]) -> HashMap<Lane<'a>, Time> {
    let mut best = HashMap::new();
    for job in jobs.iter().filter(|job| job.went_well() == Some(true)) {
        best.entry(lane(job)).and_modify(|at: &mut Time| *at = job.created.max(*at)).or_insert(job.created);
    }
    best
}

/// Since when the backups fail of what has not been backed up since.
#[derive(Debug, Default)]
pub struct Failing<'a>(HashMap<Lane<'a>, Time>);

impl<'a> Failing<'a> {
    /// As far as these jobs tell, which may be in any order.
    pub fn of(jobs: &[&'a BackupJob]) -> Self {
        let has_failed =
            |job: &&&BackupJob| matches!(job.state, JobState::Failed | JobState::Expired | JobState::Partial);
        let mut last: HashMap<Lane<'a>, Option<Time>> =
            jobs.iter().filter(has_failed).map(|job| (lane(job), None)).collect();
        if last.is_empty() {
            return Self::default();
        }
        for job in jobs.iter().filter(|job| job.state == JobState::Completed) {
            if let Some(last) = last.get_mut(&lane(job)) {
                *last = (*last).max(Some(job.created));
            }
        }
        let mut since: HashMap<Lane<'a>, Time> = HashMap::new();
        let goes_on = |job: &&&BackupJob| last.get(&lane(job)).is_some_and(|last| Some(job.created) > *last);
        for job in jobs.iter().filter(has_failed).filter(goes_on) {
            let at = job.ended_or_created();
            since.entry(lane(job)).and_modify(|since| *since = at.min(*since)).or_insert(at);
        }
        Self(since)
    }

    /// When the first failure was after the last success of what a job is of.
    pub fn since(&self, job: &BackupJob) -> Option<Time> {
        self.0.get(&lane(job)).copied()
    }
}

pub(super) fn of_backup_job(job: &BackupJob, best: &HashMap<Lane<'_>, Time>) -> Option<Finding> {
    let (severity, kind, what) = match &job.state {
        JobState::Failed => (Severity::Critical, FindingKind::Failed, "Backup failed"),
        JobState::Partial => (Severity::Critical, FindingKind::Failed, "Backup is partial"),
        JobState::Expired if job.initiated.is_some() => {
            (Severity::Critical, FindingKind::Expired, "Backup ran out of its completion window")
        }
        JobState::Expired => (Severity::Critical, FindingKind::Expired, "Backup never started in its window"),
        JobState::Aborted => (Severity::Notice, FindingKind::Stopped, "Backup was stopped"),
        _ if job.completed_with_issues() => {
            (Severity::Warning, FindingKind::CompletedWithIssues, "Backup completed with issues")
        }
        _ => return None,
    };
    let kind = if cannot_assume(job.status_message.as_deref()) { FindingKind::RoleUnusable } else { kind };
    let (_, rule) = lane(job);
    Some(Finding {
        severity,
        kind,
        scope: job.scope.clone(),
        subject: Subject::BackupJob(job.id.clone()),
        at: job.completed.unwrap_or(job.created),
        title: format!("{what}: {}", name_of(job.resource_name.as_deref(), &job.resource_arn)),
        detail: job.status_message.clone().unwrap_or_default(),
        identity: format!("backup {}", job.resource_arn),
        occasion: Some(rule.unwrap_or("on demand").to_owned()),
        recovered: best.get(&lane(job)).is_some_and(|at| *at > job.created),
    })
}

pub(super) fn of_restore_job(job: &RestoreJob) -> Option<Finding> {
    let (severity, kind, what) = match &job.state {
        JobState::Failed => (Severity::Critical, FindingKind::Failed, "Restore failed"),
        JobState::Aborted => (Severity::Notice, FindingKind::Stopped, "Restore was stopped"),
        _ => return None,
    };
    let resource = job.source_resource_arn.as_ref().or(job.recovery_point_arn.as_ref());
    Some(Finding {
        severity,
        kind,
        scope: job.scope.clone(),
        subject: Subject::RestoreJob(job.id.clone()),
        at: job.completed.unwrap_or(job.created),
        title: format!("{what}: {}", resource.map_or_else(|| job.id.to_string(), |arn| name_of(None, arn))),
        detail: job.status_message.clone().unwrap_or_default(),
        identity: format!("restore {}", resource.map_or_else(|| job.id.to_string(), |arn| arn.to_string())),
        occasion: Some(job.id.to_string()),
        recovered: false,
    })
}

/// Whether a message says that the role could not be assumed, as AWS Backup words it.
fn cannot_assume(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.contains("cannot be assumed"))
}

/// An ARN, where there is one.
fn said(arn: Option<&Arn>) -> String {
    arn.map(ToString::to_string).unwrap_or_default()
}

/// When each resource was last copied whole into each vault.
pub(super) fn last_copies<'a>(jobs: &[&'a CopyJob]) -> HashMap<(&'a Arn, &'a Arn), Time> {
    let mut best = HashMap::new();
    for job in jobs.iter().filter(|job| job.state == JobState::Completed) {
        if let (Some(of), Some(into), Some(at)) = (&job.resource_arn, &job.destination_vault_arn, job.created) {
            best.entry((of, into)).and_modify(|best: &mut Time| *best = at.max(*best)).or_insert(at);
        }
    }
    best
}

/// A copy job that did not end well. A later copy of the resource into the same vault makes it good.
pub(super) fn of_copy_job(job: &CopyJob, best: &HashMap<(&Arn, &Arn), Time>) -> Option<Finding> {
    let what = match &job.state {
        JobState::Failed => "Copy failed",
        JobState::Partial => "Copy is partial",
        _ => return None,
    };
    let message = job.status_message.as_deref();
    let role = cannot_assume(message);
    let of = job.resource_arn.as_ref().zip(job.destination_vault_arn.as_ref());
    let at = job.completed.or(job.created)?;
    let name = job.resource_arn.as_ref().map(|arn| name_of(job.resource_name.as_deref(), arn));
    let into = job.destination_vault_arn.as_ref().and_then(|arn| arn.vault_name());
    let into = into.map(|vault| format!("into {vault}: ")).unwrap_or_default();
    Some(Finding {
        severity: Severity::Critical,
        kind: if role { FindingKind::RoleUnusable } else { FindingKind::Failed },
        scope: job.scope.clone(),
        subject: Subject::CopyJob(job.id.clone()),
        at,
        title: format!("{what}: {}", name.unwrap_or_else(|| job.id.to_string())),
        detail: format!("{into}{}", message.unwrap_or("no reason was told")),
        identity: format!("copy {} {}", said(job.resource_arn.as_ref()), said(job.destination_vault_arn.as_ref())),
        occasion: None,
        recovered: of.is_some_and(|of| best.get(&of).zip(job.created).is_some_and(|(best, created)| *best > created)),
    })
}
