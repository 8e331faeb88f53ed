//! What a person on call must see: failures, silences, and promises that are not kept.
//!
//! A pure function over the records that were fetched. It never knows more than these: a list that was not fetched, or
//! not back far enough, gives no findings instead of false ones.

mod change;
mod copies;
mod coverage;
mod jobs;
mod kind;
mod points;
mod risk;
mod runs;
mod vaults;

pub use jobs::{Failing, Lane, lane};
pub use kind::{Finding, FindingKind, Severity, Subject};

use crate::domain::KnownPoint;
use crate::domain::extension::{NewDataOfBackup, Problem, ProblemSeverity};
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::kms::KmsKey;
use crate::domain::plan::Plan;
use crate::domain::resource::ProtectedResource;
use crate::domain::selection::Selection;
use crate::domain::vault::Vault;
use crate::domain::{Arn, Scope, Time};
use chrono::Duration;
use std::collections::{BTreeMap, HashSet};

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
    /// What the newest backups stored anew that hardly compressed, in any order; only an engine tells it.
    pub new_data: Vec<&'a NewDataOfBackup>,
    /// Restore jobs, in any order.
    pub restore_jobs: Vec<&'a RestoreJob>,
    /// Copy jobs, in any order; none where their list was not fetched, since a copy that is not known is not missing.
    pub copy_jobs: Option<Vec<&'a CopyJob>>,
    /// Recovery points.
    pub recovery_points: Vec<&'a KnownPoint>,
    /// Vaults with what is known of their KMS keys; none is a key that is not there any more.
    pub vault_keys: Vec<(&'a Vault, Option<&'a KmsKey>)>,
    /// The vaults.
    pub vaults: Vec<&'a Vault>,
    /// Protected resources, with when each was last backed up.
    pub protected: Vec<&'a ProtectedResource>,
    /// Resources that no plan selects.
    pub unprotected: Vec<Uncovered<'a>>,
    /// Resources with recovery points that no restore test has proven.
    pub unproven: Vec<Uncovered<'a>>,
    /// Which types the regions are opted in to.
    pub settings: Vec<(&'a Scope, &'a BTreeMap<String, bool>)>,
    /// How old the last backup of a resource may be; not checked when absent.
    pub recovery_point_objective: Option<Duration>,
    /// What the engine says is wrong with itself, and the scope that it is told in.
    pub engine: Option<(&'a Scope, &'a [Problem])>,
}

/// A resource of which something is not there.
#[derive(Debug, Clone, Copy)]
pub struct Uncovered<'a> {
    /// Where it lives.
    pub scope: &'a Scope,
    /// Its ARN.
    pub arn: &'a Arn,
    /// Its name, where one is known.
    pub name: Option<&'a str>,
}

/// Everything that is wrong: unrecovered first, then the worst, then the newest.
pub fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    let best = jobs::last_success(&facts.backup_jobs);
    all.extend(facts.backup_jobs.iter().filter_map(|job| jobs::of_backup_job(job, &best)));
    all.extend(facts.restore_jobs.iter().filter_map(|job| jobs::of_restore_job(job)));
    all.extend(facts.recovery_points.iter().filter_map(|point| points::of_recovery_point(point, facts.now)));
    all.extend(facts.vault_keys.iter().filter_map(|(vault, key)| vaults::of_key(vault, *key, facts.now)));
    all.extend(facts.protected.iter().filter_map(|resource| coverage::of_protected(resource, facts)));
    if let Some(copy_jobs) = &facts.copy_jobs {
        let best = jobs::last_copies(copy_jobs);
        all.extend(copy_jobs.iter().filter_map(|job| jobs::of_copy_job(job, &best)));
        all.extend(copies::lagging(copy_jobs, facts));
    }
    all.extend(risk::at_risk(facts));
    all.extend(change::unusual(facts));
    all.extend(vaults::of_locks(facts));
    let backed_up: HashSet<&Arn> = facts.protected.iter().map(|resource| &resource.arn).collect();
    all.extend(facts.unprotected.iter().map(|resource| coverage::unprotected(resource, &backed_up, facts)));
    all.extend(facts.unproven.iter().map(|resource| coverage::unproven(resource, facts)));
    all.extend(facts.settings.iter().flat_map(|(scope, settings)| coverage::opted_out(scope, settings, facts)));
    if let Some((scope, problems)) = facts.engine {
        all.extend(problems.iter().map(|problem| of_engine(problem, scope, facts.now)));
    }
    all.extend(runs::missing(facts));
    all.sort_by(|a, b| {
        (a.recovered, b.severity, b.at).cmp(&(b.recovered, a.severity, a.at)).then_with(|| a.title.cmp(&b.title))
    });
    all
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
        identity: problem.code.clone(),
        occasion: None,
        recovered: false,
    }
}

/// What a person calls a resource: its name, or the last part of its ARN.
fn name_of(name: Option<&str>, arn: &Arn) -> String {
    let short = || arn.resource().rsplit(['/', ':']).next().unwrap_or_default();
    name.filter(|name| !name.is_empty()).unwrap_or_else(short).to_owned()
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod kinds_tests;
#[cfg(test)]
mod tests;
