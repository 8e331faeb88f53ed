//! What is done because of a time is not done by one that nobody believes, and is not done before that time is remembered.

use crate::bench::{Bench, VAULT, assert_completed, rule};
use crate::guards::remembered;
use crate::keys;
use crate::set_aside::{aside, set_one_aside};
use chrono::Duration;
use std::fs;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle, Time};
use vaultdeck::engine::NewVault;

const YEAR: Duration = Duration::days(365);

fn settle(bench: &Bench) {
    bench.engine().settle_now().unwrap();
}

/// The machine was off, and comes up with a clock that is a year ahead: what it shows has to do, and is not believed.
fn come_up_a_year_ahead(bench: &mut Bench) {
    bench.stop();
    bench.clocks().restart_machine(YEAR);
    bench.start();
    settle(bench);
}

/// A person says that it is right.
fn confirm(bench: &Bench) {
    assert!(bench.engine().confirm_clock().unwrap().was_doubted);
    settle(bench);
}

fn point(bench: &Bench, lifecycle: Lifecycle) -> Arn {
    let mut request = bench.backup_request(&bench.resource("projects", &[]));
    request.lifecycle = Some(lifecycle);
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.wait(&job.id).recovery_point_arn.unwrap()
}

#[test]
fn no_trash_is_emptied_by_a_clock_that_nobody_believes() {
    let mut bench = Bench::on_fake_clocks();
    bench.engine().create_vault(&bench.caller, &"gone".parse().unwrap(), NewVault::default()).unwrap();
    bench.engine().delete_vault(&bench.caller, "gone").unwrap();
    come_up_a_year_ahead(&mut bench);
    let count = || fs::read_dir(bench.path("data/trash")).unwrap().count();
    assert_eq!(count(), 1);
    confirm(&bench);
    assert_eq!(count(), 0);
}

#[test]
fn no_lock_becomes_final_by_a_clock_that_nobody_believes() {
    let mut bench = Bench::on_fake_clocks();
    let lock = LockRequest { min_retention_days: None, max_retention_days: None, changeable_for_days: Some(3) };
    bench.engine().put_vault_lock(&bench.caller, VAULT, &lock).unwrap();
    come_up_a_year_ahead(&mut bench);
    bench.clocks().set_wall(-YEAR);
    settle(&bench);
    bench.engine().delete_vault_lock(&bench.caller, VAULT).unwrap();
}

#[test]
fn no_point_goes_cold_by_a_clock_that_nobody_believes() {
    let mut bench = Bench::on_fake_clocks();
    let lifecycle = Lifecycle { move_to_cold_storage_after_days: Some(10), ..Lifecycle::default() };
    let point = point(&bench, lifecycle);
    come_up_a_year_ahead(&mut bench);
    let class = || bench.engine().describe_recovery_point(&bench.caller, VAULT, &point).unwrap().storage_class;
    assert_eq!(class().as_deref(), Some("WARM"));
    confirm(&bench);
    assert_eq!(class().as_deref(), Some("COLD"));
}

#[test]
fn nothing_that_was_set_aside_goes_by_a_clock_that_nobody_believes() {
    let mut bench = Bench::on_fake_clocks();
    assert_completed(&bench.backup(&bench.resource("projects", &[])));
    set_one_aside(&bench);
    // It is seen there, and all is read after that.
    for _ in 0..2 {
        bench.clocks().pass(Duration::days(1));
        settle(&bench);
    }
    assert_eq!(crate::checks::check(&bench).problems, []);
    come_up_a_year_ahead(&mut bench);
    assert_eq!(aside(&bench).len(), 1);
    confirm(&bench);
    for _ in 0..3 {
        bench.clocks().pass(Duration::days(1));
        settle(&bench);
    }
    assert_eq!(aside(&bench).len(), 0);
}

/// Comes to a moment by so few seconds that the time would not be saved for its own sake.
fn come_to(bench: &Bench, at: Time) {
    bench.clocks().pass(at - bench.engine().now() - Duration::seconds(20));
    settle(bench);
    assert!(remembered(bench) < at.timestamp_millis());
    bench.clocks().pass(Duration::seconds(25));
    settle(bench);
}

#[test]
fn what_expires_is_deleted_when_that_time_is_remembered() {
    let bench = Bench::on_fake_clocks();
    point(&bench, Lifecycle::delete_after(1));
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let due: i64 = catalog.query_row("SELECT delete_due FROM recovery_points", [], |row| row.get(0)).unwrap();
    // The sweeper goes round every hour.
    let hour = 60 * 60 * 1000;
    let round = Time::from_timestamp_millis((due + hour - 1) / hour * hour).unwrap();
    come_to(&bench, round);
    let left: Vec<_> = bench.points().into_iter().map(|point| point.status.as_str().to_owned()).collect();
    assert!(left.iter().all(|status| status == "DELETING"), "{left:?}");
    assert!(remembered(&bench) >= round.timestamp_millis());
}

#[test]
fn the_jobs_of_a_plan_are_made_when_that_time_is_remembered() {
    let bench = Bench::on_fake_clocks();
    bench.resource("projects", &[("backup", "yes")]);
    // Nothing else remembers the time: the job comes to no commit.
    fs::remove_dir_all(bench.path("projects")).unwrap();
    bench.plan(vec![rule("daily", "cron(0 5 * * ? *)", None)]);
    let run: Time = "2026-11-24T05:00:00Z".parse().unwrap();
    come_to(&bench, run);
    let states: Vec<JobState> = bench.jobs().into_iter().map(|job| bench.wait(&job.id).state).collect();
    assert_eq!(states, [JobState::Failed]);
    assert!(remembered(&bench) >= run.timestamp_millis());
}

#[test]
fn a_key_is_destroyed_when_that_time_is_remembered() {
    let bench = Bench::on_fake_clocks();
    let key = keys::new_key(&bench);
    let day = keys::schedule(&bench, &key, 7).unwrap().state.deletion_date().unwrap();
    come_to(&bench, day);
    assert!(!keys::key_files(&bench, &key)[1].exists());
    assert!(remembered(&bench) >= day.timestamp_millis());
}
