//! What a crash leaves is used by the next backup.

use std::fs;

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;

use vaultdeck::repository::{Control, LocalSource};

use super::{Scene, request};
use crate::support::{self, damage, files, tree};

/// As if the process had died before the index was written.
fn lose_index_and_snapshot(scene: &mut Scene) {
    for folder in ["index", "snapshots"] {
        for file in files(&scene.repository_path(), folder) {
            fs::remove_file(file).unwrap();
        }
    }
    scene.reopen();
}

fn scene() -> Scene {
    Scene::of(|root| {
        for number in 0..20 {
            fs::write(root.join(format!("{number:02}")), tree::noise(number, 2 << 20)).unwrap();
        }
    })
}

#[test]
fn packs_without_an_index_are_adopted_and_not_written_again() {
    let mut scene = scene();
    scene.backup(None);
    let packs = files(&scene.repository_path(), "data").len() as u64;
    lose_index_and_snapshot(&mut scene);

    let second = scene.backup(None);

    assert_eq!((second.adopted.packs, second.adopted.damaged.len()), (packs, 0));
    // Only folders above the source may have changed meanwhile.
    assert!(second.bytes_added < 10_000, "{} bytes were written again", second.bytes_added);
    scene.restic().assert_whole();
    assert_eq!(scene.backup(None).adopted.packs, 0, "once is enough");
}

#[test]
fn a_damaged_pack_is_not_adopted_and_what_it_held_is_written_again() {
    let mut scene = scene();
    scene.backup(None);
    let victim = files(&scene.repository_path(), "data")
        .into_iter()
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap();
    damage(&victim, |content| content[1000] ^= 1);
    lose_index_and_snapshot(&mut scene);

    let second = scene.backup(None);

    assert_eq!(second.adopted.damaged.len(), 1);
    assert!(second.bytes_added > 10 << 20);
    let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target"));
    tree::assert_same(&scene.source(), &restored);
}

#[test]
fn half_written_files_of_a_dead_process_are_removed() {
    let mut scene = scene();
    scene.backup(None);
    let leftover =
        scene.repository_path().join("data/00").join(format!("{}-tmp-vaultdeck-0123456789abcdef-7", "0".repeat(64)));
    fs::write(&leftover, b"half").unwrap();
    scene.reopen();

    scene.backup(None);

    assert!(!leftover.exists());
    scene.restic().assert_whole();
}

/// What the child process of the next test does: one backup, in which it dies.
#[test]
#[ignore = "started by a_process_killed_at_any_point_loses_nothing"]
fn child() {
    let [source, repository] = ["SOURCE", "REPOSITORY"].map(|name| PathBuf::from(std::env::var(name).unwrap()));
    let source_tree = LocalSource::new(&source).unwrap();
    support::open(&repository).backup(&source_tree, &request(&source, None), &Control::new()).unwrap();
}

#[test]
fn a_process_killed_at_any_point_loses_nothing() {
    for point in ["before-index", "before-snapshot"] {
        let mut scene = scene();
        let killed = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "archive::crash::child"])
            .env("SOURCE", scene.source())
            .env("REPOSITORY", scene.repository_path())
            .env("VAULTDECK_CRASH_AT", point)
            .output()
            .unwrap();
        assert_eq!(killed.status.signal(), Some(9), "{point}: {}", String::from_utf8_lossy(&killed.stdout));
        scene.restic().assert_whole();
        scene.reopen();
        assert_eq!(scene.repository.snapshots().unwrap(), []);

        let next = scene.backup(None);

        assert!(next.bytes_added < 10_000, "{point}: {} bytes were written again", next.bytes_added);
        let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target"));
        tree::assert_same(&scene.source(), &restored);
        scene.restic().assert_whole();
    }
}
