//! What a person on call must see: failures, silences, and promises that are not kept.
//!
//! A pure function over the records that were fetched. It never knows more than these: a list that was not fetched, or
//! not back far enough, gives no findings instead of false ones.

use crate::domain::KnownPoint;
use crate::domain::due::{SLACK, due_runs};
use crate::domain::extension::{Problem, ProblemSeverity};
use crate::domain::job::{BackupJob, JobState, RestoreJob};
use crate::domain::kms::{KeyState, KmsKey};
use crate::domain::names::JobId;
use crate::domain::plan::Plan;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::resource::ProtectedResource;
use crate::domain::selection::Selection;
use crate::domain::vault::Vault;
use crate::domain::{Arn, PlanId, Scope, Time};
use chrono::Duration;
use std::collections::{HashMap, HashSet};

/// Of one rule, this many missing runs are told one by one; the rest are counted in the last one's detail.
const MISSING_TOLD: usize = 3;

/// What the findings are drawn from. Everything but the time may be empty.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// The time at the service.
    pub now: Time,
    /// From when on the lists of jobs are whole.
    pub since: Time,
    /// Plans with their documents, and their selections; a plan without a selection is expected to do nothing.
    pub plans: Vec<(&'a Plan, &'a [Selection])>,
    /// Backup jobs, in any order.
    pub backup_jobs: Vec<&'a BackupJob>,
    /// Restore jobs, in any order.
    pub restore_jobs: Vec<&'a RestoreJob>,
    /// Recovery points.
    pub recovery_points: Vec<&'a KnownPoint>,
    /// Vaults with what is known of their KMS keys; none is a key that is not there any more.
    pub vault_keys: Vec<(&'a Vault, Option<&'a KmsKey>)>,
    /// Protected resources, with when each was last backed up.
    pub protected: Vec<&'a ProtectedResource>,
    /// How old the last backup of a resource may be; not checked when absent.
    pub recovery_point_objective: Option<Duration>,
    /// What the engine says is wrong with itself, and the scope that it is told in.
    pub engine: Option<(&'a Scope, &'a [Problem])>,
}

/// How bad it is; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Data is protected less than promised.
    Warning,
    /// Data is not protected, or did not come back.
    Critical,
}

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A job failed.
    Failed,
    /// A job missed its window.
    Expired,
    /// A run was due, and no job came of it.
    MissingRun,
    /// A resource's last backup is older than its objective.
    ObjectiveMissed,
    /// A backup job completed, but not without issues.
    CompletedWithIssues,
    /// Something in a recovery point cannot be restored any more.
    DamagedRecoveryPoint,
    /// A vault lets nothing in or out, since its KMS key cannot be used.
    KeyUnusable,
    /// A recovery point is past its life, or stuck while it is deleted, or interrupted.
    StuckRecoveryPoint,
    /// Someone stopped a job.
    Stopped,
    /// The engine itself does not do all that it is there for.
    Engine,
}

/// What it is about, so that it can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A backup job.
    BackupJob(JobId),
    /// A restore job.
    RestoreJob(JobId),
    /// A plan.
    Plan(PlanId),
    /// A recovery point in a vault.
    RecoveryPoint {
        /// The vault's name.
        vault: String,
        /// The point.
        arn: Arn,
    },
    /// A vault, by its name.
    Vault(String),
    /// A resource.
    Resource(Arn),
    /// The engine itself: the problem's code.
    Engine(String),
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub kind: FindingKind,
    /// Where it happened.
    pub scope: Scope,
    /// What it is about.
    pub subject: Subject,
    /// When it happened, or was due.
    pub at: Time,
    /// One line: what is wrong with what.
    pub title: String,
    /// Why, as far as it is known; may be empty.
    pub detail: String,
    /// Whether a later job of the same resource and rule went well.
    pub recovered: bool,
}

/// Everything that is wrong: unrecovered first, then the worst, then the newest.
pub fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    let best = last_success(&facts.backup_jobs);
    all.extend(facts.backup_jobs.iter().filter_map(|job| of_backup_job(job, &best)));
    all.extend(facts.restore_jobs.iter().filter_map(|job| of_restore_job(job)));
    all.extend(facts.recovery_points.iter().filter_map(|point| of_recovery_point(point, facts.now)));
    all.extend(facts.vault_keys.iter().filter_map(|(vault, key)| of_key(vault, *key, facts.now)));
    all.extend(facts.protected.iter().filter_map(|resource| of_protected(resource, facts)));
    if let Some((scope, problems)) = facts.engine {
        all.extend(problems.iter().map(|problem| of_engine(problem, scope, facts.now)));
    }
    let made = made_by_plans(&facts.backup_jobs, facts.since);
    let none = Made::new();
    for (plan, selections) in &facts.plans {
        all.extend(missing_runs(plan, selections, made.get(plan.id.as_str()).unwrap_or(&none), facts));
    }
    all.sort_by(|a, b| {
        (a.recovered, b.severity, b.at).cmp(&(b.recovered, a.severity, a.at)).then_with(|| a.title.cmp(&b.title))
    });
    all
}

/// What a job's success is looked up by: the resource, and the rule behind it, if any.
fn lane(job: &BackupJob) -> (&Arn, Option<&str>) {
    (&job.resource_arn, job.created_by.as_ref().map(|by| by.backup_rule_id.as_str()))
}

/// When each resource and rule was last backed up whole.
fn last_success<'a>(jobs: &[&'a BackupJob]) -> HashMap<(&'a Arn, Option<&'a str>), Time> {
    let mut best = HashMap::new();
    for job in jobs.iter().filter(|job| job.state == JobState::Completed && !job.completed_with_issues()) {
        best.entry(lane(job)).and_modify(|at: &mut Time| *at = job.created.max(*at)).or_insert(job.created);
    }
    best
}

fn of_engine(problem: &Problem, scope: &Scope, now: Time) -> Finding {
    Finding {
        severity: match problem.severity {
            ProblemSeverity::Error => Severity::Critical,
            ProblemSeverity::Warning => Severity::Warning,
        },
        kind: FindingKind::Engine,
        scope: scope.clone(),
        subject: Subject::Engine(problem.code.clone()),
        at: now,
        title: format!("The engine needs a look: {}", problem.code),
        detail: problem.message.clone(),
        recovered: false,
    }
}

fn of_backup_job(job: &BackupJob, best: &HashMap<(&Arn, Option<&str>), Time>) -> Option<Finding> {
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
    Some(Finding {
        severity,
        kind,
        scope: job.scope.clone(),
        subject: Subject::BackupJob(job.id.clone()),
        at: job.completed.unwrap_or(job.created),
        title: format!("{what}: {}", name_of(job.resource_name.as_deref(), &job.resource_arn)),
        detail: job.status_message.clone().unwrap_or_default(),
        recovered: best.get(&lane(job)).is_some_and(|at| *at > job.created),
    })
}

fn of_restore_job(job: &RestoreJob) -> Option<Finding> {
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
        recovered: false,
    })
}

fn of_recovery_point(point: &KnownPoint, now: Time) -> Option<Finding> {
    let delete_at = point.delete_at().told();
    let overdue = delete_at.is_some_and(|at| now - at > Duration::days(1));
    let what = match point.status {
        RecoveryPointStatus::Expired => "Recovery point could not be deleted",
        RecoveryPointStatus::Stopped => "Continuous backup was interrupted",
        RecoveryPointStatus::Deleting if overdue => "Recovery point is stuck while it is deleted",
        RecoveryPointStatus::Partial if !point.is_damaged() => "Recovery point is partial",
        RecoveryPointStatus::Completed | RecoveryPointStatus::Partial if point.is_damaged() => {
            return Some(of_damaged(point, now));
        }
        _ => return None,
    };
    Some(Finding {
        severity: Severity::Warning,
        kind: FindingKind::StuckRecoveryPoint,
        scope: point.scope.clone(),
        subject: Subject::RecoveryPoint { vault: point.vault_name.clone(), arn: point.arn.clone() },
        at: delete_at.unwrap_or(point.created),
        title: format!("{what}: {}", name_of(point.resource_name.as_deref(), &point.resource_arn)),
        detail: point.status_message.clone().unwrap_or_default(),
        recovered: false,
    })
}

/// The cause of what fails in a vault, told once and first, with what to do about it.
fn of_key(vault: &Vault, key: Option<&KmsKey>, now: Time) -> Option<Finding> {
    let named = vault.encryption_key_arn.as_deref().unwrap_or_default();
    let detail = match key.map(|key| &key.state) {
        Some(KeyState::Enabled) => return None,
        None => {
            format!("its KMS key {named} was deleted: nothing in it can be restored but by restic with a recovery key")
        }
        Some(KeyState::PendingDeletion(at)) => format!(
            "its KMS key {named} is pending deletion, until {}: backups, copies and restores fail. Cancel the deletion and \
             enable the key",
            at.format("%Y-%m-%d %H:%M UTC")
        ),
        Some(state) => format!(
            "its KMS key {named} is {}: backups, copies and restores fail, and nothing is lost. Enable the key",
            state.as_str().to_lowercase()
        ),
    };
    Some(Finding {
        severity: Severity::Critical,
        kind: FindingKind::KeyUnusable,
        scope: vault.scope.clone(),
        subject: Subject::Vault(vault.name.clone()),
        at: now,
        title: format!("Vault cannot use its key: {}", vault.name),
        detail,
        recovered: false,
    })
}

/// It holds now, whenever it happened: its message counts what is lost.
fn of_damaged(point: &KnownPoint, now: Time) -> Finding {
    Finding {
        severity: Severity::Critical,
        kind: FindingKind::DamagedRecoveryPoint,
        scope: point.scope.clone(),
        subject: Subject::RecoveryPoint { vault: point.vault_name.clone(), arn: point.arn.clone() },
        at: now,
        title: format!("Recovery point is damaged: {}", name_of(point.resource_name.as_deref(), &point.resource_arn)),
        detail: point.status_message.clone().unwrap_or_default(),
        recovered: false,
    }
}

fn of_protected(resource: &ProtectedResource, facts: &Facts<'_>) -> Option<Finding> {
    let objective = facts.recovery_point_objective?;
    let last = resource.last_backup_time?;
    let age = facts.now - last;
    (age > objective).then(|| Finding {
        severity: Severity::Warning,
        kind: FindingKind::ObjectiveMissed,
        scope: resource.scope.clone(),
        subject: Subject::Resource(resource.arn.clone()),
        at: last + objective,
        title: format!("No recent backup: {}", name_of(resource.name.as_deref(), &resource.arn)),
        detail: format!("the last one is {} hours old, the objective is {}", age.num_hours(), objective.num_hours()),
        recovered: false,
    })
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
        recovered: made.iter().any(|(name, made_at)| *name == rule && *made_at > at),
    })
    .collect()
}

/// What a person calls a resource: its name, or the last part of its ARN.
fn name_of(name: Option<&str>, arn: &Arn) -> String {
    let short = || arn.resource().rsplit(['/', ':']).next().unwrap_or_default();
    name.filter(|name| !name.is_empty()).unwrap_or_else(short).to_owned()
}

#[cfg(test)]
#[path = "finding_tests.rs"]
mod tests;
