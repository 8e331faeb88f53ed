//! From one repository to another: only what lacks travels, all of it verified, and what is not committed does not count.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, TimeDelta};
use vaultdeck::repository::{
    BackupRequest, BlobKind, Change, ChunkerParameters, CollectRequest, Control, Error, FileKind, Id, LocalSource,
    LocalStorage, MasterKey, Options, Overlay, RepackRule, Repository, TransferOutcome, TransferRequest, Transferred,
};

use crate::support::counted::Counted;
use crate::support::faulty::{Faults, FaultyStorage};
use crate::support::restic::{PASSWORD, Restic};
use crate::support::{self, restore, tree};

/// A folder with a source, a repository that holds it, and a place for another one.
struct Scene {
    folder: tempfile::TempDir,
    from: Arc<Repository>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("source")).unwrap();
        let from = support::create(&folder.path().join("from"));
        Self { folder, from }
    }

    /// A source of many small files, in folders.
    fn with_files(count: u64) -> Self {
        let scene = Self::new();
        for number in 0..count {
            scene.write(&format!("{}/{number}", number % 7), number);
        }
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self) -> PathBuf {
        self.path("source")
    }

    fn write(&self, name: &str, seed: u64) {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, tree::noise(seed, 20_000)).unwrap();
    }

    fn backup(&self) -> Id {
        backup(&self.from, &self.source())
    }

    fn to(&self) -> Arc<Repository> {
        support::create(&self.path("to"))
    }
}

fn backup(repository: &Repository, root: &Path) -> Id {
    let start: DateTime<FixedOffset> = "2026-11-23T05:00:00Z".parse().unwrap();
    let request = BackupRequest {
        paths: vec![root.to_owned()],
        parent: None,
        time: start + TimeDelta::hours(repository.snapshots().unwrap().len() as i64),
        started: SystemTime::now(),
        hostname: "test".into(),
        username: "tester".into(),
        tags: vec!["original".into()],
        chunker: ChunkerParameters::FILES,
    };
    let source = LocalSource::new(root).unwrap();
    repository.backup(&source, &request, &Control::new()).unwrap().snapshot
}

fn request(snapshot: Id) -> TransferRequest {
    TransferRequest { snapshot, only: None, tags: vec!["copy".into()] }
}

fn prepare(to: &Repository, from: &Repository, snapshot: Id) -> Transferred {
    to.transfer(from, &request(snapshot), &Control::new()).unwrap()
}

fn transfer(to: &Repository, from: &Repository, snapshot: Id) -> TransferOutcome {
    let transferred = prepare(to, from, snapshot);
    assert_eq!(to.commit(&[&transferred]).unwrap(), [true]);
    transferred.outcome().clone()
}

/// A second handle on a repository, whose storage is counted.
fn counted(folder: &Path) -> (Arc<Counted>, Arc<Repository>) {
    let storage = Counted::new(Arc::new(LocalStorage::new(folder)));
    let key = Repository::unlock(storage.as_ref(), PASSWORD).unwrap();
    let repository = Repository::open(storage.clone(), key, Options::default()).unwrap();
    storage.take();
    (storage, Arc::new(repository))
}

fn assert_restores(repository: &Repository, snapshot: Id, source: &Path) {
    let target = tempfile::tempdir().unwrap();
    let outcome = restore(repository, snapshot, source, target.path());
    assert_eq!(outcome.failures, []);
    tree::assert_same(source, target.path());
}

#[test]
fn a_snapshot_comes_over_whole_and_restic_reads_it() {
    let scene = Scene::new();
    tree::everything(&scene.source());
    let snapshot = scene.backup();
    let to = scene.to();

    let outcome = transfer(&to, &scene.from, snapshot);

    assert_restores(&to, outcome.snapshot, &scene.source());
    let (original, copy) = (scene.from.load_snapshot(&snapshot).unwrap(), to.load_snapshot(&outcome.snapshot).unwrap());
    assert_eq!((copy.tree, copy.time, &copy.paths), (original.tree, original.time, &original.paths));
    assert_eq!((copy.hostname.as_str(), copy.parent), ("test", None));
    assert_eq!(copy.tags, Some(vec!["copy".to_owned()]));
    assert_eq!(to.snapshots().unwrap().len(), 1);
    let restic = Restic::on(&scene.path("to"));
    restic.assert_whole();
    let restored = restic.restore(&scene.source(), &scene.path("restored"));
    tree::assert_same(&scene.source(), &restored);
}

#[test]
fn what_restic_backed_up_comes_over_too() {
    let scene = Scene::new();
    tree::everything(&scene.source());
    let restic = Restic::init(&scene.path("restic"));
    restic.backup(&scene.source());
    let from = support::open(&scene.path("restic"));
    let to = scene.to();

    let outcome = transfer(&to, &from, support::newest(&from));

    assert_restores(&to, outcome.snapshot, &scene.source());
}

#[test]
fn of_a_tree_that_did_not_change_nothing_travels() {
    let scene = Scene::with_files(100);
    let first = scene.backup();
    let to = scene.to();
    let copied = transfer(&to, &scene.from, first);
    assert_eq!(copied.bytes, 100 * 20_000 + folders_of(&scene.from, first));
    let packs = to.packs().unwrap();
    let (storage, from) = counted(&scene.path("from"));

    let again = transfer(&to, &from, first);

    assert_eq!((again.blobs, again.bytes, again.bytes_added), (0, 0, 0));
    assert_eq!(to.packs().unwrap(), packs);
    assert_eq!(storage.bytes.load(Ordering::SeqCst), folder_bytes(&from, first), "only folders are read");

    // Whoever has asked which packs the tree needs has walked it: it is not walked again.
    to.packs_of(&again.snapshot).unwrap();
    storage.take();
    let third = transfer(&to, &from, first);
    assert_eq!(third.blobs, 0);
    assert_eq!(storage.take().get("read pack"), None);
    assert_restores(&to, third.snapshot, &scene.source());
}

/// The bytes of a snapshot's folders, as they are before compression.
fn folders_of(repository: &Repository, snapshot: Id) -> u64 {
    trees(repository, snapshot).iter().map(|place| u64::from(place.content_length())).sum()
}

/// The same as they lie in packs.
fn folder_bytes(repository: &Repository, snapshot: Id) -> u64 {
    trees(repository, snapshot).iter().map(|place| u64::from(place.length)).sum()
}

fn trees(repository: &Repository, snapshot: Id) -> Vec<vaultdeck::repository::Location> {
    let mut places = Vec::new();
    let mut waiting = BTreeSet::from([repository.load_snapshot(&snapshot).unwrap().tree]);
    while let Some(id) = waiting.pop_first() {
        places.push(repository.find_blob(BlobKind::Tree, &id).unwrap());
        waiting.extend(repository.load_tree(&id).unwrap().nodes.iter().filter_map(|node| node.subtree));
    }
    places
}

#[test]
fn only_what_lacks_travels() {
    let scene = Scene::with_files(50);
    let first = scene.backup();
    let to = scene.to();
    transfer(&to, &scene.from, first);
    scene.write("3/3", 1000);
    let second = scene.backup();

    let outcome = transfer(&to, &scene.from, second);

    // The file, its folder, the source and what is above it.
    let above = scene.source().components().count() as u64;
    assert_eq!(outcome.blobs, 1 + 1 + above, "{outcome:?}");
    assert_restores(&to, outcome.snapshot, &scene.source());
}

#[test]
fn what_lies_together_is_read_together_and_packed_as_the_destination_likes() {
    let scene = Scene::with_files(200);
    let snapshot = scene.backup();
    let (storage, from) = counted(&scene.path("from"));
    let place = Arc::new(LocalStorage::new(scene.path("to")));
    let options = Options { pack_size: 1 << 20, ..Options::default() };
    let to = Repository::create(place, MasterKey::generate().unwrap(), options).unwrap();

    let outcome = transfer(&to, &from, snapshot);

    let calls = storage.take();
    // 4 MB of data in ranges of 4 MiB, and the folders of each level.
    let levels = scene.source().components().count() as u64 + 1;
    assert!(calls["read pack"] <= 2 + levels, "{calls:?}");
    assert!(to.packs().unwrap().len() >= 4, "{:?}", to.packs().unwrap());
    assert_restores(&to, outcome.snapshot, &scene.source());
}

#[test]
fn many_are_committed_together() {
    let scene = Scene::with_files(10);
    let first = scene.backup();
    scene.write("more", 100);
    let second = scene.backup();
    let to = scene.to();

    let both = [prepare(&to, &scene.from, first), prepare(&to, &scene.from, second)];
    assert_eq!(to.snapshots().unwrap(), [], "nothing counts before it is committed");
    assert_eq!(to.commit(&both.iter().collect::<Vec<_>>()).unwrap(), [true, true]);

    assert_eq!(to.snapshots().unwrap().len(), 2);
    assert_restores(&to, both[1].outcome().snapshot, &scene.source());
}

#[test]
fn a_damaged_blob_is_named_and_nothing_of_the_half_copy_counts() {
    let scene = Scene::with_files(30);
    let good = scene.backup();
    scene.write("bad", 100);
    let bad = scene.backup();
    let blob = Id::of(&tree::noise(100, 20_000));
    let place = scene.from.find_blob(BlobKind::Data, &blob).unwrap();
    spoil(&scene.path("from"), &place.pack, place.offset);
    let to = scene.to();

    let error = to.transfer(&scene.from, &request(bad), &Control::new()).unwrap_err();

    assert!(matches!(&error, Error::Damaged { .. }), "{error}");
    assert!(error.to_string().contains(&blob.to_string()), "{error}");
    assert_eq!(to.snapshots().unwrap(), []);
    assert_eq!(scene.from.lost_blobs().iter().map(|lost| lost.id).collect::<Vec<_>>(), [blob], "it is remembered");
    let outcome = transfer(&to, &scene.from, good);
    fs::remove_file(scene.source().join("bad")).unwrap();
    let target = tempfile::tempdir().unwrap();
    assert_eq!(restore(&to, outcome.snapshot, &scene.source(), target.path()).failures, []);
}

fn spoil(repository: &Path, pack: &Id, offset: u32) {
    let name = pack.to_hex();
    let path = repository.join("data").join(&name[..2]).join(&name);
    support::damage(&path, |content| content[offset as usize + 20] ^= 1);
}

#[test]
fn what_is_damaged_at_one_place_is_read_at_another() {
    let scene = Scene::with_files(3);
    let snapshot = scene.backup();
    let blob = Id::of(&tree::noise(1, 20_000));
    let first = scene.from.find_blob(BlobKind::Data, &blob).unwrap();
    let mut copies = scene.from.store_copies().unwrap();
    copies.add(BlobKind::Data, blob, &tree::noise(1, 20_000)).unwrap();
    copies.finish().unwrap();
    spoil(&scene.path("from"), &first.pack, first.offset);
    let to = scene.to();

    let outcome = transfer(&to, &scene.from, snapshot);

    assert_restores(&to, outcome.snapshot, &scene.source());
}

#[test]
fn a_damaged_folder_is_named_too() {
    let scene = Scene::with_files(10);
    let snapshot = scene.backup();
    let root = scene.from.load_snapshot(&snapshot).unwrap().tree;
    let place = scene.from.find_blob(BlobKind::Tree, &root).unwrap();
    spoil(&scene.path("from"), &place.pack, place.offset);
    let to = scene.to();

    let error = to.transfer(&scene.from, &request(snapshot), &Control::new()).unwrap_err();

    assert!(error.to_string().contains(&root.to_string()), "{error}");
    assert_eq!(to.snapshots().unwrap(), []);
}

#[test]
fn a_folder_that_lies_there_says_nothing_of_what_is_below_it() {
    let scene = Scene::with_files(10);
    let snapshot = scene.backup();
    let to = scene.to();
    let copy = transfer(&to, &scene.from, snapshot).snapshot;
    let root = to.load_snapshot(&copy).unwrap().tree;
    to.packs_of(&copy).unwrap();
    let trees = to.find_blob(BlobKind::Tree, &root).unwrap().pack;
    to.forget(&copy).unwrap();
    let eligible = to.packs().unwrap().into_iter().map(|(pack, _)| pack).filter(|pack| *pack != trees).collect();
    let collect = CollectRequest { eligible, repack: RepackRule::default(), ..CollectRequest::default() };
    let outcome = to.collect(&collect, &Control::new(), &mut |_| Ok(())).unwrap();
    assert_eq!(outcome.guarded, BTreeSet::from([trees]), "the folders stay, and their data is gone");

    let outcome = transfer(&to, &scene.from, snapshot);

    assert_eq!(outcome.blobs, 10);
    assert_restores(&to, outcome.snapshot, &scene.source());
}

#[test]
fn what_is_not_committed_keeps_a_collection_out_and_leaves_no_snapshot() {
    let scene = Scene::with_files(10);
    let snapshot = scene.backup();
    let to = scene.to();
    let prepared = prepare(&to, &scene.from, snapshot);
    let collect = |repository: &Arc<Repository>| {
        let snapshots = repository.snapshots().unwrap().into_iter().map(|(id, _)| id).collect();
        let request = CollectRequest { snapshots, ..CollectRequest::default() };
        repository.collect(&request, &Control::new(), &mut |_| Ok(()))
    };
    assert!(matches!(collect(&to), Err(Error::Locked(_))));
    collect(&scene.from).unwrap();
    drop(prepared);
    collect(&to).unwrap();
    assert_eq!(to.snapshots().unwrap(), []);
}

#[test]
fn nothing_is_collected_in_the_source_while_it_is_read_and_a_cancellation_ends_it_soon() {
    let scene = Scene::with_files(200);
    let snapshot = scene.backup();
    let (storage, from) = counted(&scene.path("from"));
    let control = Arc::new(Control::new());
    let (watched, stopped) = (Arc::clone(&from), Arc::clone(&control));
    storage.watch(move || {
        let collected = watched.collect(&CollectRequest::default(), &Control::new(), &mut |_| Ok(()));
        assert!(matches!(collected, Err(Error::Locked(_))), "{collected:?}");
        stopped.cancel();
    });
    let to = scene.to();

    let error = to.transfer(&from, &request(snapshot), &control).unwrap_err();

    assert!(error.is_cancelled(), "{error}");
    assert_eq!(storage.take()["read pack"], 1);
    assert_eq!(to.snapshots().unwrap(), []);
    storage.watch(|| ());
    from.collect(
        &CollectRequest { snapshots: BTreeSet::from([snapshot]), ..CollectRequest::default() },
        &Control::new(),
        &mut |_| Ok(()),
    )
    .unwrap();
}

#[test]
fn backups_and_transfers_in_either_repository_go_side_by_side() {
    let scene = Scene::with_files(100);
    let snapshot = scene.backup();
    let to = scene.to();
    let back = backup(&to, &scene.source());
    scene.write("new", 500);
    let (over, returned) = std::thread::scope(|scope| {
        let over = scope.spawn(|| transfer(&to, &scene.from, snapshot));
        let returned = scope.spawn(|| transfer(&scene.from, &to, back));
        let backups = [&scene.from, &to].map(|into| scope.spawn(|| backup(into, &scene.source())));
        for (backup, into) in backups.into_iter().zip([&scene.from, &to]) {
            assert_restores(into, backup.join().unwrap(), &scene.source());
        }
        (over.join().unwrap(), returned.join().unwrap())
    });
    fs::remove_file(scene.source().join("new")).unwrap();
    for (repository, outcome) in [(&to, over), (&scene.from, returned)] {
        let target = tempfile::tempdir().unwrap();
        assert_eq!(restore(repository, outcome.snapshot, &scene.source(), target.path()).failures, []);
        let checked = repository.check(true, &Control::new()).unwrap();
        assert_eq!(checked.problems, []);
    }
}

#[test]
fn progress_is_told_in_files_and_bytes() {
    let scene = Scene::with_files(20);
    let snapshot = scene.backup();
    let to = scene.to();
    for _ in 0..2 {
        let control = Control::new();
        to.transfer(&scene.from, &request(snapshot), &control).unwrap();
        let told = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::SeqCst);
        let progress = &control.progress;
        assert_eq!((told(&progress.files_total), told(&progress.files_done)), (20, 20));
        assert_eq!((told(&progress.bytes_total), told(&progress.bytes_done)), (400_000, 400_000));
    }
}

/// A destination whose storage can fail.
struct Hostile {
    storage: Arc<FaultyStorage>,
    key: Box<[u8; 64]>,
    repository: Repository,
}

impl Hostile {
    fn new(seed: u64) -> Self {
        let storage = FaultyStorage::new(seed);
        let key = MasterKey::generate().unwrap();
        let bytes = Box::new(*key.to_bytes());
        let repository = Repository::create(storage.clone(), key, small()).unwrap();
        Self { storage, key: bytes, repository }
    }

    fn restart(&self) -> Self {
        let storage = self.storage.reboot();
        let repository = Repository::open(storage.clone(), MasterKey::from_bytes(&self.key), small()).unwrap();
        Self { storage, key: self.key.clone(), repository }
    }
}

/// Small packs, so that little data makes many.
fn small() -> Options {
    Options { pack_size: 64 << 10, ..Options::default() }
}

#[test]
fn a_full_disk_fails_the_transfer_and_the_next_one_counts_on_what_is_there() {
    let scene = Scene::with_files(100);
    let snapshot = scene.backup();
    let to = Hostile::new(1);
    to.storage.set_faults(Faults { room: Some(500_000), ..Faults::default() });

    let error = to.repository.transfer(&scene.from, &request(snapshot), &Control::new()).unwrap_err();

    assert!(error.is_storage_full(), "{error}");
    assert_eq!(to.repository.snapshots().unwrap(), []);
    to.storage.set_faults(Faults::default());
    let outcome = transfer(&to.repository, &scene.from, snapshot);
    assert!(outcome.bytes < 100 * 20_000 - 300_000, "{outcome:?}");
    assert_restores(&to.repository, outcome.snapshot, &scene.source());
}

#[test]
fn power_may_fail_at_any_step_of_a_transfer() {
    let scene = Scene::with_files(20);
    let first = scene.backup();
    scene.write("more", 100);
    scene.write("and/more", 101);
    let second = scene.backup();
    let base = Hostile::new(2);
    let target = tempfile::tempdir().unwrap();
    let before = transfer(&base.repository, &scene.from, first).snapshot;
    let mut steps = 0;
    loop {
        let to = base.restart();
        to.storage.cut_power_after(steps);
        let done = to
            .repository
            .transfer(&scene.from, &request(second), &Control::new())
            .and_then(|transferred| to.repository.commit(&[&transferred]));
        if done.is_ok() {
            break;
        }
        let to = to.restart();
        let checked = to.repository.check(true, &Control::new()).unwrap();
        assert!(checked.affected.is_empty(), "step {steps}: {checked:?}");
        let old = target.path().join(steps.to_string());
        assert_eq!(restore(&to.repository, before, &scene.source(), &old).failures, []);
        let outcome = transfer(&to.repository, &scene.from, second);
        assert_restores(&to.repository, outcome.snapshot, &scene.source());
        steps += 1;
    }
    assert!(steps >= 4, "packs of data and of folders, an index file, the snapshot: {steps}");
}

#[test]
fn packs_that_change_before_the_commit_are_not_counted_on() {
    let scene = Scene::with_files(10);
    let snapshot = scene.backup();
    let to = scene.to();
    let prepared = prepare(&to, &scene.from, snapshot);
    let pack = to.find_blob(BlobKind::Data, &Id::of(&tree::noise(1, 20_000))).unwrap().pack;
    to.storage().remove(FileKind::Pack, &pack).unwrap();

    assert_eq!(to.commit(&[&prepared]).unwrap(), [false]);
    drop(prepared);

    assert_eq!(to.snapshots().unwrap(), []);
    let outcome = transfer(&to, &scene.from, snapshot);
    assert_restores(&to, outcome.snapshot, &scene.source());
}

/// What a continuous recovery point is copied by: one of the folders in its root.
#[test]
fn one_item_of_a_root_comes_over_alone_and_restic_reads_it() {
    let scene = Scene::new();
    scene.write("kept/a", 1);
    scene.write("other/b", 2);
    let snapshot = scene.backup();
    let above = scene.from.load_snapshot(&snapshot).unwrap().tree;
    // A snapshot whose root has the two folders.
    let names = scene.source();
    let folder = names.iter().skip(1).fold(above, |tree, name| {
        scene.from.load_tree(&tree).unwrap().find(name.as_encoded_bytes()).unwrap().subtree.unwrap()
    });
    let stored = |name: &str| {
        let node = scene.from.load_tree(&folder).unwrap().find(name.as_bytes()).unwrap().clone();
        (PathBuf::from("/").join(name), Change::Stored(node))
    };
    let first = PathBuf::from("/").join(names.iter().nth(1).unwrap());
    let changes = [stored("kept"), stored("other"), (first, Change::Gone)];
    let overlay = Overlay::new(&scene.from, snapshot, changes.into());
    let request = BackupRequest {
        paths: vec!["/".into()],
        parent: Some(snapshot),
        time: "2026-11-23T06:00:00Z".parse().unwrap(),
        started: SystemTime::now(),
        hostname: "test".into(),
        username: "tester".into(),
        tags: Vec::new(),
        chunker: ChunkerParameters::FILES,
    };
    let both = scene.from.backup(&overlay, &request, &Control::new()).unwrap().snapshot;

    let to = scene.to();
    let one = |only: &str| TransferRequest { only: Some(only.to_owned()), ..self::request(both) };
    let transferred = to.transfer(&scene.from, &one("kept"), &Control::new()).unwrap();
    assert_eq!(to.commit(&[&transferred]).unwrap(), [true]);

    let names = |tree: &Id| -> Vec<String> {
        let tree = to.load_tree(tree).unwrap();
        tree.nodes.iter().map(|node| String::from_utf8(node.name.clone()).unwrap()).collect()
    };
    assert_eq!(names(&transferred.outcome().tree), ["kept"]);
    let restic = Restic::on(&scene.path("to"));
    restic.assert_whole();
    let restored = restic.restore(Path::new("/kept"), &scene.path("restored"));
    tree::assert_same(&scene.source().join("kept"), &restored);
    // Again, there is nothing left to bring.
    let again = to.transfer(&scene.from, &one("kept"), &Control::new()).unwrap();
    assert_eq!((again.outcome().tree, again.outcome().blobs), (transferred.outcome().tree, 0));
    let absent = to.transfer(&scene.from, &one("absent"), &Control::new()).unwrap_err();
    assert!(matches!(&absent, Error::NoSuchPath { path, .. } if path == Path::new("absent")), "{absent}");
}
