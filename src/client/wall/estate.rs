//! One scope on the wall: what was told of it last, and what follows from that.

use super::differences::{differences, same};
use super::lane::day_of;
use super::row::{Promise, Row};
use super::seen::{Seen, Work};
use crate::client::query::{PlanDetail, SelectableResource};
use crate::client::{Rows, query};
use crate::domain::day::DayState;
use crate::domain::due::{Due, SLACK, due_runs};
use crate::domain::job::{BackupJob, Validation};
use crate::domain::names::JobId;
use crate::domain::plan_runs::PlanRuns;
use crate::domain::resource::ProtectedResource;
use crate::domain::selection::Candidate;
use crate::domain::selection_rules::decide;
use crate::domain::{Arn, Scope, Tags, Time};
use chrono::{Duration, NaiveDate};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// So far back runs are looked for that are missing.
const LOOK_BACK: Duration = Duration::days(60);

/// A plan with what follows from it.
#[derive(Debug)]
struct Known {
    detail: Arc<PlanDetail>,
    due: Vec<Due>,
    /// What it selects of the resources that are listed.
    taken: Vec<Arn>,
}

/// One account and region.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) rows: BTreeMap<Arn, Row>,
    /// The jobs that have not ended.
    pub(super) open: BTreeMap<JobId, Arc<BackupJob>>,
    /// The jobs that failed or expired, by when they were created.
    pub(super) bad: BTreeMap<(Time, JobId), DayState>,
    /// What a restore test has proven of late; none where that is not known.
    pub(super) proven: Option<BTreeSet<Arn>>,
    jobs: Rows<BackupJob>,
    plans: Vec<Known>,
    plans_known: bool,
    /// Which of the plans select a resource that is listed, by their places.
    takers: HashMap<Arn, Vec<usize>>,
    whole: bool,
    resources: HashSet<Arn>,
    listed: Rows<SelectableResource>,
    protected: Rows<ProtectedResource>,
    told: HashMap<Arn, Arc<ProtectedResource>>,
    /// When time alone changes something: a run is over, or had to be done.
    next: Option<Time>,
}

impl Default for Estate {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            open: BTreeMap::new(),
            bad: BTreeMap::new(),
            proven: None,
            jobs: query::rows([]),
            plans: Vec::new(),
            plans_known: false,
            takers: HashMap::new(),
            whole: false,
            resources: HashSet::new(),
            listed: query::rows([]),
            protected: query::rows([]),
            told: HashMap::new(),
            next: None,
        }
    }
}

impl Estate {
    /// Takes in what is known now, and counts anew what changed.
    pub(super) fn update(&mut self, scope: &Scope, seen: &Seen<'_>, now: Time, zone: Tz, work: &mut Work) {
        let mut changed = self.take_jobs(scope, seen.jobs, zone, work);
        let mut all = self.take_resources(scope, seen);
        all |= self.take_plans(seen, now);
        if self.next.is_some_and(|next| next <= now) {
            all = true;
            self.look_at_plans(now);
        }
        if let Some(restores) = seen.restores {
            let proven = restores
                .iter()
                .filter(|job| job.validation.as_ref().is_some_and(|found| found.status == Validation::SUCCESSFUL));
            self.proven = Some(proven.filter_map(|job| job.source_resource_arn.clone()).collect());
        }
        if all {
            changed = self.rows.keys().cloned().collect();
        }
        for arn in changed {
            self.refresh(&arn, now, zone);
            work.rows += 1;
        }
    }

    fn take_jobs(&mut self, scope: &Scope, jobs: Option<&Rows<BackupJob>>, zone: Tz, work: &mut Work) -> BTreeSet<Arn> {
        let mut changed = BTreeSet::new();
        let Some(jobs) = jobs else { return changed };
        let (gone, new) = differences(&self.jobs, jobs);
        work.jobs += gone.len() + new.len();
        for job in gone {
            changed.insert(job.resource_arn.clone());
            self.open.remove(&job.id);
            self.bad.remove(&(job.created, job.id.clone()));
            if let Some(row) = self.rows.get_mut(&job.resource_arn) {
                let plan = plan_of(&job);
                if let Some(lane) = row.lanes.get_mut(&plan) {
                    lane.remove(&job, zone);
                    if lane.jobs.is_empty() {
                        row.lanes.remove(&plan);
                    }
                }
            }
        }
        for job in new {
            changed.insert(job.resource_arn.clone());
            if !job.state.is_final() {
                self.open.insert(job.id.clone(), Arc::clone(&job));
            }
            let state = DayState::of(&job);
            if state.is_bad() {
                self.bad.insert((job.created, job.id.clone()), state);
            }
            let row = self.row(scope, &job.resource_arn);
            if row.name.is_none() {
                row.name.clone_from(&job.resource_name);
            }
            row.lanes.entry(plan_of(&job)).or_default().add(job, zone);
        }
        self.jobs = Arc::clone(jobs);
        changed
    }

    fn row(&mut self, scope: &Scope, arn: &Arn) -> &mut Row {
        self.rows.entry(arn.clone()).or_insert_with(|| Row::new(scope.clone(), arn.clone()))
    }

    fn take_plans(&mut self, seen: &Seen<'_>, now: Time) -> bool {
        let equal = |old: &Arc<PlanDetail>, new: &Arc<PlanDetail>| Arc::ptr_eq(old, new) || old == new;
        let unchanged = seen.plans_known == self.plans_known
            && self.plans.len() == seen.plans.len()
            && self.plans.iter().zip(&seen.plans).all(|(old, new)| equal(&old.detail, new));
        if unchanged {
            return false;
        }
        let mut old = std::mem::take(&mut self.plans);
        for plan in &seen.plans {
            let known = old.iter().position(|known| equal(&known.detail, plan)).map(|place| old.swap_remove(place));
            let known = known.unwrap_or_else(|| Known {
                detail: Arc::clone(plan),
                due: due_of(plan, now),
                taken: taken_by(plan, &self.listed),
            });
            self.plans.push(known);
        }
        self.plans_known = seen.plans_known;
        self.next = self.next_change(now);
        self.know_takers();
        true
    }

    fn know_takers(&mut self) {
        self.takers.clear();
        for (place, plan) in self.plans.iter().enumerate() {
            for arn in &plan.taken {
                self.takers.entry(arn.clone()).or_default().push(place);
            }
        }
    }

    fn look_at_plans(&mut self, now: Time) {
        for plan in &mut self.plans {
            plan.due = due_of(&plan.detail, now);
        }
        self.next = self.next_change(now);
    }

    /// The next moment after `now` at which a run is over, or had to be done.
    fn next_change(&self, now: Time) -> Option<Time> {
        let over = |at: Time| at + SLACK + Duration::seconds(1);
        let told = self.plans.iter().flat_map(|plan| &plan.due).flat_map(|due| [over(due.at), due.done_by]);
        let to_come = self.plans.iter().filter_map(|known| {
            let plan = &known.detail.plan;
            let runs = PlanRuns::new(&plan.document, plan.created).ok()?;
            runs.after(now).next().map(|run| over(run.at))
        });
        told.filter(|at| *at > now).chain(to_come).min()
    }

    fn take_resources(&mut self, scope: &Scope, seen: &Seen<'_>) -> bool {
        let mut changed = self.whole != seen.whole;
        self.whole = seen.whole;
        if let Some(listed) = seen.resources.filter(|listed| !same(listed, &self.listed)) {
            self.listed = Arc::clone(listed);
            self.resources = listed.iter().map(|one| one.arn.clone()).collect();
            for plan in &mut self.plans {
                plan.taken = taken_by(&plan.detail, listed);
            }
            self.know_takers();
            changed = true;
        }
        if let Some(protected) = seen.protected.filter(|protected| !same(protected, &self.protected)) {
            self.protected = Arc::clone(protected);
            self.told = protected.iter().map(|one| (one.arn.clone(), Arc::clone(one))).collect();
            changed = true;
        }
        if changed {
            self.know_resources(scope);
        }
        changed
    }

    /// A row for each resource that is known, its name, and none for one of which nothing is left.
    fn know_resources(&mut self, scope: &Scope) {
        let named: Vec<(Arn, Option<String>)> = (self.listed.iter())
            .map(|one| (one.arn.clone(), one.name.clone().known()))
            .chain(self.protected.iter().map(|one| (one.arn.clone(), one.name.clone())))
            .collect();
        self.rows.retain(|arn, row| !row.is_empty() || self.resources.contains(arn) || self.told.contains_key(arn));
        for (arn, name) in named {
            let row = self.row(scope, &arn);
            row.name = name.or(row.name.take());
        }
    }

    fn refresh(&mut self, arn: &Arn, now: Time, zone: Tz) {
        let Some(mut row) = self.rows.remove(arn) else { return };
        if row.is_empty() && !self.resources.contains(arn) && !self.told.contains_key(arn) {
            return;
        }
        let promises: Vec<Promise<'_>> = (self.selected_by(&row).into_iter())
            .filter_map(|place| self.plans.get(place))
            .map(|known| Promise {
                id: known.detail.plan.id.as_str(),
                name: &known.detail.plan.document.backup_plan_name,
                rules: known.detail.plan.document.rules.iter().map(|rule| rule.rule_name.as_str()).collect(),
                due: &known.due,
            })
            .collect();
        let told = self.told.get(arn).and_then(|told| told.last_backup_time);
        row.refresh(&promises, told, self.plans_known, now, zone);
        self.rows.insert(arn.clone(), row);
    }

    /// The places of the plans that select a resource: by their selections where it is listed with its tags. A list that is
    /// whole has every resource that there is; where it is not, or where the selections could not be read, a plan counts that
    /// selects by the ARN alone, or that in its present version made a job of it.
    fn selected_by(&self, row: &Row) -> Vec<usize> {
        let listed = self.whole || self.resources.contains(&row.arn);
        let takers = self.takers.get(&row.arn).map(Vec::as_slice).unwrap_or_default();
        let made = |plan: &PlanDetail| {
            let lane = row.lanes.get(&Some(plan.plan.id.as_str().to_owned()));
            let newest = lane.and_then(|lane| lane.jobs.first());
            newest.is_some_and(|job| plan.plan.created.is_none_or(|created| job.created >= created))
        };
        let selecting =
            self.plans.iter().enumerate().filter(|(place, known)| match (listed, &known.detail.selections) {
                (true, Ok(_)) => takers.contains(place),
                (true, Err(_)) => made(&known.detail),
                (false, _) => takes(&known.detail, &row.arn, None) || made(&known.detail),
            });
        selecting.map(|(place, _)| place).collect()
    }

    /// What jobs of a day there are, the newest first, of the rows that are `wanted`.
    pub(super) fn jobs_on(
        &self,
        day: NaiveDate,
        zone: Tz,
        wanted: impl Fn(&Row, Option<&str>) -> bool,
    ) -> Vec<Arc<BackupJob>> {
        let mut found = Vec::new();
        for row in self.rows.values() {
            for (_, lane) in row.lanes.iter().filter(|(plan, _)| wanted(row, plan.as_deref())) {
                if lane.days.contains_key(&day) {
                    let start = lane.jobs.partition_point(|job| day_of(job.created, zone) > day);
                    let own = lane.jobs[start..].iter().take_while(|job| day_of(job.created, zone) == day);
                    found.extend(own.cloned());
                }
            }
        }
        found
    }
}

/// The id of the plan that a job was made by.
fn plan_of(job: &BackupJob) -> Option<String> {
    job.created_by.as_ref().map(|by| by.backup_plan_id.clone())
}

fn due_of(plan: &PlanDetail, now: Time) -> Vec<Due> {
    let selections = plan.selections.as_deref().unwrap_or_default();
    due_runs(&plan.plan, selections, now - LOOK_BACK, now).unwrap_or_default()
}

/// Whether a plan selects a resource, as far as its selections and the resource's tags are known.
fn takes(plan: &PlanDetail, arn: &Arn, listed: Option<&SelectableResource>) -> bool {
    let no_tags = Tags::new();
    // Its type matters only where one is not opted in, which is not asked here.
    let kind = listed.map_or_else(|| String::new().into(), |known| known.resource_type.clone());
    let candidate = Candidate { arn, resource_type: &kind, tags: listed.map_or(&no_tags, |known| &known.tags) };
    let selections = plan.selections.as_deref().unwrap_or_default();
    selections.iter().any(|selection| decide(&selection.document, &candidate, true).selected)
}

fn taken_by(plan: &PlanDetail, listed: &[Arc<SelectableResource>]) -> Vec<Arn> {
    listed.iter().filter(|one| takes(plan, &one.arn, Some(one))).map(|one| one.arn.clone()).collect()
}
