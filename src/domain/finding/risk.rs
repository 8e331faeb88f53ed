//! Of jobs that have not ended: those that will miss their window as they go.

use super::jobs::{Lane, lane};
use super::{Facts, Finding, FindingKind, Severity, Subject, name_of};
use crate::domain::job::{BackupJob, JobState};
use crate::domain::plan::{Plan, Rule};
use crate::domain::{Time, sizes};
use chrono::Duration;
use std::collections::HashMap;

/// The median of how long jobs took looks at so many of the newest.
const MEDIAN_OF: usize = 14;

/// The jobs at risk, of all that have not ended.
pub(super) fn at_risk(facts: &Facts<'_>) -> Vec<Finding> {
    let open: Vec<&BackupJob> = facts.backup_jobs.iter().copied().filter(|job| !job.state.is_final()).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let usual = usual(&open, &facts.backup_jobs);
    open.into_iter().filter_map(|job| of_open(job, usual.get(&lane(job)).copied(), facts)).collect()
}

/// How long jobs took of late, of each resource and rule that one of `open` is of.
fn usual<'a>(open: &[&'a BackupJob], jobs: &[&'a BackupJob]) -> HashMap<Lane<'a>, Duration> {
    let mut took: HashMap<Lane<'a>, Vec<(Time, Duration)>> = open.iter().map(|job| (lane(job), Vec::new())).collect();
    for job in jobs.iter().filter(|job| job.state == JobState::Completed) {
        if let (Some(spans), Some(ended)) = (took.get_mut(&lane(job)), job.completed) {
            spans.push((job.created, ended - job.initiated.unwrap_or(job.created)));
        }
    }
    let of = |(lane, mut spans): (Lane<'a>, Vec<(Time, Duration)>)| {
        spans.sort_unstable_by_key(|(created, _)| std::cmp::Reverse(*created));
        let spans = spans.into_iter().take(MEDIAN_OF).map(|(_, span)| span).collect();
        Some((lane, sizes::median(spans)?))
    };
    took.into_iter().filter_map(of).collect()
}

fn of_open(job: &BackupJob, usual: Option<Duration>, facts: &Facts<'_>) -> Option<Finding> {
    let (at, detail) = match job.initiated {
        None => waits_long(job, facts.now)?,
        Some(started) => ends_late(job, started, usual?, facts)?,
    };
    Some(Finding {
        severity: Severity::Warning,
        kind: FindingKind::WindowAtRisk,
        scope: job.scope.clone(),
        subject: Subject::BackupJob(job.id.clone()),
        at,
        title: format!("Window at risk: {}", name_of(job.resource_name.as_deref(), &job.resource_arn)),
        detail,
        identity: format!("backup {}", job.resource_arn),
        occasion: None,
        recovered: false,
    })
}

/// A job that has not started, with a quarter of its start window left.
fn waits_long(job: &BackupJob, now: Time) -> Option<(Time, String)> {
    let start_by = job.start_by?;
    let (window, left) = (start_by - job.created, start_by - now);
    (left * 4 <= window && left > Duration::zero())
        .then(|| (start_by, format!("it waits, and expires unless it starts within {}", sizes::span(left))))
}

/// A job that runs, and ends behind its window if it takes as long as the jobs before it.
fn ends_late(job: &BackupJob, started: Time, usual: Duration, facts: &Facts<'_>) -> Option<(Time, String)> {
    let window = Duration::try_minutes(rule_of(job, facts)?.completion_window())?;
    let deadline = job.created.checked_add_signed(window)?;
    let end = (started + usual).max(facts.now);
    (end >= deadline && deadline > facts.now).then(|| {
        let detail = format!(
            "its window ends in {}; jobs like it take {}, and this one runs for {}",
            sizes::span(deadline - facts.now),
            sizes::span(usual),
            sizes::span(facts.now - started),
        );
        (deadline, detail)
    })
}

/// The rule that made a job, of a plan that is known.
fn rule_of<'a>(job: &BackupJob, facts: &'a Facts<'_>) -> Option<&'a Rule> {
    let by = job.created_by.as_ref()?;
    let is_of = |(plan, _): &&(&Plan, _)| plan.id.as_str() == by.backup_plan_id && plan.scope == job.scope;
    let (plan, _) = facts.plans.iter().find(is_of)?;
    plan.document.rules.iter().find(|rule| rule.rule_name == by.backup_rule_name)
}
