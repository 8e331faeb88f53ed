//! One scope on the wall: what was told of it last, and what follows from that.

use super::counted::Counted;
use super::differences::{differences, same, told_anew};
use super::known::{Known, Since, is_same_plan, takes};
use super::lane::{Days, Lane, day_of};
use super::older::Older;
use super::row::{Moment, Promise, Row};
use super::seen::{Seen, Work};
use crate::client::history::LISTED;
use crate::client::query::{PlanDetail, SelectableResource};
use crate::client::{Rows, query};
use crate::domain::day::DayState;
use crate::domain::job::{BackupJob, Validation};
use crate::domain::names::JobId;
use crate::domain::resource::ProtectedResource;
use crate::domain::{Arn, Scope, Time};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// One account and region.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) rows: BTreeMap<Arn, Row>,
    /// The jobs that have not ended.
    pub(super) open: BTreeMap<JobId, Arc<BackupJob>>,
    /// The jobs that failed or expired, by when they ended.
    pub(super) bad: BTreeMap<(Time, JobId), DayState>,
    /// What a restore test has proven of late; none where that is not known.
    pub(super) proven: Option<BTreeSet<Arn>>,
    jobs: Rows<BackupJob>,
    /// The jobs that its list does not reach any more.
    older: Older,
    whole_since: Option<Time>,
    /// From when on each of its jobs was seen; none where it was all along, or where no list was told yet.
    pub(super) seen_since: Option<Time>,
    /// Whether a list of its jobs was ever told.
    listed_jobs: bool,
    /// What CloudWatch counts of it.
    counted: Option<Counted>,
    plans: Vec<Known>,
    plans_known: bool,
    /// Which of the plans select a resource that is listed, by their places, and since when.
    takers: HashMap<Arn, Vec<(usize, Since)>>,
    /// Whether the list of resources has every one; never before it was answered.
    whole: bool,
    /// Whether the list of resources was ever answered: before, nobody knows what a plan selects by tags.
    answered: bool,
    resources: HashMap<Arn, Arc<SelectableResource>>,
    listed: Rows<SelectableResource>,
    protected: Rows<ProtectedResource>,
    told: HashMap<Arn, Arc<ProtectedResource>>,
    /// Up to when its jobs were known at the last look.
    at: Time,
}

impl Default for Estate {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            open: BTreeMap::new(),
            bad: BTreeMap::new(),
            proven: None,
            jobs: query::rows([]),
            older: Older::default(),
            whole_since: None,
            seen_since: None,
            listed_jobs: false,
            counted: None,
            plans: Vec::new(),
            plans_known: false,
            takers: HashMap::new(),
            whole: false,
            answered: false,
            resources: HashMap::new(),
            listed: query::rows([]),
            protected: query::rows([]),
            told: HashMap::new(),
            at: Time::default(),
        }
    }
}

impl Estate {
    /// Takes in what is known now, and counts anew what changed.
    pub(super) fn update(&mut self, scope: &Scope, seen: &Seen<'_>, now: Time, zone: Tz, work: &mut Work) {
        let mut changed = self.take_jobs(scope, seen.jobs, zone, work);
        changed.extend(self.take_older(scope, seen, now, zone, work));
        if seen.jobs.is_some() {
            let listed = now - LISTED;
            self.listed_jobs = true;
            self.seen_since = (!seen.whole).then(|| self.whole_since.map_or(listed, |since| since.min(listed)));
        }
        if let Some(counts) = seen.counts {
            self.counted = Some(Counted::of(counts, self.counted.take(), zone));
        }
        let all = self.know_whole(seen);
        changed.extend(self.take_resources(scope, seen));
        changed.extend(self.take_plans(seen, now));
        changed.extend(self.look_at_plans(now));
        self.at = now;
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

    /// The last day of which not each job was seen: of one without a job, up to then, nothing is known. None where all were seen, or
    /// where nothing was told yet.
    pub(super) fn unseen(&self, zone: Tz) -> Option<NaiveDate> {
        Some(day_of(self.seen_since?, zone))
    }

    /// The days of which CloudWatch's counts are all that is known of all its jobs, and these. None where there are no such days.
    pub(super) fn counted(&self, zone: Tz) -> Option<(RangeInclusive<NaiveDate>, &Days)> {
        let counted = self.counted.as_ref()?;
        let until = if self.listed_jobs { self.unseen(zone)? } else { NaiveDate::MAX };
        (counted.since <= until).then_some((counted.since..=until, &counted.days))
    }

    fn take_jobs(&mut self, scope: &Scope, jobs: Option<&Rows<BackupJob>>, zone: Tz, work: &mut Work) -> BTreeSet<Arn> {
        let mut changed = BTreeSet::new();
        let Some(jobs) = jobs else { return changed };
        let (gone, new) = differences(&self.jobs, jobs);
        work.jobs += gone.len() + new.len();
        for job in gone {
            changed.insert(job.resource_arn.clone());
            self.open.remove(&job.id);
            self.bad.remove(&(job.ended_or_created(), job.id.clone()));
            if let Some(row) = self.rows.get_mut(&job.resource_arn) {
                take_out(&mut row.lanes, &job, zone);
            }
        }
        for job in new {
            changed.insert(job.resource_arn.clone());
            if !job.state.is_final() {
                self.open.insert(job.id.clone(), Arc::clone(&job));
            }
            let state = DayState::of(&job);
            if state.is_bad() {
                self.bad.insert((job.ended_or_created(), job.id.clone()), state);
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

    /// Takes in what is known of the time before the list of jobs begins.
    fn take_older(&mut self, scope: &Scope, seen: &Seen<'_>, now: Time, zone: Tz, work: &mut Work) -> BTreeSet<Arn> {
        let mut changed = BTreeSet::new();
        let (Some(past), Some(jobs)) = (seen.past, seen.jobs) else { return changed };
        if self.whole_since != past.whole_since {
            self.whole_since = past.whole_since;
            changed.extend(self.older.jobs.iter().map(|job| job.resource_arn.clone()));
        }
        let (gone, new) = self.older.take_in(past, jobs, now, work);
        work.jobs += gone.len() + new.len();
        for job in gone {
            changed.insert(job.resource_arn.clone());
            if let Some(row) = self.rows.get_mut(&job.resource_arn) {
                take_out(&mut row.older, &job, zone);
            }
        }
        for job in new {
            changed.insert(job.resource_arn.clone());
            self.row(scope, &job.resource_arn).older.entry(plan_of(&job)).or_default().add(job, zone);
        }
        changed
    }

    /// The rows that the service tells of now.
    pub(super) fn told(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(|row| row.is_told)
    }

    fn row(&mut self, scope: &Scope, arn: &Arn) -> &mut Row {
        self.rows.entry(arn.clone()).or_insert_with(|| Row::new(scope.clone(), arn.clone()))
    }

    /// Takes in the plans, and tells the rows that one which came, went or changed has to do with.
    fn take_plans(&mut self, seen: &Seen<'_>, now: Time) -> BTreeSet<Arn> {
        let mut changed = BTreeSet::new();
        let unchanged = self.plans.len() == seen.plans.len()
            && self.plans.iter().zip(&seen.plans).all(|(old, new)| is_same_plan(&old.detail, new));
        if unchanged {
            return changed;
        }
        let is_gone = |known: &Known| !seen.plans.iter().any(|plan| is_same_plan(plan, &known.detail));
        for known in self.plans.iter().filter(|known| is_gone(known)) {
            changed.extend(self.rows_of(known));
        }
        let mut old = std::mem::take(&mut self.plans);
        let mut came = Vec::new();
        for plan in &seen.plans {
            let place = old.iter().position(|known| is_same_plan(&known.detail, plan));
            let known = place.map(|place| old.swap_remove(place)).unwrap_or_else(|| {
                came.push(self.plans.len());
                Known::new(plan, &self.listed, now)
            });
            self.plans.push(known);
        }
        self.know_takers();
        for known in came.into_iter().filter_map(|place| self.plans.get(place)) {
            changed.extend(self.rows_of(known));
        }
        changed
    }

    /// The rows that a plan takes, or made jobs of.
    fn rows_of(&self, known: &Known) -> Vec<Arn> {
        let id = Some(known.detail.plan.id.as_str().to_owned());
        let taken: HashSet<&Arn> = known.taken.iter().map(|(arn, _)| arn).collect();
        let has = |row: &Row| {
            taken.contains(&row.arn) || row.lanes.contains_key(&id) || takes(&known.detail, &row.arn, None).is_some()
        };
        self.rows.values().filter(|row| has(row)).map(|row| row.arn.clone()).collect()
    }

    fn know_takers(&mut self) {
        self.takers.clear();
        for (place, plan) in self.plans.iter().enumerate() {
            for (arn, since) in &plan.taken {
                self.takers.entry(arn.clone()).or_default().push((place, *since));
            }
        }
    }

    /// Looks anew at the plans whose moment is over, and tells their rows: at all plans when it shows that the jobs were not
    /// known up to the moment of the last look, because nothing answered any more.
    fn look_at_plans(&mut self, now: Time) -> BTreeSet<Arn> {
        let (mut over, back) = (Vec::new(), now < self.at);
        let is_over = |plan: &Known| back || plan.next.is_some_and(|at| at <= now);
        for (place, plan) in self.plans.iter_mut().enumerate().filter(|(_, plan)| is_over(plan)) {
            plan.look(now);
            over.push(place);
        }
        let plans = over.into_iter().filter_map(|place| self.plans.get(place));
        plans.flat_map(|known| self.rows_of(known)).collect()
    }

    /// Whether it is another thing now that a resource or a plan is not known: then each row is.
    fn know_whole(&mut self, seen: &Seen<'_>) -> bool {
        let answered = self.answered || seen.resources.is_some();
        let known = (seen.whole && answered, answered, seen.plans_known);
        let changed = (self.whole, self.answered, self.plans_known) != known;
        (self.whole, self.answered, self.plans_known) = known;
        changed
    }

    /// Takes in the lists of resources, and tells those of which they say something else than before.
    fn take_resources(&mut self, scope: &Scope, seen: &Seen<'_>) -> BTreeSet<Arn> {
        let mut changed = BTreeSet::new();
        if let Some(listed) = seen.resources.filter(|listed| !same(listed, &self.listed)) {
            self.listed = Arc::clone(listed);
            let before = std::mem::replace(&mut self.resources, by_arn(listed, |one| &one.arn));
            changed = told_anew(&before, &self.resources);
            for plan in &mut self.plans {
                plan.look_at(changed.iter().map(|arn| (arn, self.resources.get(arn))));
            }
            self.know_takers();
        }
        if let Some(protected) = seen.protected.filter(|protected| !same(protected, &self.protected)) {
            self.protected = Arc::clone(protected);
            let before = std::mem::replace(&mut self.told, by_arn(protected, |one| &one.arn));
            changed.extend(told_anew(&before, &self.told));
        }
        for arn in &changed {
            self.know_resource(scope, arn);
        }
        changed
    }

    /// A row for a resource that is known, with its name, and none for one of which nothing is left.
    fn know_resource(&mut self, scope: &Scope, arn: &Arn) {
        let (listed, told) = (self.resources.get(arn), self.told.get(arn));
        if listed.is_none() && told.is_none() {
            if self.rows.get(arn).is_some_and(Row::is_empty) {
                self.rows.remove(arn);
            }
            return;
        }
        let name = told.and_then(|one| one.name.clone()).or_else(|| listed?.name.clone().known());
        let row = self.row(scope, arn);
        row.name = name.or(row.name.take());
    }

    fn refresh(&mut self, arn: &Arn, now: Time, zone: Tz) {
        let Some(mut row) = self.rows.remove(arn) else { return };
        let is_listed = self.resources.contains_key(arn) || self.told.contains_key(arn);
        if row.is_empty() && !is_listed {
            return;
        }
        row.is_told = is_listed || !row.lanes.is_empty();
        let promises: Vec<Promise<'_>> = (self.selected_by(&row).into_iter())
            .filter_map(|(place, since)| Some((self.plans.get(place)?, since)))
            .map(|(known, since)| Promise {
                id: known.detail.plan.id.as_str(),
                name: &known.detail.plan.document.backup_plan_name,
                rules: known.detail.plan.document.rules.iter().map(|rule| rule.rule_name.as_str()).collect(),
                // Of the time before a selection took it, in which another may not have, nothing was promised.
                due: &known.due[known.due.partition_point(|due| since.is_some_and(|since| due.at < since))..],
            })
            .collect();
        let told = self.told.get(arn).and_then(|told| told.last_backup_time);
        let moment = Moment { now, zone, whole_since: self.whole_since };
        row.refresh(&promises, told, self.plans_known && self.answered, moment);
        self.rows.insert(arn.clone(), row);
    }

    /// The places of the plans that select a resource, and since when: by their selections where it is listed with its tags. A
    /// list that is whole has every resource that there is; where it is not, or where the selections could not be read, a plan
    /// counts that selects by the ARN alone, or that in its present version made a job of it.
    fn selected_by(&self, row: &Row) -> Vec<(usize, Since)> {
        let listed = self.whole || self.resources.contains_key(&row.arn);
        let takers = self.takers.get(&row.arn).map(Vec::as_slice).unwrap_or_default();
        let made = |plan: &PlanDetail| {
            let lane = row.lanes.get(&Some(plan.plan.id.as_str().to_owned()));
            let newest = lane.and_then(|lane| lane.jobs.first());
            newest.is_some_and(|job| plan.plan.created.is_none_or(|created| job.created >= created)).then_some(None)
        };
        let since = |(place, known): (usize, &Known)| match (listed, &known.detail.selections) {
            (true, Ok(_)) => takers.iter().find(|(taker, _)| *taker == place).map(|(_, since)| *since),
            (true, Err(_)) => made(&known.detail),
            (false, _) => takes(&known.detail, &row.arn, None).or_else(|| made(&known.detail)),
        };
        let plans = self.plans.iter().enumerate();
        plans.filter_map(|(place, known)| Some((place, since((place, known))?))).collect()
    }

    /// What jobs of a day there are, the newest first, of the rows that are `wanted`.
    pub(super) fn jobs_on(
        &self,
        day: NaiveDate,
        zone: Tz,
        wanted: impl Fn(&Row, Option<&str>) -> bool,
    ) -> Vec<Arc<BackupJob>> {
        let mut found = Vec::new();
        for row in self.told() {
            for (_, lane) in row.all_lanes().filter(|(plan, _)| wanted(row, plan.as_deref())) {
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

fn by_arn<T>(rows: &Rows<T>, arn: impl Fn(&T) -> &Arn) -> HashMap<Arn, Arc<T>> {
    rows.iter().map(|row| (arn(row).clone(), Arc::clone(row))).collect()
}

/// Takes a job out of its lane, and an empty lane with it.
fn take_out(lanes: &mut BTreeMap<Option<String>, Lane>, job: &BackupJob, zone: Tz) {
    let plan = plan_of(job);
    if let Some(lane) = lanes.get_mut(&plan) {
        lane.remove(job, zone);
        if lane.jobs.is_empty() {
            lanes.remove(&plan);
        }
    }
}

/// The id of the plan that a job was made by.
fn plan_of(job: &BackupJob) -> Option<String> {
    job.created_by.as_ref().map(|by| by.backup_plan_id.clone())
}
