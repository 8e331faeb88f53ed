//! The runs of a plan: which of them happen where rules overlap (reference §2.3).
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
mod tests {
    use super::*;
    use crate::domain::Lifecycle;
    use proptest::prelude::*;

    fn rule(cron: &str, window: i64, days: i64) -> Rule {
        Rule {
            rule_name: cron.replace([' ', '(', ')', '*', '?', '/'], ""),
            rule_id: Some(format!("id of {cron}")),
            target_backup_vault_name: "Default".to_owned(),
            schedule_expression: Some(cron.to_owned()),
            start_window_minutes: Some(window),
            lifecycle: Some(Lifecycle::delete_after(days)),
            ..Rule::default()
        }
    }

    fn plan(rules: Vec<Rule>) -> PlanDocument {
        PlanDocument { backup_plan_name: "p".to_owned(), rules, ..PlanDocument::default() }
    }

    fn documented() -> PlanDocument {
        plan(vec![rule("cron(0 * ? * * *)", 60, 1), rule("cron(0 0/12 ? * * *)", 480, 7)])
    }

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn day_of(runs: impl Iterator<Item = Run>) -> Vec<Run> {
        runs.take_while(|run| run.at < at("2026-11-24T00:00:00Z")).collect()
    }

    fn before_midnight() -> Time {
        at("2026-11-22T23:59:59Z")
    }

    #[test]
    fn awss_documented_example_gives_two_and_eight_jobs_a_day() {
        let document = documented();
        let runs = day_of(PlanRuns::new(&document, None).unwrap().after(before_midnight()));
        let twelve_hourly: Vec<String> = times(&runs, 1);
        let hourly: Vec<String> = times(&runs, 0);
        assert_eq!(twelve_hourly, ["00", "12"]);
        assert_eq!(hourly, ["08", "09", "10", "11", "20", "21", "22", "23"]);
    }

    fn times(runs: &[Run], rule: usize) -> Vec<String> {
        runs.iter().filter(|run| run.rule == rule).map(|run| run.at.format("%H").to_string()).collect()
    }

    #[test]
    fn a_displaced_run_names_the_one_that_happens_instead() {
        let document = documented();
        let plan = PlanRuns::new(&document, None).unwrap();
        let all = day_of(plan.all_after(before_midnight()));
        assert_eq!(all.len(), 26);
        let three = all.iter().find(|run| run.at == at("2026-11-23T03:00:00Z")).unwrap();
        assert_eq!(three.displaced_by, Some(Winner { rule: 1, at: at("2026-11-23T00:00:00Z") }));
    }

    #[test]
    fn a_run_gives_way_also_to_one_that_comes_later_in_its_window() {
        let document = plan(vec![rule("cron(30 11 ? * * *)", 60, 1), rule("cron(0 12 ? * * *)", 60, 7)]);
        let runs = day_of(PlanRuns::new(&document, None).unwrap().all_after(before_midnight()));
        assert_eq!(runs[0].displaced_by, Some(Winner { rule: 1, at: at("2026-11-23T12:00:00Z") }));
        assert!(runs[1].happens());
    }

    #[test]
    fn windows_that_only_touch_do_not_overlap() {
        let document = plan(vec![rule("cron(0 11 ? * * *)", 60, 1), rule("cron(0 12 ? * * *)", 60, 7)]);
        assert_eq!(day_of(PlanRuns::new(&document, None).unwrap().after(before_midnight())).len(), 2);
    }

    #[test]
    fn runs_of_one_rule_never_displace_each_other() {
        let document = plan(vec![rule("cron(0 * ? * * *)", 480, 1)]);
        assert_eq!(day_of(PlanRuns::new(&document, None).unwrap().after(before_midnight())).len(), 24);
    }

    #[test]
    fn of_equal_retentions_the_first_rule_wins_and_forever_beats_any_number() {
        let same = plan(vec![rule("cron(0 5 ? * * *)", 60, 7), rule("cron(0 5 ? * * *)", 60, 7)]);
        let runs = day_of(PlanRuns::new(&same, None).unwrap().after(before_midnight()));
        assert_eq!(runs.iter().map(|run| run.rule).collect::<Vec<_>>(), [0]);
        let forever = plan(vec![
            rule("cron(0 5 ? * * *)", 60, 36_500),
            Rule { lifecycle: None, ..rule("cron(0 5 ? * * *)", 60, 1) },
        ]);
        let runs = day_of(PlanRuns::new(&forever, None).unwrap().after(before_midnight()));
        assert_eq!(runs.iter().map(|run| run.rule).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_run_that_was_displaced_displaces_nothing() {
        let document = plan(vec![
            rule("cron(0 4 ? * * *)", 90, 1),
            rule("cron(0 5 ? * * *)", 90, 7),
            rule("cron(0 6 ? * * *)", 60, 30),
        ]);
        let runs = day_of(PlanRuns::new(&document, None).unwrap().after(before_midnight()));
        assert_eq!(runs.iter().map(|run| run.rule).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn a_run_from_before_the_plan_displaces_nothing() {
        let document = documented();
        let since = at("2026-11-23T03:30:00Z");
        let young = PlanRuns::new(&document, Some(since)).unwrap();
        let first = young.after(before_midnight()).next().unwrap();
        assert_eq!((first.rule, first.at), (0, at("2026-11-23T04:00:00Z")));
    }

    #[test]
    fn the_preview_tells_rule_ids_and_what_is_made() {
        let mut document = documented();
        let runs = PlanRuns::new(&document, None).unwrap().preview(&document, before_midnight(), 3);
        assert_eq!(runs.len(), 3);
        assert_eq!(
            (runs[0].rule_id.as_str(), runs[0].execution_type.as_str()),
            ("id of cron(0 0/12 ? * * *)", "SNAPSHOTS")
        );
        document.rules[0].enable_continuous_backup = Some(true);
        let runs = PlanRuns::new(&document, None).unwrap().preview(&document, before_midnight(), 2);
        assert_eq!(runs[0].execution_type, "CONTINUOUS_AND_SNAPSHOTS");
        assert_eq!(runs[1].execution_type, "CONTINUOUS");
    }

    #[test]
    fn an_endless_window_costs_no_endless_search() {
        let document = plan(vec![rule("cron(0 * ? * * *)", 52_000_000, 1), rule("cron(0 5 ? * * *)", 52_000_000, 7)]);
        let runs: Vec<Run> = PlanRuns::new(&document, None).unwrap().after(before_midnight()).take(2).collect();
        assert!(runs.iter().all(|run| run.rule == 1));
    }

    fn rules() -> impl Strategy<Value = Vec<Rule>> {
        let one = (0..60u32, prop::sample::select(vec!["*", "0/12", "5", "0/4"]), 60..600i64, 1..40i64)
            .prop_map(|(minute, hour, window, days)| rule(&format!("cron({minute} {hour} ? * * *)"), window, days));
        prop::collection::vec(one, 1..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Stepping from run to run gives what one pass gives; no two kept runs of different rules overlap; and every
        /// displaced run is overlapped by a kept run of a rule that keeps at least as long.
        #[test]
        fn merging_is_incremental_and_sound(rules in rules()) {
            let document = plan(rules);
            let plan = PlanRuns::new(&document, None).unwrap();
            let all: Vec<Run> = plan.all_after(before_midnight()).take(60).collect();
            let mut moment = before_midnight();
            for run in all.iter().filter(|run| run.happens()) {
                let next = plan.after(moment).next().unwrap();
                prop_assert_eq!(next.at, run.at);
                moment = run.at;
            }
            let window = |run: usize| Duration::minutes(document.rules[run].start_window());
            let overlap = |a: (usize, Time), b: (usize, Time)| a.1 < b.1 + window(b.0) && b.1 < a.1 + window(a.0);
            let kept: Vec<&Run> = all.iter().filter(|run| run.happens()).collect();
            for (index, a) in kept.iter().enumerate() {
                for b in &kept[index + 1..] {
                    prop_assert!(a.rule == b.rule || !overlap((a.rule, a.at), (b.rule, b.at)));
                }
            }
            for lost in all.iter().filter(|run| !run.happens()) {
                let winner = lost.displaced_by.unwrap();
                prop_assert!(overlap((lost.rule, lost.at), (winner.rule, winner.at)));
                let keeps = |rule: usize| Retention::of(document.rules[rule].lifecycle.as_ref());
                prop_assert!(keeps(winner.rule) >= keeps(lost.rule));
            }
        }
    }
}
