//! What the findings are drawn from, and the wall, of the answers that are there.

use super::failing::go_on;
use super::{Answers, plans_of, told};
use crate::client::wall::{Seen, Wall};
use crate::client::{Key, Query};
use crate::domain::due::Standing;
use crate::domain::extension::Problem;
use crate::domain::finding::{Facts, Uncovered};
use crate::domain::job::{BackupJob, CopyJob};
use crate::domain::names::JobId;
use crate::domain::{Arn, Scope, Time};
use chrono::Duration;
use std::collections::{BTreeMap, HashSet};

/// Missing runs are looked for this far back.
const MISSING: Duration = Duration::days(3);

/// Brings a wall up to what is known of these scopes.
pub fn take_in(wall: &mut Wall, answers: &dyn Answers, scopes: &[Scope], now: Time) {
    wall.keep(scopes);
    for scope in scopes {
        let (plans, plans_known) = plans_of(answers, scope);
        let seen = Seen {
            jobs: told!(answers, scope, Query::BackupJobs, BackupJobs),
            past: answers.past(scope),
            restores: told!(answers, scope, Query::RestoreJobs, RestoreJobs),
            plans_known,
            plans,
            resources: told!(answers, scope, Query::Resources, Resources),
            whole: answers.is_engine(),
            protected: told!(answers, scope, Query::ProtectedResources, ProtectedResources),
            counts: told!(answers, scope, Query::JobCounts, JobCounts),
        };
        // Where a scope cannot be reached, a run that was due since is not missing.
        wall.update(scope, &seen, answers.told_at(&Key::scoped(scope.clone(), Query::BackupJobs), now));
    }
}

/// The facts of these scopes. Without a wall nothing is told of resources that no plan selects, or that no test proved.
pub fn facts<'a>(
    answers: &'a dyn Answers,
    scopes: &'a [Scope],
    now: Time,
    wall: Option<&'a Wall>,
    engine: Option<(&'a Scope, &'a [Problem])>,
) -> Facts<'a> {
    let mut facts = Facts { now, since: now - MISSING, engine, ..Facts::default() };
    for scope in scopes {
        let Some(jobs) = told!(answers, scope, Query::BackupJobs, BackupJobs) else { continue };
        facts.backup_jobs.extend(jobs.iter().map(AsRef::as_ref));
        if let Some(past) = answers.past(scope) {
            facts.backup_jobs.extend(go_on(jobs, past.beyond(jobs, now), past.whole_since));
        }
        let new_data = told!(answers, scope, Query::NewData { job: None }, NewData);
        facts.new_data.extend(new_data.into_iter().flat_map(|backups| backups.iter()).map(AsRef::as_ref));
        let restores = told!(answers, scope, Query::RestoreJobs, RestoreJobs);
        facts.restore_jobs.extend(restores.into_iter().flat_map(|jobs| jobs.iter()).map(AsRef::as_ref));
        let (plans, _) = plans_of(answers, scope);
        let whole = plans.into_iter().filter_map(|known| Some((&known.plan, known.selections.as_deref().ok()?)));
        facts.plans.extend(whole);
    }
    facts.copy_jobs = copies(answers, scopes);
    for scope in scopes {
        add_vaults(&mut facts, answers, scope);
    }
    for scope in scopes {
        let protected = told!(answers, scope, Query::ProtectedResources, ProtectedResources);
        facts.protected.extend(protected.into_iter().flat_map(|all| all.iter()).map(AsRef::as_ref));
        let settings = told!(answers, scope, Query::RegionSettings, RegionSettings);
        facts.settings.extend(settings.map(|settings| (scope, settings.as_ref())));
    }
    let there = there(answers, scopes);
    let members = members(&facts);
    for row in wall.into_iter().flat_map(Wall::rows) {
        let uncovered = Uncovered { scope: &row.scope, arn: &row.arn, name: row.name.as_deref() };
        if row.standing == Standing::NoPlan && there.contains(&row.arn) && !members.contains(&row.arn) {
            facts.unprotected.push(uncovered);
        }
        if wall.is_some_and(|wall| wall.is_unproven(row)) {
            facts.unproven.push(uncovered);
        }
    }
    facts
}

/// The vaults, what is known of their keys, and of their points those that were asked for.
fn add_vaults<'a>(facts: &mut Facts<'a>, answers: &'a dyn Answers, scope: &Scope) {
    let vaults = told!(answers, scope, Query::Vaults, Vaults);
    for vault in vaults.into_iter().flat_map(|vaults| vaults.iter()) {
        facts.vaults.push(vault);
        let key = |name: &String| told!(answers, scope, Query::KmsKey { name: name.clone() }, KmsKey);
        let key = vault.encryption_key_arn.as_ref().and_then(key);
        facts.vault_keys.extend(key.map(|key| (vault.as_ref(), key.as_ref().as_ref())));
        let points = told!(answers, scope, Query::RecoveryPoints { vault: vault.named() }, RecoveryPoints);
        facts.recovery_points.extend(points.into_iter().flat_map(|points| points.iter()).map(AsRef::as_ref));
    }
}

/// What is there now: what was removed stays known by its jobs and recovery points, and needs no plan.
pub(super) fn there<'a>(answers: &'a dyn Answers, scopes: &[Scope]) -> HashSet<&'a Arn> {
    let listed =
        |scope: &Scope| told!(answers, scope, Query::Resources, Resources).into_iter().flat_map(|all| all.iter());
    scopes.iter().flat_map(listed).map(|resource| &resource.arn).collect()
}

/// What is backed up as a member of a stack by a plan that is there: the plan selects the stack and not the member.
fn members(facts: &Facts<'_>) -> HashSet<Arn> {
    let plans: HashSet<&str> = facts.plans.iter().map(|(plan, _)| plan.id.as_str()).collect();
    let by_plan = |job: &&&BackupJob| {
        let by = job.created_by.as_ref();
        job.parent_job_id.is_some() && by.is_some_and(|by| plans.contains(by.backup_plan_id.as_str()))
    };
    facts.backup_jobs.iter().filter(by_plan).map(|job| job.resource_arn.clone()).collect()
}

/// The copy jobs of all scopes; none unless all told of theirs.
fn copies<'a>(answers: &'a dyn Answers, scopes: &[Scope]) -> Option<Vec<&'a CopyJob>> {
    knows_copies(answers, scopes).then(|| known_copies(answers, scopes))
}

/// Whether all scopes told of their copy jobs: without, nothing is found of copies.
pub fn knows_copies(answers: &dyn Answers, scopes: &[Scope]) -> bool {
    scopes.iter().all(|scope| told!(answers, scope, Query::CopyJobs, CopyJobs).is_some())
}

/// The copy jobs that are known, each once though its owner and the account that it goes to both tell of it.
pub(super) fn known_copies<'a>(answers: &'a dyn Answers, scopes: &[Scope]) -> Vec<&'a CopyJob> {
    let mut all: BTreeMap<&JobId, &CopyJob> = BTreeMap::new();
    for scope in scopes {
        let jobs = told!(answers, scope, Query::CopyJobs, CopyJobs);
        for job in jobs.into_iter().flat_map(|jobs| jobs.iter()) {
            let is_owners = job.source_vault_arn.as_ref().is_some_and(|arn| arn.account() == scope.account.as_str());
            if is_owners || !all.contains_key(&job.id) {
                all.insert(&job.id, job);
            }
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::query::{PlanDetail, SelectableResource, rows};
    use crate::client::{Answer, Key};
    use crate::domain::finding::fixture::{at, by_rule, job, nightly, scope, selection};
    use crate::domain::job::JobState;
    use crate::domain::{Known, Tags, types};
    use std::sync::Arc;

    /// An engine that told this.
    struct Told(BTreeMap<Key, Answer>);

    impl Answers for Told {
        fn answer(&self, key: &Key) -> Option<&Answer> {
            self.0.get(key)
        }
        fn past(&self, _: &Scope) -> Option<&crate::client::history::Past> {
            None
        }
        fn told_at(&self, _: &Key, now: Time) -> Time {
            now
        }
        fn is_engine(&self) -> bool {
            true
        }
    }

    fn file_system(name: &str) -> Arn {
        format!("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/{name}").parse().unwrap()
    }

    fn listed(name: &str) -> SelectableResource {
        SelectableResource {
            arn: file_system(name),
            resource_type: types::efs::FACTS.resource_type(),
            tags: Tags::new(),
            name: Known::Known(name.to_owned()),
            path: Known::Unknown,
        }
    }

    #[test]
    fn nothing_is_known_to_be_over_where_a_scope_keeps_its_copies_to_itself() {
        let other = Scope { region: "eu-central-1".parse().unwrap(), ..scope() };
        let copies = |scope: &Scope| (Key::scoped(scope.clone(), Query::CopyJobs), Answer::CopyJobs(rows([])));
        let scopes = vec![scope(), other.clone()];
        let fault = || (other.clone(), crate::client::Fault::new(crate::client::FaultKind::Denied, "no"));
        let mut one =
            super::super::Survey::of(scopes.clone(), BTreeMap::from([copies(&scope())]), at("2026-11-23T12:00:00Z"));
        one.faults.push(fault());
        assert_eq!(one.unread(), None);
        let both = BTreeMap::from([copies(&scope()), copies(&other)]);
        let mut both = super::super::Survey::of(scopes, both, at("2026-11-23T12:00:00Z"));
        assert_eq!(both.unread(), Some(Vec::new()));
        both.faults.push(fault());
        assert_eq!(both.unread(), Some(vec![other.clone()]));
    }

    #[test]
    fn what_was_removed_and_what_a_stack_brings_with_it_needs_no_plan_of_its_own() {
        let backed_up = |id: &str, name: &str, parent: Option<&str>| {
            let mut job = by_rule(job(id, JobState::Completed, "2026-11-23T01:00:00Z"), "nightly");
            job.resource_arn = file_system(name);
            job.parent_job_id = parent.map(|id| id.parse().unwrap());
            job
        };
        let jobs = [backed_up("m", "member", Some("p")), backed_up("g", "gone", None), backed_up("a", "alone", None)];
        let (plan, now) = (nightly(), at("2026-11-23T12:00:00Z"));
        let summary = crate::domain::plan::PlanSummary {
            id: plan.id.clone(),
            arn: plan.arn.clone(),
            scope: scope(),
            name: "main".to_owned(),
            version_id: "v".to_owned(),
            created: None,
            last_execution: None,
            creator_request_id: None,
            deleted: None,
            advanced_backup_settings: Vec::new(),
        };
        let detail = PlanDetail {
            plan: plan.clone(),
            selections: Ok(vec![selection("2026-11-01T00:00:00Z")]),
            next_runs: Vec::new(),
        };
        let key = |query| Key::scoped(scope(), query);
        let told = Told(BTreeMap::from([
            (key(Query::BackupJobs), Answer::BackupJobs(rows(jobs))),
            (key(Query::Plans), Answer::Plans(rows([summary]))),
            (key(Query::Plan { id: plan.id }), Answer::Plan(Arc::new(detail))),
            (key(Query::Resources), Answer::Resources(rows([listed("member"), listed("alone")]))),
        ]));
        let (mut wall, scopes) = (Wall::default(), [scope()]);
        take_in(&mut wall, &told, &scopes, now);
        let facts = facts(&told, &scopes, now, Some(&wall), None);
        let named: Vec<&str> = facts.unprotected.iter().map(|resource| resource.arn.last_part()).collect();
        assert_eq!(named, ["alone"]);
    }
}
