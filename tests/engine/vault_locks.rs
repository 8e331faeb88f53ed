//! Vault Lock: what it forbids at once, what it goes on to allow, and that nothing shortens it.

use crate::bench::{Bench, VAULT, assert_completed, rule};
use crate::harness::{Harness, member};
use chrono::Duration;
use std::fs;
use std::path::PathBuf;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle, Time, VaultLock};
use vaultdeck::engine::{Error, ErrorKind, NewVault};

const GOVERNANCE: LockRequest =
    LockRequest { min_retention_days: None, max_retention_days: None, changeable_for_days: None };
const COMPLIANCE: LockRequest = LockRequest { changeable_for_days: Some(3), ..GOVERNANCE };

fn put(bench: &Bench, request: LockRequest) -> Result<(), Error> {
    bench.engine().put_vault_lock(&bench.caller, VAULT, &request)
}

fn take_off(bench: &Bench) -> Result<(), Error> {
    bench.engine().delete_vault_lock(&bench.caller, VAULT)
}

fn lock(bench: &Bench) -> Option<VaultLock> {
    bench.engine().describe_vault(&bench.caller, VAULT).unwrap().lock
}

fn delete(bench: &Bench, point: &Arn) -> Result<(), Error> {
    bench.engine().delete_recovery_point(&bench.caller, VAULT, point)
}

fn shorten(bench: &Bench, point: &Arn) -> Result<(), Error> {
    bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, point, Lifecycle::delete_after(1)).map(drop)
}

fn is_invalid_request(answer: Result<(), Error>) -> bool {
    answer.is_err_and(|error| error.kind() == ErrorKind::InvalidRequest)
}

/// A resource with one recovery point that lives so many days, or for ever.
fn point(bench: &Bench, name: &str, days: Option<i64>) -> Arn {
    let mut request = bench.backup_request(&bench.resource(name, &[]));
    request.lifecycle = days.map(Lifecycle::delete_after);
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let job = bench.wait(&job.id);
    assert_completed(&job);
    job.recovery_point_arn.unwrap()
}

/// Nothing of the vault can be deleted or shortened, and its lock stays.
fn assert_final(bench: &Bench, points: &[Arn]) {
    for point in points {
        assert!(is_invalid_request(delete(bench, point)), "{point} can be deleted");
        assert!(is_invalid_request(shorten(bench, point)), "{point} can be shortened");
    }
    assert!(is_invalid_request(take_off(bench)), "the lock can be taken off");
    assert!(is_invalid_request(put(bench, GOVERNANCE)), "the lock can be changed");
    assert!(is_invalid_request(put(bench, COMPLIANCE)), "not even by the same lock");
    let kept: Vec<Arn> = bench.points().into_iter().map(|point| point.arn).collect();
    for point in points {
        assert!(kept.contains(point), "{point} is gone");
    }
}

fn catalog_files(bench: &Bench) -> Vec<PathBuf> {
    ["", "-wal", "-shm"].map(|end| bench.path(&format!("data/catalog.sqlite{end}"))).to_vec()
}

/// Keeps a copy of the catalog of an engine that is stopped.
fn copy_catalog(bench: &Bench) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    catalog_files(bench).into_iter().map(|path| (path.clone(), fs::read(path).ok())).collect()
}

fn put_back(copy: &[(PathBuf, Option<Vec<u8>>)]) {
    for (path, content) in copy {
        match content {
            Some(content) => fs::write(path, content).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    }
}

fn record(bench: &Bench) -> [PathBuf; 2] {
    ["lock.json", "copies/lock.json"]
        .map(|name| bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/vaultdeck/{name}")))
}

#[test]
fn a_lock_is_told_as_it_was_put_and_governance_can_be_taken_off() {
    let bench = Bench::simulated();
    let request = LockRequest { min_retention_days: Some(7), max_retention_days: Some(365), changeable_for_days: None };
    put(&bench, request).unwrap();
    let told = VaultLock { min_retention_days: Some(7), max_retention_days: Some(365), lock_date: None };
    assert_eq!(lock(&bench), Some(told));
    put(&bench, LockRequest { max_retention_days: None, ..request }).unwrap();
    assert_eq!(lock(&bench), Some(VaultLock { max_retention_days: None, ..told }), "another one takes its place");
    bench.advance(Duration::days(400));
    take_off(&bench).unwrap();
    assert_eq!(lock(&bench), None);
    take_off(&bench).unwrap();
}

#[test]
fn a_lock_that_breaks_a_rule_is_refused_and_changes_nothing() {
    let bench = Bench::simulated();
    put(&bench, LockRequest { min_retention_days: Some(7), ..GOVERNANCE }).unwrap();
    let before = lock(&bench);
    for (request, member) in [
        (LockRequest { min_retention_days: Some(8), max_retention_days: Some(7), ..GOVERNANCE }, "MinRetentionDays"),
        (LockRequest { min_retention_days: Some(0), ..GOVERNANCE }, "MinRetentionDays"),
        (LockRequest { max_retention_days: Some(36_501), ..GOVERNANCE }, "MaxRetentionDays"),
        (LockRequest { changeable_for_days: Some(2), ..GOVERNANCE }, "ChangeableForDays"),
    ] {
        let refused = put(&bench, request).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
        assert!(refused.to_string().contains(member), "{refused}");
        assert_eq!(lock(&bench), before);
    }
    let missing = bench.engine().put_vault_lock(&bench.caller, "nowhere", &GOVERNANCE).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::ResourceNotFound);
    let missing = bench.engine().delete_vault_lock(&bench.caller, "nowhere").unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::ResourceNotFound);
}

#[test]
fn points_are_locked_at_once_and_in_every_mode_those_that_were_there_too() {
    let bench = Bench::simulated();
    let before = point(&bench, "projects", Some(30));
    for request in [GOVERNANCE, COMPLIANCE] {
        put(&bench, request).unwrap();
        assert!(is_invalid_request(delete(&bench, &before)), "{request:?}");
        assert!(is_invalid_request(shorten(&bench, &before)), "{request:?}");
        let longer =
            bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &before, Lifecycle::delete_after(300));
        assert!(is_invalid_request(longer.map(drop)), "AWS refuses a longer life as well");
        assert_eq!(bench.points()[0].lifecycle, Some(Lifecycle::delete_after(30)));
        assert_eq!(bench.restore(&before, &[]).state, JobState::Completed, "a lock keeps nobody from restoring");
        take_off(&bench).unwrap();
    }
    delete(&bench, &before).unwrap();
    assert!(bench.points().is_empty());
}

#[test]
fn from_its_lock_date_on_nobody_changes_a_lock_and_lives_end_as_they_were_set() {
    let bench = Bench::simulated();
    let (short, kept) = (point(&bench, "a", Some(5)), point(&bench, "b", None));
    put(&bench, COMPLIANCE).unwrap();
    let date = lock(&bench).unwrap().lock_date.unwrap();
    assert_eq!(date, bench.engine().now() + Duration::days(3));
    bench.advance_to(date - Duration::milliseconds(1));
    take_off(&bench).unwrap();
    put(&bench, COMPLIANCE).unwrap();
    assert_eq!(lock(&bench).unwrap().lock_date, Some(bench.engine().now() + Duration::days(3)));
    bench.advance_to(bench.engine().now() + Duration::days(3) - Duration::hours(30));
    put(&bench, COMPLIANCE).unwrap();
    bench.advance_to(lock(&bench).unwrap().lock_date.unwrap());

    assert_final(&bench, std::slice::from_ref(&kept));
    bench.advance(Duration::days(2));
    assert!(!bench.points().iter().any(|point| point.arn == short), "its owner had promised it five days");
    assert_final(&bench, &[kept]);
}

#[test]
fn a_job_whose_retention_is_outside_the_lock_fails_in_awss_words_and_a_plan_is_taken() {
    let bench = Bench::simulated();
    put(&bench, LockRequest { min_retention_days: Some(7), max_retention_days: Some(30), ..GOVERNANCE }).unwrap();
    let resource = bench.resource("projects", &[("backup", "yes")]);
    for (days, fits) in [(Some(6), false), (Some(7), true), (Some(30), true), (Some(31), false), (None, false)] {
        let mut request = bench.backup_request(&resource);
        request.lifecycle = days.map(Lifecycle::delete_after);
        let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
        let job = bench.wait(&job.id);
        assert_eq!(job.state, if fits { JobState::Completed } else { JobState::Failed }, "{days:?}");
        let said = "Backup job failed because the lifecycle is outside the valid range for backup vault.";
        assert_eq!(job.status_message.as_deref(), (!fits).then_some(said), "{days:?}");
    }
    assert_eq!(bench.points().len(), 2);
    bench.plan(vec![rule("short", "cron(0 * * * ? *)", Some(1))]);
    bench.advance(Duration::hours(2));
    assert_eq!(bench.jobs().last().unwrap().state, JobState::Failed);
    take_off(&bench).unwrap();
    bench.advance(Duration::hours(2));
    assert_completed(bench.jobs().last().unwrap());
}

#[test]
fn a_locked_vault_is_deleted_only_when_it_is_empty_and_its_name_begins_anew() {
    let bench = Bench::simulated();
    let short = point(&bench, "projects", Some(5));
    put(&bench, COMPLIANCE).unwrap();
    bench.advance(Duration::days(4));
    assert!(is_invalid_request(bench.engine().delete_vault(&bench.caller, VAULT)));
    assert_final(&bench, &[short]);
    bench.advance(Duration::days(2));
    assert!(bench.points().is_empty());
    bench.engine().delete_vault(&bench.caller, VAULT).unwrap();
    bench.engine().create_vault(&bench.caller, &VAULT.parse().unwrap(), NewVault::default()).unwrap();
    assert_eq!(lock(&bench), None);
}

#[test]
fn another_account_neither_locks_nor_unlocks_nor_learns_of_a_lock() {
    let harness = Harness::with_member();
    harness.vault("safe");
    let owner = crate::harness::management();
    harness.engine.put_vault_lock(&owner, "safe", &COMPLIANCE).unwrap();
    for answer in [
        harness.engine.put_vault_lock(&member(), "safe", &GOVERNANCE),
        harness.engine.delete_vault_lock(&member(), "safe"),
    ] {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::ResourceNotFound);
    }
    assert!(harness.engine.describe_vault(&owner, "safe").unwrap().lock.is_some());
}

#[test]
fn a_lock_outlives_a_restart_and_an_older_catalog_and_its_loss() {
    let mut bench = Bench::simulated();
    let kept = point(&bench, "projects", None);
    bench.stop();
    let never_locked = copy_catalog(&bench);
    bench.start();
    put(&bench, COMPLIANCE).unwrap();
    bench.stop();
    let cooling_off = copy_catalog(&bench);
    bench.start();
    bench.advance(Duration::days(3));
    let told = lock(&bench);
    assert_final(&bench, std::slice::from_ref(&kept));
    for older in [&cooling_off, &never_locked] {
        bench.stop();
        put_back(older);
        bench.start();
        assert!(bench.engine().now() < told.unwrap().lock_date.unwrap(), "its clock is back as well");
        assert_eq!(lock(&bench), told);
        assert_final(&bench, std::slice::from_ref(&kept));
    }
    bench.stop();
    for path in catalog_files(&bench) {
        let _ = fs::remove_file(path);
    }
    let options = vaultdeck::engine::EngineOptions {
        data_dir: bench.path("data"),
        clock: vaultdeck::engine::ClockKind::Simulated,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    let (engine, report) = vaultdeck::engine::Engine::open_rebuilding(options).unwrap();
    assert!(report.is_some());
    bench.engine = Some(engine);
    assert_eq!(lock(&bench), told);
    assert_final(&bench, &[kept]);
}

#[test]
fn a_lock_outlives_the_record_in_its_vaults_folder_whatever_becomes_of_it() {
    let mut bench = Bench::simulated();
    let kept = point(&bench, "projects", None);
    put(&bench, GOVERNANCE).unwrap();
    let first = record(&bench).map(|path| fs::read(path).unwrap());
    take_off(&bench).unwrap();
    let taken_off = record(&bench).map(|path| fs::read(path).unwrap());
    put(&bench, COMPLIANCE).unwrap();
    bench.advance(Duration::days(3));
    let good = record(&bench).map(|path| fs::read(path).unwrap());
    let told = lock(&bench);
    for damage in [Some(&first), Some(&taken_off), None] {
        for victims in [&record(&bench)[..1], &record(&bench)[1..], &record(&bench)[..]] {
            for (path, old) in victims.iter().zip(damage.unwrap_or(&good)) {
                match damage {
                    Some(_) => fs::write(path, old).unwrap(),
                    None => fs::remove_file(path).unwrap(),
                }
            }
            assert_final(&bench, std::slice::from_ref(&kept));
            bench.restart();
            assert_eq!(lock(&bench), told);
        }
    }
    for victim in record(&bench) {
        fs::write(&victim, b"{}").unwrap();
    }
    assert_final(&bench, &[kept]);
    bench.restart();
    assert_eq!(lock(&bench), told);
    let there = record(&bench).map(|path| fs::read(path).unwrap().len());
    assert!(there.iter().all(|length| *length > 100), "it is written again");
}

#[test]
fn a_lock_that_an_older_catalog_does_not_know_holds_also_when_its_folder_comes_back_after_the_start() {
    let mut bench = Bench::simulated();
    let kept = point(&bench, "projects", None);
    bench.stop();
    let never_locked = copy_catalog(&bench);
    bench.start();
    put(&bench, COMPLIANCE).unwrap();
    bench.advance(Duration::days(3));
    bench.stop();
    put_back(&never_locked);
    let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}"));
    let away = bench.path("away");
    fs::rename(&folder, &away).unwrap();
    bench.start();
    assert_eq!(lock(&bench), None, "nothing tells of it");
    fs::rename(&away, &folder).unwrap();
    assert!(is_invalid_request(delete(&bench, &kept)), "asked before anything is deleted");
    assert_final(&bench, &[kept]);
}

#[test]
fn an_older_catalog_that_takes_a_vault_for_empty_does_not_let_it_be_deleted() {
    let mut bench = Bench::simulated();
    bench.stop();
    let empty = copy_catalog(&bench);
    bench.start();
    let kept = point(&bench, "projects", None);
    put(&bench, COMPLIANCE).unwrap();
    bench.advance(Duration::days(3));
    bench.stop();
    put_back(&empty);
    bench.start();
    assert!(is_invalid_request(bench.engine().delete_vault(&bench.caller, VAULT)));
    assert_final(&bench, &[kept]);
}

#[test]
fn a_clock_that_is_set_back_takes_nothing_from_a_lock() {
    let bench = Bench::on_fake_clocks();
    let kept = point(&bench, "projects", None);
    put(&bench, COMPLIANCE).unwrap();
    for _ in 0..72 {
        bench.clocks().pass(Duration::hours(1));
        bench.engine().settle_now().unwrap();
    }
    assert_final(&bench, std::slice::from_ref(&kept));
    bench.clocks().set_wall(-Duration::days(300));
    bench.engine().settle_now().unwrap();
    assert_final(&bench, std::slice::from_ref(&kept));
    assert!(bench.engine().confirm_clock().unwrap().was_doubted);
    bench.engine().settle_now().unwrap();
    assert!(bench.engine().now() < lock(&bench).unwrap().lock_date.unwrap());
    assert_final(&bench, &[kept]);
}

#[test]
fn a_clock_that_runs_ahead_by_mistake_makes_no_lock_final_until_three_days_after() {
    let bench = Bench::on_fake_clocks();
    let kept = point(&bench, "projects", None);
    put(&bench, COMPLIANCE).unwrap();
    let pass = |hours: i64| {
        for _ in 0..hours {
            bench.clocks().pass(Duration::hours(1));
            bench.engine().settle_now().unwrap();
        }
    };
    let year = Duration::days(365);
    pass(1);
    bench.clocks().set_wall(year);
    bench.engine().settle_now().unwrap();
    pass(30);
    let now: Time = bench.engine().now();
    assert!(now > lock(&bench).unwrap().lock_date.unwrap(), "the new time counts");
    assert!(is_invalid_request(take_off(&bench)), "by what the clock shows its date has passed");

    bench.clocks().set_wall(-year);
    bench.engine().settle_now().unwrap();
    bench.engine().confirm_clock().unwrap();
    take_off(&bench).unwrap();
    put(&bench, COMPLIANCE).unwrap();

    bench.clocks().set_wall(year);
    bench.engine().settle_now().unwrap();
    pass(76);
    bench.clocks().set_wall(-year);
    bench.engine().settle_now().unwrap();
    bench.engine().confirm_clock().unwrap();
    assert_final(&bench, &[kept]);
}

#[test]
fn a_second_jump_takes_nothing_from_the_three_days_after_the_first() {
    let bench = Bench::on_fake_clocks();
    let pass = |hours: i64| {
        for _ in 0..hours {
            bench.clocks().pass(Duration::hours(1));
            bench.engine().settle_now().unwrap();
        }
    };
    put(&bench, COMPLIANCE).unwrap();
    pass(1);
    for _ in 0..2 {
        bench.clocks().set_wall(Duration::days(365));
        bench.engine().settle_now().unwrap();
        pass(5);
    }
    bench.clocks().set_wall(-Duration::days(730));
    bench.engine().settle_now().unwrap();
    bench.engine().confirm_clock().unwrap();
    take_off(&bench).unwrap();
}

#[test]
fn a_clock_that_runs_ahead_by_mistake_ends_no_life_in_a_locked_vault_until_three_days_after() {
    let bench = Bench::on_fake_clocks();
    let resource = bench.resource("projects", &[]);
    for _ in 0..2 {
        let mut request = bench.backup_request(&resource);
        request.lifecycle = Some(Lifecycle::delete_after(30));
        let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
        assert_completed(&bench.wait(&job.id));
        bench.clocks().pass(Duration::minutes(1));
    }
    put(&bench, GOVERNANCE).unwrap();
    bench.clocks().set_wall(Duration::days(365));
    bench.engine().settle_now().unwrap();
    let pass = |hours: i64| {
        for _ in 0..hours {
            bench.clocks().pass(Duration::hours(1));
            bench.engine().settle_now().unwrap();
        }
    };
    pass(70);
    assert_eq!(bench.points().len(), 2, "who sets the clock right before that finds them");
    pass(30);
    assert_eq!(bench.points().len(), 1, "the newest stays until there is a newer one");
}
