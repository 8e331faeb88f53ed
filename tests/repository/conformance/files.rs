//! The repository's own files.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use vaultdeck::repository::{Error, FileKind, Id, LocalStorage, Retained, Storage};

use super::{each, file};

fn is_missing<T>(outcome: Result<T, Error>, kind: FileKind, id: &Id) -> bool {
    matches!(outcome, Err(Error::NotFound { kind: found, id: name }) if found == kind && name == *id)
}

fn listed(storage: &dyn Storage, kind: FileKind) -> BTreeMap<Id, u64> {
    let list = storage.list(kind).unwrap();
    let count = list.len();
    let listed: BTreeMap<Id, u64> = list.into_iter().collect();
    assert_eq!(listed.len(), count, "each once");
    listed
}

#[test]
fn a_file_of_each_kind_is_written_listed_read_and_removed() {
    each(|name, storage| {
        assert!(!storage.location().is_empty() && storage.properties().max_parallel > 0, "{name}");
        storage.confirm_place().unwrap();
        storage.prepare().unwrap();
        for kind in FileKind::ALL {
            assert!(storage.has_folder(kind).unwrap() && storage.list(kind).unwrap().is_empty(), "{name} {kind}");
            for length in [0, 1, 10_000, 3 << 20] {
                let (id, content) = file(1, length);
                storage.write(kind, &id, &content).unwrap();
                storage.make_durable(kind, &id).unwrap();
                assert_eq!(storage.read(kind, &id).unwrap(), content, "{name} {kind} {length}");
                assert_eq!(storage.size(kind, &id).unwrap(), length as u64, "{name} {kind}");
                let stamp = storage.stamp(kind, &id).unwrap();
                assert_eq!((stamp.size, stamp), (length as u64, storage.stamp(kind, &id).unwrap()), "{name} {kind}");
                assert_eq!(listed(storage, kind), [(id, length as u64)].into(), "{name} {kind}");
                let mut others = FileKind::ALL.into_iter().filter(|other| *other != kind);
                assert!(others.all(|other| listed(storage, other).is_empty()), "{name} {kind}");
                storage.remove(kind, &id).unwrap();
                assert!(listed(storage, kind).is_empty(), "{name} {kind}");
            }
        }
    });
}

#[test]
fn a_range_is_exactly_what_was_asked_for_or_an_error() {
    each(|name, storage| {
        let (id, content) = file(2, 1000);
        storage.write(FileKind::Pack, &id, &content).unwrap();
        for (offset, length) in [(0, 0), (0, 1), (0, 1000), (1, 998), (500, 500), (999, 1), (1000, 0)] {
            let range = storage.read_range(FileKind::Pack, &id, offset as u64, length).unwrap();
            assert_eq!(range, content[offset..offset + length], "{name} {offset} {length}");
        }
        for (offset, length) in [(0, 1001), (999, 2), (1000, 1), (5000, 1)] {
            let range = storage.read_range(FileKind::Pack, &id, offset, length);
            assert!(matches!(range, Err(Error::Damaged { .. })), "{name} {offset} {length}: {range:?}");
        }
    });
}

#[test]
fn what_is_not_there_is_said_to_be_missing_by_its_kind_and_name() {
    each(|name, storage| {
        let (id, content) = file(3, 10);
        let (other, _) = file(4, 10);
        for kind in FileKind::ALL {
            for other in FileKind::ALL.into_iter().filter(|other| *other != kind) {
                storage.write(other, &id, &content).unwrap();
            }
            assert!(is_missing(storage.read(kind, &id), kind, &id), "{name} {kind}");
            assert!(is_missing(storage.read_range(kind, &id, 0, 1), kind, &id), "{name} {kind}");
            assert!(is_missing(storage.size(kind, &id), kind, &id), "{name} {kind}");
            assert!(is_missing(storage.stamp(kind, &id), kind, &id), "{name} {kind}");
            assert!(is_missing(storage.remove(kind, &id), kind, &id), "{name} {kind}");
            storage.remove_all(kind, &[id, other]).unwrap();
            for kind in FileKind::ALL {
                storage.remove_all(kind, &[id]).unwrap();
            }
        }
    });
}

#[test]
fn a_file_that_is_written_twice_is_there_once_and_one_that_was_removed_can_come_back() {
    each(|name, storage| {
        for kind in FileKind::ALL {
            let (id, content) = file(5, 5000);
            for _ in 0..3 {
                storage.write(kind, &id, &content).unwrap();
                storage.write(kind, &id, &content).unwrap();
                storage.write_all(kind, &[(id, content.clone()), (id, content.clone())]).unwrap();
                assert_eq!(listed(storage, kind), [(id, 5000)].into(), "{name} {kind}");
                assert_eq!(storage.read(kind, &id).unwrap(), content, "{name} {kind}");
                storage.remove_all(kind, &[id, id]).unwrap();
                assert!(is_missing(storage.read(kind, &id), kind, &id), "{name} {kind}");
            }
        }
    });
}

#[test]
fn names_that_look_alike_are_names_of_different_files() {
    let of = |bytes: [u8; 2]| {
        let mut id = [0; 32];
        (id[0], id[31]) = (bytes[0], bytes[1]);
        Id::from_bytes(id)
    };
    let ids = [of([0, 0]), of([0, 1]), of([1, 0]), Id::from_bytes([255; 32]), of([255, 0]), of([0x0a, 0xa0])];
    each(|name, storage| {
        let files: Vec<(Id, Vec<u8>)> = ids.iter().map(|id| (*id, id.to_hex().into_bytes())).collect();
        for kind in [FileKind::Pack, FileKind::Key, FileKind::Lock] {
            storage.write_all(kind, &files).unwrap();
            assert_eq!(listed(storage, kind).len(), ids.len(), "{name} {kind}");
            for (id, content) in &files {
                assert_eq!(&storage.read(kind, id).unwrap(), content, "{name} {kind}");
            }
            storage.remove(kind, &ids[0]).unwrap();
            assert_eq!(listed(storage, kind).len(), ids.len() - 1, "{name} {kind}");
        }
    });
}

#[test]
fn many_files_are_written_and_removed_together() {
    each(|name, storage| {
        let files: Vec<(Id, Vec<u8>)> = (0..70).map(|number| file(number, 100 + usize::from(number))).collect();
        let expected: BTreeMap<Id, u64> = files.iter().map(|(id, content)| (*id, content.len() as u64)).collect();
        for kind in FileKind::ALL {
            storage.write_all(kind, &[]).unwrap();
            storage.remove_all(kind, &[]).unwrap();
            storage.write_all(kind, &files).unwrap();
            assert_eq!(listed(storage, kind), expected, "{name} {kind}");
            for (id, content) in &files {
                assert_eq!(&storage.read(kind, id).unwrap(), content, "{name} {kind}");
            }
            // Some are gone already.
            let ids: Vec<Id> = files.iter().map(|(id, _)| *id).collect();
            storage.remove(kind, &ids[3]).unwrap();
            storage.remove_all(kind, &ids[..40]).unwrap();
            assert_eq!(listed(storage, kind).len(), 30, "{name} {kind}");
            storage.remove_all(kind, &ids).unwrap();
            assert!(listed(storage, kind).is_empty(), "{name} {kind}");
        }
    });
}

#[test]
fn the_config_is_there_or_not_and_the_newest_counts() {
    each(|name, storage| {
        assert_eq!(storage.read_config().unwrap(), None, "{name}");
        for content in [&b"first"[..], b"", b"the third, longer than the others"] {
            storage.write_config(content).unwrap();
            assert_eq!(storage.read_config().unwrap().unwrap(), content, "{name}");
        }
        storage.set_config_aside().unwrap();
        assert_eq!(storage.read_config().unwrap(), None, "{name}");
    });
}

#[test]
fn what_is_set_aside_is_out_of_the_repository_and_its_name_is_free() {
    each(|name, storage| {
        for kind in FileKind::ALL {
            let (id, content) = file(6, 100);
            for _ in 0..2 {
                storage.write(kind, &id, &content).unwrap();
                storage.set_aside(kind, &id).unwrap();
                assert!(listed(storage, kind).is_empty(), "{name} {kind}");
                assert!(is_missing(storage.read(kind, &id), kind, &id), "{name} {kind}");
            }
        }
    });
}

#[test]
fn a_file_is_kept_until_its_time_where_the_storage_says_that_it_can_and_else_nothing_is_promised() {
    each(|name, storage| {
        let (id, content) = file(7, 100);
        let (until, past) = (SystemTime::now() + Duration::from_secs(3600), SystemTime::UNIX_EPOCH);
        for kind in FileKind::ALL {
            storage.write(kind, &id, &content).unwrap();
            // An earlier time takes nothing back.
            let answers = [until, past].map(|time| storage.retain(kind, &id, time).unwrap());
            if storage.properties().object_lock {
                assert_eq!(answers, [Retained::Kept; 2], "{name} {kind}");
                assert!(
                    storage.remove(kind, &id).is_err() && storage.remove_all(kind, &[id]).is_err(),
                    "{name} {kind}"
                );
            } else {
                assert_eq!(answers, [Retained::Unsupported; 2], "{name} {kind}");
            }
            assert_eq!(storage.read(kind, &id).unwrap(), content, "{name} {kind}");
            let (other, content) = file(8, 100);
            storage.write(kind, &other, &content).unwrap();
            storage.retain(kind, &other, past).unwrap();
            storage.remove(kind, &other).unwrap();
        }
    });
}

#[test]
fn a_storage_for_reading_only_refuses_every_write_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let open = LocalStorage::new(folder.path());
    open.prepare().unwrap();
    let (id, content) = file(9, 100);
    for kind in FileKind::ALL {
        open.write(kind, &id, &content).unwrap();
    }
    open.write_config(b"config").unwrap();
    open.write_side("points/a.json", b"a").unwrap();
    let frozen = std::sync::Arc::new(LocalStorage::read_only(folder.path()));
    let layered = vaultdeck::storage::Layered::new(frozen.clone(), super::retry());
    let storages: [&dyn Storage; 2] = [frozen.as_ref(), &layered];
    for storage in storages {
        assert!(storage.is_read_only());
        let (new, other) = file(10, 10);
        let side = || "points/a.json".to_owned();
        for kind in FileKind::ALL {
            let refused = [
                storage.write(kind, &new, &other),
                storage.write_all(kind, &[(new, other.clone())]),
                storage.make_durable(kind, &id),
                storage.remove(kind, &id),
                storage.remove_all(kind, &[id]),
                storage.set_aside(kind, &id),
                storage.prepare(),
                storage.write_config(b"other"),
                storage.set_config_aside(),
                storage.prepare_side("new"),
                storage.write_side("points/a.json", b"b"),
                storage.write_side_all(&[(side(), b"b".to_vec())]),
                storage.remove_side_all(&[side()]),
                storage.set_side_aside("points/a.json").map(drop),
                storage.remove_leftovers(),
            ];
            for (number, outcome) in refused.into_iter().enumerate() {
                let Err(Error::Storage { source, .. }) = outcome else { panic!("{number} was done") };
                assert_eq!(source.kind(), std::io::ErrorKind::ReadOnlyFilesystem, "{number}");
            }
            assert_eq!(storage.read(kind, &id).unwrap(), content);
            assert_eq!(listed(storage, kind).len(), 1);
        }
        assert_eq!(storage.read_config().unwrap().unwrap(), b"config");
        assert_eq!(storage.read_side("points/a.json").unwrap().unwrap(), b"a");
    }
}
