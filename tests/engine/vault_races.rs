//! What changes both the catalog and the disk, against its neighbours: threads race, and nothing is lost between the two.

use crate::bench::{Bench, VAULT, assert_completed, tree};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use vaultdeck::domain::VaultName;
use vaultdeck::engine::{ErrorKind, NewVault, StartBackup};

fn name(text: &str) -> VaultName {
    text.parse().unwrap()
}

fn folder(bench: &Bench, vault: &str) -> PathBuf {
    bench.path(&format!("data/vaults/123456789012/us-east-1/{vault}"))
}

/// The catalog and the disk tell of the same vaults.
fn assert_row_and_folder_agree(bench: &Bench, vault: &str) {
    let row = bench.engine().describe_vault(&bench.caller, vault).is_ok();
    assert_eq!(row, folder(bench, vault).join("vaultdeck/key.json").exists(), "row {row}, folder otherwise");
}

#[test]
fn vaults_of_one_name_made_and_deleted_at_once_never_share_a_folder() {
    let bench = Bench::simulated();
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (bench, made) = (&bench, &made);
            scope.spawn(move || {
                for _ in 0..25 {
                    let outcome = if number % 2 == 0 {
                        bench.engine().create_vault(&bench.caller, &name("shared"), NewVault::default()).map(|_| {
                            made.fetch_add(1, Ordering::Relaxed);
                        })
                    } else {
                        bench.engine().delete_vault(&bench.caller, "shared")
                    };
                    // Each call is done, or refused as it would be with nobody else there.
                    if let Err(error) = outcome {
                        assert!(
                            matches!(error.kind(), ErrorKind::AlreadyExists { .. } | ErrorKind::ResourceNotFound),
                            "{error}"
                        );
                    }
                }
            });
        }
    });
    assert_row_and_folder_agree(&bench, "shared");
    // The one that the race left over, when the last call was a creation.
    let _ = bench.engine().delete_vault(&bench.caller, "shared");
    // Each vault that was made lies in the trash, under its own identity.
    let ids: Vec<String> = fs::read_dir(bench.path("data/trash"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path().join("vaultdeck/vault.json")).unwrap())
        .map(|text| text.split("\"VaultId\":\"").nth(1).unwrap()[..36].to_owned())
        .collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
    assert_eq!(ids.len(), made.into_inner());
}

#[test]
fn backups_into_a_vault_that_is_being_deleted_are_kept_or_fail() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    for _ in 0..12 {
        let _ = bench.engine().create_vault(&bench.caller, &name("fleeting"), NewVault::default());
        let request = StartBackup { vault_name: "fleeting".to_owned(), ..bench.backup_request(&resource) };
        let job = std::thread::scope(|scope| {
            let deletion = scope.spawn(|| bench.engine().delete_vault(&bench.caller, "fleeting"));
            let job = bench.engine().start_backup_job(&bench.caller, request);
            let _ = deletion.join().unwrap();
            job
        });
        let Ok(job) = job else { continue };
        let job = bench.wait(&job.id);
        assert_row_and_folder_agree(&bench, "fleeting");
        if job.state.as_str() == "COMPLETED" {
            let vault = bench.engine().describe_vault(&bench.caller, "fleeting").unwrap();
            assert!(vault.recovery_points > 0, "an acknowledged point went with its vault");
            let point = job.recovery_point_arn.unwrap();
            bench.engine().delete_recovery_point(&bench.caller, "fleeting", &point).unwrap();
        } else {
            assert_eq!(job.state.as_str(), "FAILED", "{:?}", job.status_message);
            assert!(job.status_message.unwrap().contains("does not exist"));
        }
    }
}

#[test]
fn two_recovery_keys_at_once_leave_one_that_opens_and_one_key_file() {
    let bench = Bench::simulated();
    let scope = bench.caller.scope();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| bench.engine().make_recovery_key(&scope, &name(VAULT)).unwrap());
        }
    });
    assert_eq!(fs::read_dir(folder(&bench, VAULT).join("keys")).unwrap().count(), 1);
    let last = bench.engine().make_recovery_key(&scope, &name(VAULT)).unwrap();
    assert_eq!(fs::read_dir(folder(&bench, VAULT).join("keys")).unwrap().count(), 1);
    let storage = vaultdeck::repository::LocalStorage::new(folder(&bench, VAULT));
    vaultdeck::repository::Repository::unlock(&storage, &last.password).unwrap();
}

#[test]
fn a_recovery_key_that_a_crash_left_behind_goes_with_the_next_and_a_users_own_stays() {
    let bench = Bench::simulated();
    let scope = bench.caller.scope();
    let key = bench.engine().make_recovery_key(&scope, &name(VAULT)).unwrap();
    let storage = std::sync::Arc::new(vaultdeck::repository::LocalStorage::new(folder(&bench, VAULT)));
    let master = vaultdeck::repository::Repository::unlock(storage.as_ref(), &key.password).unwrap();
    let repository =
        vaultdeck::repository::Repository::open(storage, master, vaultdeck::repository::Options::default()).unwrap();
    let now = "2026-11-23T05:00:00Z".parse().unwrap();
    let left = repository.add_key_file("never told", "vaultdeck", "recovery-key", now).unwrap();
    let own = repository.add_key_file("my own", "someone", "laptop", now).unwrap();
    bench.engine().make_recovery_key(&scope, &name(VAULT)).unwrap();
    let ids: Vec<_> = repository.key_files().unwrap().into_iter().map(|(id, _)| id).collect();
    assert!(ids.contains(&own) && !ids.contains(&left) && ids.len() == 2, "{ids:?}");
}

#[test]
fn points_deleted_and_made_at_once_end_as_the_catalog_says() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let stop = AtomicBool::new(false);
    let kept = std::thread::scope(|scope| {
        let lifecycles = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for point in bench.points() {
                    let change = vaultdeck::domain::Lifecycle::delete_after(9);
                    let _ = bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &point.arn, change);
                }
            }
        });
        let mut kept = Vec::new();
        for round in 0..10 {
            let job = bench.backup(&resource);
            assert_completed(&job);
            let point = job.recovery_point_arn.unwrap();
            if round % 2 == 0 {
                kept.push(point);
            } else {
                bench.engine().delete_recovery_point(&bench.caller, VAULT, &point).unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
        lifecycles.join().unwrap();
        kept
    });
    // All of one moment of the clock: their order says nothing.
    let (mut found, mut kept): (Vec<_>, _) = (bench.points().into_iter().map(|point| point.arn).collect(), kept);
    found.sort();
    kept.sort();
    assert_eq!(found, kept);
    assert_eq!(fs::read_dir(folder(&bench, VAULT).join("snapshots")).unwrap().count(), kept.len());
}

/// The text of a file as the version before wrote it.
fn without_hash(text: &str) -> String {
    format!("{}}}", text.split(",\"Sha256\"").next().unwrap())
}

#[test]
fn the_folder_of_another_vault_is_not_taken_for_ones_own() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    // A vault of the same name that was deleted before, moved back to the wrong place.
    bench.engine().create_vault(&bench.caller, &name("other"), NewVault::default()).unwrap();
    bench.stop();
    let places = ["vaultdeck/vault.json", "vaultdeck/copies/vault.json"].map(|name| folder(&bench, VAULT).join(name));
    let own = fs::read_to_string(&places[0]).unwrap();
    let id = own.split("\"VaultId\":\"").nth(1).unwrap()[..36].to_owned();
    let other = without_hash(&own).replace(&id, "00000000-0000-4000-8000-000000000000");
    for place in &places {
        fs::write(place, &other).unwrap();
    }
    bench.start();
    let job = bench.backup(&resource);
    assert_eq!(job.state.as_str(), "FAILED");
    assert!(job.status_message.as_ref().unwrap().contains("belongs to another vault"), "{job:?}");
    bench.stop();
    for place in &places {
        fs::write(place, &own).unwrap();
    }
    bench.start();
    assert_eq!(bench.restore(&point, &[]).state.as_str(), "COMPLETED");
}

#[test]
fn a_vault_of_an_older_version_opens_and_gets_an_id() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    bench.stop();
    // As the version before wrote it: no id in the folder, none in the row.
    let frozen = folder(&bench, VAULT).join("vaultdeck/vault.json");
    let text = fs::read_to_string(&frozen).unwrap();
    let id = text.split("\"VaultId\":\"").nth(1).unwrap()[..36].to_owned();
    let text = without_hash(&text).replace(&format!("\"VaultId\":\"{id}\","), "");
    fs::write(&frozen, &text).unwrap();
    fs::write(folder(&bench, VAULT).join("vaultdeck/copies/vault.json"), &text).unwrap();
    rusqlite::Connection::open(bench.path("data/catalog.sqlite"))
        .unwrap()
        .execute("UPDATE vaults SET vault_id = NULL", [])
        .unwrap();
    bench.start();
    assert_completed(&bench.backup(&resource));
    assert_eq!(bench.restore(&point, &[]).state.as_str(), "COMPLETED");
    assert!(fs::read_to_string(&frozen).unwrap().contains("VaultId"));
}

#[test]
fn a_folder_with_recovery_points_that_the_catalog_forgot_is_never_put_into_the_trash() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    bench.backup(&resource);
    bench.stop();
    let before = tree(&folder(&bench, VAULT).join("snapshots"));
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM recovery_points; DELETE FROM vaults").unwrap();
    drop(catalog);
    bench.start();
    // Beside the survey at the start, which takes the vault up too; its jobs are still known, and are over.
    let _ = bench.engine().create_vault(&bench.caller, &name(VAULT), NewVault::default());
    bench.engine().describe_vault(&bench.caller, VAULT).unwrap();
    let begun = std::time::Instant::now();
    while bench.points().is_empty() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "the survey at the start found no point");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(tree(&folder(&bench, VAULT).join("snapshots")), before);
}

#[test]
fn a_vault_that_was_found_again_is_deleted_with_its_folder() {
    let mut bench = Bench::simulated();
    bench.engine().create_vault(&bench.caller, &name("found"), NewVault::default()).unwrap();
    bench.stop();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog.execute("DELETE FROM vaults WHERE name = 'found'", []).unwrap();
    drop(catalog);
    bench.start();
    bench.engine().rescan(None).unwrap();
    bench.engine().delete_vault(&bench.caller, "found").unwrap();
    assert!(!folder(&bench, "found").exists());
    assert_eq!(fs::read_dir(bench.path("data/trash")).unwrap().count(), 1);
}

#[test]
fn the_trash_is_emptied_after_thirty_days() {
    let bench = Bench::simulated();
    bench.engine().create_vault(&bench.caller, &name("gone"), NewVault::default()).unwrap();
    bench.engine().delete_vault(&bench.caller, "gone").unwrap();
    fs::create_dir(bench.path("data/trash/put here by hand")).unwrap();
    let count = || fs::read_dir(bench.path("data/trash")).unwrap().count();
    bench.advance(chrono::Duration::days(29));
    assert_eq!(count(), 2);
    bench.advance(chrono::Duration::days(3));
    assert_eq!(count(), 1, "what the engine did not put there stays");
}

#[test]
fn a_deletion_that_a_crash_left_noted_does_not_take_the_vault_that_has_the_name_now() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    bench.stop();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let arn: String = catalog.query_row("SELECT arn FROM vaults WHERE name = ?1", [VAULT], |row| row.get(0)).unwrap();
    let before = "00000000-0000-4000-8000-000000000000";
    catalog
        .execute("INSERT INTO vault_deletions (vault_arn, vault_id, deleted) VALUES (?1, ?2, 0)", [&arn, before])
        .unwrap();
    drop(catalog);
    bench.start();
    assert_eq!(fs::read_dir(bench.path("data/trash")).unwrap().count(), 0);
    assert_row_and_folder_agree(&bench, VAULT);
    assert_eq!(bench.restore(&point, &[]).state.as_str(), "COMPLETED");
    let notes = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let left: i64 = notes.query_row("SELECT count(*) FROM vault_deletions", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "what is done is not noted any more");
}
