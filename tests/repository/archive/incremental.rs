//! A second backup: what did not change is not read.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use vaultdeck::repository::{BackupOutcome, Control, Id};

use super::watched::Watched;
use super::{Scene, node};
use crate::support::restic::Restic;
use crate::support::{newest, open, tree};

fn small(root: &std::path::Path) {
    fs::create_dir(root.join("folder")).unwrap();
    fs::write(root.join("one"), tree::noise(1, 100_000)).unwrap();
    fs::write(root.join("folder/two"), tree::noise(2, 2_000_000)).unwrap();
    fs::write(root.join("folder/three"), b"").unwrap();
    symlink("one", root.join("link")).unwrap();
}

/// The source's own tree. (Those above it change with whatever else happens on the machine.)
fn root(scene: &Scene, outcome: &BackupOutcome) -> Option<Id> {
    node(scene, &outcome.snapshot, "").subtree
}

#[test]
fn nothing_is_opened_when_nothing_changed() {
    let scene = Scene::of(small);
    let first = scene.backup(None);
    let watched = Watched::new(scene.local());

    let second = scene.try_backup(&watched, Some(first.snapshot)).unwrap();

    assert_eq!(watched.opened_names(), Vec::<String>::new());
    assert_eq!((second.bytes_read, second.files_unmodified), (0, 3));
    assert_eq!(root(&scene, &second), root(&scene, &first));
    scene.restic().assert_whole();
}

#[test]
fn a_changed_file_is_read_and_no_other() {
    let scene = Scene::of(small);
    let first = scene.backup(None);
    fs::write(scene.source().join("folder/two"), tree::noise(9, 2_000_000)).unwrap();
    fs::write(scene.source().join("new"), b"new").unwrap();
    fs::remove_file(scene.source().join("folder/three")).unwrap();
    let watched = Watched::new(scene.local());

    let second = scene.try_backup(&watched, Some(first.snapshot)).unwrap();

    assert_eq!(watched.opened_names(), ["two", "new"]);
    assert_eq!(watched.bytes_read.load(Ordering::Relaxed), 2_000_003);
    assert_eq!((second.files_new, second.files_changed, second.files_unmodified), (1, 1, 1));
    let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target"));
    tree::assert_same(&scene.source(), &restored);
}

#[test]
fn a_file_with_its_old_size_and_time_is_still_seen_to_have_changed() {
    let scene = Scene::of(small);
    let path = scene.source().join("one");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let first = scene.backup(None);
    fs::write(&path, tree::noise(7, 100_000)).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    let watched = Watched::new(scene.local());

    scene.try_backup(&watched, Some(first.snapshot)).unwrap();

    assert_eq!(watched.opened_names(), ["one"]);
}

#[test]
fn what_changed_just_before_the_parent_began_is_read_again() {
    let scene = Scene::of(small);
    let request = super::BackupRequest { started: SystemTime::now(), ..scene.request(None) };
    let first = scene.repository.backup(&scene.local(), &request, &Control::new()).unwrap();
    let watched = Watched::new(scene.local());

    let second = scene.try_backup(&watched, Some(first.snapshot)).unwrap();

    assert_eq!(watched.opened_names().len(), 3);
    assert_eq!(root(&scene, &second), root(&scene, &first));
}

#[test]
fn a_time_close_to_the_parents_start_is_not_believed() {
    let scene = Scene::of(small);
    let request = scene.request(None);
    let started = request.started.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    let time = Timespec { tv_sec: started - 1, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, scene.source().join("one"), &times, AtFlags::empty()).unwrap();
    let first = scene.repository.backup(&scene.local(), &request, &Control::new()).unwrap();
    let watched = Watched::new(scene.local());

    scene.try_backup(&watched, Some(first.snapshot)).unwrap();

    assert_eq!(watched.opened_names(), ["one"]);
}

#[test]
fn a_file_whose_data_is_lost_is_read_again() {
    let mut scene = Scene::of(small);
    let first = scene.backup(None);
    let content = tree::noise(1, 100_000);
    let pack = scene.repository.find_blob(vaultdeck::repository::BlobKind::Data, &Id::of(&content)).unwrap().pack;
    fs::remove_dir_all(scene.repository_path().join("index")).unwrap();
    fs::create_dir(scene.repository_path().join("index")).unwrap();
    fs::remove_file(scene.repository_path().join("data").join(&pack.to_hex()[..2]).join(pack.to_hex())).unwrap();
    scene.reopen();
    let watched = Watched::new(scene.local());

    let second = scene.try_backup(&watched, Some(first.snapshot)).unwrap();

    assert_eq!(second.adopted.packs, 1, "the trees were in a pack of their own");
    assert!(watched.opened_names().contains(&"one".into()));
    scene.restic().assert_whole();
}

#[test]
fn a_parent_that_is_gone_only_costs_time() {
    let scene = Scene::of(small);
    let first = scene.backup(None);
    scene.repository.forget(&first.snapshot).unwrap();

    let second = scene.backup(Some(first.snapshot));

    assert_eq!((second.files_new, second.notes.len()), (3, 1));
    assert_eq!(scene.repository.load_snapshot(&second.snapshot).unwrap().parent, None);
}

#[test]
fn a_snapshot_of_restic_can_be_the_parent() {
    let scene = Scene::of(small);
    let path = scene.folder.path().join("of restic");
    // restic has no clock but the real one: what it just saw must be old enough.
    std::thread::sleep(std::time::Duration::from_millis(2200));
    Restic::init(&path).backup(&scene.source());
    let repository = open(&path);
    let watched = Watched::new(scene.local());

    let outcome = repository.backup(&watched, &scene.request(Some(newest(&repository))), &Control::new()).unwrap();

    assert_eq!((outcome.bytes_read, outcome.files_unmodified), (0, 3));
    Restic::on(&path).assert_whole();
    let restored = Restic::on(&path).restore(&scene.source(), &scene.folder.path().join("target"));
    tree::assert_same(&scene.source(), &restored);
}

#[test]
fn restic_takes_our_snapshot_as_its_parent() {
    let scene = Scene::of(small);
    scene.backup(None);

    let output = scene.restic().run(&["backup", "--json", "--host", "bastion", scene.source().to_str().unwrap()]);

    let words = String::from_utf8_lossy(&output.stdout);
    let summary = words.lines().find(|line| line.contains("\"summary\"")).expect("restic says what it did");
    let summary: serde_json::Value = serde_json::from_str(summary).unwrap();
    assert_eq!((&summary["files_unmodified"], &summary["files_new"]), (&3.into(), &0.into()));
    scene.restic().assert_whole();
}
