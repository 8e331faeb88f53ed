//! What a clock that jumps does to what the engine keeps: on clocks that a test moves.

use crate::bench::{Bench, FakeClocks, VAULT, assert_completed, rule};
use chrono::Duration;
use std::fs;
use vaultdeck::domain::extension::ProblemSeverity;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{Clocks as _, EngineOptions};

const YEAR: Duration = Duration::days(365);

/// A resource with so many recovery points that live for thirty days.
fn with_points(bench: &Bench, name: &str, count: usize) -> Arn {
    let resource = bench.resource(name, &[]);
    for _ in 0..count {
        let mut request = bench.backup_request(&resource);
        request.lifecycle = Some(Lifecycle::delete_after(30));
        let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
        assert_completed(&bench.wait(&job.id));
        bench.clocks().pass(Duration::minutes(1));
    }
    resource
}

fn settle(bench: &Bench) {
    bench.engine().settle_now().unwrap();
}

fn codes(bench: &Bench) -> Vec<String> {
    bench.engine().health().problems.into_iter().map(|problem| problem.code).collect()
}

#[test]
fn a_clock_that_jumps_a_year_ahead_and_comes_back_costs_nothing() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 2);
    let before = bench.engine().now();

    bench.clocks().set_wall(YEAR);
    settle(&bench);
    bench.clocks().pass(Duration::minutes(59));
    settle(&bench);

    assert_eq!(bench.points().len(), 2);
    assert_eq!(bench.engine().now(), before + Duration::minutes(59), "engine time goes by the boot clock");
    let health = bench.engine().health();
    assert_eq!((health.healthy, codes(&bench)), (true, vec!["ClockDoubted".to_owned()]));
    assert_eq!(health.problems[0].severity, ProblemSeverity::Warning);
    assert!(health.problems[0].message.contains("vaultdeck clock confirm"), "{}", health.problems[0].message);
    assert_eq!(bench.engine().status().unwrap().problems, health.problems);

    bench.clocks().set_wall(-YEAR);
    settle(&bench);
    assert!(codes(&bench).is_empty());
    assert_eq!(bench.points().len(), 2);
    // And what is really due still goes.
    for _ in 0..40 {
        bench.clocks().pass(Duration::days(1));
        settle(&bench);
    }
    assert!(bench.points().is_empty());
}

#[test]
fn a_jump_that_goes_on_for_an_hour_counts_but_leaves_the_newest_point_of_each_resource() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "one", 3);
    let other = with_points(&bench, "other", 1);
    bench.clocks().set_wall(YEAR);
    settle(&bench);
    assert_eq!(bench.points().len(), 4);
    bench.clocks().pass(Duration::minutes(61));
    settle(&bench);
    let left = bench.points();
    assert_eq!(left.len(), 2, "the newest of each");
    assert!(codes(&bench).is_empty());

    // A newer backup of one of them lets the old one go.
    bench.backup(&other);
    settle(&bench);
    let left: Vec<Arn> = bench.points().into_iter().map(|point| point.resource_arn).collect();
    assert_eq!(left.iter().filter(|arn| **arn == other).count(), 1);
    assert_eq!(left.len(), 2);
}

#[test]
fn a_second_jump_does_not_take_what_the_first_one_had_left() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 2);
    for jump in 1..=3 {
        bench.clocks().set_wall(YEAR);
        settle(&bench);
        bench.clocks().pass(Duration::minutes(61));
        settle(&bench);
        assert_eq!(bench.points().len(), 1, "jump {jump}");
    }
    bench.clocks().set_wall(YEAR);
    settle(&bench);
    bench.engine().confirm_clock().unwrap();
    settle(&bench);
    assert!(bench.points().is_empty(), "a person's word is for all of them");
}

#[test]
fn a_jump_that_a_person_confirms_counts_at_once_and_for_all() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 2);
    bench.clocks().set_wall(YEAR);
    settle(&bench);
    let confirmed = bench.engine().confirm_clock().unwrap();
    assert!(confirmed.was_doubted);
    assert_eq!(confirmed.now, bench.clocks().wall());
    settle(&bench);
    assert!(bench.points().is_empty());
    assert!(!bench.engine().confirm_clock().unwrap().was_doubted);
}

#[test]
fn after_a_start_long_after_the_last_one_nothing_expires_for_an_hour() {
    let mut bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 2);
    bench.stop();
    bench.clocks().restart_machine(YEAR);
    bench.start();
    settle(&bench);
    assert_eq!(codes(&bench), ["ClockDoubted"]);
    bench.clocks().pass(Duration::minutes(59));
    settle(&bench);
    assert_eq!(bench.points().len(), 2);
    bench.clocks().pass(Duration::minutes(2));
    settle(&bench);
    assert_eq!(bench.points().len(), 1, "the newest stays until there is a newer one");
}

#[test]
fn a_restart_of_the_engine_in_the_middle_of_a_jump_doubts_as_much_as_before() {
    let mut bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 1);
    bench.clocks().pass(Duration::minutes(2));
    settle(&bench);
    bench.clocks().set_wall(YEAR);
    bench.restart();
    settle(&bench);
    assert_eq!((codes(&bench), bench.points().len()), (vec!["ClockDoubted".to_owned()], 1));
}

#[test]
fn records_of_jobs_are_not_removed_by_a_jump() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 1);
    bench.clocks().set_wall(YEAR * 2);
    settle(&bench);
    assert_eq!(bench.jobs().len(), 1);
    bench.engine().confirm_clock().unwrap();
    settle(&bench);
    assert!(bench.jobs().is_empty());
}

#[test]
fn packs_are_not_collected_by_a_jump() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 1);
    let packs = || {
        let scope = bench.caller.scope();
        let data = bench.path(&format!("data/vaults/{}/{}/{VAULT}/data", scope.account, scope.region));
        let folders = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
        folders.map(|folder| fs::read_dir(folder).unwrap().count()).sum::<usize>()
    };
    let stored = packs();
    assert!(stored > 0);
    let point = bench.points().remove(0);
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &point.arn).unwrap();
    bench.clocks().set_wall(Duration::days(3));
    for _ in 0..3 {
        settle(&bench);
    }
    assert_eq!(packs(), stored);
    bench.engine().confirm_clock().unwrap();
    // The plan of collections begins anew with the new time: a delay, then the look.
    for _ in 0..50 {
        settle(&bench);
        bench.clocks().pass(Duration::hours(1));
    }
    assert_eq!(packs(), 0);
}

#[test]
fn while_the_clock_is_doubted_not_even_what_is_old_without_the_jump_is_removed() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 1);
    bench.clocks().pass(Duration::days(400) - Duration::minutes(10));
    settle(&bench);
    assert_eq!(bench.jobs().len(), 1);
    bench.clocks().set_wall(YEAR);
    bench.clocks().pass(Duration::minutes(20));
    settle(&bench);
    assert_eq!(bench.jobs().len(), 1, "it is to be asked again when the time is known");
    bench.clocks().set_wall(-YEAR);
    settle(&bench);
    settle(&bench);
    assert_eq!(bench.jobs().len(), 0);
}

#[test]
fn while_the_clock_jumps_again_and_again_nothing_is_collected() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 1);
    let scope = bench.caller.scope();
    let data = bench.path(&format!("data/vaults/{}/{}/{VAULT}/data", scope.account, scope.region));
    let packs = || {
        let folders = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
        folders.map(|folder| fs::read_dir(folder).unwrap().count()).sum::<usize>()
    };
    bench.clocks().pass(Duration::days(2));
    settle(&bench);
    let point = bench.points().remove(0);
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &point.arn).unwrap();
    let stored = packs();
    for _ in 0..5 {
        bench.clocks().set_wall(Duration::days(100));
        settle(&bench);
        bench.clocks().pass(Duration::minutes(40));
        settle(&bench);
        assert_eq!(packs(), stored);
    }
    bench.engine().confirm_clock().unwrap();
    for _ in 0..50 {
        settle(&bench);
        bench.clocks().pass(Duration::hours(1));
    }
    assert_eq!(packs(), 0);
}

#[test]
fn plans_go_on_while_the_clock_is_doubted_and_at_once_when_it_is_right_again() {
    let bench = Bench::on_fake_clocks();
    let resource = bench.resource("projects", &[("backup", "yes")]);
    let mut hourly = rule("hourly", "cron(0 * * * ? *)", None);
    (hourly.start_window_minutes, hourly.completion_window_minutes) = (Some(60), Some(120));
    bench.plan(vec![hourly]);
    settle(&bench);
    bench.clocks().set_wall(YEAR);
    settle(&bench);
    settle(&bench);
    assert_eq!(bench.jobs().len(), 1, "the run whose window is open by the shown time, once");
    bench.clocks().set_wall(Duration::seconds(10) - YEAR);
    settle(&bench);
    for hour in 1..=3 {
        bench.clocks().set_wall(Duration::hours(1));
        settle(&bench);
        assert_eq!(bench.jobs().len(), 1 + hour, "hour {hour}, by a clock that jumps");
    }
    let now = bench.engine().now();
    assert!(bench.jobs().iter().all(|job| job.created <= now && job.resource_arn == resource));
    let states: Vec<String> = bench.jobs().iter().map(|job| job.state.as_str().to_owned()).collect();
    assert!(!states.contains(&"EXPIRED".to_owned()), "no run counts as missed: {states:?}");

    // Right again, and an hour later by both clocks the plan makes its next run.
    bench.clocks().set_wall(Duration::hours(-3));
    settle(&bench);
    let made = bench.jobs().len();
    bench.clocks().pass(Duration::hours(1));
    settle(&bench);
    assert_eq!(bench.jobs().len(), made + 1);
}

#[test]
fn a_plan_that_a_wrong_clock_had_carried_into_the_future_comes_back_when_the_clock_is_confirmed() {
    let bench = Bench::on_fake_clocks();
    bench.resource("projects", &[("backup", "yes")]);
    bench.plan(vec![rule("daily", "cron(0 5 * * ? *)", None)]);
    settle(&bench);
    bench.clocks().set_wall(YEAR);
    settle(&bench);
    bench.engine().confirm_clock().unwrap();
    settle(&bench);
    bench.clocks().set_wall(-YEAR);
    settle(&bench);
    bench.engine().confirm_clock().unwrap();
    settle(&bench);
    let before = bench.jobs().len();
    bench.clocks().pass(Duration::days(1));
    settle(&bench);
    assert!(bench.jobs().len() > before, "tomorrow's run is made tomorrow, not in a year");
}

#[test]
fn restics_lock_is_renewed_in_time_and_made_anew_when_somebody_removed_it() {
    let bench = Bench::on_fake_clocks();
    with_points(&bench, "projects", 1);
    let scope = bench.caller.scope();
    let folder = bench.path(&format!("data/vaults/{}/{}/{VAULT}/locks", scope.account, scope.region));
    let locks = || -> Vec<_> { fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect() };
    settle(&bench);
    let first = locks();
    assert_eq!(first.len(), 1);
    settle(&bench);
    assert_eq!(locks(), first, "it is young");
    bench.clocks().pass(Duration::minutes(4));
    settle(&bench);
    let renewed = locks();
    assert!(renewed.len() == 1 && renewed != first);
    fs::remove_file(&renewed[0]).unwrap();
    settle(&bench);
    assert_eq!(locks().len(), 1);
}

#[test]
fn a_conductor_that_gives_no_sign_of_life_is_told_within_a_minute() {
    let bench = Bench::on_fake_clocks();
    settle(&bench);
    assert!(bench.engine().health().healthy);
    bench.clocks().pass(Duration::seconds(59));
    let health = bench.engine().health();
    assert!(!health.healthy);
    assert_eq!(health.problems[0].code, "ConductorBlocked");
    assert!(health.problems[0].message.contains("for 59 seconds"), "{}", health.problems[0].message);
    settle(&bench);
    assert!(bench.engine().health().healthy, "it lives again");
}

#[test]
fn a_simulated_clock_is_never_doubted() {
    let bench = Bench::simulated();
    bench.advance(YEAR * 3);
    assert!(codes(&bench).is_empty());
}

#[test]
fn the_fake_clocks_are_used() {
    let clocks = FakeClocks::default();
    let folder = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        data_dir: folder.path().to_owned(),
        clock: vaultdeck::engine::ClockKind::System,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    let engine = vaultdeck::engine::Engine::open_with(options, None, std::sync::Arc::new(clocks.clone())).unwrap();
    assert_eq!(engine.now(), clocks.wall());
}
