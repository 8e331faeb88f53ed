//! Of plans: the runs that were due, and of which no job came.

use super::{Facts, Finding, FindingKind, Severity, Subject};
use crate::domain::Time;
use crate::domain::due::{SLACK, due_runs};
use crate::domain::job::BackupJob;
use crate::domain::plan::Plan;
use crate::domain::selection::Selection;
use std::collections::{HashMap, HashSet};

/// Of one rule, this many missing runs are told one by one; the rest are counted in the last one's detail.
const MISSING_TOLD: usize = 3;

/// The missing runs of all plans.
pub(super) fn missing(facts: &Facts<'_>) -> Vec<Finding> {
    let made = made_by_plans(&facts.backup_jobs, facts.since);
    let none = Made::new();
    let of = |(plan, selections): &(&Plan, &[Selection])| {
        missing_runs(plan, selections, made.get(plan.id.as_str()).unwrap_or(&none), facts)
    };
    facts.plans.iter().flat_map(of).collect()
}

/// Runs of a plan that were due and of which no job tells: the silence that AWS never reports (a role that cannot be
/// assumed, a type that is not opted in, a selection that matches nothing).
fn missing_runs(plan: &Plan, selections: &[Selection], made: &Made<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(due) = due_runs(plan, selections, facts.since, facts.now) else { return Vec::new() };
    let mut missing: HashMap<usize, Vec<Time>> = HashMap::new();
    for run in due.iter().filter(|run| run.is_over(facts.now)) {
        let rule = plan.document.rules[run.rule].rule_name.as_str();
        if !made.iter().any(|(name, at)| run.is_answered_by(rule, name, *at)) {
            missing.entry(run.rule).or_default().push(run.at);
        }
    }
    let mut found: Vec<Finding> =
        missing.into_iter().flat_map(|(rule, times)| tell_missing(plan, rule, &times, made)).collect();
    found.sort_by_key(|finding| finding.at);
    found
}

/// Rule names and creation times of a plan's jobs. A rule that was renamed or has no name counts for every rule.
type Made<'a> = HashSet<(&'a str, Time)>;

/// What each plan made since then, by the plan's id: the jobs are walked once, however many plans there are, and the old ones,
/// which can answer no run, are left out.
fn made_by_plans<'a>(jobs: &[&'a BackupJob], since: Time) -> HashMap<&'a str, Made<'a>> {
    let mut made: HashMap<&str, Made<'_>> = HashMap::new();
    for job in jobs.iter().filter(|job| since - job.created <= SLACK) {
        if let Some(by) = &job.created_by {
            made.entry(&by.backup_plan_id).or_default().insert((&by.backup_rule_name, job.created));
        }
    }
    made
}

fn tell_missing(plan: &Plan, rule: usize, times: &[Time], made: &Made<'_>) -> Vec<Finding> {
    let rule = plan.document.rules[rule].rule_name.as_str();
    let hidden = times.len().saturating_sub(MISSING_TOLD);
    let told = times.iter().skip(hidden);
    told.map(|&at| Finding {
        severity: Severity::Critical,
        kind: FindingKind::MissingRun,
        scope: plan.scope.clone(),
        subject: Subject::Plan(plan.id.clone()),
        at,
        title: format!("Missing run: {} / {rule}", plan.document.backup_plan_name),
        detail: if hidden == 0 {
            "no job was made; is the role assumable, the type opted in, does the selection match?".to_owned()
        } else {
            format!("no job was made, nor for {hidden} runs before; is the role assumable, the type opted in?")
        },
        identity: format!("{} {rule}", plan.id),
        occasion: None,
        recovered: made.iter().any(|(name, made_at)| *name == rule && *made_at > at),
    })
    .collect()
}
