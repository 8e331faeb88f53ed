//! What cannot be read is said; what cannot be done is an error and leaves no snapshot.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vaultdeck::repository::{
    Control, Error, FileKind, Id, IssueKind, LocalStorage, MasterKey, Options, Properties, Repository, Result, Storage,
};

use super::watched::{Moment, Watched};
use super::{Scene, names};
use crate::support::mounted::Mounted;
use crate::support::{is_root, restore, tree};

fn small(root: &Path) {
    fs::create_dir_all(root.join("folder/inner")).unwrap();
    fs::write(root.join("good"), b"good").unwrap();
    fs::write(root.join("bad"), tree::noise(1, 12 << 20)).unwrap();
    fs::write(root.join("folder/inner/file"), b"x").unwrap();
}

fn eio() -> io::Error {
    io::Error::from_raw_os_error(5)
}

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

/// A source with one kind of trouble at one item.
fn troubled(scene: &Scene, name: &str, at: impl Fn(Moment) -> io::Result<()> + Send + Sync + 'static) -> Watched {
    let path = scene.source().join(name);
    Watched::with_trouble(scene.local(), Box::new(move |asked, moment| if asked == path { at(moment) } else { Ok(()) }))
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_left_out_and_named() {
    let scene = Scene::of(small);
    let source = troubled(&scene, "bad", |moment| match moment {
        Moment::Read(at) if at > 0 => Err(eio()),
        _ => Ok(()),
    });

    let outcome = scene.try_backup(&source, None).unwrap();

    assert_eq!(names(&scene.source(), outcome.issues.iter().map(|issue| &issue.path)), ["bad"]);
    assert_eq!(outcome.issues[0].kind, IssueKind::Unreadable);
    let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target"));
    assert!(restored.join("good").exists() && !restored.join("bad").exists());
    scene.restic().assert_whole();
}

#[test]
fn a_folder_that_cannot_be_listed_is_stored_empty_and_named() {
    let scene = Scene::of(small);
    let source = troubled(&scene, "folder/inner", |moment| if moment == Moment::List { Err(denied()) } else { Ok(()) });

    let outcome = scene.try_backup(&source, None).unwrap();

    assert_eq!(names(&scene.source(), outcome.issues.iter().map(|issue| &issue.path)), ["folder/inner"]);
    assert_eq!(outcome.issues[0].kind, IssueKind::AccessDenied);
    let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target"));
    assert_eq!(fs::read_dir(restored.join("folder/inner")).unwrap().count(), 0);
}

#[test]
fn what_vanishes_meanwhile_is_noted_and_is_no_issue() {
    for moment in [Moment::Look, Moment::Open] {
        let scene = Scene::of(small);
        let path = scene.source().join("good");
        let source =
            troubled(&scene, "good", move |asked| if asked == moment { fs::remove_file(&path) } else { Ok(()) });

        let outcome = scene.try_backup(&source, None).unwrap();

        assert_eq!(outcome.issues, []);
        assert_eq!(names(&scene.source(), outcome.notes.iter().map(|note| &note.path)), ["good"]);
    }
}

#[test]
fn what_its_folder_names_and_nobody_can_find_is_named() {
    for moment in [Moment::Look, Moment::Open] {
        let scene = Scene::of(small);
        let source =
            troubled(
                &scene,
                "good",
                move |asked| {
                    if asked == moment { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
                },
            );

        let outcome = scene.try_backup(&source, None).unwrap();

        assert_eq!(names(&scene.source(), outcome.issues.iter().map(|issue| &issue.path)), ["good"]);
        assert!(outcome.issues[0].reason.starts_with("its folder names it"), "{:?}", outcome.issues);
        assert_eq!(outcome.notes, []);
    }
}

#[test]
fn what_was_replaced_between_two_questions_is_stored() {
    for moment in [Moment::Look, Moment::Open] {
        let scene = Scene::of(small);
        let first = AtomicU64::new(0);
        let source = troubled(&scene, "good", move |asked| {
            let missed = asked == moment && first.fetch_add(1, Ordering::SeqCst) == 0;
            if missed { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
        });

        let outcome = scene.try_backup(&source, None).unwrap();

        assert_eq!((outcome.issues, outcome.notes), (vec![], vec![]));
        assert_eq!(super::node(&scene, &outcome.snapshot, "good").size, 4);
    }
}

/// A source in which a file of 12 MiB is changed each time when it is read from.
fn restless(scene: &Scene, change: impl Fn(u64, &fs::File) -> io::Result<()> + Send + Sync + 'static) -> Watched {
    let path = scene.source().join("bad");
    let count = AtomicU64::new(0);
    troubled(scene, "bad", move |moment| {
        if matches!(moment, Moment::Read(_)) {
            change(count.fetch_add(1, Ordering::SeqCst), &fs::File::options().write(true).open(&path)?)?;
        }
        Ok(())
    })
}

#[test]
fn a_file_that_changes_once_while_it_is_read_is_read_again() {
    let scene = Scene::of(small);
    let source = restless(&scene, |count, file| if count == 0 { file.set_len(1 << 20) } else { Ok(()) });

    let outcome = scene.try_backup(&source, None).unwrap();

    assert_eq!((outcome.issues, outcome.notes), (vec![], vec![]));
    let target = scene.folder.path().join("target");
    assert_eq!(restore(&scene.repository, outcome.snapshot, &scene.source(), &target).failures, []);
    tree::assert_same(&scene.source(), &target);
    scene.restic().assert_whole();
}

#[test]
fn a_file_that_is_never_still_is_stored_as_read_and_named() {
    let scene = Scene::of(small);
    let source = restless(&scene, |count, file| file.write_all_at(&count.to_le_bytes(), 0));

    let outcome = scene.try_backup(&source, None).unwrap();

    assert_eq!(names(&scene.source(), outcome.issues.iter().map(|issue| &issue.path)), ["bad"]);
    assert!(outcome.issues[0].reason.starts_with("it changed while it was read"), "{:?}", outcome.issues);
    assert_eq!(super::node(&scene, &outcome.snapshot, "bad").size, 12 << 20);
    scene.restic().assert_whole();
}

#[test]
fn a_file_that_only_grows_is_stored_as_it_was_before_and_noted() {
    let scene = Scene::of(small);
    let source = restless(&scene, |count, file| file.write_all_at(b"more", (12 << 20) + 4 * count));

    let outcome = scene.try_backup(&source, None).unwrap();

    assert_eq!(outcome.issues, []);
    assert_eq!(names(&scene.source(), outcome.notes.iter().map(|note| &note.path)), ["bad"]);
    let target = scene.folder.path().join("target");
    assert_eq!(restore(&scene.repository, outcome.snapshot, &scene.source(), &target).failures, []);
    let stored = fs::read(target.join("bad")).unwrap();
    assert!(stored.len() >= 12 << 20);
    assert_eq!(stored[..12 << 20], tree::noise(1, 12 << 20));
}

#[test]
fn a_socket_is_stored_and_comes_back_and_restic_minds_it_not() {
    let scene = Scene::of(|root| {
        small(root);
        std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    });

    let outcome = scene.backup(None);

    assert_eq!((outcome.issues, outcome.notes), (vec![], vec![]));
    let target = scene.folder.path().join("target");
    assert_eq!(restore(&scene.repository, outcome.snapshot, &scene.source(), &target).failures, []);
    tree::assert_same(&scene.source(), &target);
    scene.restic().assert_whole();
    let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target of restic"));
    assert!(restored.join("good").exists());
}

#[test]
fn a_file_system_that_is_mounted_inside_is_not_entered_and_named() {
    if !is_root() {
        // Only root may mount; what is then asked of the source is a test of its own there.
        return;
    }
    let scene = Scene::of(small);
    let _mounted = Mounted::tmpfs(&scene.source().join("folder/inner"), 1 << 20);
    fs::write(scene.source().join("folder/inner/important"), b"x").unwrap();

    let outcome = scene.backup(None);

    assert_eq!(names(&scene.source(), outcome.issues.iter().map(|issue| &issue.path)), ["folder/inner"]);
    assert!(outcome.issues[0].reason.contains("another file system"), "{:?}", outcome.issues);
}

#[test]
fn a_file_that_changes_between_two_of_its_names_is_two_files_in_the_snapshot() {
    let scene = Scene::of(|root| {
        fs::write(root.join("a"), b"OLD").unwrap();
        fs::hard_link(root.join("a"), root.join("y")).unwrap();
        fs::hard_link(root.join("a"), root.join("z")).unwrap();
        fs::write(root.join("m"), b"between").unwrap();
    });
    let folder = scene.folder.path().join("one worker");
    // One worker reads the files in their order.
    let repository = super::create_with(&folder, Options { workers: 1, ..Options::default() });
    let path = scene.source().join("a");
    let source =
        troubled(&scene, "m", move |moment| if moment == Moment::Open { fs::write(&path, b"NEW") } else { Ok(()) });

    let outcome = repository.backup(&source, &scene.request(None), &Control::new()).unwrap();

    let target = scene.folder.path().join("target");
    assert_eq!(restore(&repository, outcome.snapshot, &scene.source(), &target).failures, []);
    let by_restic = crate::support::restic::Restic::on(&folder)
        .restore(&scene.source(), &scene.folder.path().join("target of restic"));
    for restored in [target, by_restic] {
        let read = ["a", "y", "z"].map(|name| fs::read_to_string(restored.join(name)).unwrap());
        assert_eq!(read, ["OLD", "NEW", "NEW"], "{}", restored.display());
    }
}

#[test]
fn a_root_that_is_gone_or_closed_is_an_error_and_leaves_no_snapshot() {
    let scene = Scene::of(small);
    for (moment, error) in [(Moment::Look, io::ErrorKind::NotFound), (Moment::List, io::ErrorKind::PermissionDenied)] {
        let source = troubled(&scene, "", move |asked| if asked == moment { Err(error.into()) } else { Ok(()) });

        let failed = scene.try_backup(&source, None).unwrap_err();

        assert!(
            matches!(&failed, Error::Source { path, source } if *path == scene.source() && source.kind() == error),
            "{failed}"
        );
        assert_eq!(scene.repository.snapshots().unwrap(), []);
    }
}

#[test]
fn a_relative_or_missing_path_is_refused() {
    let scene = Scene::of(small);
    for paths in [vec![], vec!["relative".into()], vec!["/a/../b".into()]] {
        let request = super::BackupRequest { paths, ..scene.request(None) };
        let refused = scene.repository.backup(&scene.local(), &request, &Control::new());
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
}

#[test]
fn a_cancelled_backup_leaves_no_snapshot_and_the_next_one_goes_on_from_it() {
    let scene = Scene::of(|root| {
        for number in 0..40 {
            fs::write(root.join(format!("{number:02}")), tree::noise(number, 2 << 20)).unwrap();
        }
    });
    let control = Arc::new(Control::new());
    let (seen, total) = (control.clone(), AtomicU64::new(0));
    let source = Watched::with_trouble(
        scene.local(),
        Box::new(move |_, moment| {
            if matches!(moment, Moment::Read(0)) && total.fetch_add(1, Ordering::Relaxed) == 30 {
                seen.cancel();
            }
            Ok(())
        }),
    );

    let cancelled = scene.repository.backup(&source, &scene.request(None), &control);

    assert!(matches!(cancelled, Err(Error::Cancelled)));
    assert_eq!(scene.repository.snapshots().unwrap(), []);
    let next = scene.backup(None);
    assert!(next.bytes_added < 70 << 20, "{} of 80 MiB were stored again", next.bytes_added);
    scene.restic().assert_whole();
}

#[test]
fn progress_ends_where_it_said() {
    let scene = Scene::of(small);
    let control = Control::new();

    let outcome = scene.repository.backup(&scene.local(), &scene.request(None), &control).unwrap();

    let progress = [
        &control.progress.files_total,
        &control.progress.files_done,
        &control.progress.bytes_total,
        &control.progress.bytes_done,
    ];
    assert_eq!(
        progress.map(|counter| counter.load(Ordering::Relaxed)),
        [3, 3, outcome.bytes_total, outcome.bytes_total]
    );
}

/// A storage that is full after some packs.
struct Full {
    storage: LocalStorage,
    left: AtomicU64,
}

impl Storage for Full {
    fn location(&self) -> String {
        self.storage.location()
    }
    fn properties(&self) -> Properties {
        self.storage.properties()
    }
    fn prepare(&self) -> Result<()> {
        self.storage.prepare()
    }
    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>> {
        self.storage.list(kind)
    }
    fn read(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        self.storage.read(kind, id)
    }
    fn read_range(&self, kind: FileKind, id: &Id, offset: u64, length: usize) -> Result<Vec<u8>> {
        self.storage.read_range(kind, id, offset, length)
    }
    fn size(&self, kind: FileKind, id: &Id) -> Result<u64> {
        self.storage.size(kind, id)
    }
    fn write(&self, kind: FileKind, id: &Id, content: &[u8]) -> Result<()> {
        if kind == FileKind::Pack
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err()
        {
            let path = self.storage.path(kind, id);
            return Err(Error::Storage { action: "write", path, source: io::ErrorKind::StorageFull.into() });
        }
        self.storage.write(kind, id, content)
    }
    fn remove(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.storage.remove(kind, id)
    }
    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.storage.set_aside(kind, id)
    }
    fn set_config_aside(&self) -> Result<()> {
        self.storage.set_config_aside()
    }
    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.storage.read_side(name)
    }
    fn write_side(&self, name: &str, content: &[u8]) -> Result<()> {
        self.storage.write_side(name, content)
    }
    fn list_side(&self, folder: &str) -> Result<Option<Vec<String>>> {
        self.storage.list_side(folder)
    }
    fn write_side_all(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        self.storage.write_side_all(files)
    }
    fn remove_side_all(&self, names: &[String]) -> Result<()> {
        self.storage.remove_side_all(names)
    }
    fn set_side_aside(&self, name: &str) -> Result<Option<String>> {
        self.storage.set_side_aside(name)
    }
    fn read_config(&self) -> Result<Option<Vec<u8>>> {
        self.storage.read_config()
    }
    fn write_config(&self, content: &[u8]) -> Result<()> {
        self.storage.write_config(content)
    }
}

#[test]
fn a_full_disk_is_said_to_be_full_and_leaves_no_snapshot() {
    let scene = Scene::of(|root| fs::write(root.join("large"), tree::noise(1, 60 << 20)).unwrap());
    let folder = scene.folder.path().join("full");
    let storage = Arc::new(Full { storage: LocalStorage::new(&folder), left: AtomicU64::new(1) });
    let key = MasterKey::generate().unwrap();
    let repository = Repository::create(storage.clone(), key, Options::default()).unwrap();

    let failed = repository.backup(&scene.local(), &scene.request(None), &Control::new()).unwrap_err();

    assert!(failed.is_storage_full(), "{failed}");
    assert_eq!(repository.snapshots().unwrap(), []);
    storage.left.store(100, Ordering::SeqCst);
    let outcome = repository.backup(&scene.local(), &scene.request(None), &Control::new()).unwrap();
    assert!(outcome.bytes_added < 50 << 20, "what was written before is not written again");
}
