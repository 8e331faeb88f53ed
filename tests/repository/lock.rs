//! Locks: restic and we respect each other's, and what the dead left is swept away.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vaultdeck::repository::{Error, FileKind};

use crate::support::restic::Restic;
use crate::support::{create, files, open};

#[test]
fn restic_sees_our_lock_and_does_not_prune() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());
    let restic = Restic::on(folder.path());

    let lock = repository.lock_shared().unwrap();

    let refused = restic.run(&["prune"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("already locked"), "{refused:?}");
    restic.succeed(&["--no-lock", "snapshots"]);
    restic.succeed(&["snapshots"]);
    lock.release().unwrap();
    restic.succeed(&["prune"]);
}

#[test]
fn our_exclusive_lock_keeps_restic_out_entirely() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());

    let shared = repository.lock_shared().unwrap();
    let exclusive = repository.lock_exclusive().expect("our own shared lock does not count");

    assert!(!Restic::on(folder.path()).run(&["check"]).status.success());
    exclusive.release().unwrap();
    drop(shared);
    assert_eq!(files(folder.path(), "locks").len(), 0);
}

#[test]
fn refreshing_leaves_one_lock_and_dropping_none() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());
    let lock = repository.lock_shared().unwrap();
    let before = files(folder.path(), "locks");

    lock.refresh().unwrap();

    let after = files(folder.path(), "locks");
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
    drop(lock);
    assert_eq!(files(folder.path(), "locks").len(), 0);
}

#[test]
fn a_lock_of_a_dead_process_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    write_lock(&repository, &own_host(), child.id(), true, "2026-01-01T00:00:00Z");

    let lock = repository.lock_shared().unwrap();

    assert_eq!(files(folder.path(), "locks").len(), 1, "only ours");
    drop(lock);
}

#[test]
fn a_lock_with_our_number_that_we_do_not_hold_is_from_a_former_life() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());
    write_lock(&repository, &own_host(), std::process::id(), true, &now());

    let _lock = repository.lock_shared().unwrap();

    assert_eq!(files(folder.path(), "locks").len(), 1);
}

#[test]
fn a_foreign_exclusive_lock_is_honoured_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());
    write_lock(&repository, "another-machine", 4711, true, &now());

    let Err(Error::Locked(who)) = repository.lock_shared() else { panic!("the lock was not honoured") };

    assert!(who.contains("4711") && who.contains("another-machine"), "{who}");
    assert_eq!(files(folder.path(), "locks").len(), 1, "the foreign lock stays, ours does not");
}

#[test]
fn a_foreign_shared_lock_excludes_only_exclusive_ones() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());
    write_lock(&repository, "another-machine", 4711, false, &now());

    assert!(repository.lock_shared().is_ok());
    assert!(matches!(repository.lock_exclusive(), Err(Error::Locked(_))));
}

#[test]
fn a_foreign_lock_that_nobody_refreshed_for_long_is_passed_over_but_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let repository = create(folder.path());
    write_lock(&repository, "another-machine", 4711, true, "2026-01-01T00:00:00Z");

    let lock = repository.lock_exclusive().unwrap();
    drop(lock);

    assert_eq!(files(folder.path(), "locks").len(), 1);
}

#[test]
fn a_restic_that_is_at_work_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    create(folder.path());
    let mut restic = slow_backup(folder.path(), source.path());
    wait_for_a_lock(folder.path());

    let outcome = open(folder.path()).lock_exclusive();

    assert!(matches!(outcome, Err(Error::Locked(_))));
    restic.kill().unwrap();
    restic.wait().unwrap();
    let lock = open(folder.path()).lock_exclusive().expect("the dead restic's lock is removed");
    drop(lock);
}

/// A restic that waits for its standard input, holding its lock.
fn slow_backup(repository: &Path, folder: &Path) -> Child {
    let mut command = Restic::on(repository).command();
    command
        .args(["backup", "--stdin"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

fn wait_for_a_lock(repository: &Path) {
    let started = Instant::now();
    while files(repository, "locks").is_empty() {
        assert!(started.elapsed() < Duration::from_secs(30), "restic took no lock");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn write_lock(repository: &vaultdeck::repository::Repository, host: &str, process: u32, exclusive: bool, time: &str) {
    let json = format!(
        r#"{{"time":"{time}","exclusive":{exclusive},"hostname":"{host}","username":"someone","pid":{process}}}"#
    );
    repository.save_unpacked(FileKind::Lock, json.as_bytes()).unwrap();
}

fn own_host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339()
}
