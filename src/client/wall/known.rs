//! A plan, as the wall knows it: what it selects, and what it promised.

use crate::client::query::{PlanDetail, SelectableResource};
use crate::domain::due::{Due, SLACK, due_runs};
use crate::domain::plan_runs::PlanRuns;
use crate::domain::selection::Candidate;
use crate::domain::selection_rules::decide;
use crate::domain::{Arn, Tags, Time};
use chrono::Duration;
use std::collections::HashMap;
use std::sync::Arc;

/// So far back runs are looked for that are missing.
const LOOK_BACK: Duration = Duration::days(60);

/// A plan with what follows from it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) detail: Arc<PlanDetail>,
    pub(super) due: Vec<Due>,
    /// When time alone changes something: a run is over, or had to be done.
    pub(super) next: Option<Time>,
    /// What it selects of the resources that are listed, and since when.
    pub(super) taken: Vec<(Arn, Since)>,
}

/// When the oldest of the selections was made that take a resource; none where that is not told.
pub(super) type Since = Option<Time>;

fn due_of(plan: &PlanDetail, now: Time) -> Vec<Due> {
    let selections = plan.selections.as_deref().unwrap_or_default();
    due_runs(&plan.plan, selections, now - LOOK_BACK, now).unwrap_or_default()
}

/// Whether two answers tell the same of a plan, as far as what was promised goes: a run that went by changes nothing of it.
pub(super) fn is_same_plan(a: &Arc<PlanDetail>, b: &Arc<PlanDetail>) -> bool {
    let (one, other) = (&a.plan, &b.plan);
    Arc::ptr_eq(a, b)
        || one.id == other.id
            && one.version_id == other.version_id
            && one.deleted == other.deleted
            && a.selections == b.selections
}

impl Known {
    pub(super) fn new(plan: &Arc<PlanDetail>, listed: &[Arc<SelectableResource>], now: Time) -> Self {
        let taken = taken_by(plan, listed);
        let mut known = Self { detail: Arc::clone(plan), due: Vec::new(), next: None, taken };
        known.look(now);
        known
    }

    /// Looks anew at what it selects of these resources; those that are not listed any more come without one.
    pub(super) fn look_at<'a>(
        &mut self,
        changed: impl Iterator<Item = (&'a Arn, Option<&'a Arc<SelectableResource>>)>,
    ) {
        let changed: HashMap<&Arn, Option<&Arc<SelectableResource>>> = changed.collect();
        self.taken.retain(|(arn, _)| !changed.contains_key(arn));
        let taken = changed.into_iter().filter_map(|(arn, listed)| {
            let listed: &SelectableResource = listed?;
            Some((arn.clone(), takes(&self.detail, arn, Some(listed))?))
        });
        self.taken.extend(taken);
    }

    /// Its runs up to now, and the next moment at which one is over, or had to be done.
    pub(super) fn look(&mut self, now: Time) {
        self.due = due_of(&self.detail, now);
        let over = |at: Time| at + SLACK + Duration::seconds(1);
        let plan = &self.detail.plan;
        let runs = PlanRuns::new(&plan.document, plan.created).ok();
        let to_come = runs.and_then(|runs| runs.after(now).next().map(|run| over(run.at)));
        let told = self.due.iter().flat_map(|due| [over(due.at), due.done_by]);
        self.next = told.filter(|at| *at > now).chain(to_come).min();
    }
}

/// Whether a plan selects a resource, as far as its selections and the resource's tags are known, and since when.
pub(super) fn takes(plan: &PlanDetail, arn: &Arn, listed: Option<&SelectableResource>) -> Option<Since> {
    let no_tags = Tags::new();
    // Its type matters only where one is not opted in, which is not asked here.
    let kind = listed.map_or_else(|| String::new().into(), |known| known.resource_type.clone());
    let candidate = Candidate { arn, resource_type: &kind, tags: listed.map_or(&no_tags, |known| &known.tags) };
    let selections = plan.selections.as_deref().unwrap_or_default();
    let taking = selections.iter().filter(|selection| decide(&selection.document, &candidate, true).selected);
    taking.map(|selection| selection.created).reduce(|one, other| one.into_iter().chain(other).min())
}

fn taken_by(plan: &PlanDetail, listed: &[Arc<SelectableResource>]) -> Vec<(Arn, Since)> {
    listed.iter().filter_map(|one| Some((one.arn.clone(), takes(plan, &one.arn, Some(one))?))).collect()
}
