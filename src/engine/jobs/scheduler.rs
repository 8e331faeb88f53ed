//! The scheduler: plan × rule × selection makes jobs.
//!
//! Each plan remembers up to when its runs were evaluated. A run that fell due while the engine was off starts late when
//! its start window is still open; otherwise it leaves an expired job, so that nobody takes silence for success.

use crate::domain::plan::{Plan, PlanDocument, Rule};
use crate::domain::plan_runs::{PlanRuns, Run};
use crate::domain::recovery_point::{Creator, RecoveryPoint};
use crate::domain::schedule::{DEFAULT_EXPRESSION, DEFAULT_TIME_ZONE};
use crate::domain::selection::Candidate;
use crate::domain::selection_rules::decide;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, PlanId, Resource, ResourceType, Scope, Time, VaultName, air_gap, plan_rules};
use crate::engine::authorize::action::StartBackupJob;
use crate::engine::authorize::subject::VaultNamed;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::Drivers;
use crate::engine::error::Result;
use crate::engine::jobs::backup::create::Draft;
use crate::engine::jobs::backup::rows::record::{self, BackupRecord};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::turn::{NextRun, Turn};
use crate::engine::organization::{roles, settings};
use crate::engine::{Engine, FIRST_ACCOUNT, plans, resources};
use chrono::Duration;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How many expired jobs a rule leaves at most for the time in which the engine was off.
const MISSED_JOBS: usize = 100;

/// A resource that a plan protects, and the role under which it does.
struct Protected {
    resource: Resource,
    role: Arn,
}

impl Engine {
    /// Makes the jobs of all runs that are due.
    pub(crate) fn make_scheduled_jobs(&self, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.options.scheduler {
            return Ok(());
        }
        let plans = self.catalog.read(plans::rows::all_live)?;
        let ids: BTreeSet<&str> = plans.iter().map(|plan| plan.id.as_str()).collect();
        turn.next_runs.retain(|id, _| ids.contains(id.as_str()));
        if let Some(doubt) = self.clock.doubt() {
            let each: Vec<Result<()>> = plans.iter().map(|plan| self.run_early(turn, plan, doubt.shown, now)).collect();
            return each.into_iter().collect();
        }
        // One plan whose next run cannot be told holds up no other.
        let (mut due, mut failed) = (Vec::new(), Ok(()));
        for plan in &plans {
            match self.next_run(turn, plan) {
                Ok(at) if at.is_some_and(|at| at <= now) => due.push(plan),
                Ok(_) => {}
                Err(error) => failed = Err(error),
            }
        }
        if due.is_empty() {
            return failed;
        }
        // A commit waits for the disk, and writes the pages that all of them change once.
        let made = match self.run_plans(turn, &due, now) {
            Err(error) if due.len() > 1 => {
                tracing::warn!(%error, plans = due.len(), "the jobs of plans could not be made together: each is by itself");
                let each: Vec<Result<()>> = due.iter().map(|plan| self.run_plans(turn, &[plan], now)).collect();
                each.into_iter().collect()
            }
            made => made,
        };
        made.and(failed)
    }

    /// Makes the jobs of the due runs of these plans, in one transaction.
    fn run_plans(&self, turn: &mut Turn, plans: &[&Plan], now: Time) -> Result<()> {
        self.catalog.write(|tx| {
            let mut resources: HashMap<&Scope, Vec<Resource>> = HashMap::new();
            for plan in plans {
                let of_scope = match resources.entry(&plan.scope) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => unknown.insert(resources::rows::all(tx, Some(&plan.scope))?),
                };
                let runs = turn.next_runs.get(plan.id.as_str()).filter(|known| known.version_id == plan.version_id);
                let runs = runs.map_or_else(|| schedules(plan), |known| Ok(Arc::clone(&known.runs)))?;
                run_plan(tx, self.drivers, plan, &runs, of_scope, &turn.early, now)?;
            }
            self.clock.save_in(tx)
        })?;
        for plan in plans {
            // What was due is evaluated up to now, in whichever version.
            match turn.next_runs.get_mut(plan.id.as_str()).filter(|known| known.version_id == plan.version_id) {
                Some(known) => known.at = known.runs.after(now).next().map(|run| run.at),
                None => drop(self.next_run(turn, plan)?),
            }
        }
        Ok(())
    }

    /// When the next run of any plan is due, as far as the last look at the plans showed; a new plan wakes the conductor.
    pub(crate) fn next_scheduled(&self, turn: &Turn) -> Option<Time> {
        // Under a doubted clock no moment means anything: the conductor looks every few seconds.
        if !self.options.scheduler || !self.clock.is_trusted() {
            return None;
        }
        turn.next_runs.values().filter_map(|next| next.at).min()
    }

    /// The clock shows a time that nothing confirms. A backup too many does no harm, one too few may: each rule's last run
    /// that is due by the shown time, and whose window is open, is made now. Nothing is noted as missed or as done, so
    /// that a clock that is set right finds its plans as they were.
    fn run_early(&self, turn: &mut Turn, plan: &Plan, shown: Time, now: Time) -> Result<()> {
        let widest = plan.document.rules.iter().map(Rule::start_window).max().unwrap_or_default();
        let opened = Duration::try_minutes(widest).and_then(|widest| shown.checked_sub_signed(widest)).unwrap_or(shown);
        let known = self.catalog.read(|connection| evaluated_until(connection, plan))?;
        let after = if known <= shown { known.max(opened) } else { opened };
        let runs = PlanRuns::new(&plan.document, plan.created)?;
        let mut last: BTreeMap<usize, Time> = BTreeMap::new();
        for run in runs.after(after).take_while(|run| run.at <= shown) {
            last.insert(run.rule, run.at);
        }
        for (place, at) in last {
            let Some(rule) = plan.document.rules.get(place) else { continue };
            let open = Duration::try_minutes(rule.start_window()).is_some_and(|window| shown - at < window);
            let run = (plan.id.to_string(), place, at);
            if open && !turn.early.contains(&run) {
                self.catalog.write(|tx| {
                    let resources = resources::rows::all(tx, Some(&plan.scope))?;
                    for protected in protected_by(tx, plan, &resources, at.max(now))? {
                        insert(tx, &draft(tx, self.drivers, plan, rule, &protected, at.min(now))?)?;
                    }
                    Ok(())
                })?;
                turn.early.insert(run);
            }
        }
        Ok(())
    }

    /// The next run of a plan, computed once per version and run.
    fn next_run(&self, turn: &mut Turn, plan: &Plan) -> Result<Option<Time>> {
        if let Some(known) = turn.next_runs.get(plan.id.as_str())
            && known.version_id == plan.version_id
        {
            return Ok(known.at);
        }
        let after = self.catalog.read(|connection| evaluated_until(connection, plan))?;
        let runs = schedules(plan)?;
        let at = runs.after(after).next().map(|run| run.at);
        turn.next_runs.insert(plan.id.to_string(), NextRun { version_id: plan.version_id.clone(), at, runs });
        Ok(at)
    }
}

/// The schedules of a plan.
fn schedules(plan: &Plan) -> Result<Arc<PlanRuns>> {
    Ok(Arc::new(PlanRuns::new(&plan.document, plan.created)?))
}

/// Makes the jobs of one plan's due runs, but for those that were made `early`, and remembers that they are made, in one
/// transaction. `resources` are those of its scope.
fn run_plan(
    connection: &Connection,
    drivers: Drivers,
    plan: &Plan,
    runs: &PlanRuns,
    resources: &[Resource],
    early: &BTreeSet<(String, usize, Time)>,
    now: Time,
) -> Result<()> {
    if !plans::rows::is_current(connection, plan)? {
        return Ok(());
    }
    let made = |run: &Run| early.contains(&(plan.id.to_string(), run.rule, run.at));
    let due: Vec<Run> = runs
        .after(evaluated_until(connection, plan)?)
        .take_while(|run| run.at <= now)
        .filter(|run| !made(run))
        .collect();
    let mut missed: BTreeMap<usize, usize> = BTreeMap::new();
    let mut executed = None;
    // The newest first, so that what is left out of a long absence is its beginning.
    for run in due.iter().rev() {
        let Some(rule) = plan.document.rules.get(run.rule) else { continue };
        for protected in protected_by(connection, plan, resources, run.at)? {
            let mut record = draft(connection, drivers, plan, rule, &protected, run.at)?;
            let open = record.job.start_by.is_some_and(|start_by| now < start_by);
            if !open {
                let count = missed.entry(run.rule).or_default();
                if *count >= MISSED_JOBS {
                    break;
                }
                *count += 1;
                expire(&mut record);
            }
            insert(connection, &record)?;
            executed = executed.max(Some(run.at));
        }
    }
    plans::rows::progress::set(connection, &plan.id, now, executed)
}

/// The job of one run and resource.
fn draft(
    connection: &Connection,
    drivers: Drivers,
    plan: &Plan,
    rule: &Rule,
    protected: &Protected,
    at: Time,
) -> Result<BackupRecord> {
    let driver = drivers.of(&protected.resource.resource_type);
    let can_follow = driver.is_some_and(|driver| driver.continuous(&protected.resource.location).is_some());
    let (vault, vault_type) = target(plan, rule)?;
    let creator = Creator {
        backup_plan_id: plan.id.to_string(),
        backup_plan_arn: plan.arn.to_string(),
        backup_plan_name: plan.document.backup_plan_name.clone(),
        backup_plan_version: plan.version_id.clone(),
        backup_rule_id: rule.rule_id.clone().unwrap_or_default(),
        backup_rule_name: rule.rule_name.clone(),
        backup_rule_cron: rule.schedule_expression.clone().unwrap_or_else(|| DEFAULT_EXPRESSION.to_owned()),
        backup_rule_timezone: rule.schedule_expression_timezone.clone().unwrap_or_else(|| DEFAULT_TIME_ZONE.to_owned()),
    };
    Draft {
        scope: &plan.scope,
        vault: &vault,
        vault_type,
        resource: &protected.resource,
        role: &protected.role,
        created: at,
        start_window: rule.start_window(),
        complete_window: rule.completion_window(),
        lifecycle: rule.lifecycle,
        tags: rule.recovery_point_tags.clone(),
        creator: Some(creator),
        copies: rule.copy_actions.clone(),
        continuous: rule.enable_continuous_backup == Some(true) && can_follow,
        options: options_for(&plan.document, protected.resource.resource_type.as_str()),
        parent: None,
    }
    .record(connection)
}

/// The vault that a rule's backups go into, and the kind that it is named as.
fn target(plan: &Plan, rule: &Rule) -> Result<(VaultName, VaultType)> {
    let Some(text) = &rule.target_logically_air_gapped_backup_vault_arn else {
        return Ok((rule.target_backup_vault_name.parse()?, VaultType::Standard));
    };
    let vault = air_gap::target(plan_rules::AIR_GAPPED_TARGET, text, &plan.scope)?;
    Ok((vault.vault_name().unwrap_or_default().parse()?, VaultType::AirGapped))
}

/// Adds a job of a plan. A vault that is not there fails the job, which says so.
fn insert(connection: &Connection, record: &BackupRecord) -> Result<()> {
    let job = &record.job;
    let vault = VaultNamed { arn: &job.vault_arn, scope: Some(&job.scope) };
    record::insert(connection, &authorize(connection, Doing::Schedule, StartBackupJob, &vault)?, record)
}

/// What the plan's advanced settings say for a resource type.
fn options_for(document: &PlanDocument, resource_type: &str) -> BTreeMap<String, String> {
    document
        .advanced_backup_settings
        .iter()
        .find(|setting| setting.resource_type == resource_type)
        .map(|setting| setting.backup_options.clone())
        .unwrap_or_default()
}

/// Marks a job as one whose whole start window the engine missed.
fn expire(record: &mut BackupRecord) {
    let ending = Ending::engine_was_off();
    record.job.state = ending.state;
    record.job.message_category = Some(ending.category.to_owned());
    record.job.status_message = ending.message;
    record.job.completed = record.job.start_by;
}

/// Whether the rule of a live continuous recovery point goes on: it stands as it was, and its plan still chooses the resource.
/// The point then stays, however rarely the rule runs.
pub(crate) fn goes_on(connection: &Connection, point: &RecoveryPoint, now: Time) -> Result<bool> {
    let Some(by) = &point.created_by else { return Ok(false) };
    let Ok(id) = by.backup_plan_id.parse::<PlanId>() else { return Ok(false) };
    let is_its = |rule: &Rule| {
        rule.rule_id.as_deref() == Some(by.backup_rule_id.as_str())
            && rule.enable_continuous_backup == Some(true)
            && rule.target_backup_vault_name == point.vault_name
    };
    let plan = plans::rows::get(connection, &point.scope, &id)?.filter(|plan| plan.deleted.is_none());
    let Some(plan) = plan.filter(|plan| plan.document.rules.iter().any(is_its)) else { return Ok(false) };
    let Some(resource) = resources::rows::get(connection, &point.resource_arn)? else { return Ok(false) };
    Ok(!protected_by(connection, &plan, &[resource], now)?.is_empty())
}

/// What the plan's selections choose of the resources in its scope, each resource once, under the first selection that
/// does. A selection whose role cannot be assumed chooses nothing, as in AWS; but where a policy of the organization made it,
/// of which the account may not know, its jobs are made and fail with that reason. Such a plan obeys the opt-in of the
/// management account.
fn protected_by(connection: &Connection, plan: &Plan, resources: &[Resource], at: Time) -> Result<Vec<Protected>> {
    let of_organization = plan.id.is_of_organization();
    let settings_of = if of_organization {
        Scope::new(FIRST_ACCOUNT.parse()?, plan.scope.region.clone())
    } else {
        plan.scope.clone()
    };
    let mut opted: HashMap<&ResourceType, bool> = HashMap::new();
    let mut taken = BTreeSet::new();
    let mut chosen = Vec::new();
    for selection in plans::rows::selections::of_plan(connection, &plan.id)? {
        if selection.created.is_some_and(|created| created > at) {
            continue;
        }
        let Ok(role) = selection.document.iam_role_arn.parse::<Arn>() else {
            let (role, selection) = (&selection.document.iam_role_arn, &selection.document.selection_name);
            tracing::warn!(plan = %plan.id, %selection, %role, "the role of a selection is no ARN: it makes no jobs");
            continue;
        };
        if !of_organization && !roles::is_assumable(connection, &plan.scope.account, role.as_str())? {
            tracing::warn!(plan = %plan.id, %role, "the role of a selection cannot be assumed: it makes no jobs");
            continue;
        }
        for resource in resources {
            let opted_in = match opted.entry(&resource.resource_type) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => {
                    *unknown.insert(settings::opted_in(connection, &settings_of, &resource.resource_type)?)
                }
            };
            let candidate =
                Candidate { arn: &resource.arn, resource_type: &resource.resource_type, tags: &resource.tags };
            if decide(&selection.document, &candidate, opted_in).selected && taken.insert(resource.arn.clone()) {
                chosen.push(Protected { resource: resource.clone(), role: role.clone() });
            }
        }
    }
    Ok(chosen)
}

/// Up to when the runs of a plan were evaluated; from its creation on when they never were.
fn evaluated_until(connection: &Connection, plan: &Plan) -> Result<Time> {
    let known = plans::rows::progress::evaluated_until(connection, &plan.id)?;
    let since = plan.created.unwrap_or_default();
    Ok(known.map_or(since, |known| known.max(since)))
}
