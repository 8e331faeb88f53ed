//! Cold storage: a recovery point moves there on its day, and all that can be done with one in warm storage can be done there.

use crate::bench::{Bench, VAULT, assert_completed};
use crate::checks::{flip, replace};
use chrono::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use vaultdeck::domain::extension::{CheckReport, RepairRequest};
use vaultdeck::domain::recovery_point::RecoveryPoint;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::offline::Offline;
use vaultdeck::engine::{ErrorKind, NewVault, PageRequest};
use vaultdeck::repository::{LocalStorage, Options, Repository};

const COLD: i64 = 10;
const DELETE: i64 = 100;

/// A resource with one recovery point that goes cold after ten days and away after a hundred.
fn scene() -> (Bench, Arn) {
    let bench = Bench::simulated();
    let point = backup(&bench, "projects");
    (bench, point)
}

fn backup(bench: &Bench, name: &str) -> Arn {
    let resource = bench.resource(name, &[]);
    let mut request = bench.backup_request(&resource);
    request.lifecycle = Some(lifecycle(Some(COLD), Some(DELETE)));
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let job = bench.wait(&job.id);
    assert_completed(&job);
    job.recovery_point_arn.unwrap()
}

fn lifecycle(cold: Option<i64>, delete: Option<i64>) -> Lifecycle {
    Lifecycle { move_to_cold_storage_after_days: cold, delete_after_days: delete, ..Lifecycle::default() }
}

fn describe(bench: &Bench, point: &Arn) -> RecoveryPoint {
    bench.engine().describe_recovery_point(&bench.caller, VAULT, point).unwrap()
}

fn class(bench: &Bench, point: &Arn) -> String {
    describe(bench, point).storage_class.unwrap()
}

fn vault(bench: &Bench) -> PathBuf {
    bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}"))
}

fn inside(bench: &Bench) -> PathBuf {
    vault(bench).join("vaultdeck/cold")
}

fn elsewhere(bench: &Bench) -> PathBuf {
    bench.path(&format!("archive/123456789012/us-east-1/{VAULT}"))
}

/// How many files a repository has of a kind.
fn count(repository: &Path, kind: &str) -> usize {
    fs::read_dir(repository.join(kind)).map_or(0, |entries| {
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| if path.is_dir() { fs::read_dir(path).unwrap().count() } else { 1 })
            .sum()
    })
}

fn check(bench: &Bench) -> CheckReport {
    bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap()
}

fn assert_restores(bench: &Bench, point: &Arn, name: &str) {
    let target = tempfile::tempdir_in(bench.path("")).unwrap().path().join("restored");
    let job = bench.restore(point, &[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]);
    assert_eq!(job.state.as_str(), "COMPLETED", "{:?}", job.status_message);
    let hello = fs::read_to_string(target.join("hello.txt")).unwrap();
    assert_eq!(hello, format!("hello from {name}\n"));
}

#[test]
fn a_point_goes_cold_on_its_day_and_its_warm_data_goes() {
    let (bench, arn) = scene();
    let before = describe(&bench, &arn);
    let day = before.created + Duration::days(COLD);
    assert_eq!(before.calculated_lifecycle.move_to_cold_storage_at, Some(day));
    assert_eq!(before.calculated_lifecycle.delete_at, Some(before.created + Duration::days(DELETE)));
    bench.advance_to(day - Duration::seconds(1));
    assert_eq!(class(&bench, &arn), "WARM");
    assert!(!inside(&bench).exists());

    bench.advance(Duration::seconds(1));

    let after = describe(&bench, &arn);
    assert_eq!(after.storage_class.as_deref(), Some("COLD"));
    assert_eq!(after.calculated_lifecycle, before.calculated_lifecycle);
    assert_eq!((after.created, after.size_bytes, after.status), (before.created, before.size_bytes, before.status));
    assert_eq!((count(&vault(&bench), "snapshots"), count(&inside(&bench), "snapshots")), (0, 1));
    assert_restores(&bench, &arn, "projects");
    bench.advance(Duration::days(2));
    assert_eq!(count(&vault(&bench), "data"), 0, "nothing is left of the warm data");
    let report = check(&bench);
    assert_eq!((report.problems, report.snapshots, report.recovery_points), (vec![], 1, 1));
    assert_restores(&bench, &arn, "projects");
}

#[test]
fn a_cold_point_expires_and_its_data_goes() {
    let (bench, arn) = scene();
    bench.advance_to(describe(&bench, &arn).created + Duration::days(DELETE) + Duration::hours(8));
    assert!(bench.points().is_empty());
    bench.advance(Duration::days(3));
    assert_eq!(count(&inside(&bench), "snapshots"), 0);
    assert_eq!(count(&inside(&bench), "data"), 0, "nothing is left");
    bench.engine().delete_vault(&bench.caller, VAULT).unwrap();
    assert!(!vault(&bench).exists());
}

#[test]
fn points_of_one_vault_share_its_cold_storage_and_one_can_be_deleted() {
    let (bench, first) = scene();
    let second = backup(&bench, "again");
    bench.advance(Duration::days(COLD));
    let packs = count(&inside(&bench), "data");
    assert_eq!(count(&inside(&bench), "snapshots"), 2);
    assert!(packs > 0);
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &first).unwrap();
    bench.advance(Duration::days(3));
    assert_eq!(bench.points().into_iter().map(|point| point.arn).collect::<Vec<_>>(), std::slice::from_ref(&second));
    assert_restores(&bench, &second, "again");
    assert_eq!(check(&bench).problems, []);
}

#[test]
fn a_backup_after_the_move_is_whole() {
    let (bench, cold) = scene();
    bench.advance(Duration::days(COLD) + Duration::days(2));
    let warm = backup(&bench, "projects");
    assert_eq!((class(&bench, &cold), class(&bench, &warm)), ("COLD".to_owned(), "WARM".to_owned()));
    assert_restores(&bench, &warm, "projects");
    assert_restores(&bench, &cold, "projects");
}

#[test]
fn the_day_can_be_changed_until_the_point_has_moved() {
    let (bench, arn) = scene();
    let update = |cold, delete| {
        bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &arn, lifecycle(cold, delete))
    };
    let refused = |cold, delete| {
        let error = update(cold, delete).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        error.to_string()
    };
    bench.advance(Duration::days(5) + Duration::hours(1));
    assert!(refused(Some(20), Some(109)).contains("less than 90 days apart"));
    // The age is five days and an hour.
    assert!(
        refused(Some(6), None).contains("at least one day more than the age of the recovery point, which is 7 now")
    );
    assert_eq!(class(&bench, &arn), "WARM");
    let moved = update(Some(7), None).unwrap();
    assert_eq!(moved.calculated_lifecycle.move_to_cold_storage_at, Some(moved.created + Duration::days(7)));
    assert_eq!(moved.calculated_lifecycle.delete_at, None);
    bench.advance(Duration::days(2));
    assert_eq!(class(&bench, &arn), "COLD");
    assert!(refused(Some(30), None).contains("cannot be changed after the recovery point was moved"));
    assert!(refused(None, None).contains("cannot be changed after the recovery point was moved"));
    let shorter = update(Some(7), Some(97)).unwrap();
    assert_eq!(shorter.calculated_lifecycle.delete_at, Some(shorter.created + Duration::days(97)));
    assert!(refused(Some(7), Some(96)).contains("less than 90 days apart"));
}

#[test]
fn what_never_goes_cold_stays_warm() {
    let (bench, arn) = scene();
    let kept =
        bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &arn, lifecycle(Some(-1), None)).unwrap();
    assert_eq!(kept.calculated_lifecycle.move_to_cold_storage_at, None);
    bench.advance(Duration::days(400));
    assert_eq!(class(&bench, &arn), "WARM");
    assert!(!inside(&bench).exists());
}

#[test]
fn the_config_puts_cold_storage_elsewhere() {
    let mut bench = Bench::simulated();
    bench.keep_cold_in(bench.path("archive"));
    bench.restart();
    let arn = backup(&bench, "projects");
    bench.advance(Duration::days(COLD));
    assert_eq!(class(&bench, &arn), "COLD");
    assert!(!inside(&bench).exists());
    assert_eq!(count(&elsewhere(&bench), "snapshots"), 1);
    assert_restores(&bench, &arn, "projects");
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &arn).unwrap();
    bench.engine().delete_vault(&bench.caller, VAULT).unwrap();
    assert!(!elsewhere(&bench).exists());
    assert_eq!(fs::read_dir(bench.path("archive/.trash")).unwrap().count(), 1);
}

#[test]
fn while_its_disk_is_away_nothing_is_lost_and_nothing_is_made_anew() {
    let mut bench = Bench::simulated();
    bench.keep_cold_in(bench.path("archive"));
    bench.restart();
    let arn = backup(&bench, "projects");
    bench.advance(Duration::days(COLD));
    let later = backup(&bench, "more");
    bench.stop();
    fs::rename(bench.path("archive"), bench.path("away")).unwrap();
    for is_mounted in [false, true] {
        if is_mounted {
            // The folder on which the disk is mounted, without it.
            fs::create_dir(bench.path("archive")).unwrap();
        }
        bench.start();
        let job = bench.restore(&arn, &[]);
        assert_eq!(job.state.as_str(), "FAILED");
        let message = job.status_message.unwrap_or_default();
        assert!(message.contains(bench.path("archive").to_str().unwrap()), "{message}");
        let report = check(&bench);
        let told: Vec<&str> = report.problems.iter().map(|problem| problem.subject.as_str()).collect();
        assert_eq!(told, ["cold storage"]);
        assert!(bench.engine().make_recovery_key(&bench.caller.scope(), &VAULT.parse().unwrap()).is_err());
        bench.advance(Duration::days(COLD));
        assert_eq!(class(&bench, &later), "WARM", "it is not moved into a new one");
        assert_restores(&bench, &later, "more");
        bench.stop();
    }
    assert_eq!(fs::read_dir(bench.path("archive")).unwrap().count(), 0);
    fs::remove_dir(bench.path("archive")).unwrap();
    fs::rename(bench.path("away"), bench.path("archive")).unwrap();
    bench.start();
    bench.advance(Duration::hours(1));
    assert_eq!(class(&bench, &later), "COLD");
    assert_restores(&bench, &arn, "projects");
    assert_restores(&bench, &later, "more");
    assert_eq!(check(&bench).problems, []);
}

#[test]
fn a_recovery_key_opens_both_repositories_whenever_it_was_made() {
    let (bench, _) = scene();
    let make = || bench.engine().make_recovery_key(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap().password;
    let opens = |folder: &Path, password: &str| {
        let storage = std::sync::Arc::new(LocalStorage::read_only(folder));
        Repository::unlock(storage.as_ref(), password)
            .and_then(|key| Repository::open(storage, key, Options::default()))
    };
    let early = make();
    bench.advance(Duration::days(COLD));
    for folder in [vault(&bench), inside(&bench)] {
        assert!(opens(&folder, &early).is_ok());
    }
    let late = make();
    for folder in [vault(&bench), inside(&bench)] {
        assert!(opens(&folder, &late).is_ok());
        assert!(opens(&folder, &early).is_err(), "there is one key");
    }
    assert_eq!(opens(&inside(&bench), &late).unwrap().snapshots().unwrap().len(), 1);
}

/// Keeps the catalog's files as they are now, and puts them back.
fn catalog_files(bench: &Bench) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(bench.path("data")).unwrap().map(|entry| entry.unwrap().path());
    let is_catalog =
        |path: &PathBuf| path.is_file() && path.file_name().unwrap().to_string_lossy().starts_with("catalog");
    entries.filter(is_catalog).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn an_older_catalog_finds_the_point_where_its_manifest_says() {
    let (mut bench, arn) = scene();
    bench.stop();
    let old = catalog_files(&bench);
    assert!(!old.is_empty());
    bench.start();
    bench.advance(Duration::days(COLD));
    bench.stop();
    for (path, _) in catalog_files(&bench) {
        fs::remove_file(path).unwrap();
    }
    for (path, content) in old {
        fs::write(path, content).unwrap();
    }
    bench.start();

    bench.engine().rescan(None).unwrap();

    assert_eq!(class(&bench, &arn), "COLD");
    assert_restores(&bench, &arn, "projects");
    bench.advance(Duration::days(3));
    assert_eq!(check(&bench).problems, []);
    assert_restores(&bench, &arn, "projects");
}

#[test]
fn damage_in_cold_storage_is_told_and_what_warm_storage_still_has_is_brought_back() {
    let (bench, arn) = scene();
    let warm = backup(&bench, "projects");
    bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &warm, lifecycle(None, None)).unwrap();
    bench.advance(Duration::days(COLD));
    assert_eq!((class(&bench, &arn), class(&bench, &warm)), ("COLD".to_owned(), "WARM".to_owned()));
    for folder in fs::read_dir(inside(&bench).join("data")).unwrap() {
        for pack in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = pack.unwrap().path();
            let mut content = fs::read(&path).unwrap();
            content[20] ^= 1;
            fs::remove_file(&path).unwrap();
            fs::write(&path, content).unwrap();
        }
    }
    let report = check(&bench);
    assert!(report.problems.iter().any(|problem| problem.recovery_point_arn.as_deref() == Some(arn.as_str())));
    assert!(report.problems.iter().any(|problem| problem.subject.starts_with("cold storage: pack ")), "{report:?}");
    assert_restores(&bench, &warm, "projects");

    let repaired = bench
        .engine()
        .repair_vault(&bench.caller.scope(), &VAULT.parse().unwrap(), &RepairRequest { dry_run: false })
        .unwrap();

    assert_eq!(repaired.left, []);
    assert_restores(&bench, &arn, "projects");
}

#[test]
fn a_point_that_is_damaged_stays_where_it_is() {
    let (bench, arn) = scene();
    let data = vault(&bench).join("data");
    for folder in fs::read_dir(data).unwrap() {
        for pack in fs::read_dir(folder.unwrap().path()).unwrap() {
            fs::remove_file(pack.unwrap().path()).unwrap();
        }
    }
    bench.advance(Duration::days(COLD + 1));
    assert_eq!(class(&bench, &arn), "WARM");
    assert!(describe(&bench, &arn).is_damaged());
}

#[test]
fn a_point_without_its_snapshot_holds_up_no_other() {
    let (bench, broken) = scene();
    let day = describe(&bench, &broken).created + Duration::days(COLD);
    let snapshot = fs::read_dir(vault(&bench).join("snapshots")).unwrap().next().unwrap().unwrap().path();
    let whole = backup(&bench, "again");
    bench.advance_to(day - Duration::minutes(1));
    fs::remove_file(snapshot).unwrap();

    bench.advance_to(day);

    assert_eq!((class(&bench, &broken), class(&bench, &whole)), ("WARM".to_owned(), "COLD".to_owned()));
    assert!(describe(&bench, &broken).is_damaged());
    assert_restores(&bench, &whole, "again");
}

#[test]
fn what_a_deleted_vault_left_in_cold_storage_is_not_taken_for_that_of_a_new_one() {
    let mut bench = Bench::simulated();
    bench.keep_cold_in(bench.path("archive"));
    bench.restart();
    let old = backup(&bench, "projects");
    bench.advance(Duration::days(COLD));
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &old).unwrap();
    bench.engine().delete_vault(&bench.caller, VAULT).unwrap();
    // As if its disk had been away then.
    let grave = fs::read_dir(bench.path("archive/.trash")).unwrap().next().unwrap().unwrap().path();
    fs::rename(grave, elsewhere(&bench)).unwrap();
    bench.engine().create_vault(&bench.caller, &VAULT.parse().unwrap(), NewVault::default()).unwrap();
    let new = backup(&bench, "more");

    let report = bench.engine().rescan(None).unwrap();

    assert_eq!(report.problems, Vec::<String>::new());
    assert_restores(&bench, &new, "more");
}

#[test]
fn without_a_catalog_no_recovery_key_is_left_behind_that_nobody_is_told_of() {
    let mut bench = Bench::simulated();
    bench.keep_cold_in(bench.path("archive"));
    bench.restart();
    backup(&bench, "projects");
    bench.stop();
    fs::rename(bench.path("archive"), bench.path("away")).unwrap();
    let make = || {
        let cold = [("us-east-1".parse().unwrap(), bench.path("archive"))].into();
        let offline = Offline::open(&bench.path("data"), &cold).unwrap();
        offline.make_recovery_key(&bench.caller.scope(), &VAULT.parse().unwrap())
    };
    let before = count(&vault(&bench), "keys");
    assert!(make().is_err());
    assert_eq!(count(&vault(&bench), "keys"), before);
    fs::rename(bench.path("away"), bench.path("archive")).unwrap();
    make().unwrap();
    assert_eq!(count(&vault(&bench), "keys"), before + 1);
}

#[test]
fn what_was_set_aside_of_cold_storage_goes_too() {
    let (bench, arn) = scene();
    bench.advance(Duration::days(COLD));
    let aside = || count(&inside(&bench), "vaultdeck/damaged");
    flip(&fs::read_dir(inside(&bench).join("index")).unwrap().next().unwrap().unwrap().path());
    let request = RepairRequest { dry_run: false };
    let report = bench.engine().repair_vault(&bench.caller.scope(), &VAULT.parse().unwrap(), &request).unwrap();
    assert_eq!(report.left, []);
    assert_eq!(aside(), 1, "{report:?}");
    bench.advance(Duration::days(2));
    assert_eq!(check(&bench).problems, []);
    bench.advance(Duration::days(27));
    assert_eq!(aside(), 1);
    bench.advance(Duration::days(4));
    assert_eq!(aside(), 0);
    assert_restores(&bench, &arn, "projects");
}

#[test]
fn a_scrub_remembers_what_it_read_of_each_repository() {
    let (mut bench, cold) = scene();
    bench.advance(Duration::days(COLD));
    let warm = backup(&bench, "more");
    bench.advance(Duration::days(2));
    assert_eq!((class(&bench, &cold), class(&bench, &warm)), ("COLD".to_owned(), "WARM".to_owned()));
    bench.stop();
    // The last day of its cycle, which reads all that is left: packs of both.
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog.execute("UPDATE scrubs SET cycle_began = cycle_began - 30 * 86400000, position = NULL", []).unwrap();
    drop(catalog);
    let records = [vault(&bench), inside(&bench)].map(|repository| {
        for folder in fs::read_dir(repository.join("data")).unwrap() {
            for pack in fs::read_dir(folder.unwrap().path()).unwrap() {
                let path = pack.unwrap().path();
                replace(&path, &fs::read(&path).unwrap());
            }
        }
        repository.join("vaultdeck/integrity")
    });
    bench.start();
    let before = records.each_ref().map(|record| fs::read(record).unwrap());

    bench.advance(Duration::days(1));

    for (record, before) in records.iter().zip(before) {
        assert_ne!(fs::read(record).unwrap(), before, "{}", record.display());
    }
}

#[test]
fn lists_tell_the_class() {
    let (bench, arn) = scene();
    bench.advance(Duration::days(COLD));
    let request = PageRequest { max_results: None, next_token: None };
    let page = bench
        .engine()
        .list_recovery_points_by_resource(&bench.caller, &describe(&bench, &arn).resource_arn, false, &request)
        .unwrap();
    assert_eq!(page.items[0].storage_class.as_deref(), Some("COLD"));
    let items = bench.engine().recovery_point_items(&bench.caller, &arn, "/", &request).unwrap();
    assert!(items.items.iter().any(|item| item.name == "hello.txt"));
}

#[test]
fn a_snapshot_of_ebs_goes_to_its_archive_only_where_its_lifecycle_opts_in() {
    let bench = Bench::simulated();
    let image = bench.path("disk.img");
    let content: Vec<u8> = (0..3_u32 << 20).map(|byte| (byte % 251) as u8).collect();
    fs::write(&image, &content).unwrap();
    let volume = bench.register_as("EBS", "disk", &image, &[]);
    let [stays, goes] = [None, Some(true)].map(|opt_in| {
        let mut request = bench.backup_request(&volume);
        request.lifecycle = Some(Lifecycle {
            opt_in_to_archive_for_supported_resources: opt_in,
            ..lifecycle(Some(COLD), Some(DELETE))
        });
        let job = bench.wait(&bench.engine().start_backup_job(&bench.caller, request).unwrap().id);
        assert_completed(&job);
        job.recovery_point_arn.unwrap()
    });
    assert_eq!(describe(&bench, &stays).calculated_lifecycle.move_to_cold_storage_at, None);
    assert!(describe(&bench, &goes).calculated_lifecycle.move_to_cold_storage_at.is_some());

    bench.advance(Duration::days(COLD + 1));

    assert_eq!([&stays, &goes].map(|point| class(&bench, point)), ["WARM", "COLD"]);
    for (number, point) in [&stays, &goes].into_iter().enumerate() {
        let target = bench.path(&format!("restored-{number}.img"));
        let zone = ("availabilityZone", "us-east-1a");
        let job = bench.restore(point, &[zone, ("vaultdeck:path", target.to_str().unwrap())]);
        assert_eq!(job.state.as_str(), "COMPLETED", "{:?}", job.status_message);
        assert!(fs::read(&target).unwrap() == content, "{point}");
    }
    // Leaving out that it opted in does not take it out of the rules of what lies there.
    let shorter = lifecycle(None, Some(20));
    let refused = bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &goes, shorter).unwrap_err();
    assert!(refused.to_string().contains("cannot be changed after"), "{refused}");
}
