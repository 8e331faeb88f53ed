//! The storage in a local folder.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};

use super::names::TEMPORARY;
use super::*;
use crate::repository::Storage as _;

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
    let own = pack.with_file_name(temporary_name(&pack).unwrap());
    let restic = PathBuf::from(format!("{}-tmp-123", pack.display()));
    for path in [&leftover, &own, &restic] {
        fs::write(path, b"").unwrap();
    }
    storage.remove_leftovers().unwrap();
    assert!(!leftover.exists());
    assert!(own.exists() && restic.exists());
    assert_eq!(storage.list(FileKind::Pack).unwrap(), []);
}

/// A storage with a file of each kind, and folders elsewhere that somebody may put in the place of its own.
fn filled() -> (tempfile::TempDir, LocalStorage, Id) {
    let (folder, storage) = storage();
    let id = Id::of(b"x");
    for kind in FileKind::ALL {
        storage.write(kind, &id, b"x").unwrap();
    }
    storage.write_config(b"x").unwrap();
    for name in ["key.json", "points/p.json", "copies/key.json"] {
        storage.write_side(name, b"x").unwrap();
    }
    (folder, storage, id)
}

fn is_link_refused<T>(outcome: Result<T>) -> bool {
    matches!(outcome, Err(Error::Storage { source, .. }) if source.to_string().contains("is a symbolic link now"))
}

#[test]
fn a_link_planted_at_any_level_is_refused_and_nothing_is_read_or_written_through_it() {
    let pack_folder = |id: &Id| format!("data/{}", &id.to_hex()[..2]);
    let id = Id::of(b"x");
    let levels = [
        "data",
        &pack_folder(&id),
        "index",
        "snapshots",
        "keys",
        "locks",
        "vaultdeck",
        "vaultdeck/points",
        "vaultdeck/copies",
    ];
    for level in levels {
        let (folder, storage, id) = filled();
        let (there, elsewhere) = (storage.root().join(level), folder.path().join("elsewhere"));
        fs::rename(&there, &elsewhere).unwrap();
        let before = tree(&elsewhere);
        symlink(&elsewhere, &there).unwrap();
        let kinds: Vec<FileKind> =
            FileKind::ALL.into_iter().filter(|kind| level.split('/').next() == Some(kind.folder())).collect();
        for kind in kinds {
            assert!(is_link_refused(storage.read(kind, &id)), "{level}");
            assert!(is_link_refused(storage.read_range(kind, &id, 0, 1)), "{level}");
            assert!(is_link_refused(storage.stamp(kind, &id)), "{level}");
            assert!(is_link_refused(storage.list(kind)), "{level}");
            assert!(is_link_refused(storage.write(kind, &id, b"y")), "{level}");
            assert!(is_link_refused(storage.write_all(kind, &[(id, b"y".to_vec())])), "{level}");
            assert!(is_link_refused(storage.make_durable(kind, &id)), "{level}");
            assert!(is_link_refused(storage.remove(kind, &id)), "{level}");
            assert!(is_link_refused(storage.remove_all(kind, &[id])), "{level}");
            assert!(is_link_refused(storage.set_aside(kind, &id)), "{level}");
        }
        let sides =
            [("vaultdeck/points", "points/p.json"), ("vaultdeck/copies", "copies/key.json"), ("vaultdeck", "key.json")];
        for (_, name) in sides.into_iter().filter(|(place, _)| place.starts_with(level)) {
            assert!(is_link_refused(storage.read_side(name)), "{level} {name}");
            assert!(is_link_refused(storage.write_side(name, b"y")), "{level} {name}");
            assert!(is_link_refused(storage.write_side_all(&[(name.to_owned(), b"y".to_vec())])), "{level} {name}");
            assert!(is_link_refused(storage.remove_side_all(&[name.to_owned()])), "{level} {name}");
            assert!(is_link_refused(storage.set_side_aside(name)), "{level} {name}");
        }
        assert!(is_link_refused(storage.remove_leftovers()), "{level}");
        assert_eq!(tree(&elsewhere), before, "{level}");
    }
}

/// Every file below a folder with its content.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push((path.clone(), fs::read(path).unwrap())) }
        }
    }
    found.sort();
    found
}

#[test]
fn a_file_that_became_a_link_is_not_read_and_a_write_replaces_the_link() {
    let (folder, storage, id) = filled();
    let secret = folder.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let path = storage.path(FileKind::Pack, &id);
    fs::remove_file(&path).unwrap();
    symlink(&secret, &path).unwrap();
    assert!(is_link_refused(storage.read(FileKind::Pack, &id)));
    assert!(is_link_refused(storage.make_durable(FileKind::Pack, &id)));
    storage.write(FileKind::Pack, &id, b"x").unwrap();
    assert_eq!(storage.read(FileKind::Pack, &id).unwrap(), b"x");
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
}

#[test]
fn an_opened_folder_is_itself_wherever_it_is_moved_and_says_so_when_asked() {
    let (folder, storage, id) = filled();
    storage.confirm_place().unwrap();
    let (place, away) = (storage.root().to_owned(), folder.path().join("away"));
    fs::rename(&place, &away).unwrap();
    let problem = |storage: &LocalStorage| match storage.confirm_place() {
        Err(Error::Moved { path, problem }) if path == place => problem,
        outcome => panic!("{outcome:?}"),
    };
    assert_eq!(problem(&storage), "it was moved away");
    symlink(&away, &place).unwrap();
    assert!(problem(&storage).contains("is a symbolic link now"));
    fs::remove_file(&place).unwrap();
    fs::create_dir_all(place.join("keys")).unwrap();
    assert_eq!(problem(&storage), "another folder lies there now");
    // What is written goes where the folder is, and never to what lies at its place.
    storage.write(FileKind::Key, &Id::of(b"new"), b"new").unwrap();
    assert_eq!(storage.list(FileKind::Key).unwrap().len(), 2);
    assert_eq!(fs::read_dir(place.join("keys")).unwrap().count(), 0);
    fs::remove_dir_all(&place).unwrap();
    fs::rename(&away, &place).unwrap();
    storage.confirm_place().unwrap();
    assert_eq!(storage.read(FileKind::Pack, &id).unwrap(), b"x");
}

#[test]
fn side_files_of_a_folder_are_written_listed_removed_and_set_aside_together() {
    let (_folder, storage) = storage();
    let files = ["points/a.json", "points/b.json"].map(|name| (name.to_owned(), name.as_bytes().to_vec()));
    let error = storage.write_side_all(&files).unwrap_err();
    assert!(error.to_string().contains("No such file"), "a folder of many files is not made anew in silence: {error}");
    storage.prepare_side("points").unwrap();
    storage.write_side_all(&files).unwrap();
    assert_eq!(storage.set_side_aside("points/a.json").unwrap().as_deref(), Some("damaged/a.json"));
    assert_eq!(storage.set_side_aside("points/a.json").unwrap(), None);
    storage.write_side_all(&files[..1]).unwrap();
    assert_eq!(storage.set_side_aside("points/a.json").unwrap().as_deref(), Some("damaged/a.json.1"));
    assert_eq!(storage.list_side("points").unwrap().unwrap(), ["b.json"]);
    storage.remove_side_all(&files.map(|(name, _)| name)).unwrap();
    assert_eq!(storage.list_side("points").unwrap(), Some(Vec::new()));
    assert_eq!(storage.list_side("nothing").unwrap(), None);
    for name in ["", "/etc/passwd", "..", "../config", "points/../../config", "points//x", "points/.x", "a\0b"] {
        assert!(matches!(storage.read_side(name), Err(Error::Invalid(_))), "{name:?}");
        assert!(matches!(storage.write_side(name, b""), Err(Error::Invalid(_))), "{name:?}");
    }
}
