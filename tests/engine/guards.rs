//! Guards that nothing else would miss: what they keep from happening happens only in bad company.

use crate::bench::{Bench, VAULT, assert_completed, pairs};
use crate::harness::{Harness, MEMBER, management, plan};
use crate::promises::OldCatalog;
use chrono::Duration;
use rusqlite::{Connection, params};
use vaultdeck::domain::extension::AddAccount;
use vaultdeck::domain::job::{CopyJob, JobState};
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{Error, ErrorKind, NewVault, StartCopy};
use vaultdeck::repository::{FileKind, LocalStorage, Options, Repository};

fn catalog(path: std::path::PathBuf) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection
}

pub fn beside(harness: &Harness) -> Connection {
    catalog(harness.folder.path().join("data/catalog.sqlite"))
}

pub fn is_over_quota<T>(result: Result<T, Error>, number: i64) {
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
pub fn remembered(bench: &Bench) -> i64 {
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

/// A resource with one file of so many bytes, and a recovery point of it that lives as told. Under a rate of a byte a second
/// whatever moves it takes as many seconds.
fn point_of(bench: &Bench, name: &str, bytes: usize, lifecycle: Option<Lifecycle>) -> Arn {
    let path = bench.path(name);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("file"), vec![7; bytes]).unwrap();
    let mut request = bench.backup_request(&bench.register(name, &path, &[]));
    request.lifecycle = lifecycle;
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.advance(Duration::seconds(bytes as i64) + Duration::hours(1));
    let job = bench.job(&job.id);
    assert_completed(&job);
    job.recovery_point_arn.unwrap()
}

/// A restore that is under way.
fn restoring(bench: &Bench, point: &Arn) -> JobId {
    let mut metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, point).unwrap();
    metadata.extend(pairs(&[("newFileSystem", "true")]));
    let id = bench.engine().start_restore_job(&bench.caller, bench.restore_request(point, metadata)).unwrap();
    bench.engine().settle_now().unwrap();
    assert_eq!(restore_state(bench, &id), JobState::Running);
    id
}

fn restore_state(bench: &Bench, id: &JobId) -> JobState {
    bench.engine().describe_restore_job(&bench.caller, id).unwrap().state
}

#[test]
fn of_points_that_are_deleted_together_one_that_a_restore_reads_stays_until_that_has_ended() {
    let bench = Bench::with_rate(1);
    let points =
        [("one", 2000), ("two", 2000), ("long", 20_000)].map(|(name, bytes)| point_of(&bench, name, bytes, None));
    let restores = points.each_ref().map(|point| restoring(&bench, point));
    for point in &points {
        bench.engine().delete_recovery_point(&bench.caller, VAULT, point).unwrap();
    }
    assert_eq!(bench.points().len(), 3, "each waits for its restore");
    // The first two end at one moment, and what they read goes together.
    bench.advance(Duration::hours(1));
    let left: Vec<Arn> = bench.points().into_iter().map(|point| point.arn).collect();
    assert_eq!(left, [points[2].clone()]);
    assert_eq!(restore_state(&bench, &restores[2]), JobState::Running);
    bench.advance(Duration::hours(6));
    assert_eq!(restore_state(&bench, &restores[2]), JobState::Completed);
    assert!(bench.points().is_empty());
}

#[test]
fn a_point_that_a_restore_reads_goes_cold_when_that_has_ended() {
    let bench = Bench::with_rate(1);
    let lifecycle = Lifecycle { move_to_cold_storage_after_days: Some(10), ..Lifecycle::delete_after(200) };
    let point = point_of(&bench, "projects", 20_000, Some(lifecycle));
    let describe = || bench.engine().describe_recovery_point(&bench.caller, VAULT, &point).unwrap();
    let class = || describe().storage_class.unwrap();
    let day = describe().calculated_lifecycle.move_to_cold_storage_at.unwrap();
    bench.advance_to(day - Duration::hours(1));
    let restore = restoring(&bench, &point);
    bench.advance_to(day + Duration::hours(1));
    assert_eq!((class().as_str(), restore_state(&bench, &restore)), ("WARM", JobState::Running));
    bench.advance(Duration::hours(6));
    assert_eq!((class().as_str(), restore_state(&bench, &restore)), ("COLD", JobState::Completed));
}

/// How a job ends that ran, and was begun so often, when the engine died.
fn ends_after(bench: &mut Bench, table: &str, attempts: i64) {
    bench.stop();
    let died = format!("UPDATE {table} SET state = 'RUNNING', completed = NULL, status_message = NULL, attempts = ?1");
    assert_eq!(catalog(bench.path("data/catalog.sqlite")).execute(&died, [attempts]).unwrap(), 1);
    bench.start();
    bench.advance(Duration::hours(1));
}

#[test]
fn a_restore_that_was_begun_three_times_is_given_up_and_says_so() {
    let mut bench = Bench::simulated();
    let point = bench.backup(&bench.resource("projects", &[])).recovery_point_arn.unwrap();
    let id = bench.restore(&point, &[("newFileSystem", "true")]).id;
    ends_after(&mut bench, "restore_jobs", 3);
    let job = bench.engine().describe_restore_job(&bench.caller, &id).unwrap();
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().contains("3 times; it is not tried again"));
}

#[test]
fn a_copy_that_was_begun_three_times_is_given_up_and_says_so() {
    let mut bench = Bench::simulated();
    let point = bench.backup(&bench.resource("projects", &[])).recovery_point_arn.unwrap();
    let id = copied(&bench, &point).id;
    ends_after(&mut bench, "copy_jobs", 3);
    let job = bench.engine().describe_copy_job(&bench.caller, &id).unwrap();
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().contains("3 times; it is not tried again"));
}

/// A copy of a point into another vault, when it is over.
pub fn copied(bench: &Bench, point: &Arn) -> CopyJob {
    let name = "copies".parse().unwrap();
    let _ = bench.engine().create_vault(&bench.caller, &name, NewVault::default());
    let request = StartCopy {
        recovery_point_arn: point.clone(),
        source_vault_name: VAULT.to_owned(),
        destination_vault_arn: Arn::vault(&bench.caller.scope(), &name),
        iam_role_arn: bench.role(),
        idempotency_token: None,
        lifecycle: None,
    };
    let id = bench.engine().start_copy_job(&bench.caller, request).unwrap().id;
    bench.advance(Duration::minutes(1));
    bench.engine().describe_copy_job(&bench.caller, &id).unwrap()
}

#[test]
fn a_lock_that_an_older_catalog_does_not_know_is_asked_for_before_it_is_changed() {
    let mut bench = Bench::simulated();
    let older = OldCatalog::keep(&mut bench);
    let lock = LockRequest { min_retention_days: Some(7), max_retention_days: None, changeable_for_days: Some(3) };
    bench.engine().put_vault_lock(&bench.caller, VAULT, &lock).unwrap();
    bench.advance(Duration::days(4));
    for weaker in [Some(LockRequest { changeable_for_days: None, min_retention_days: Some(1), ..lock }), None] {
        older.put_back(&mut bench);
        let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}"));
        std::fs::rename(&folder, bench.path("away")).unwrap();
        bench.start();
        std::fs::rename(bench.path("away"), &folder).unwrap();
        let refused = match &weaker {
            Some(weaker) => bench.engine().put_vault_lock(&bench.caller, VAULT, weaker),
            None => bench.engine().delete_vault_lock(&bench.caller, VAULT),
        };
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidRequest, "{weaker:?}");
        let kept = bench.engine().describe_vault(&bench.caller, VAULT).unwrap().lock.unwrap();
        assert_eq!(kept.min_retention_days, Some(7), "{weaker:?}");
    }
}

#[test]
fn a_restore_whose_role_was_taken_away_before_it_began_fails_for_that_reason() {
    let mut bench = Bench::simulated();
    let point = bench.backup(&bench.resource("projects", &[])).recovery_point_arn.unwrap();
    let id = bench.restore(&point, &[("newFileSystem", "true")]).id;
    bench.stop();
    let waits = "UPDATE restore_jobs SET state = 'PENDING', completed = NULL, attempts = 0; DELETE FROM roles";
    catalog(bench.path("data/catalog.sqlite")).execute_batch(waits).unwrap();
    bench.start();
    bench.advance(Duration::minutes(1));
    let job = bench.engine().describe_restore_job(&bench.caller, &id).unwrap();
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().contains("cannot be assumed by AWS Backup"));
}

/// Some ARNs name no account.
#[test]
fn a_job_reads_nothing_of_a_resource_that_is_another_accounts_by_then() {
    let mut bench = Bench::simulated();
    let member = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
    bench.engine().add_account(member).unwrap();
    let job = bench.backup(&bench.resource("projects", &[]));
    bench.stop();
    let catalog = catalog(bench.path("data/catalog.sqlite"));
    let waits = "UPDATE backup_jobs SET state = 'CREATED', initiated = NULL, completed = NULL, attempts = 0";
    assert_eq!(catalog.execute(waits, []).unwrap(), 1);
    assert_eq!(catalog.execute("UPDATE resources SET account = ?1", [MEMBER]).unwrap(), 1);
    bench.start();
    bench.advance(Duration::minutes(1));
    let job = bench.job(&job.id);
    assert_eq!(job.state, JobState::Failed, "{:?}", job.status_message);
    assert!(job.status_message.unwrap().ends_with("does not exist."));
}
