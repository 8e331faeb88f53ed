//! Guards that nothing else would miss: what they keep from happening happens only in bad company.

use crate::bench::{Bench, VAULT, assert_completed};
use crate::harness::{Harness, management, plan};
use chrono::Duration;
use rusqlite::{Connection, params};
use vaultdeck::domain::job::JobState;
use vaultdeck::engine::{Error, ErrorKind, NewVault};
use vaultdeck::repository::{FileKind, LocalStorage, Options, Repository};

fn catalog(path: std::path::PathBuf) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection
}

fn beside(harness: &Harness) -> Connection {
    catalog(harness.folder.path().join("data/catalog.sqlite"))
}

fn is_over_quota<T>(result: Result<T, Error>, number: i64) {
    let error = result.err().expect("it was taken");
    assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error}");
    assert!(error.to_string().contains(&number.to_string()), "{error}");
}

#[test]
fn a_commit_remembers_the_time_in_its_own_transaction() {
    let bench = Bench::on_fake_clocks();
    let resource = bench.resource("projects", &[]);
    // Less than after what the clock is saved for its own sake.
    bench.clocks().pass(Duration::seconds(30));
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    let job = bench.wait(&job.id);
    assert_completed(&job);
    // After a kill at this moment the clock must not stand before the recovery point.
    assert!(remembered(&bench) >= job.completed.unwrap().timestamp_millis(), "{job:?}");
}

/// The time that the catalog remembers.
fn remembered(bench: &Bench) -> i64 {
    let seen: String = catalog(bench.path("data/catalog.sqlite"))
        .query_row("SELECT value FROM engine_state WHERE name = 'clock-seen'", [], |row| row.get(0))
        .unwrap();
    seen.parse().unwrap()
}

#[test]
fn the_commit_of_a_restore_remembers_the_time_too() {
    let bench = Bench::on_fake_clocks();
    let point = bench.backup(&bench.resource("projects", &[])).recovery_point_arn.unwrap();
    bench.clocks().pass(Duration::seconds(30));
    let job = bench.restore(&point, &[("newFileSystem", "true")]);
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert!(remembered(&bench) >= job.completed.unwrap().timestamp_millis(), "{job:?}");
}

#[test]
fn an_account_has_at_most_300_vaults_in_a_region() {
    let harness = Harness::new();
    let create = |name: &str| harness.engine.create_vault(&management(), &name.parse().unwrap(), NewVault::default());
    let connection = beside(&harness);
    // With `Default` there are 299.
    for number in 0..298 {
        let (name, arn) =
            (format!("v{number}"), format!("arn:aws:backup:us-east-1:123456789012:backup-vault:v{number}"));
        connection
            .execute(
                "INSERT INTO vaults (arn, account, region, name, vault_type, created)
                 VALUES (?1, '123456789012', 'us-east-1', ?2, 'BACKUP_VAULT', 0)",
                params![arn, name],
            )
            .unwrap();
    }
    create("last").unwrap();
    is_over_quota(create("one-too-many"), 300);
}

#[test]
fn an_account_has_at_most_300_plans_in_a_region() {
    let harness = Harness::new();
    let create = |name: &str| {
        harness.engine.create_plan(&management(), plan(name, &["daily"]), std::collections::BTreeMap::new(), None)
    };
    let connection = beside(&harness);
    for number in 0..299 {
        connection
            .execute(
                "INSERT INTO plans (id, arn, account, region, name, created)
                 VALUES (?1, ?1, '123456789012', 'us-east-1', ?1, 0)",
                [format!("p{number}")],
            )
            .unwrap();
    }
    create("last").unwrap();
    is_over_quota(create("one-too-many"), 300);
}

#[test]
fn a_plan_has_at_most_2000_versions() {
    let harness = Harness::new();
    let made = harness
        .engine
        .create_plan(&management(), plan("daily", &["daily"]), std::collections::BTreeMap::new(), None)
        .unwrap();
    beside(&harness)
        .execute("UPDATE plan_versions SET sequence = 1999 WHERE plan_id = ?1", [made.id.as_str()])
        .unwrap();
    let update = |rule: &str| harness.engine.update_plan(&management(), &made.id, plan("daily", &[rule]));
    update("another").unwrap();
    is_over_quota(update("one-too-many"), 2000);
}

/// Takes a vault's repository as another program would that wants to be alone in it, `restic prune` on another machine for
/// one; the lock's file.
fn held_by_restic(bench: &mut Bench) -> std::path::PathBuf {
    let scope = bench.caller.scope();
    let password = bench.engine().make_recovery_key(&scope, &VAULT.parse().unwrap()).unwrap().password;
    // It got in while the engine was off.
    bench.stop();
    let folder = bench.path(&format!("data/vaults/{}/{}/{VAULT}", scope.account, scope.region));
    let storage = std::sync::Arc::new(LocalStorage::new(&folder));
    let key = Repository::unlock(storage.as_ref(), &password).unwrap();
    let repository = Repository::open(storage, key, Options::default()).unwrap();
    let lock = format!(
        r#"{{"time":"{}","exclusive":true,"hostname":"another-machine","username":"someone","pid":4711}}"#,
        chrono::Utc::now().to_rfc3339()
    );
    let id = repository.save_unpacked(FileKind::Lock, lock.as_bytes()).unwrap();
    bench.start();
    folder.join("locks").join(id.to_hex())
}

#[test]
fn a_job_waits_for_a_vault_that_another_program_holds_and_goes_on_when_that_lets_go() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let lock = held_by_restic(&mut bench);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(Duration::minutes(25));
    assert_eq!(bench.job(&job.id).state, JobState::Created);
    std::fs::remove_file(lock).unwrap();
    bench.advance(Duration::minutes(11));
    assert_completed(&bench.job(&job.id));
}

#[test]
fn a_job_whose_vault_is_held_until_its_window_closes_expires_and_says_by_whom() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    held_by_restic(&mut bench);
    let mut request = bench.backup_request(&resource);
    request.start_window_minutes = Some(60);
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.advance(Duration::minutes(61));
    let job = bench.job(&job.id);
    assert_eq!(job.state, JobState::Expired, "{:?}", job.status_message);
    let why = job.status_message.unwrap();
    assert!(why.contains("4711") && why.contains("another-machine"), "{why}");
}

#[test]
fn a_resource_that_is_being_backed_up_stays_until_its_job_has_ended() {
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(Duration::minutes(1));
    let refused = bench.engine().remove_resource(&resource).unwrap_err();
    assert!(refused.to_string().contains("is being backed up; stop the job or wait for it"), "{refused}");
    assert_eq!(bench.engine().resources().unwrap().resources.len(), 1);
    bench.engine().stop_backup_job(&bench.caller, &job.id).unwrap();
    bench.wait(&job.id);
    bench.engine().remove_resource(&resource).unwrap();
}
