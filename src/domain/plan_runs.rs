//! The runs of a plan: which of them happen where rules overlap.
//!
//! When the start windows of two rules overlap, only the run of the rule with the longer retention happens; of two
//! that keep equally long, that of the rule that stands first in the document. A run that does not happen displaces
//! nothing. The engine's scheduler and every preview ask here.

use crate::domain::plan::{PlanDocument, Rule, ScheduledRun};
use crate::domain::schedule::Schedule;
use crate::domain::{Invalid, Retention, Time};
use chrono::Duration;
use std::collections::BTreeSet;

/// Start windows count as no longer than this when runs are merged, so that an endless window costs no endless search.
const LONGEST_WINDOW: Duration = Duration::days(366);

/// A time at which a rule is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The rule's place in the document.
    pub rule: usize,
    /// When it is due.
    pub at: Time,
    /// The run that happens instead; none when this one happens.
    pub displaced_by: Option<Winner>,
}

/// The run to which another one gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Winner {
    /// The rule's place in the document.
    pub rule: usize,
    /// When it is due.
    pub at: Time,
}

impl Run {
    /// Whether a job comes of it.
    pub fn happens(&self) -> bool {
        self.displaced_by.is_none()
    }
}

/// The schedules of a document, read once, ready to give runs after any moment.
#[derive(Debug, Clone)]
pub struct PlanRuns {
    rules: Vec<RuleTimes>,
    /// Places in `rules`, the one that wins over all others first.
    ranking: Vec<usize>,
    since: Option<Time>,
}

#[derive(Debug, Clone)]
struct RuleTimes {
    schedule: Schedule,
    window: Duration,
    continuous: bool,
}

impl PlanRuns {
    /// Reads the schedules of `document`. Runs before `since`, when the document came into force, never were and so
    /// displace nothing.
    pub fn new(document: &PlanDocument, since: Option<Time>) -> Result<Self, Invalid> {
        let rules = document.rules.iter().map(RuleTimes::new).collect::<Result<Vec<_>, _>>()?;
        let mut ranking: Vec<usize> = (0..rules.len()).collect();
        ranking.sort_by_key(|&rule| std::cmp::Reverse(Retention::of(document.rules[rule].lifecycle.as_ref())));
        Ok(Self { rules, ranking, since })
    }

    /// Every due time strictly after `after` in order, with the displaced ones marked.
    pub fn all_after(&self, after: Time) -> MergedRuns<'_> {
        let after = self.since.map_or(after, |since| after.max(since - Duration::milliseconds(1)));
        let reach: Duration = self.rules.iter().map(|rule| rule.window).fold(Duration::zero(), |a, b| a + b);
        let from = self.since.map_or(after - reach, |since| (after - reach).max(since - Duration::milliseconds(1)));
        let lanes = self.rules.iter().map(|rule| Lane::new(&rule.schedule, from)).collect();
        MergedRuns { plan: self, lanes, cursor: after }
    }

    /// The runs strictly after `after` that happen, in order.
    pub fn after(&self, after: Time) -> impl Iterator<Item = Run> {
        self.all_after(after).filter(Run::happens)
    }

    /// The next `count` runs, as GetBackupPlan's `ScheduledRunsPreview` tells them.
    pub fn preview(&self, document: &PlanDocument, after: Time, count: usize) -> Vec<ScheduledRun> {
        self.after(after)
            .take(count)
            .map(|run| ScheduledRun {
                at: run.at,
                rule_id: document.rules.get(run.rule).and_then(|rule| rule.rule_id.clone()).unwrap_or_default(),
                execution_type: self.execution_type(run).to_owned(),
            })
            .collect()
    }

    /// Continuous backup and snapshots do not displace each other: where both fall together, one run does both.
    fn execution_type(&self, run: Run) -> &'static str {
        let own = &self.rules[run.rule];
        let joined = self.rules.iter().any(|other| {
            other.continuous != own.continuous
                && other.schedule.next_after(run.at - other.window).is_some_and(|at| at < run.at + own.window)
        });
        match (joined, own.continuous) {
            (true, _) => "CONTINUOUS_AND_SNAPSHOTS",
            (false, true) => "CONTINUOUS",
            (false, false) => "SNAPSHOTS",
        }
    }
}

impl RuleTimes {
    fn new(rule: &Rule) -> Result<Self, Invalid> {
        let window = Duration::try_minutes(rule.start_window()).unwrap_or(LONGEST_WINDOW);
        Ok(Self {
            schedule: rule.schedule()?,
            window: window.clamp(Duration::minutes(1), LONGEST_WINDOW),
            continuous: rule.enable_continuous_backup == Some(true),
        })
    }
}

/// The due times of one rule, read as far as they were needed, with the runs that happen among them.
#[derive(Debug, Clone)]
struct Lane<'a> {
    times: std::iter::Peekable<crate::domain::schedule::Runs<'a>>,
    decided: Vec<Run>,
    /// How many of `decided` were handed out or lie before the cursor.
    given: usize,
    kept: BTreeSet<Time>,
}

impl<'a> Lane<'a> {
    fn new(schedule: &'a Schedule, from: Time) -> Self {
        Self { times: schedule.runs_after(from).peekable(), decided: Vec::new(), given: 0, kept: BTreeSet::new() }
    }
}

/// The iterator over all due times of a plan.
#[derive(Debug, Clone)]
pub struct MergedRuns<'a> {
    plan: &'a PlanRuns,
    lanes: Vec<Lane<'a>>,
    cursor: Time,
}

impl Iterator for MergedRuns<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let due = (0..self.lanes.len()).filter_map(|rule| Some((self.next_due(rule)?, rule))).min()?;
        let (at, rule) = due;
        let rank = self.plan.ranking.iter().position(|&ranked| ranked == rule)?;
        self.decide_until(rank, at + Duration::milliseconds(1));
        let lane = &mut self.lanes[rule];
        let run = lane.decided.get(lane.given).copied()?;
        lane.given += 1;
        Some(run)
    }
}

impl MergedRuns<'_> {
    /// When `rule` is due next behind the cursor, decided or not.
    fn next_due(&mut self, rule: usize) -> Option<Time> {
        let cursor = self.cursor;
        loop {
            let lane = &mut self.lanes[rule];
            if let Some(run) = lane.decided.get(lane.given) {
                if run.at > cursor {
                    return Some(run.at);
                }
                lane.given += 1;
                continue;
            }
            let at = *lane.times.peek()?;
            if at > cursor {
                return Some(at);
            }
            let rank = self.plan.ranking.iter().position(|&ranked| ranked == rule)?;
            self.decide_until(rank, at + Duration::milliseconds(1));
        }
    }

    /// Decides every due time before `until` of the rule with this rank.
    fn decide_until(&mut self, rank: usize, until: Time) {
        let rule = self.plan.ranking[rank];
        while let Some(at) = self.lanes[rule].times.next_if(|at| *at < until) {
            let displaced_by = self.winner_over(rank, at);
            let lane = &mut self.lanes[rule];
            if displaced_by.is_none() {
                lane.kept.insert(at);
            }
            lane.decided.push(Run { rule, at, displaced_by });
        }
    }

    /// The run of a better rule that happens and whose window overlaps the one that opens at `at`.
    fn winner_over(&mut self, rank: usize, at: Time) -> Option<Winner> {
        let window = self.plan.rules[self.plan.ranking[rank]].window;
        for better in 0..rank {
            self.decide_until(better, at + window);
            let rule = self.plan.ranking[better];
            let opened_after = at - self.plan.rules[rule].window;
            let overlapping = (std::ops::Bound::Excluded(opened_after), std::ops::Bound::Excluded(at + window));
            if let Some(&winner) = self.lanes[rule].kept.range(overlapping).next() {
                return Some(Winner { rule, at: winner });
            }
        }
        None
    }
}

#[cfg(test)]
#[path = "plan_runs_tests.rs"]
mod tests;
