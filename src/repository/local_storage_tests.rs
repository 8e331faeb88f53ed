//! The storage in a local folder.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn storage() -> (tempfile::TempDir, LocalStorage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = LocalStorage::new(folder.path().join("repository"));
    storage.prepare().unwrap();
    (folder, storage)
}

#[test]
fn a_read_only_storage_reads_and_writes_nothing_whatever_the_folder_would_let_it() {
    let (folder, storage) = storage();
    let id = Id::of(b"kept");
    storage.write(FileKind::Key, &id, b"kept").unwrap();
    let frozen = LocalStorage::read_only(folder.path().join("repository"));
    assert!(frozen.is_read_only() && !storage.is_read_only());
    assert_eq!(frozen.read(FileKind::Key, &id).unwrap(), b"kept");
    let refused = [
        frozen.prepare(),
        frozen.write(FileKind::Key, &Id::of(b"new"), b"new"),
        frozen.write_all(FileKind::Key, &[(Id::of(b"new"), b"new".to_vec())]),
        frozen.make_durable(FileKind::Key, &id),
        frozen.remove(FileKind::Key, &id),
        frozen.remove_all(FileKind::Key, &[id]),
        frozen.write_config(b"new"),
        frozen.set_aside(FileKind::Key, &id),
        frozen.set_config_aside(),
        frozen.write_side("new", b"new"),
        frozen.remove_leftovers(),
    ];
    for (number, outcome) in refused.into_iter().enumerate() {
        let Err(Error::Storage { source, .. }) = outcome else { panic!("{number} was done") };
        assert_eq!(source.kind(), io::ErrorKind::ReadOnlyFilesystem, "{number}");
    }
    assert_eq!(storage.list(FileKind::Key).unwrap(), [(id, 4)]);
    assert!(storage.read_config().unwrap().is_none() && storage.read_side("new").unwrap().is_none());
}

#[test]
fn what_was_written_is_listed_read_and_removed() {
    let (_folder, storage) = storage();
    for kind in FileKind::ALL {
        let id = Id::of(kind.folder().as_bytes());
        storage.write(kind, &id, b"0123456789").unwrap();
        assert_eq!(storage.list(kind).unwrap(), [(id, 10)]);
        assert_eq!(storage.read(kind, &id).unwrap(), b"0123456789");
        assert_eq!(storage.read_range(kind, &id, 3, 4).unwrap(), b"3456");
        assert_eq!(storage.size(kind, &id).unwrap(), 10);
        assert!(matches!(storage.read_range(kind, &id, 8, 4), Err(Error::Damaged { .. })));
        storage.remove(kind, &id).unwrap();
        assert!(matches!(storage.remove(kind, &id), Err(Error::NotFound { .. })));
        assert!(matches!(storage.read(kind, &id), Err(Error::NotFound { .. })));
    }
}

#[test]
fn a_stamp_changes_with_every_change_of_a_file_and_with_nothing_else() {
    let (_folder, storage) = storage();
    let id = Id::of(b"x");
    storage.write(FileKind::Pack, &id, b"0123456789").unwrap();
    let path = storage.path(FileKind::Pack, &id);
    let stamp = || {
        // Longer than a tick of the file system's clock.
        std::thread::sleep(std::time::Duration::from_millis(20));
        storage.stamp(FileKind::Pack, &id).unwrap()
    };
    let mut seen = vec![stamp()];
    storage.read(FileKind::Pack, &id).unwrap();
    assert_eq!(stamp(), seen[0], "reading changes nothing");
    let times = fs::metadata(&path).unwrap();
    let times = fs::FileTimes::new().set_modified(times.modified().unwrap()).set_accessed(times.accessed().unwrap());
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let rewrite = |content: &[u8]| {
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(content, 0).unwrap();
        // As a program would that hides its traces.
        file.set_times(times).unwrap();
    };
    rewrite(b"0123456780");
    seen.push(stamp());
    fs::copy(&path, path.with_extension("copy")).unwrap();
    fs::rename(path.with_extension("copy"), &path).unwrap();
    seen.push(stamp());
    fs::rename(&path, path.with_extension("away")).unwrap();
    assert!(matches!(storage.stamp(FileKind::Pack, &id), Err(Error::NotFound { .. })));
    fs::rename(path.with_extension("away"), &path).unwrap();
    seen.push(stamp());
    assert!(seen.iter().all(|stamp| stamp.size == 10));
    let marks: std::collections::BTreeSet<u64> = seen.iter().map(|stamp| stamp.mark).collect();
    assert_eq!(marks.len(), 4, "{seen:?}");
}

#[test]
fn what_is_damaged_is_set_aside_and_never_written_over() {
    let (_folder, storage) = storage();
    let id = Id::of(b"x");
    for content in [b"one", b"two"] {
        storage.write(FileKind::Index, &id, content).unwrap();
        storage.set_aside(FileKind::Index, &id).unwrap();
        assert_eq!(storage.list(FileKind::Index).unwrap(), []);
        storage.write_config(content).unwrap();
        storage.set_config_aside().unwrap();
        assert_eq!(storage.read_config().unwrap(), None);
    }
    let damaged = storage.root().join("vaultdeck/damaged");
    let read = |name: String| fs::read(damaged.join(name)).unwrap();
    assert_eq!((read(format!("index-{id}")), read(format!("index-{id}.1"))), (b"one".to_vec(), b"two".to_vec()));
    assert_eq!((read("config".into()), read("config.1".into())), (b"one".to_vec(), b"two".to_vec()));
}

#[test]
fn a_file_beside_the_repository_is_written_whole_and_read_again() {
    let (_folder, storage) = storage();
    assert_eq!(storage.read_side("note").unwrap(), None);
    for content in [&b"first"[..], b"second, longer"] {
        storage.write_side("note", content).unwrap();
        assert_eq!(storage.read_side("note").unwrap().unwrap(), content);
    }
}

#[test]
fn files_and_folders_are_private() {
    let (_folder, storage) = storage();
    let id = Id::of(b"x");
    storage.write(FileKind::Pack, &id, b"x").unwrap();
    let path = storage.path(FileKind::Pack, &id);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_missing_folder_is_made_again() {
    let (_folder, storage) = storage();
    let id = Id::of(b"x");
    fs::remove_dir(storage.path(FileKind::Pack, &id).parent().unwrap()).unwrap();
    storage.write(FileKind::Pack, &id, b"x").unwrap();
    assert_eq!(storage.list(FileKind::Pack).unwrap(), [(id, 1)]);
}

#[test]
fn leftovers_of_another_process_go_and_nothing_else() {
    let (_folder, storage) = storage();
    let id = Id::of(b"x");
    let pack = storage.path(FileKind::Pack, &id);
    let leftover = PathBuf::from(format!("{}{TEMPORARY}0000-1", pack.display()));
    let own = temporary_name(&pack).unwrap();
    let restic = PathBuf::from(format!("{}-tmp-123", pack.display()));
    for path in [&leftover, &own, &restic] {
        fs::write(path, b"").unwrap();
    }
    storage.remove_leftovers().unwrap();
    assert!(!leftover.exists());
    assert!(own.exists() && restic.exists());
    assert_eq!(storage.list(FileKind::Pack).unwrap(), []);
}
