//! The small files: index, config, snapshots, locks, and our own. None of them is needed to read what the others hold.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use vaultdeck::repository::{Error, LocalStorage, MasterKey, Repository};

use super::{Vault, Way, assert_nothing_new, change, name_of};
use crate::support::restic::Restic;
use crate::support::tree;

/// The ways in which a small file is damaged.
const WAYS: [Way; 5] = [
    ("a bit flipped", |path| change(path, |content| content[20] ^= 4)),
    ("cut", |path| change(path, |content| content.truncate(40))),
    ("emptied", |path| change(path, Vec::clear)),
    ("grown", |path| change(path, |content| content.push(b'\n'))),
    ("deleted", |path| fs::remove_file(path).unwrap()),
];

/// A vault of two snapshots, with an index file for each.
fn of_two() -> Vault {
    let mut vault = Vault::new();
    super::write(&vault.source(), "second", 50, 30_000);
    vault.backup();
    vault
}

fn damaged_files(vault: &Vault) -> Vec<PathBuf> {
    let folder = vault.path().join("vaultdeck/damaged");
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

#[test]
fn a_bad_index_file_costs_nothing_and_is_written_again() {
    for (way, damage) in WAYS {
        println!("{way}");
        let mut vault = of_two();
        let victim = vault.files("index")[0].clone();
        damage(&victim);

        vault.look();

        for snapshot in vault.snapshots.clone() {
            let (outcome, _target) = vault.restore(snapshot);
            assert_eq!(outcome.failures, [], "{way}");
        }
        assert_eq!(vault.repository.lost_blobs(), []);
        if way != "deleted" {
            assert!(vault.check().iter().any(|problem| problem.contains(&name_of(&victim))), "{way}: it is named");
            assert!(victim.exists(), "whoever only reads writes nothing");
        }
        vault.reopen();
        if way != "deleted" {
            assert_eq!(damaged_files(&vault).len(), 1, "{way}: it is set aside, not deleted");
            assert!(vault.repository.problems().iter().any(|problem| problem.what.contains(&name_of(&victim))));
        }
        assert!(!victim.exists());
        Restic::on(&vault.path()).assert_whole();
        assert_nothing_new(&vault.backup());
        vault.reopen();
        assert_eq!(vault.check(), Vec::<String>::new());
    }
}

#[test]
fn all_index_files_may_go_and_no_pack_is_read_whole_for_it() {
    let mut vault = of_two();
    for file in vault.files("index") {
        fs::remove_file(file).unwrap();
    }
    let storage = crate::support::counted::Counted::new(Arc::new(LocalStorage::new(vault.path())));
    let key = MasterKey::from_bytes(&vault.repository.key().to_bytes());
    vault.repository = Arc::new(Repository::open(storage.clone(), key, super::options()).unwrap());
    vault.repository.settle().unwrap();
    let packs = vault.files("data").len() as u64;
    assert_eq!(storage.take()["read pack"], 2 * packs, "a header is two small reads");

    Restic::on(&vault.path()).assert_whole();
    assert_nothing_new(&vault.backup());
    vault.assert_newest_is_the_source();
}

#[test]
fn index_files_that_changed_places_are_both_damaged() {
    let mut vault = of_two();
    let files = vault.files("index");
    let third = files[0].with_extension("swap");
    fs::rename(&files[0], &third).unwrap();
    fs::rename(&files[1], &files[0]).unwrap();
    fs::rename(&third, &files[1]).unwrap();
    vault.reopen();
    assert_eq!(damaged_files(&vault).len(), 2);
    Restic::on(&vault.path()).assert_whole();
    vault.backup();
    vault.assert_newest_is_the_source();
}

#[test]
fn a_bad_config_is_told_as_such_and_written_again() {
    for (way, damage) in WAYS {
        for copy_too in [false, true] {
            println!("{way}, copy too: {copy_too}");
            let mut vault = of_two();
            let before = vault.repository.config().clone();
            damage(&vault.path().join("config"));
            if copy_too {
                damage(&vault.path().join("vaultdeck/copies/config"));
            }

            vault.look();

            vault.assert_newest_is_the_source();
            assert!(vault.repository.problems().iter().any(|problem| problem.what == "the config file"));
            assert!(vault.check().iter().any(|problem| problem.starts_with("the config file")));
            vault.reopen();
            Restic::on(&vault.path()).assert_whole();
            assert_eq!(*vault.repository.config() == before, !copy_too, "the same again, if the copy is there");
            vault.reopen();
            assert_eq!(vault.check(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_key_that_opens_nothing_is_the_wrong_key_whatever_the_config_is_like() {
    for damaged in [false, true] {
        let vault = of_two();
        if damaged {
            change(&vault.path().join("config"), Vec::clear);
        }
        let storage = Arc::new(LocalStorage::new(vault.path()));
        let opened = Repository::open(storage, MasterKey::generate().unwrap(), super::options());
        assert!(matches!(opened, Err(Error::WrongKey)), "damaged: {damaged}");
    }
    let empty = tempfile::tempdir().unwrap();
    let storage = Arc::new(LocalStorage::new(empty.path()));
    let opened = Repository::open(storage, MasterKey::generate().unwrap(), super::options());
    assert!(matches!(opened, Err(Error::NotARepository(_))));
}

#[test]
fn our_own_files_cost_only_time() {
    for name in ["vaultdeck/integrity", "vaultdeck/copies/config"] {
        for (way, damage) in WAYS {
            println!("{name}: {way}");
            let mut vault = of_two();
            damage(&vault.path().join(name));
            vault.look();
            assert_eq!(vault.check().len(), 1, "it is named, and nothing else");
            assert_nothing_new(&vault.backup());
            vault.assert_newest_is_the_source();
            vault.reopen();
            vault.reopen();
            assert_eq!(vault.check(), Vec::<String>::new(), "it was written again");
        }
    }
}

#[test]
fn what_lies_among_the_locks_and_is_none_stops_nothing_and_is_named() {
    for content in [&b""[..], &[b'x'; 40], b"{}"] {
        let mut vault = of_two();
        let lock = vault.path().join("locks").join("ab".repeat(32));
        fs::write(&lock, content).unwrap();
        let held = vault.repository.lock_shared().unwrap();
        vault.repository.lock_exclusive().unwrap().release().unwrap();
        vault.backup();
        vault.assert_newest_is_the_source();
        assert!(vault.check().iter().any(|problem| problem.contains(&"ab".repeat(32))));
        held.release().unwrap();
        assert!(lock.exists(), "it is not ours to delete");
    }
}

#[test]
fn a_lock_that_somebody_removed_is_made_anew() {
    let vault = of_two();
    let held = vault.repository.lock_shared().unwrap();
    Restic::on(&vault.path()).succeed(&["unlock", "--remove-all"]);
    assert_eq!(vault.files("locks").len(), 0);
    held.confirm().unwrap();
    assert_eq!(vault.files("locks").len(), 1);
    held.confirm().unwrap();
    assert_eq!(vault.files("locks").len(), 1);
}

#[test]
fn a_bad_snapshot_costs_no_other_and_a_bad_parent_only_time() {
    for (way, damage) in WAYS {
        println!("{way}");
        let mut vault = of_two();
        damage(&LocalStorage::new(vault.path()).path(vaultdeck::repository::FileKind::Snapshot, &vault.snapshots[1]));
        vault.reopen();
        let (outcome, _target) = vault.restore(vault.snapshots[0]);
        assert_eq!(outcome.failures, []);
        let found = vault.repository.find_snapshots().unwrap();
        assert_eq!((found.readable.len(), found.unreadable.len()), (1, usize::from(way != "deleted")));

        let third = vault.backup();

        assert!(third.bytes_added < 1000, "all is there already");
        assert!(third.notes.iter().any(|note| note.text.contains("read again")), "{:?}", third.notes);
        vault.assert_newest_is_the_source();
        let target = tempfile::tempdir().unwrap();
        // restic goes through all snapshots to find the latest, and stops at a bad one.
        if way == "deleted" {
            let restored = Restic::on(&vault.path()).restore(&vault.source(), target.path());
            tree::assert_same(&vault.source(), &restored);
        }
    }
}
