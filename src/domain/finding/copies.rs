//! Of copies: those that a rule wants and that are not there.

use super::{Facts, Finding, FindingKind, Severity, Subject, name_of};
use crate::domain::job::{BackupJob, CopyJob, JobState};
use crate::domain::{Arn, Time, sizes};
use chrono::Duration;
use std::collections::HashMap;

/// A copy may take so long after its backup has completed.
const MAY_TAKE: Duration = Duration::days(1);

/// What a copy job is looked up by: what is copied, and into which vault.
type Way<'a> = (&'a Arn, &'a str);

/// Since when a rule wants copies, and into which vaults.
type Wanted<'a> = (Option<Time>, Vec<&'a str>);

/// The copies that lag: of each resource and rule the newest backup that completed a day ago.
pub(super) fn lagging(jobs: &[&CopyJob], facts: &Facts<'_>) -> Vec<Finding> {
    let mut ways: HashMap<Way<'_>, Vec<&CopyJob>> = HashMap::new();
    for job in jobs {
        if let (Some(of), Some(into)) = (&job.source_recovery_point_arn, &job.destination_vault_arn) {
            ways.entry((of, into.as_str())).or_default().push(job);
        }
    }
    let due = newest_due(facts);
    let mut found: Vec<Finding> = due.into_iter().flat_map(|(job, into)| lag(job, into, &ways, facts)).collect();
    found.sort_by(|a, b| a.title.cmp(&b.title));
    found
}

/// The newest backup of each resource and rule that should be copied by now, with the vaults that it should be in.
fn newest_due<'a>(facts: &'a Facts<'_>) -> Vec<(&'a BackupJob, Vec<&'a str>)> {
    let mut vaults: HashMap<(&str, &str), Wanted<'_>> = HashMap::new();
    for (plan, _) in &facts.plans {
        for rule in plan.document.rules.iter().filter(|rule| !rule.copy_actions.is_empty()) {
            let into = rule.copy_actions.iter().map(|copy| copy.destination_backup_vault_arn.as_str());
            vaults.insert((plan.id.as_str(), rule.rule_name.as_str()), (plan.created, into.collect()));
        }
    }
    if vaults.is_empty() {
        return Vec::new();
    }
    let mut newest: HashMap<(&Arn, &str, &str), &BackupJob> = HashMap::new();
    for job in facts.backup_jobs.iter().copied().filter(|job| is_due(job, facts)) {
        let Some(by) = &job.created_by else { continue };
        let rule = (by.backup_plan_id.as_str(), by.backup_rule_name.as_str());
        // A copy that this version of the plan wants was promised to nobody before it was there.
        let is_promised = |(since, _): &Wanted<'_>| since.is_none_or(|since| job.created >= since);
        if vaults.get(&rule).is_some_and(is_promised) {
            let best = newest.entry((&job.resource_arn, rule.0, rule.1)).or_insert(job);
            if job.created > best.created {
                *best = job;
            }
        }
    }
    newest.into_iter().filter_map(|((_, plan, rule), job)| Some((job, vaults.get(&(plan, rule))?.1.clone()))).collect()
}

/// Whether a job made a recovery point whose copies should be there. Only what the lists of copies reach back to counts.
fn is_due(job: &BackupJob, facts: &Facts<'_>) -> bool {
    let ended = job.completed.filter(|_| job.state == JobState::Completed && job.parent_job_id.is_none());
    ended.is_some_and(|at| at >= facts.since && facts.now - at >= MAY_TAKE)
}

fn lag(job: &BackupJob, into: Vec<&str>, ways: &HashMap<Way<'_>, Vec<&CopyJob>>, facts: &Facts<'_>) -> Vec<Finding> {
    let (Some(point), Some(ended)) = (&job.recovery_point_arn, job.completed) else { return Vec::new() };
    let mut found = Vec::new();
    for vault in into {
        let tried = ways.get(&(point, vault)).map(Vec::as_slice).unwrap_or_default();
        // A continuous recovery point is copied again and again, each time as it is then.
        let of_job = |copy: &&&CopyJob| copy.created.is_some_and(|created| created >= job.created);
        let mut tried = tried.iter().filter(of_job).peekable();
        let what = if tried.peek().is_none() { "no copy job was made" } else { "its copy job has not ended" };
        // One that failed is told by itself, with its reason.
        if tried.any(|copy| matches!(copy.state, JobState::Completed | JobState::Failed | JobState::Partial)) {
            continue;
        }
        let named = vault.rsplit(':').next().unwrap_or(vault);
        found.push(Finding {
            severity: Severity::Warning,
            kind: FindingKind::CopyLags,
            scope: job.scope.clone(),
            subject: Subject::BackupJob(job.id.clone()),
            at: ended + MAY_TAKE,
            title: format!("Copy lags: {}", name_of(job.resource_name.as_deref(), &job.resource_arn)),
            detail: format!("not in {named} {} after its backup: {what}", sizes::span(facts.now - ended)),
            identity: format!("copy {} {vault}", job.resource_arn),
            occasion: None,
            recovered: false,
        });
    }
    found
}
