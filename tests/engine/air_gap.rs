//! Logically air-gapped vaults: locked for good from their first moment, what comes into them, and what leaves them.

use crate::bench::{Bench, VAULT, assert_completed, rule};
use crate::harness::{Harness, caller, management, member, whole};
use chrono::Duration;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;
use vaultdeck::domain::air_gap::RetentionBounds;
use vaultdeck::domain::job::{BackupJob, CopyJob, JobState};
use vaultdeck::domain::plan::CopyAction;
use vaultdeck::domain::vault::{Vault, VaultType};
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle, VaultLock};
use vaultdeck::engine::{
    Caller, CopyJobFilter, Error, ErrorKind, NewVault, RecoveryPointFilter, StartBackup, StartCopy,
};

const SAFE: &str = "safe";
const BOUNDS: RetentionBounds = RetentionBounds { min_days: 7, max_days: 30 };
const DAYS: VaultLock = VaultLock { min_retention_days: Some(7), max_retention_days: Some(30), lock_date: None };

fn make(engine: &vaultdeck::engine::Engine, caller: &Caller, name: &str) -> Result<Vault, Error> {
    engine.create_air_gapped_vault(caller, &name.parse().unwrap(), BOUNDS, &NewVault::default())
}

/// A bench with the air-gapped vault `safe`.
fn bench() -> Bench {
    let bench = Bench::simulated();
    make(bench.engine(), &bench.caller, SAFE).unwrap();
    bench
}

fn safe(bench: &Bench) -> Arn {
    Arn::vault(&bench.caller.scope(), &SAFE.parse().unwrap())
}

fn described(bench: &Bench) -> Vault {
    bench.engine().describe_vault(&bench.caller, SAFE).unwrap()
}

/// A backup of a new resource into the air-gapped vault that is to live so many days, and its end.
fn back_up(bench: &Bench, name: &str, days: Option<i64>) -> BackupJob {
    let request = StartBackup {
        air_gapped_vault: Some(safe(bench)),
        lifecycle: days.map(Lifecycle::delete_after),
        ..bench.backup_request(&bench.resource(name, &[]))
    };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.wait(&job.id)
}

fn point(bench: &Bench, name: &str) -> Arn {
    let job = back_up(bench, name, Some(10));
    assert_completed(&job);
    job.recovery_point_arn.unwrap()
}

fn points(bench: &Bench, vault: &str) -> Vec<Arn> {
    let filter = RecoveryPointFilter::default();
    let page = bench.engine().list_recovery_points_by_vault(&bench.caller, vault, &filter, &whole()).unwrap();
    page.items.into_iter().map(|point| point.arn).collect()
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> (ErrorKind, String) {
    let refused = answer.unwrap_err();
    (refused.kind(), refused.to_string())
}

/// Nothing of the vault can be deleted or shortened, and its lock can neither be taken off nor be put on again.
fn assert_final(bench: &Bench, point: &Arn) {
    let (engine, caller) = (bench.engine(), &bench.caller);
    let again = LockRequest { min_retention_days: Some(7), max_retention_days: Some(30), changeable_for_days: Some(3) };
    for (what, answer) in [
        ("delete", engine.delete_recovery_point(caller, SAFE, point)),
        ("shorten", engine.update_recovery_point_lifecycle(caller, SAFE, point, Lifecycle::delete_after(1)).map(drop)),
        (
            "lengthen",
            engine.update_recovery_point_lifecycle(caller, SAFE, point, Lifecycle::delete_after(29)).map(drop),
        ),
        ("unlock", engine.delete_vault_lock(caller, SAFE)),
        ("lock", engine.put_vault_lock(caller, SAFE, &again)),
        ("delete the vault", engine.delete_vault(caller, SAFE)),
    ] {
        assert_eq!(refusal(answer).0, ErrorKind::InvalidRequest, "{what}");
    }
    assert_eq!(points(bench, SAFE), std::slice::from_ref(point));
}

fn copy(bench: &Bench, source: &str, point: &Arn, destination: &Arn) -> Result<CopyJob, Error> {
    let request = StartCopy {
        recovery_point_arn: point.clone(),
        source_vault_name: source.to_owned(),
        destination_vault_arn: destination.clone(),
        iam_role_arn: bench.role(),
        idempotency_token: None,
        lifecycle: None,
    };
    let job = bench.engine().start_copy_job(&bench.caller, request)?;
    Ok(ended(bench, &job))
}

fn ended(bench: &Bench, job: &CopyJob) -> CopyJob {
    let started = Instant::now();
    loop {
        let job = bench.engine().describe_copy_job(&bench.caller, &job.id).unwrap();
        if job.state.is_final() {
            return job;
        }
        assert!(started.elapsed().as_secs() < 60, "the copy does not end: {job:?}");
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}

fn catalog_files(bench: &Bench) -> Vec<PathBuf> {
    ["", "-wal", "-shm"].map(|end| bench.path(&format!("data/catalog.sqlite{end}"))).to_vec()
}

fn lock_files(bench: &Bench) -> [PathBuf; 2] {
    ["lock.json", "copies/lock.json"]
        .map(|name| bench.path(&format!("data/vaults/123456789012/us-east-1/{SAFE}/vaultdeck/{name}")))
}

#[test]
fn it_is_locked_for_good_from_its_creation_and_is_told_as_such() {
    let bench = bench();
    let vault = described(&bench);
    assert_eq!(vault.vault_type, VaultType::AirGapped);
    assert_eq!(vault.lock, Some(VaultLock { lock_date: vault.created, ..DAYS }));
    assert_eq!(vault.encryption_key_arn, None, "the key is nobody's but AWS Backup's");
    let list = |vault_type: Option<&str>| {
        let page = bench.engine().list_vaults(&bench.caller, vault_type, &whole()).unwrap();
        page.items.into_iter().map(|vault| vault.name).collect::<Vec<_>>()
    };
    assert_eq!(list(Some("LOGICALLY_AIR_GAPPED_BACKUP_VAULT")), [SAFE]);
    assert_eq!(list(Some("BACKUP_VAULT")), ["Default", VAULT]);
    assert_eq!(list(None), ["Default", SAFE, VAULT]);

    assert_final(&bench, &point(&bench, "projects"));
    for record in lock_files(&bench) {
        assert!(record.exists(), "{}", record.display());
    }
}

#[test]
fn a_wrong_request_names_the_member_and_makes_nothing() {
    let harness = Harness::new();
    let ask = |min_days, max_days, request: &NewVault| {
        let bounds = RetentionBounds { min_days, max_days };
        harness.engine.create_air_gapped_vault(&management(), &SAFE.parse().unwrap(), bounds, request)
    };
    let none = NewVault::default();
    for (min, max, request, member) in [
        (6, 30, &none, "MinRetentionDays"),
        (31, 30, &none, "MinRetentionDays"),
        (7, 36_501, &none, "MaxRetentionDays"),
    ] {
        let (kind, message) = refusal(ask(min, max, request));
        assert_eq!(kind, ErrorKind::InvalidParameterValue);
        assert!(message.contains(member), "{message}");
    }
    assert!(harness.engine.describe_vault(&management(), SAFE).is_err());
}

#[test]
fn the_same_token_gives_the_same_vault_and_anything_else_of_the_name_is_refused() {
    let harness = Harness::new();
    let ask = |token: Option<&str>, max_days| {
        let request = NewVault { creator_request_id: token.map(str::to_owned), ..NewVault::default() };
        let bounds = RetentionBounds { max_days, ..BOUNDS };
        harness.engine.create_air_gapped_vault(&management(), &SAFE.parse().unwrap(), bounds, &request)
    };
    let made = ask(Some("one"), 30).unwrap();
    assert_eq!(ask(Some("one"), 30).unwrap(), made);
    for (token, max_days) in [(Some("one"), 31), (Some("two"), 30), (None, 30)] {
        let refused = ask(token, max_days).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::AlreadyExists { .. }), "{token:?} {max_days}: {refused}");
    }
    let standard = NewVault { creator_request_id: Some("one".to_owned()), ..NewVault::default() };
    let refused = harness.engine.create_vault(&management(), &SAFE.parse().unwrap(), standard).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::AlreadyExists { .. }), "{refused}");
}

#[test]
fn backups_are_written_into_it_at_once_and_restored_from_it() {
    let bench = bench();
    let job = back_up(&bench, "projects", Some(10));
    assert_completed(&job);
    assert_eq!((job.vault_name.as_str(), &job.vault_type), (SAFE, &VaultType::AirGapped));
    let arn = job.recovery_point_arn.unwrap();
    assert!(arn.as_str().starts_with("arn:aws:backup:us-east-1:123456789012:recovery-point:"), "{arn}");
    assert!(points(&bench, VAULT).is_empty(), "nothing of it lies in the standard vault");
    let seen = bench.engine().describe_recovery_point(&bench.caller, SAFE, &arn).unwrap();
    assert_eq!((seen.vault_type, seen.vault_name.as_str()), (VaultType::AirGapped, SAFE));
    let metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, SAFE, &arn).unwrap();
    let id = bench.engine().start_restore_job(&bench.caller, bench.restore_request(&arn, metadata)).unwrap();
    assert_eq!(bench.wait_restore(&id).state, JobState::Completed);
}

#[test]
fn a_retention_outside_its_days_fails_the_job_in_awss_words() {
    let bench = bench();
    for (name, days, fits) in
        [("a", Some(6), false), ("b", Some(7), true), ("c", Some(30), true), ("d", Some(31), false), ("e", None, false)]
    {
        let job = back_up(&bench, name, days);
        assert_eq!(job.state, if fits { JobState::Completed } else { JobState::Failed }, "{days:?}");
        let said = "Backup job failed because the lifecycle is outside the valid range for backup vault.";
        assert_eq!(job.status_message.as_deref(), (!fits).then_some(said), "{days:?}");
    }
    assert_eq!(points(&bench, SAFE).len(), 2);
}

#[test]
fn a_backup_names_each_vault_by_the_member_of_its_kind() {
    let bench = bench();
    let resource = bench.resource("projects", &[]);
    let ask = |vault: &str, air_gapped: Option<&str>| {
        let air_gapped_vault = air_gapped.map(|name| Arn::vault(&bench.caller.scope(), &name.parse().unwrap()));
        let request = StartBackup { vault_name: vault.to_owned(), air_gapped_vault, ..bench.backup_request(&resource) };
        refusal(bench.engine().start_backup_job(&bench.caller, request))
    };
    let (kind, message) = ask(SAFE, None);
    assert_eq!(kind, ErrorKind::InvalidParameterValue);
    assert!(message.contains("BackupVaultName") && message.contains("LogicallyAirGappedBackupVaultArn"), "{message}");
    let (kind, message) = ask(VAULT, Some("Default"));
    assert_eq!(kind, ErrorKind::InvalidParameterValue);
    assert!(message.contains("Invalid LogicallyAirGappedBackupVaultArn"), "{message}");
    assert_eq!(ask(VAULT, Some("nowhere")).0, ErrorKind::ResourceNotFound);
    assert_eq!(ask("nowhere", Some(SAFE)).0, ErrorKind::ResourceNotFound);
    let abroad: Arn = "arn:aws:backup:eu-west-1:123456789012:backup-vault:safe".parse().unwrap();
    let request = StartBackup { air_gapped_vault: Some(abroad), ..bench.backup_request(&resource) };
    let (kind, message) = refusal(bench.engine().start_backup_job(&bench.caller, request));
    assert_eq!(kind, ErrorKind::InvalidParameterValue);
    assert!(message.contains("must be"), "{message}");
    assert!(bench.jobs().is_empty());
}

#[test]
fn a_rule_writes_into_it_and_never_into_another_kind_of_vault_of_its_name() {
    let bench = bench();
    bench.resource("projects", &[("backup", "yes")]);
    let into = |name: &str| vaultdeck::domain::plan::Rule {
        target_logically_air_gapped_backup_vault_arn: Some(
            Arn::vault(&bench.caller.scope(), &name.parse().unwrap()).to_string(),
        ),
        ..rule("hourly", "cron(0 * * * ? *)", Some(10))
    };
    let plan = |rules| {
        let document = vaultdeck::domain::plan::PlanDocument {
            backup_plan_name: "plan".to_owned(),
            rules,
            advanced_backup_settings: Vec::new(),
        };
        bench.engine().create_plan(&bench.caller, document, [].into(), None)
    };
    for (wrong, member) in [
        (into("Default"), "TargetLogicallyAirGappedBackupVaultArn"),
        (
            vaultdeck::domain::plan::Rule {
                target_logically_air_gapped_backup_vault_arn: Some(
                    "arn:aws:backup:eu-west-1:123456789012:backup-vault:safe".to_owned(),
                ),
                ..into(SAFE)
            },
            "TargetLogicallyAirGappedBackupVaultArn",
        ),
        (
            vaultdeck::domain::plan::Rule {
                target_backup_vault_name: SAFE.to_owned(),
                target_logically_air_gapped_backup_vault_arn: None,
                ..into(SAFE)
            },
            "TargetBackupVaultName",
        ),
    ] {
        let (kind, message) = refusal(plan(vec![wrong]));
        assert_eq!(kind, ErrorKind::InvalidParameterValue);
        assert!(message.starts_with("Error in rule hourly") && message.contains(member), "{message}");
    }

    bench.plan(vec![into("later")]);
    bench.advance(Duration::hours(1));
    let missing = bench.jobs().pop().unwrap();
    assert_eq!(missing.state, JobState::Failed);
    assert!(missing.status_message.unwrap().contains("does not exist"));
    bench.engine().create_vault(&bench.caller, &"later".parse().unwrap(), NewVault::default()).unwrap();
    bench.advance(Duration::hours(1));
    let standard = bench.jobs().pop().unwrap();
    assert_eq!(standard.state, JobState::Failed);
    let message = standard.status_message.unwrap();
    assert!(message.contains("is not a logically air-gapped backup vault"), "{message}");
    assert!(points(&bench, "later").is_empty());
    bench.engine().delete_vault(&bench.caller, "later").unwrap();
    make(bench.engine(), &bench.caller, "later").unwrap();
    bench.advance(Duration::hours(1));
    let done = bench.jobs().pop().unwrap();
    assert_completed(&done);
    assert_eq!(points(&bench, "later"), [done.recovery_point_arn.unwrap()]);
}

#[test]
fn copies_come_in_within_its_days_and_leave_for_another_air_gapped_vault_alone() {
    let bench = bench();
    let other = make(bench.engine(), &bench.caller, "other").unwrap().arn;
    let standard = Arn::vault(&bench.caller.scope(), &"Default".parse().unwrap());
    let resource = bench.resource("projects", &[]);
    let endless = bench.backup(&resource);
    assert_completed(&endless);
    let refused = copy(&bench, VAULT, &endless.recovery_point_arn.unwrap(), &safe(&bench)).unwrap();
    assert_eq!(refused.state, JobState::Failed);
    assert!(refused.status_message.unwrap().contains("The retention specified in the job is not within the range"));

    let request = StartBackup { lifecycle: Some(Lifecycle::delete_after(20)), ..bench.backup_request(&resource) };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let point = bench.wait(&job.id).recovery_point_arn.unwrap();
    let inside = copy(&bench, VAULT, &point, &safe(&bench)).unwrap();
    assert_eq!(inside.state, JobState::Completed, "{:?}", inside.status_message);
    assert_eq!(inside.destination_vault_type, Some(VaultType::AirGapped));
    let inside = inside.destination_recovery_point_arn.unwrap();
    assert_final(&bench, &inside);

    let (kind, message) = refusal(copy(&bench, SAFE, &inside, &standard));
    assert_eq!(kind, ErrorKind::InvalidRequest);
    assert!(message.contains("only be copied into another logically air-gapped backup vault"), "{message}");
    assert!(points(&bench, "Default").is_empty());
    let out = copy(&bench, SAFE, &inside, &other).unwrap();
    assert_eq!(out.state, JobState::Completed, "{:?}", out.status_message);
    assert_eq!(points(&bench, "other").len(), 1);
}

#[test]
fn a_copy_action_of_a_rule_does_not_take_anything_out_of_it() {
    let bench = bench();
    bench.resource("projects", &[("backup", "yes")]);
    let out = |vault: &str| CopyAction {
        destination_backup_vault_arn: Arn::vault(&bench.caller.scope(), &vault.parse().unwrap()).to_string(),
        lifecycle: None,
    };
    bench.plan(vec![vaultdeck::domain::plan::Rule {
        target_logically_air_gapped_backup_vault_arn: Some(safe(&bench).to_string()),
        copy_actions: vec![out("Default")],
        ..rule("hourly", "cron(0 * * * ? *)", Some(10))
    }]);
    bench.advance(Duration::hours(1));
    let jobs = bench.engine().list_copy_jobs(&bench.caller, &CopyJobFilter::default(), &whole()).unwrap().items;
    assert_eq!(jobs.len(), 1);
    let ended = ended(&bench, &jobs[0]);
    assert_eq!(ended.state, JobState::Failed);
    assert!(ended.status_message.unwrap().contains("only be copied into another logically air-gapped backup vault"));
    assert!(points(&bench, "Default").is_empty());
}

#[test]
fn lives_end_as_they_were_set_and_it_is_deleted_only_when_it_is_empty() {
    let bench = bench();
    let kept = point(&bench, "projects");
    bench.advance(Duration::days(9));
    assert_final(&bench, &kept);
    bench.advance(Duration::days(2));
    assert!(points(&bench, SAFE).is_empty());
    bench.engine().delete_vault(&bench.caller, SAFE).unwrap();
    bench.engine().create_vault(&bench.caller, &SAFE.parse().unwrap(), NewVault::default()).unwrap();
    assert_eq!((described(&bench).vault_type, described(&bench).lock), (VaultType::Standard, None));
}

#[test]
fn another_account_neither_sees_it_nor_takes_anything_from_it() {
    let harness = Harness::with_member();
    make(&harness.engine, &management(), SAFE).unwrap();
    assert_eq!(refusal(harness.engine.describe_vault(&member(), SAFE)).0, ErrorKind::AccessDenied);
    assert_eq!(refusal(harness.engine.delete_vault(&member(), SAFE)).0, ErrorKind::ResourceNotFound);
    assert_eq!(refusal(harness.engine.delete_vault_lock(&member(), SAFE)).0, ErrorKind::ResourceNotFound);
    make(&harness.engine, &caller("123456789012", "eu-west-1"), SAFE).unwrap();
}

#[test]
fn an_older_catalog_a_lost_one_and_a_lost_record_leave_it_what_it_is() {
    let mut bench = Bench::simulated();
    bench.stop();
    let before: Vec<_> = catalog_files(&bench).into_iter().map(|path| (path.clone(), fs::read(path).ok())).collect();
    bench.start();
    make(bench.engine(), &bench.caller, SAFE).unwrap();
    let kept = point(&bench, "projects");
    let told = described(&bench);
    let assert_same = |bench: &Bench| {
        let now = described(bench);
        assert_eq!((&now.vault_type, now.lock), (&told.vault_type, told.lock));
        assert_final(bench, &kept);
    };
    // One that does not know of the vault.
    bench.stop();
    for (path, content) in &before {
        match content {
            Some(content) => fs::write(path, content).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    }
    bench.start();
    bench.engine().rescan(None).unwrap();
    assert_same(&bench);
    // None at all.
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
    assert_same(&bench);
    // The record of the lock, damaged or lost, is written again from the catalog.
    for record in lock_files(&bench) {
        fs::write(record, b"{}").unwrap();
    }
    bench.restart();
    assert_same(&bench);
    for record in lock_files(&bench) {
        fs::remove_file(record).unwrap();
    }
    bench.restart();
    assert_same(&bench);
    assert!(lock_files(&bench).iter().all(|record| record.exists()));
}

#[test]
fn without_any_record_of_its_lock_it_is_locked_all_the_same() {
    let mut bench = bench();
    let kept = point(&bench, "projects");
    bench.stop();
    for record in lock_files(&bench) {
        fs::remove_file(record).unwrap();
    }
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    assert_eq!(catalog.execute("DELETE FROM vault_locks", []).unwrap(), 1);
    drop(catalog);
    bench.start();
    assert_final(&bench, &kept);
}

/// What says its kind is lost from its folder, and the catalog too: its lock, which is sealed, says it.
#[test]
fn a_catalog_made_from_its_folder_knows_its_kind_also_where_the_file_that_says_so_is_lost() {
    let mut bench = bench();
    let kept = point(&bench, "projects");
    bench.stop();
    let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{SAFE}/vaultdeck"));
    for file in ["vault.json", "copies/vault.json"] {
        fs::write(folder.join(file), b"{}").unwrap();
    }
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog
        .execute_batch(
            "PRAGMA foreign_keys = OFF; DELETE FROM vaults WHERE name = 'safe'; DELETE FROM vault_locks;
             DELETE FROM recovery_points",
        )
        .unwrap();
    drop(catalog);
    bench.start();
    bench.engine().rescan(None).unwrap();
    assert!(described(&bench).vault_type.is_air_gapped());
    assert_final(&bench, &kept);
}

#[test]
fn a_region_keeps_a_default_vault_that_is_none() {
    let bench = bench();
    let refused = make(bench.engine(), &bench.caller, "Default").unwrap_err();
    assert!(refused.to_string().contains("the default backup vault is not logically air-gapped"), "{refused}");
}

#[test]
fn a_folder_with_points_that_the_catalog_does_not_know_is_taken_for_no_other_vault() {
    let mut bench = bench();
    let kept = point(&bench, "projects");
    let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{SAFE}"));
    let away = bench.path("away");
    bench.stop();
    fs::rename(&folder, &away).unwrap();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM vaults WHERE name = 'safe'; DELETE FROM recovery_points")
        .unwrap();
    drop(catalog);
    bench.start();
    fs::rename(&away, &folder).unwrap();
    let name = SAFE.parse().unwrap();
    let standard = bench.engine().create_vault(&bench.caller, &name, NewVault::default());
    let gapped = make(bench.engine(), &bench.caller, SAFE);
    for refused in [standard.unwrap_err(), gapped.unwrap_err()] {
        assert!(matches!(refused.kind(), ErrorKind::AlreadyExists { .. }), "{refused}");
        assert!(refused.to_string().contains("vault rescan"), "{refused}");
    }
    bench.engine().rescan(None).unwrap();
    assert_final(&bench, &kept);
}

#[test]
fn under_a_key_of_its_account_it_lets_copies_out_into_any_vault_and_names_the_key() {
    let bench = Bench::simulated();
    let key = bench.engine().create_key(&bench.caller, vaultdeck::engine::NewKey::default()).unwrap();
    let request = NewVault {
        encryption_key_arn: Some(key.arn.to_string()),
        creator_request_id: Some("once".to_owned()),
        ..NewVault::default()
    };
    let ask = || bench.engine().create_air_gapped_vault(&bench.caller, &SAFE.parse().unwrap(), BOUNDS, &request);
    let made = ask().unwrap();
    assert_eq!(made.encryption_key_arn, Some(key.arn.to_string()));
    assert_eq!(ask().unwrap(), made);
    let inside = point(&bench, "projects");
    let standard = Arn::vault(&bench.caller.scope(), &"Default".parse().unwrap());
    let out = copy(&bench, SAFE, &inside, &standard).unwrap();
    assert_eq!(out.state, JobState::Completed, "{:?}", out.status_message);
    assert_eq!(points(&bench, "Default").len(), 1);
    assert_final(&bench, &inside);
}
