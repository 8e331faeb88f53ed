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
    let forever =
        plan(vec![rule("cron(0 5 ? * * *)", 60, 36_500), Rule { lifecycle: None, ..rule("cron(0 5 ? * * *)", 60, 1) }]);
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
