//! KMS keys: what a key that cannot be used keeps from happening, that nothing is lost by it, and what deleting one ends.

use crate::bench::{Bench, VAULT, assert_completed, pairs, tree};
use crate::harness::{Harness, management, tags_of};
use chrono::Duration;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::domain::kms::{KeyManager, KeyState, KmsKey};
use vaultdeck::domain::legal_hold::HoldSelection;
use vaultdeck::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::authorize::action::DescribeKey;
use vaultdeck::engine::offline::Offline;
use vaultdeck::engine::{
    Engine, Error, ErrorKind, NewHold, NewKey, NewVault, PageRequest, RecoveryPointFilter, StartCopy,
};

/// The vault under a key of its own.
pub const SEALED: &str = "sealed";
const BACKUP_ALIAS: &str = "alias/aws/backup";

pub fn new_key(bench: &Bench) -> KmsKey {
    let request = NewKey { description: "backups".to_owned(), tags: tags_of(&[("team", "a")]) };
    bench.engine().create_key(&bench.caller, request).unwrap()
}

fn new_vault(bench: &Bench, name: &str, key: &str) -> Result<Arn, Error> {
    let request = NewVault { encryption_key_arn: Some(key.to_owned()), ..NewVault::default() };
    bench.engine().create_vault(&bench.caller, &name.parse().unwrap(), request).map(|vault| vault.arn)
}

/// A bench with a key, a vault under it, a resource and a recovery point of that in the vault.
pub fn sealed() -> (Bench, KmsKey, Arn, Arn) {
    let bench = Bench::simulated();
    let key = new_key(&bench);
    new_vault(&bench, SEALED, key.arn.as_str()).unwrap();
    let resource = bench.resource("projects", &[]);
    let job = back_up(&bench, &resource, None);
    assert_completed(&job);
    let point = job.recovery_point_arn.unwrap();
    (bench, key, resource, point)
}

pub fn back_up(bench: &Bench, resource: &Arn, days: Option<i64>) -> BackupJob {
    let mut request = bench.backup_request(resource);
    SEALED.clone_into(&mut request.vault_name);
    request.lifecycle = days.map(Lifecycle::delete_after);
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.wait(&job.id)
}

pub fn state(bench: &Bench, key: &KmsKey) -> KeyState {
    bench.engine().look_at_key(&bench.caller, DescribeKey, key.arn.as_str()).unwrap().state
}

fn disable(bench: &Bench, key: &KmsKey) {
    bench.engine().disable_key(&bench.caller, &key.id).unwrap();
}

pub fn enable(bench: &Bench, key: &KmsKey) {
    bench.engine().enable_key(&bench.caller, &key.id).unwrap();
}

pub fn schedule(bench: &Bench, key: &KmsKey, days: i64) -> Result<KmsKey, Error> {
    bench.engine().schedule_key_deletion(&bench.caller, &key.id, days)
}

pub fn points(bench: &Bench) -> Vec<RecoveryPoint> {
    let (filter, page) = (RecoveryPointFilter::default(), PageRequest::default());
    bench.engine().list_recovery_points_by_vault(&bench.caller, SEALED, &filter, &page).unwrap().items
}

pub fn restored(bench: &Bench, point: &Arn) -> vaultdeck::domain::job::RestoreJob {
    let mut metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, SEALED, point).unwrap();
    metadata.extend(pairs(&[("newFileSystem", "true")]));
    let id = bench.engine().start_restore_job(&bench.caller, bench.restore_request(point, metadata)).unwrap();
    bench.wait_restore(&id)
}

fn copied(bench: &Bench, from: &str, to: &str, point: &Arn) -> (JobState, String) {
    let to = Arn::vault(&bench.caller.scope(), &to.parse().unwrap());
    let request = StartCopy {
        recovery_point_arn: point.clone(),
        source_vault_name: from.to_owned(),
        destination_vault_arn: to,
        iam_role_arn: bench.role(),
        idempotency_token: None,
        lifecycle: None,
    };
    let id = bench.engine().start_copy_job(&bench.caller, request).unwrap().id;
    bench.advance(Duration::minutes(1));
    let job = bench.engine().describe_copy_job(&bench.caller, &id).unwrap();
    (job.state, job.status_message.unwrap_or_default())
}

pub fn key_files(bench: &Bench, key: &KmsKey) -> [PathBuf; 2] {
    ["json", "key"].map(|end| bench.path(&format!("data/keys/kms/{}.{end}", key.id)))
}

pub fn assert_restores(bench: &Bench, point: &Arn) {
    let job = restored(bench, point);
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    let made = job.created_resource_arn.unwrap();
    let folder = bench.path("data/restored").join(made.last_part());
    let found = if folder.exists() { tree(&folder) } else { tree(&bench.path("data/restored")) };
    assert!(found.values().any(|content| content == b"hello from projects\n"), "{found:?}");
}

#[test]
fn a_key_is_told_as_it_was_made_and_lies_in_files_that_only_its_owner_reads() {
    let (bench, key, ..) = sealed();
    assert_eq!(
        (key.state.clone(), key.manager, key.description.as_str()),
        (KeyState::Enabled, KeyManager::Customer, "backups")
    );
    assert_eq!(key.arn.as_str(), format!("arn:aws:kms:us-east-1:123456789012:key/{}", key.id));
    assert!(uuid::Uuid::parse_str(&key.id).is_ok());
    assert_eq!(bench.engine().key_tags(&bench.caller, &key.id).unwrap(), tags_of(&[("team", "a")]));
    for file in key_files(&bench, &key) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    let vault = bench.engine().describe_vault(&bench.caller, SEALED).unwrap();
    assert_eq!(vault.encryption_key_arn.as_deref(), Some(key.arn.as_str()));
    assert_eq!(points(&bench)[0].encryption_key_arn.as_deref(), Some(key.arn.as_str()));
}

#[test]
fn every_other_vault_is_under_the_engines_own_key_which_nobody_changes() {
    let bench = Bench::simulated();
    let own = bench.engine().look_at_key(&bench.caller, DescribeKey, BACKUP_ALIAS).unwrap();
    assert_eq!((own.manager, &own.state), (KeyManager::Aws, &KeyState::Enabled));
    let vault = bench.engine().describe_vault(&bench.caller, VAULT).unwrap();
    assert_eq!(vault.encryption_key_arn.as_deref(), Some(own.arn.as_str()));
    let alias = format!("arn:aws:kms:us-east-1:123456789012:{BACKUP_ALIAS}");
    for (name, named) in [("a1", own.arn.as_str()), ("a2", &alias)] {
        new_vault(&bench, name, named).unwrap();
        let vault = bench.engine().describe_vault(&bench.caller, name).unwrap();
        assert_eq!(vault.encryption_key_arn.as_deref(), Some(own.arn.as_str()));
    }
    let engine = bench.engine();
    for refused in [
        engine.disable_key(&bench.caller, &own.id),
        engine.enable_key(&bench.caller, own.arn.as_str()),
        engine.schedule_key_deletion(&bench.caller, &own.id, 7).map(drop),
        engine.cancel_key_deletion(&bench.caller, &own.id).map(drop),
        engine.create_alias(&bench.caller, &"alias/mine".parse().unwrap(), &own.id),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AccessDenied, "{refused}");
    }
    let keys = engine.list_keys(&bench.caller).unwrap();
    assert_eq!(keys, [own]);
}

#[test]
fn a_vault_is_made_only_under_a_usable_key_of_its_own_account_and_region() {
    let harness = Harness::with_member();
    let (engine, mine) = (&harness.engine, management());
    let key = engine.create_key(&mine, NewKey::default()).unwrap();
    engine.create_alias(&mine, &"alias/backups".parse().unwrap(), &key.id).unwrap();
    let make = |caller, name: &str, key: &str| {
        let request = NewVault { encryption_key_arn: Some(key.to_owned()), ..NewVault::default() };
        engine.create_vault(caller, &name.parse().unwrap(), request)
    };
    let alias = "arn:aws:kms:us-east-1:123456789012:alias/backups";
    assert_eq!(make(&mine, "by-alias", alias).unwrap().encryption_key_arn, Some(key.arn.to_string()));
    let elsewhere = crate::harness::caller(crate::harness::MANAGEMENT, "eu-central-1");
    let member = crate::harness::member();
    for (caller, named) in [
        (&member, key.arn.as_str()),
        (&elsewhere, key.arn.as_str()),
        (&mine, "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"),
        (&mine, "arn:aws:kms:us-east-1:123456789012:alias/none"),
        (&mine, key.id.as_str()),
        (&mine, "nonsense"),
    ] {
        let refused = make(caller, "never", named).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
        assert!(
            refused.to_string().starts_with("Invalid EncryptionKeyArn: The specified AWS KMS key ARN"),
            "{refused}"
        );
    }
    engine.disable_key(&mine, &key.id).unwrap();
    let refused = make(&mine, "never", key.arn.as_str()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue, "{refused}");
    assert!(refused.to_string().contains("EncryptionKeyArn") && refused.to_string().contains("is disabled"));
    let names: Vec<String> =
        engine.list_vaults(&mine, None, &PageRequest::default()).unwrap().items.into_iter().map(|v| v.name).collect();
    assert_eq!(names, ["Default", "by-alias"]);
}

#[test]
fn a_repeated_creation_gives_the_same_vault_only_with_the_same_key() {
    let bench = Bench::simulated();
    let (first, second) = (new_key(&bench), new_key(&bench));
    let make = |key: Option<&KmsKey>| {
        let request = NewVault {
            encryption_key_arn: key.map(|key| key.arn.to_string()),
            creator_request_id: Some("one".to_owned()),
            ..NewVault::default()
        };
        bench.engine().create_vault(&bench.caller, &"twice".parse().unwrap(), request)
    };
    let made = make(Some(&first)).unwrap();
    assert_eq!(make(Some(&first)).unwrap().arn, made.arn);
    for other in [Some(&second), None] {
        assert!(matches!(make(other).unwrap_err().kind(), ErrorKind::AlreadyExists { .. }));
    }
}

#[test]
fn under_a_disabled_key_nothing_goes_in_or_out_and_enabling_it_gives_all_back() {
    let (mut bench, key, resource, point) = sealed();
    let other = bench.backup(&resource).recovery_point_arn.unwrap();
    disable(&bench, &key);
    let refused = format!("KMS key {} is disabled", key.arn);
    for restarted in [false, true] {
        if restarted {
            bench.restart();
            assert_eq!(state(&bench, &key), KeyState::Disabled);
        }
        let job = back_up(&bench, &resource, None);
        assert_eq!(job.state, JobState::Failed);
        assert!(job.status_message.unwrap().contains(&refused));
        let job = restored(&bench, &point);
        assert_eq!(job.state, JobState::Failed);
        assert!(job.status_message.unwrap().contains(&refused));
        for (from, to, point) in [(SEALED, VAULT, &point), (VAULT, SEALED, &other)] {
            let (state, message) = copied(&bench, from, to, point);
            assert_eq!(state, JobState::Failed, "{from} to {to}");
            assert!(message.contains(&refused), "{message}");
        }
        let read = bench.engine().check_vault(&bench.caller.scope(), &SEALED.parse().unwrap());
        assert!(read.unwrap_err().to_string().contains(&refused));
        let door = bench.engine().make_recovery_key(&bench.caller.scope(), &SEALED.parse().unwrap());
        assert!(door.unwrap_err().to_string().contains(&refused));
        // Other vaults do not know of it.
        assert_completed(&bench.backup(&resource));
    }
    assert_eq!(points(&bench).len(), 1);
    enable(&bench, &key);
    assert_restores(&bench, &point);
    assert_completed(&back_up(&bench, &resource, None));
    assert_eq!(copied(&bench, SEALED, VAULT, &point).0, JobState::Completed);
}

#[test]
fn expiry_and_deletions_wait_for_the_key_without_a_failure_and_go_on_with_it() {
    let (bench, key, resource, kept) = sealed();
    let (old, unwanted) = (back_up(&bench, &resource, Some(1)), back_up(&bench, &resource, None));
    let (old, unwanted) = (old.recovery_point_arn.unwrap(), unwanted.recovery_point_arn.unwrap());
    disable(&bench, &key);
    // However often it is asked for: it waits, and has not failed.
    for _ in 0..3 {
        bench.engine().delete_recovery_point(&bench.caller, SEALED, &unwanted).unwrap();
    }
    bench.advance(Duration::days(40));
    let waiting = |arn: &Arn| points(&bench).into_iter().find(|point| point.arn == *arn).map(|point| point.status);
    for arn in [&old, &unwanted] {
        assert_eq!(waiting(arn), Some(RecoveryPointStatus::Deleting), "neither gone nor EXPIRED: it waits");
    }
    enable(&bench, &key);
    bench.advance(Duration::days(2));
    let left: Vec<Arn> = points(&bench).into_iter().map(|point| point.arn).collect();
    assert_eq!(left, std::slice::from_ref(&kept));
    assert_restores(&bench, &kept);
}

#[test]
fn a_deletion_waits_its_days_can_be_cancelled_and_then_gives_all_back() {
    let (mut bench, key, resource, point) = sealed();
    for days in [6, 31] {
        let refused = schedule(&bench, &key, days).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
        assert!(refused.to_string().contains("PendingWindowInDays"), "{refused}");
    }
    let at = schedule(&bench, &key, 7).unwrap().state.deletion_date().unwrap();
    let engine = bench.engine();
    for refused in [
        engine.enable_key(&bench.caller, &key.id),
        engine.disable_key(&bench.caller, &key.id),
        engine.create_alias(&bench.caller, &"alias/late".parse().unwrap(), &key.id),
        schedule(&bench, &key, 7).map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidResourceState);
        assert_eq!(refused.to_string(), format!("{} is pending deletion.", key.arn));
    }
    let job = back_up(&bench, &resource, None);
    assert!(job.status_message.unwrap().contains("is pending deletion"));
    bench.advance_to(at - Duration::seconds(1));
    bench.restart();
    assert_eq!(state(&bench, &key), KeyState::PendingDeletion(at));
    bench.engine().cancel_key_deletion(&bench.caller, &key.id).unwrap();
    assert_eq!(state(&bench, &key), KeyState::Disabled, "as in AWS");
    let refused = bench.engine().cancel_key_deletion(&bench.caller, &key.id).unwrap_err();
    assert_eq!(refused.to_string(), format!("{} is not pending deletion.", key.arn));
    bench.advance(Duration::days(30));
    enable(&bench, &key);
    assert_restores(&bench, &point);
}

#[test]
fn when_its_days_are_over_the_material_is_destroyed_and_what_is_left_can_be_deleted() {
    let (mut bench, key, resource, point) = sealed();
    let [record, material] = key_files(&bench, &key);
    let secret = fs::read(&material).unwrap();
    schedule(&bench, &key, 7).unwrap();
    bench.advance(Duration::days(8));
    assert!(!material.exists() && record.exists());
    assert!(!fs::read(&record).unwrap().windows(16).any(|part| part == &secret[..16]));
    let gone = bench.engine().look_at_key(&bench.caller, DescribeKey, key.arn.as_str()).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::ResourceNotFound);
    assert!(bench.engine().key_tags(&bench.caller, &key.id).is_err());
    for restarted in [false, true] {
        if restarted {
            bench.restart();
        }
        assert_eq!(points(&bench).len(), 1, "the points are told of as long as nobody deletes them");
        let job = restored(&bench, &point);
        assert_eq!(job.state, JobState::Failed);
        assert!(job.status_message.unwrap().contains("was deleted at"));
        assert_eq!(back_up(&bench, &resource, None).state, JobState::Failed);
    }
    // Put back, it is destroyed again: the record counts.
    bench.stop();
    fs::write(&material, &secret).unwrap();
    bench.start();
    assert!(!material.exists());

    bench.engine().delete_recovery_point(&bench.caller, SEALED, &point).unwrap();
    assert!(points(&bench).is_empty());
    bench.advance(Duration::days(3));
    bench.engine().delete_vault(&bench.caller, SEALED).unwrap();
}

#[test]
fn a_key_that_a_locked_vault_or_a_held_point_needs_is_not_deleted() {
    let (bench, key, ..) = sealed();
    let lock = LockRequest { min_retention_days: None, max_retention_days: None, changeable_for_days: Some(3) };
    let governance = LockRequest { changeable_for_days: None, ..lock };
    for request in [governance, lock] {
        bench.engine().put_vault_lock(&bench.caller, SEALED, &request).unwrap();
        let refused = schedule(&bench, &key, 7).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidResourceState);
        assert!(refused.to_string().contains("backup vault sealed is under Vault Lock"), "{refused}");
    }
    assert_eq!(state(&bench, &key), KeyState::Enabled);
    bench.engine().delete_vault_lock(&bench.caller, SEALED).unwrap();

    let hold = hold(&bench);
    let refused = schedule(&bench, &key, 7).unwrap_err();
    assert!(refused.to_string().contains("has recovery points under a legal hold"), "{refused}");
    bench.engine().cancel_legal_hold(&bench.caller, &hold, "settled", None).unwrap();
    schedule(&bench, &key, 7).unwrap();
}

/// Puts a legal hold on all that is there; its id.
pub fn hold(bench: &Bench) -> String {
    let request = NewHold {
        title: "case 7".to_owned(),
        description: "an inquiry".to_owned(),
        selection: HoldSelection::default(),
        ..NewHold::default()
    };
    bench.engine().create_legal_hold(&bench.caller, request).unwrap().summary.id
}

#[test]
fn a_lock_or_hold_that_comes_while_a_deletion_waits_puts_it_off_until_it_is_gone() {
    for locks in [true, false] {
        let (mut bench, key, _, point) = sealed();
        schedule(&bench, &key, 7).unwrap();
        let hold = if locks {
            let lock = LockRequest { min_retention_days: None, max_retention_days: None, changeable_for_days: None };
            bench.engine().put_vault_lock(&bench.caller, SEALED, &lock).unwrap();
            None
        } else {
            Some(hold(&bench))
        };
        bench.advance(Duration::days(20));
        bench.restart();
        bench.advance(Duration::days(2));
        assert!(key_files(&bench, &key)[1].exists(), "what is protected is not lost");
        bench.engine().cancel_key_deletion(&bench.caller, &key.id).unwrap();
        enable(&bench, &key);
        assert_restores(&bench, &point);
        schedule(&bench, &key, 7).unwrap_err();
        match hold {
            Some(hold) => bench.engine().cancel_legal_hold(&bench.caller, &hold, "settled", None).unwrap(),
            None => bench.engine().delete_vault_lock(&bench.caller, SEALED).unwrap(),
        }
        schedule(&bench, &key, 7).unwrap();
        bench.advance(Duration::days(8));
        assert!(!key_files(&bench, &key)[1].exists());
    }
}

#[test]
fn an_older_catalog_or_none_changes_nothing_of_a_key() {
    let (mut bench, key, _, point) = sealed();
    bench.engine().create_alias(&bench.caller, &"alias/backups".parse().unwrap(), &key.id).unwrap();
    let alias = "arn:aws:kms:us-east-1:123456789012:alias/backups";
    disable(&bench, &key);
    bench.stop();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(bench.path(&format!("data/catalog.sqlite{end}")));
    }
    let _ = fs::remove_dir_all(bench.path("data/catalog-copies"));
    let (engine, report) = Engine::open_rebuilding(bench.options.clone()).unwrap();
    bench.engine = Some(engine);
    assert!(report.unwrap().vaults.iter().any(|vault| vault.ends_with(SEALED)), "also one under a disabled key");
    let found = bench.engine().look_at_key(&bench.caller, DescribeKey, alias).unwrap();
    assert_eq!((&found.arn, &found.state, found.description.as_str()), (&key.arn, &KeyState::Disabled, "backups"));
    let vault = bench.engine().describe_vault(&bench.caller, SEALED).unwrap();
    assert_eq!(vault.encryption_key_arn.as_deref(), Some(key.arn.as_str()));
    enable(&bench, &key);
    let name = Arn::vault(&bench.caller.scope(), &SEALED.parse().unwrap());
    bench.engine().rescan(Some(&name)).unwrap();
    assert_restores(&bench, &point);
}

#[test]
fn vaults_of_versions_that_knew_no_keys_are_under_the_engines_own_one() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let own = bench.engine().look_at_key(&bench.caller, DescribeKey, BACKUP_ALIAS).unwrap().arn;
    bench.stop();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    for table in ["vaults", "recovery_points", "backup_jobs"] {
        let alias = "'arn:aws:kms:' || region || ':' || account || ':alias/aws/backup'";
        catalog.execute(&format!("UPDATE {table} SET encryption_key_arn = {alias}"), []).unwrap();
    }
    drop(catalog);
    fs::remove_dir_all(bench.path("data/keys/kms")).unwrap();
    bench.start();
    let told = |key: Option<String>| assert_eq!(key.as_deref(), Some(own.as_str()));
    told(bench.engine().describe_vault(&bench.caller, VAULT).unwrap().encryption_key_arn);
    told(bench.points()[0].encryption_key_arn.clone());
    told(bench.jobs()[0].encryption_key_arn.clone());
    let job = bench.restore(&point, &[("newFileSystem", "true")]);
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
}

#[test]
fn a_key_of_which_the_files_are_missing_is_told_of_and_gives_all_back_with_them() {
    let (mut bench, key, resource, point) = sealed();
    let files = key_files(&bench, &key);
    for lost in files {
        bench.stop();
        let content = fs::read(&lost).unwrap();
        fs::remove_file(&lost).unwrap();
        bench.start();
        let job = back_up(&bench, &resource, None);
        assert_eq!(job.state, JobState::Failed);
        assert!(job.status_message.unwrap().contains("Put back your copies"));
        bench.stop();
        fs::write(&lost, content).unwrap();
        bench.start();
        assert_restores(&bench, &point);
    }
}

#[test]
fn a_vault_of_which_the_catalog_does_not_know_keeps_its_key_and_its_key_is_kept() {
    let (mut bench, key, ..) = sealed();
    bench.stop();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog
        .execute_batch(
            "PRAGMA foreign_keys = ON; DELETE FROM recovery_points; DELETE FROM vaults WHERE name = 'sealed'",
        )
        .unwrap();
    drop(catalog);
    // An engine at rest does not look through the folders by itself.
    let mut bench = Bench::at_rest(bench.into_folder());
    bench.options.scheduler = false;
    bench.start();
    let refused = schedule(&bench, &key, 7).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidResourceState);
    assert!(refused.to_string().contains("vaultdeck vault rescan sealed"), "{refused}");
    assert_eq!(state(&bench, &key), KeyState::Enabled);
    let other = new_key(&bench);
    let own = bench.engine().look_at_key(&bench.caller, DescribeKey, BACKUP_ALIAS).unwrap();
    for wrong in [other.arn, own.arn] {
        let refused = new_vault(&bench, SEALED, wrong.as_str()).unwrap_err();
        assert!(refused.to_string().contains("a vault keeps its key"), "{refused}");
    }
    new_vault(&bench, SEALED, key.arn.as_str()).unwrap();
}

#[test]
fn without_the_catalog_no_recovery_key_is_made_under_a_disabled_key() {
    let (mut bench, key, ..) = sealed();
    disable(&bench, &key);
    bench.stop();
    let (scope, name) = (bench.caller.scope(), SEALED.parse().unwrap());
    let offline = |bench: &Bench| Offline::open(&bench.path("data"), &std::collections::BTreeMap::new()).unwrap();
    let refused = offline(&bench).make_recovery_key(&scope, &name).unwrap_err();
    assert!(refused.to_string().contains("is disabled"), "{refused}");
    bench.start();
    enable(&bench, &key);
    bench.stop();
    offline(&bench).make_recovery_key(&scope, &name).unwrap();
    bench.start();
}

#[test]
fn a_clock_that_jumps_destroys_no_key() {
    let mut bench = Bench::on_fake_clocks();
    let key = new_key(&bench);
    schedule(&bench, &key, 7).unwrap();
    bench.clocks().set_wall(Duration::days(400));
    bench.restart();
    bench.engine().settle_now().unwrap();
    assert!(key_files(&bench, &key)[1].exists(), "the clock is doubted");
    bench.engine().cancel_key_deletion(&bench.caller, &key.id).unwrap();
}
