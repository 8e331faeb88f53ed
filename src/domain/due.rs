//! What plans promised: the runs that were due, of which no job came, and how new a resource's newest backup has to be.

use crate::domain::plan::Plan;
use crate::domain::plan_runs::PlanRuns;
use crate::domain::selection::Selection;
use crate::domain::{Invalid, Time};
use chrono::Duration;
use std::collections::HashMap;

/// How long after a run was due its job may still appear; AWS makes jobs some minutes late.
pub const SLACK: Duration = Duration::minutes(15);

/// A run of a plan that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The rule's place in the document.
    pub rule: usize,
    /// When it was due.
    pub at: Time,
    /// Until when its job may appear: the end of its start window, or the rule's next run.
    pub until: Time,
    /// When its recovery point should be there: the end of its completion window, or the rule's next run. AWS's default
    /// window of seven days would hide a week of failures of a daily rule.
    pub done_by: Time,
}

/// The runs of a plan that were due after `since` and not after `now`, oldest first: none before the plan came into force in
/// this version and had a selection, and none that another rule's run took the place of.
pub fn due_runs(plan: &Plan, selections: &[Selection], since: Time, now: Time) -> Result<Vec<Due>, Invalid> {
    let first_selection = selections.iter().filter_map(|selection| selection.created).min();
    let in_force = plan.created.into_iter().chain(first_selection).max();
    let Some(in_force) = in_force.filter(|_| plan.deleted.is_none() && !selections.is_empty()) else {
        return Ok(Vec::new());
    };
    let runs = PlanRuns::new(&plan.document, plan.created)?;
    let start = in_force.max(since) - Duration::milliseconds(1);
    let due: Vec<_> = runs.after(start).take_while(|run| run.at <= now).collect();
    // Behind the last run of a rule the schedule tells when the next one is.
    let mut next: HashMap<usize, Time> = HashMap::new();
    let mut told = Vec::with_capacity(due.len());
    for run in due.iter().rev() {
        let rule = &plan.document.rules[run.rule];
        let following = match next.insert(run.rule, run.at) {
            Some(at) => Some(at),
            None => rule.schedule()?.next_after(run.at.max(now)),
        };
        // A service may tell of a window that no calendar has the end of.
        let end_of = |minutes| {
            let window = Duration::try_minutes(minutes).unwrap_or(SLACK).max(SLACK);
            run.at.checked_add_signed(window).unwrap_or(Time::MAX_UTC)
        };
        let before_next = |end: Time| following.map_or(end, |next| end.min(next));
        told.push(Due {
            rule: run.rule,
            at: run.at,
            until: before_next(end_of(rule.start_window())),
            done_by: before_next(end_of(rule.completion_window())),
        });
    }
    told.reverse();
    Ok(told)
}

impl Due {
    /// Whether its job should have appeared by now.
    pub fn is_over(&self, now: Time) -> bool {
        self.at + SLACK < now
    }

    /// Whether a job that was created then, by the rule of this name or by one without a name, is this run's.
    pub fn is_answered_by(&self, rule: &str, by: &str, created: Time) -> bool {
        (by.is_empty() || by == rule) && created >= self.at - SLACK && created <= self.until
    }
}

/// Whether a resource is protected as its plans promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its newest recovery point is as new as its plans promise.
    Within,
    /// It is not: the run of this time should have made one by now.
    Late(Time),
    /// There is none, though a run should have made one by now.
    Never(Time),
    /// No plan selects it.
    NoPlan,
    /// It is not known which plans select it, or none of their runs had to be done yet.
    Unknown,
}

/// How a resource stands whose newest recovery point was begun at `newest`, by the runs of all plans that select it. The
/// objective is one interval of the rule and the time that its jobs may take: the newest run that had to be done by `now`
/// has left a recovery point, or a newer one is there.
pub fn standing<'a>(newest: Option<Time>, due: impl IntoIterator<Item = &'a Due>, now: Time) -> Standing {
    let promised = due.into_iter().filter(|due| due.done_by <= now).map(|due| due.at).max();
    match (promised, newest) {
        (None, Some(_)) => Standing::Within,
        (None, None) => Standing::Unknown,
        (Some(at), Some(newest)) if newest >= at - SLACK => Standing::Within,
        (Some(at), Some(_)) => Standing::Late(at),
        (Some(at), None) => Standing::Never(at),
    }
}

#[cfg(test)]
#[path = "due_tests.rs"]
mod tests;
