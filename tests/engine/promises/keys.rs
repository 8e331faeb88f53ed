//! A KMS key against what lies below its calls: older catalogs, older and damaged files of its own, folders that are away, its
//! day. What is locked or held under it is not lost by any of them.

use super::{OldCatalog, delete_in};
use crate::bench::Bench;
use crate::keys::{
    SEALED, assert_restores, back_up, enable, hold, key_files, new_key, points, restored, schedule, sealed, state,
};
use chrono::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use vaultdeck::domain::Arn;
use vaultdeck::domain::air_gap::RetentionBounds;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::kms::{KeyState, KmsKey};
use vaultdeck::domain::recovery_point::RecoveryPointStatus;
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::engine::{Engine, ErrorKind, NewVault};

/// What keeps the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Lock,
    Hold,
}

const EACH: [By; 2] = [By::Lock, By::Hold];

fn keep(bench: &Bench, by: By) {
    match by {
        By::Lock => {
            let lock = LockRequest { min_retention_days: None, max_retention_days: None, changeable_for_days: Some(3) };
            bench.engine().put_vault_lock(&bench.caller, SEALED, &lock).unwrap();
        }
        By::Hold => drop(hold(bench)),
    }
}

fn folder(bench: &Bench) -> PathBuf {
    bench.path(&format!("data/vaults/123456789012/us-east-1/{SEALED}"))
}

/// Puts an older catalog back, and starts while the vault's folder is away; where that is.
fn start_on_an_older_catalog_without_the_folder(bench: &mut Bench, older: &OldCatalog) -> PathBuf {
    older.put_back(bench);
    let away = bench.path("away");
    fs::rename(folder(bench), &away).unwrap();
    bench.start();
    away
}

fn has_material(bench: &Bench, key: &KmsKey) -> bool {
    key_files(bench, key)[1].exists()
}

fn assert_is_kept(bench: &Bench, key: &KmsKey, by: By) {
    let refused = schedule(bench, key, 7).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidResourceState, "{by:?} {refused}");
    let why = if by == By::Lock { "is under Vault Lock" } else { "under a legal hold" };
    assert!(refused.to_string().contains(why), "{by:?} {refused}");
    assert!(has_material(bench, key), "{by:?}");
}

#[test]
fn a_key_is_kept_by_what_an_older_catalog_does_not_know_also_when_the_folder_comes_back_after_the_start() {
    for by in EACH {
        let (mut bench, key, ..) = sealed();
        let older = OldCatalog::keep(&mut bench);
        keep(&bench, by);
        let away = start_on_an_older_catalog_without_the_folder(&mut bench, &older);
        assert!(schedule(&bench, &key, 7).is_err(), "{by:?}: what cannot be asked lets nothing go");
        fs::rename(&away, folder(&bench)).unwrap();
        assert_is_kept(&bench, &key, by);
        assert_eq!(state(&bench, &key), KeyState::Enabled);
    }
}

#[test]
fn a_key_whose_day_comes_is_kept_by_what_an_older_catalog_does_not_know() {
    for by in EACH {
        let (mut bench, key, _, point) = sealed();
        let day = schedule(&bench, &key, 7).unwrap().state.deletion_date().unwrap();
        let older = OldCatalog::keep(&mut bench);
        keep(&bench, by);
        let away = start_on_an_older_catalog_without_the_folder(&mut bench, &older);
        bench.advance_to(day + Duration::hours(1));
        assert!(has_material(&bench, &key), "{by:?}: what cannot be asked lets nothing go");
        fs::rename(&away, folder(&bench)).unwrap();
        bench.advance(Duration::days(3));
        assert!(has_material(&bench, &key), "{by:?}");
        bench.engine().cancel_key_deletion(&bench.caller, &key.id).unwrap();
        enable(&bench, &key);
        assert_is_kept(&bench, &key, by);
        assert_restores(&bench, &point);
    }
}

#[test]
fn a_key_whose_day_comes_asks_the_folder_before_it_is_destroyed() {
    for by in EACH {
        let (mut bench, key, ..) = sealed();
        let day = schedule(&bench, &key, 7).unwrap().state.deletion_date().unwrap();
        let older = OldCatalog::keep(&mut bench);
        keep(&bench, by);
        let away = start_on_an_older_catalog_without_the_folder(&mut bench, &older);
        // Nobody looks into the folder between its return and that moment.
        bench.advance_to(day - Duration::seconds(1));
        fs::rename(&away, folder(&bench)).unwrap();
        bench.advance_to(day);
        assert!(has_material(&bench, &key), "{by:?}");
    }
}

#[test]
fn an_older_record_of_a_key_by_which_its_day_has_come_destroys_nothing_that_is_kept() {
    for by in EACH {
        let (mut bench, key, _, point) = sealed();
        schedule(&bench, &key, 7).unwrap();
        let [record, _] = key_files(&bench, &key);
        let pending = fs::read(&record).unwrap();
        bench.engine().cancel_key_deletion(&bench.caller, &key.id).unwrap();
        enable(&bench, &key);
        keep(&bench, by);
        bench.stop();
        fs::write(&record, &pending).unwrap();
        bench.start();
        bench.advance(Duration::days(20));
        assert!(has_material(&bench, &key), "{by:?}");
        bench.engine().cancel_key_deletion(&bench.caller, &key.id).unwrap();
        enable(&bench, &key);
        assert_is_kept(&bench, &key, by);
        assert_restores(&bench, &point);
    }
}

/// What becomes of a file, where something becomes of it: another content, or none.
type Damage = fn(&[u8]) -> Option<Vec<u8>>;

const DAMAGES: [(&str, Damage); 5] = [
    ("is away", |_| None),
    ("is empty", |_| Some(Vec::new())),
    ("is cut", |good| Some(good[..good.len() / 2].to_vec())),
    ("has another first byte", |good| Some([&[good[0] ^ 1], &good[1..]].concat())),
    ("has another last byte", |good| Some([&good[..good.len() - 1], &[good[good.len() - 1] ^ 1]].concat())),
];

/// While a key's files are not what they were: nothing goes in or out, nothing is deleted, and other vaults do not know of it.
fn assert_only_closed(bench: &Bench, resource: &Arn, point: &Arn, what: &str) {
    for (state, message) in [
        {
            let job = back_up(bench, resource, None);
            (job.state, job.status_message)
        },
        {
            let job = restored(bench, point);
            (job.state, job.status_message)
        },
    ] {
        assert_eq!(state, JobState::Failed, "{what}");
        assert!(
            message.as_ref().is_some_and(|message| message.contains("Put back your copies")),
            "{what}: {message:?}"
        );
    }
    let mut keys: Vec<Arn> = bench.engine().list_keys(&bench.caller).unwrap().into_iter().map(|key| key.arn).collect();
    let told = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), told, "{what}: no key is told of under another's name");
    assert!(delete_in(bench, SEALED, point).is_err(), "{what}");
    assert!(bench.engine().delete_vault(&bench.caller, SEALED).is_err(), "{what}");
    let statuses: Vec<_> = points(bench).into_iter().map(|point| point.status).collect();
    assert_eq!(statuses, [RecoveryPointStatus::Completed], "{what}");
    crate::bench::assert_completed(&bench.backup(resource));
}

fn with_damage(bench: &mut Bench, path: &Path, damage: Option<&[u8]>, look: impl FnOnce(&Bench)) {
    let good = fs::read(path).unwrap();
    bench.stop();
    super::put(path, damage);
    bench.start();
    look(bench);
    bench.stop();
    fs::write(path, good).unwrap();
    bench.start();
}

#[test]
fn whatever_becomes_of_the_files_of_a_key_its_locked_vault_is_only_closed_until_they_are_back() {
    let (mut bench, key, resource, point) = sealed();
    let other = new_key(&bench);
    keep(&bench, By::Lock);
    bench.advance(Duration::days(4));
    for (path, of_another) in key_files(&bench, &key).iter().zip(key_files(&bench, &other)) {
        let (good, of_another) = (fs::read(path).unwrap(), fs::read(of_another).unwrap());
        let name = path.extension().unwrap().to_str().unwrap();
        let mut damages: Vec<_> = DAMAGES.iter().map(|(what, damage)| (*what, damage(&good))).collect();
        damages.push(("is another key's", Some(of_another)));
        for (what, damage) in damages {
            let what = format!("the .{name} {what}");
            with_damage(&mut bench, path, damage.as_deref(), |bench| {
                assert_only_closed(bench, &resource, &point, &what);
            });
            assert_is_kept(&bench, &key, By::Lock);
            assert_restores(&bench, &point);
        }
    }
}

#[test]
fn a_key_that_a_newer_version_wrote_is_left_to_that_version() {
    let (mut bench, key, _, point) = sealed();
    let [record, _] = key_files(&bench, &key);
    let good = fs::read_to_string(&record).unwrap();
    bench.stop();
    let newer = good.replacen("\"Version\":1", "\"Version\":2", 1);
    assert_ne!(newer, good);
    fs::write(&record, &newer).unwrap();
    let refused = Engine::open(bench.options.clone()).err().expect("it was opened").to_string();
    assert!(refused.contains("newer vaultdeck") && refused.contains(&key.id), "{refused}");
    assert_eq!(fs::read_to_string(&record).unwrap(), newer, "nothing was changed");
    fs::write(&record, good).unwrap();
    bench.start();
    assert_restores(&bench, &point);
}

#[test]
fn a_day_that_the_clock_jumped_over_comes_after_three_that_were_lived() {
    let bench = Bench::on_fake_clocks();
    let key = new_key(&bench);
    schedule(&bench, &key, 7).unwrap();
    let pass = |hours: i64| {
        for _ in 0..hours {
            bench.clocks().pass(Duration::hours(1));
            bench.engine().settle_now().unwrap();
        }
    };
    pass(1);
    bench.clocks().set_wall(Duration::days(30));
    bench.engine().settle_now().unwrap();
    assert!(has_material(&bench, &key), "nobody believes the clock");
    pass(70);
    assert!(bench.engine().now() > key.created.unwrap() + Duration::days(30), "the new time counts");
    assert!(has_material(&bench, &key), "and whoever sets the clock right in time finds the key");
    pass(10);
    assert!(!has_material(&bench, &key));
}

#[test]
fn an_air_gapped_vault_keeps_its_key_also_when_every_record_of_its_lock_is_lost() {
    let mut bench = Bench::simulated();
    let key = new_key(&bench);
    let bounds = RetentionBounds { min_days: 7, max_days: 30 };
    let request = NewVault { encryption_key_arn: Some(key.arn.to_string()), ..NewVault::default() };
    bench.engine().create_air_gapped_vault(&bench.caller, &"safe".parse().unwrap(), bounds, &request).unwrap();
    bench.stop();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    assert_eq!(catalog.execute("DELETE FROM vault_locks", []).unwrap(), 1);
    drop(catalog);
    for record in ["lock.json", "copies/lock.json"] {
        fs::remove_file(bench.path(&format!("data/vaults/123456789012/us-east-1/safe/vaultdeck/{record}"))).unwrap();
    }
    bench.start();
    let refused = schedule(&bench, &key, 7).unwrap_err();
    assert!(refused.to_string().contains("backup vault safe is under Vault Lock"), "{refused}");
    assert!(has_material(&bench, &key));
}

#[test]
fn the_material_of_a_destroyed_key_is_overwritten_where_it_lay() {
    let bench = Bench::simulated();
    let key = new_key(&bench);
    let [_, material] = key_files(&bench, &key);
    let other_name = bench.path("another name of it");
    fs::hard_link(&material, &other_name).unwrap();
    let length = fs::metadata(&material).unwrap().len() as usize;
    schedule(&bench, &key, 7).unwrap();
    bench.advance(Duration::days(8));
    assert!(!material.exists());
    assert_eq!(fs::read(other_name).unwrap(), vec![0; length]);
}
