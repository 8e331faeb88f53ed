//! Many at once, and writes that fail.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use vaultdeck::repository::{Error, FileKind, Id, Storage};

use super::{each, file};
use crate::support::faulty::{Faults, FaultyStorage};

#[test]
fn what_is_listed_or_read_while_it_is_written_is_whole() {
    each(|name, storage| {
        assert!(storage.properties().hidden_until_whole, "{name}: a storage that is not would need a check of its own");
        let files: Vec<(Id, Vec<u8>)> = (0..12).map(|number| file(number, 200_000)).collect();
        let side = |number: u8| vec![number; 50_000];
        storage.write_side("points/changing", &side(0)).unwrap();
        let (over, storage) = (AtomicBool::new(false), &storage);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for (number, (id, content)) in files.iter().enumerate() {
                    storage.write(FileKind::Pack, id, content).unwrap();
                    storage.write_side("points/changing", &side(number as u8)).unwrap();
                }
                over.store(true, Ordering::SeqCst);
            });
            while !over.load(Ordering::SeqCst) {
                for (id, size) in storage.list(FileKind::Pack).unwrap() {
                    let content = storage.read(FileKind::Pack, &id).unwrap();
                    assert!(size == 200_000 && Id::of(&content) == id, "{name}");
                }
                let content = storage.read_side("points/changing").unwrap().unwrap();
                assert!(content.len() == 50_000 && content.iter().all(|byte| *byte == content[0]), "{name}");
                let names = storage.list_side("points").unwrap().unwrap();
                assert_eq!(names, ["changing"], "{name}");
            }
        });
    });
}

#[test]
fn as_many_as_it_likes_may_write_and_remove_at_once_and_more() {
    each(|name, storage| {
        let threads = storage.properties().max_parallel + 3;
        std::thread::scope(|scope| {
            for thread in 0..threads as u8 {
                let storage = &storage;
                scope.spawn(move || {
                    for number in 0..6 {
                        let (id, content) = file(thread * 8 + number, 1000);
                        storage.write(FileKind::Pack, &id, &content).unwrap();
                        storage.write_side(&format!("points/{thread}-{number}"), &content).unwrap();
                        if number % 2 == 0 {
                            storage.remove(FileKind::Pack, &id).unwrap();
                        }
                    }
                });
            }
        });
        assert_eq!(storage.list(FileKind::Pack).unwrap().len(), threads * 3, "{name}");
        assert_eq!(storage.list_side("points").unwrap().unwrap().len(), threads * 6, "{name}");
    });
}

#[test]
fn a_write_that_fails_leaves_no_more_than_its_storage_says() {
    let storage = FaultyStorage::new(3);
    storage.set_faults(Faults { write_errors: 0.5, ..Faults::default() });
    let (mut failed, mut torn) = (0, BTreeSet::new());
    for number in 0..200 {
        let (id, content) = file(number, 1000);
        for kind in FileKind::ALL {
            if storage.write(kind, &id, &content).is_ok() {
                assert_eq!(storage.read(kind, &id).unwrap(), content);
                continue;
            }
            failed += 1;
            match storage.read(kind, &id) {
                Err(Error::NotFound { .. }) => {}
                Ok(left) if left == content => {}
                Ok(_) => drop(torn.insert(kind)),
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(failed > 300 && !storage.properties().atomic_write);
    assert_eq!(torn, [FileKind::Pack].into(), "only what is named by its content may be torn");
}

#[test]
fn what_stays_away_for_longer_than_it_is_tried_is_an_error_that_says_why() {
    let storage = FaultyStorage::new(3);
    storage.set_faults(Faults { write_errors: 1.0, read_errors: 1.0, ..Faults::default() });
    let layered = vaultdeck::storage::Layered::new(storage, super::retry());
    let (id, content) = file(1, 10);
    let error = layered.write(FileKind::Key, &id, &content).unwrap_err();
    assert!(error.to_string().contains("input/output error"), "{error}");
    assert!(layered.read(FileKind::Pack, &id).is_err());
}
