//! Sources that are no folder of this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use vaultdeck::repository::{
    Arrival, Arrivals, BackupOutcome, BackupRequest, Children, ChunkerParameters, Control, Cut, Error,
    ExtendedAttribute, Id, ItemPath, KeyTree, Repository, RestoreRequest, SourceItem, SourceReader, TreeSource,
    key_of_item, places_of_key,
};

use crate::support::memory::{MemorySource, MemoryStore};
use crate::support::tree::noise;
use crate::support::{self, restic};

struct Scene {
    folder: tempfile::TempDir,
    repository: Arc<Repository>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = support::create(&folder.path().join("repository"));
        Self { folder, repository }
    }

    fn try_backup(&self, source: &dyn TreeSource, parent: Option<Id>) -> Result<BackupOutcome, Error> {
        let request = BackupRequest {
            paths: vec!["/store".into()],
            parent,
            time: "2026-11-23T05:00:00+01:00".parse().unwrap(),
            started: SystemTime::now() + Duration::from_secs(60),
            hostname: "bastion".into(),
            username: "tester".into(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        self.repository.backup(source, &request, &Control::new())
    }

    fn backup(&self, source: &dyn TreeSource, parent: Option<Id>) -> BackupOutcome {
        self.try_backup(source, parent).unwrap()
    }

    /// Restores into a folder, of which the files are told with their content.
    fn restored(&self, snapshot: Id, to: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let target = self.folder.path().join(to);
        let request = RestoreRequest {
            snapshot,
            strip: ItemPath::parse("/store").unwrap(),
            items: Vec::new(),
            target: target.clone(),
            merge: false,
        };
        let outcome = self.repository.restore(&request, &Control::new()).unwrap();
        assert_eq!(outcome.failures, []);
        files_below(&target)
    }
}

fn files_below(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn reasons(outcome: &BackupOutcome) -> Vec<(String, String)> {
    outcome.issues.iter().map(|issue| (issue.path.display().to_string(), issue.reason.clone())).collect()
}

#[test]
fn what_a_listing_tells_is_not_asked_for_again() {
    let scene = Scene::new();
    let source = MemorySource::of(&[("/store/a", b"one"), ("/store/inner/b", b"two"), ("/store/z", b"")]);
    let outcome = scene.backup(&source, None);
    assert_eq!((outcome.files_new, outcome.items, outcome.issues.len()), (3, 4, 0));
    assert_eq!(*source.looked.lock().unwrap(), [PathBuf::from("/store")], "only the root has no listing above it");
    let files = [("a", &b"one"[..]), ("inner/b", b"two"), ("z", b"")];
    let expected = files.map(|(path, content)| (PathBuf::from(path), content.to_vec()));
    assert_eq!(scene.restored(outcome.snapshot, "ours"), expected);
    let theirs = restic::Restic::on(&scene.folder.path().join("repository"));
    theirs.assert_whole();
    assert_eq!(files_below(&theirs.restore(Path::new("/store"), &scene.folder.path().join("theirs"))), expected);
}

#[test]
fn each_file_is_cut_as_its_source_says() {
    let scene = Scene::new();
    let mut source = MemorySource::default();
    let (image, pages) = (noise(1, 4 << 20), noise(2, 80_000));
    source.file("/store/image").content.clone_from(&image);
    source.file("/store/image").cut = Cut::Fixed(64 << 10);
    source.file("/store/pages").content.clone_from(&pages);
    source.file("/store/pages").cut = Cut::Fixed(8 << 10);
    source.file("/store/document").content = noise(3, 3 << 20);
    let first = scene.backup(&source, None);
    let pieces = |name: &str| {
        let root = scene.repository.load_tree(&first.tree).unwrap();
        let store = scene.repository.load_tree(&root.find(b"store").unwrap().subtree.unwrap()).unwrap();
        store.find(name.as_bytes()).unwrap().content.len()
    };
    assert_eq!((pieces("image"), pieces("pages")), (64, 10));
    assert!(pieces("document") <= 6, "by its content, in pieces of at least 512 KiB");

    // One page changes in place, which costs one page.
    source.file("/store/image").content[1 << 20] ^= 1;
    source.file("/store/image").modified.seconds += 1;
    let second = scene.backup(&source, Some(first.snapshot));
    assert_eq!((second.files_changed, second.files_unmodified), (1, 2));
    assert!((64 << 10..100 << 10).contains(&second.bytes_added), "{}", second.bytes_added);
    let restored = scene.restored(second.snapshot, "second");
    assert!(restored.iter().any(|(path, content)| path.ends_with("pages") && *content == pages));
    assert!(restored.iter().any(|(_, content)| *content == source.files[Path::new("/store/image")].content));
}

#[test]
fn what_a_source_vouches_for_within_a_file_is_taken_from_the_parent_unread() {
    const PIECE: u64 = 64 << 10;
    let scene = Scene::new();
    let mut source = MemorySource::default();
    let before = noise(1, 10 * PIECE as usize + 100);
    source.file("/store/image").content.clone_from(&before);
    source.file("/store/image").cut = Cut::Fixed(PIECE as u32);
    let end = before.len() as u64;
    source.file("/store/image").as_before = vec![0..2 * PIECE, 3 * PIECE..7 * PIECE, 9 * PIECE..end];
    let first = scene.backup(&source, None);
    assert_eq!(first.bytes_read, end, "without a parent all of it is read");

    // What is not vouched for has changed, and so has something that is: only the source can know better.
    let changed = &mut source.file("/store/image").content;
    for place in [PIECE * 2 + 5, PIECE * 8, PIECE * 4] {
        changed[place as usize] ^= 1;
    }
    source.file("/store/image").modified.seconds += 1;
    let second = scene.backup(&source, Some(first.snapshot));
    assert_eq!((second.bytes_read, second.bytes_total, second.issues.len()), (3 * PIECE, end, 0));
    let mut expected = source.files[Path::new("/store/image")].content.clone();
    expected[(PIECE * 4) as usize] ^= 1;
    assert_eq!(scene.restored(second.snapshot, "second"), [(PathBuf::from("image"), expected)]);

    // Of another size, or cut elsewhere, it has no parent.
    source.file("/store/image").content.push(0);
    source.file("/store/image").modified.seconds += 1;
    assert_eq!(scene.backup(&source, Some(first.snapshot)).bytes_read, end + 1);
    source.file("/store/image").content.pop();
    source.file("/store/image").cut = Cut::Fixed(PIECE as u32 + 1);
    assert_eq!(scene.backup(&source, Some(first.snapshot)).bytes_read, end);
}

#[test]
fn a_source_that_vouches_for_a_part_of_a_piece_is_not_believed() {
    const PIECE: u64 = 64 << 10;
    let scene = Scene::new();
    let mut source = MemorySource::default();
    source.file("/store/image").content = noise(1, 4 * PIECE as usize);
    source.file("/store/image").cut = Cut::Fixed(PIECE as u32);
    let first = scene.backup(&source, None).snapshot;
    for (range, why) in [
        (5..PIECE, "from the midst of a piece"),
        (0..PIECE + 5, "up to the midst of a piece"),
        (0..9 * PIECE, "where the parent has nothing"),
    ] {
        source.file("/store/image").as_before = vec![range];
        source.file("/store/image").modified.seconds += 1;
        let told = reasons(&scene.backup(&source, Some(first)));
        assert!(matches!(&told[..], [(path, told)] if path == "/store/image" && told.contains(why)), "{told:?}");
    }
}

#[test]
fn a_size_that_nothing_can_be_cut_into_is_refused() {
    let scene = Scene::new();
    let mut source = MemorySource::of(&[("/store/image", b"image")]);
    for size in [0, 17 << 20] {
        source.file("/store/image").cut = Cut::Fixed(size);
        assert!(matches!(scene.try_backup(&source, None), Err(Error::Invalid(_))), "{size}");
    }
}

#[test]
fn a_name_that_a_listing_gives_twice_is_stored_once_and_told() {
    let scene = Scene::new();
    let mut source = MemorySource::of(&[("/store/a", b"one"), ("/store/z", b"two")]);
    source.strange.push(("/store".into(), "z".into()));
    let outcome = scene.backup(&source, None);
    let told = reasons(&outcome);
    assert!(matches!(&told[..], [(path, why)] if path == "/store/z" && why.contains("names it twice")), "{told:?}");
    let names: Vec<PathBuf> = scene.restored(outcome.snapshot, "once").into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, [PathBuf::from("a"), PathBuf::from("z")]);
}

#[test]
fn a_source_that_vouches_for_a_file_is_not_asked_for_its_content() {
    let scene = Scene::new();
    let mut source = MemorySource::of(&[("/store/a", b"one"), ("/store/b", b"two"), ("/store/c", b"three")]);
    let first = scene.backup(&source, None);
    for (path, file) in &mut source.files {
        // Its times say nothing: they are new each time.
        file.modified.seconds += 1;
        file.unchanged = !path.ends_with("b");
    }
    // It cannot be right about one that has another length now.
    source.file("/store/c").content = b"fourteen".to_vec();
    source.opened.lock().unwrap().clear();
    let second = scene.backup(&source, Some(first.snapshot));
    assert_eq!((second.files_unmodified, second.files_changed), (1, 2));
    let opened: BTreeSet<PathBuf> = source.opened.lock().unwrap().iter().cloned().collect();
    assert_eq!(opened, BTreeSet::from(["/store/b".into(), "/store/c".into()]));
    let restored = scene.restored(second.snapshot, "second");
    let expected = [("a", &b"one"[..]), ("b", b"two"), ("c", b"fourteen")];
    assert_eq!(restored, expected.map(|(path, content)| (PathBuf::from(path), content.to_vec())));
}

#[test]
fn attributes_that_come_with_the_content_stay_with_a_file_that_is_not_read_again() {
    let scene = Scene::new();
    let mut source = MemorySource::of(&[("/store/a", b"one"), ("/store/b", b"two")]);
    let told =
        |value: &str| Some(vec![ExtendedAttribute { name: "user.kind".to_owned(), value: value.as_bytes().to_vec() }]);
    for file in source.files.values_mut() {
        file.told = told("first");
    }
    let first = scene.backup(&source, None);
    for (path, file) in &mut source.files {
        (file.told, file.unchanged) = (told("second"), path.ends_with("a"));
        file.modified.seconds += 1;
    }
    let second = scene.backup(&source, Some(first.snapshot));
    let kept = |outcome: &BackupOutcome| {
        let nodes = scene.repository.entries(&outcome.snapshot, &ItemPath::parse("/store").unwrap()).unwrap();
        nodes.into_iter().map(|node| node.extended_attributes).collect::<Vec<_>>()
    };
    assert_eq!(kept(&first), [told("first").unwrap(), told("first").unwrap()]);
    assert_eq!(kept(&second), [told("first").unwrap(), told("second").unwrap()]);
}

#[test]
fn a_listing_that_breaks_off_is_told_and_that_of_a_root_ends_the_backup() {
    let scene = Scene::new();
    let mut source = MemorySource::of(&[("/store/in/a", b"one"), ("/store/in/b", b"two"), ("/store/z", b"three")]);
    source.breaking.insert("/store/in".into(), 1);
    let outcome = scene.backup(&source, None);
    assert_eq!(reasons(&outcome), [("/store/in".into(), "its listing broke off: the line went dead".into())]);
    let names: Vec<PathBuf> = scene.restored(outcome.snapshot, "broken").into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, [PathBuf::from("in/a"), PathBuf::from("z")]);

    source.breaking.insert("/store".into(), 1);
    match scene.try_backup(&source, None) {
        Err(Error::Source { path, source }) => {
            assert_eq!((path, source.to_string()), ("/store".into(), "the line went dead".into()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_that_no_file_can_have_or_that_come_too_late_are_told_and_not_stored() {
    let scene = Scene::new();
    let mut source = MemorySource::of(&[("/store/m", b"middle")]);
    for name in ["..", "x/y", "z\0", "", "a"] {
        source.strange.push(("/store".into(), name.into()));
    }
    let outcome = scene.backup(&source, None);
    assert_eq!(outcome.issues.len(), 5, "{:?}", outcome.issues);
    assert_eq!(scene.restored(outcome.snapshot, "strange"), [(PathBuf::from("m"), b"middle".to_vec())]);
}

fn key_tree(keys: &BTreeMap<Vec<u8>, Vec<u8>>) -> KeyTree<MemoryStore> {
    let store = MemoryStore { keys: keys.clone(), ..MemoryStore::default() };
    KeyTree::new(store, "/store".into(), &Control::new()).unwrap()
}

/// The keys of files that were restored from a tree of keys.
fn keys_of(files: Vec<(PathBuf, Vec<u8>)>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let key = |path: &Path| key_of_item(&ItemPath::from_path(path).unwrap()).unwrap();
    files.into_iter().map(|(path, content)| (key(&path), content)).collect()
}

#[test]
fn keys_that_are_no_paths_are_stored_and_both_programs_restore_them() {
    let scene = Scene::new();
    let keys: BTreeMap<Vec<u8>, Vec<u8>> = [
        &b""[..],
        b"/",
        b"//",
        b"a",
        b"a/",
        b"a//b",
        b"a/b",
        b"../../etc/passwd",
        b"%2F",
        b"caf\xe9",
        b"nul\0",
        "\u{1f980}/crab".as_bytes(),
        &b"long/".repeat(100),
        &[b'x'; 1024],
    ]
    .into_iter()
    .map(|key| (key.to_vec(), [b"content of ", key].concat()))
    .collect();
    let outcome = scene.backup(&key_tree(&keys), None);
    assert_eq!((outcome.files_new, outcome.issues.len()), (keys.len() as u64, 0));
    assert_eq!(keys_of(scene.restored(outcome.snapshot, "ours")), keys);
    let theirs = restic::Restic::on(&scene.folder.path().join("repository"));
    theirs.assert_whole();
    let restored = theirs.restore(Path::new("/store"), &scene.folder.path().join("theirs"));
    assert_eq!(keys_of(files_below(&restored)), keys);
    assert_eq!(scene.backup(&key_tree(&keys), Some(outcome.snapshot)).files_unmodified, keys.len() as u64);
}

/// How many nodes each folder of a snapshot has, and how many folders there are.
fn largest_folder(repository: &Repository, tree: Id) -> (usize, usize) {
    let (mut largest, mut count) = (0, 0);
    let mut folders = vec![tree];
    while let Some(folder) = folders.pop() {
        let nodes = repository.load_tree(&folder).unwrap().nodes;
        largest = largest.max(nodes.len());
        count += 1;
        folders.extend(nodes.iter().filter_map(|node| node.subtree));
    }
    (largest, count)
}

#[test]
fn three_hundred_thousand_keys_are_neither_one_vector_nor_one_folder() {
    const KEYS: usize = 300_000;
    let scene = Scene::new();
    let key = |number: usize| format!("log-2026-{number:09}").into_bytes();
    let mut keys: BTreeMap<Vec<u8>, Vec<u8>> =
        (0..KEYS).map(|number| (key(number), vec![(number % 251) as u8; number % 3])).collect();
    let store = MemoryStore { keys: keys.clone(), ..MemoryStore::default() };
    let source = KeyTree::new(store, "/store".into(), &Control::new()).unwrap();
    let store = source.store();
    store.waiting.store(0, std::sync::atomic::Ordering::SeqCst);
    store.most_waiting.store(0, std::sync::atomic::Ordering::SeqCst);
    let first = scene.backup(&source, None);
    assert_eq!((first.files_new, first.issues.len()), (KEYS as u64, 0));

    // What was listed and not yet stored: a range at most, and what waits for the readers.
    let most = store.most_waiting.load(std::sync::atomic::Ordering::SeqCst);
    assert!((1..36_000).contains(&most), "{most} of {KEYS} keys were held");
    let (largest, folders) = largest_folder(&scene.repository, first.tree);
    assert!(largest <= 8 * 4096 && (20..300).contains(&folders), "{largest} nodes in one of {folders} folders");

    // A key that comes changes its own folder and those above it, and nothing else is read.
    keys.insert(b"log-2026-000150000-new".to_vec(), b"new".to_vec());
    let again = key_tree(&keys);
    let second = scene.backup(&again, Some(first.snapshot));
    assert_eq!((second.files_new, second.files_changed), (1, 0));
    assert_eq!(again.store().opened.lock().unwrap().len(), 1);
    let summary = scene.repository.load_snapshot(&second.snapshot).unwrap().summary.unwrap();
    assert!(summary.tree_blobs <= 3, "{} trees are new", summary.tree_blobs);

    // It is found by what the folders are called.
    let root = scene.repository.load_tree(&second.tree).unwrap().find(b"store").unwrap().subtree.unwrap();
    let ranges = scene.repository.load_tree(&root).unwrap();
    let places = places_of_key(ranges.nodes.iter().map(|node| node.name.as_slice()), b"log-2026-000150000-new");
    let request = RestoreRequest {
        snapshot: second.snapshot,
        strip: ItemPath::parse("/store").unwrap(),
        items: places.clone(),
        target: scene.folder.path().join("one"),
        merge: false,
    };
    let outcome = scene.repository.restore(&request, &Control::new()).unwrap();
    assert_eq!((outcome.files, outcome.failed), (1, places.len() as u64 - 1), "{places:?}");

    // The same keys make the same folders, whatever was there before.
    let other = Scene::new();
    assert_eq!(other.backup(&key_tree(&keys), None).tree, second.tree);
}

/// What a source was told, and what was opened, in order.
struct Told<'a> {
    tree: &'a MemorySource,
    told: Mutex<Vec<(PathBuf, u64)>>,
    opened_untold: Mutex<Vec<PathBuf>>,
}

impl<'a> Told<'a> {
    fn of(tree: &'a MemorySource) -> Self {
        Self { tree, told: Mutex::default(), opened_untold: Mutex::default() }
    }
}

impl TreeSource for Told<'_> {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.tree.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        self.tree.children(folder)
    }

    fn expect(&self, path: &Path, size: u64) {
        self.told.lock().unwrap().push((path.to_owned(), size));
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        if !self.told.lock().unwrap().iter().any(|(told, _)| told == path) {
            self.opened_untold.lock().unwrap().push(path.to_owned());
        }
        self.tree.open(path)
    }
}

#[test]
fn a_source_is_told_of_each_file_before_it_is_opened_in_order_and_of_none_that_is_not() {
    let scene = Scene::new();
    let mut tree = MemorySource::default();
    let names: Vec<String> = (0..500).map(|number| format!("/store/{number:03}")).collect();
    for name in &names {
        tree.file(name).content = name.as_bytes().to_vec();
    }
    let source = Told::of(&tree);
    let first = scene.backup(&source, None);
    let told = source.told.into_inner().unwrap();
    assert!(
        told.iter()
            .map(|(path, size)| (path.to_str().unwrap(), *size))
            .eq(names.iter().map(|name| (name.as_str(), 10)))
    );
    assert!(source.opened_untold.into_inner().unwrap().is_empty());
    tree.file("/store/077").modified.seconds += 1;
    let again = Told::of(&tree);
    scene.backup(&again, Some(first.snapshot));
    assert_eq!(
        again.told.into_inner().unwrap(),
        [(PathBuf::from("/store/077"), 10)],
        "what did not change is not opened"
    );
}

/// Files that come once, in an order of their own.
struct Pipe {
    tree: MemorySource,
    order: Vec<PathBuf>,
    /// After so many files it breaks off.
    breaks_after: Option<usize>,
    cancels: bool,
    /// Of one of them nothing comes but one piece.
    same: Option<Same>,
    /// What the first of them has the first time, before all come anew.
    given_up: Option<Vec<u8>>,
}

/// A file of which all but one piece is stored.
struct Same {
    path: PathBuf,
    pieces: Vec<Id>,
    /// Where that begins.
    comes: usize,
}

impl Pipe {
    fn new(tree: MemorySource, order: &[&str]) -> Self {
        let order = order.iter().map(PathBuf::from).collect();
        Self { tree, order, breaks_after: None, cancels: false, same: None, given_up: None }
    }
}

impl TreeSource for Pipe {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.tree.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        self.tree.children(folder)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.tree.open(path)
    }

    fn arrivals<'a>(&'a self, control: &'a Control) -> Option<Box<dyn Arrivals + 'a>> {
        let given_up = self.given_up.as_deref();
        Some(Box::new(Flow {
            pipe: self,
            control,
            next: 0,
            left: &[],
            at: 0,
            same: None,
            given_up,
            begins_anew: false,
        }))
    }
}

struct Flow<'a> {
    pipe: &'a Pipe,
    control: &'a Control,
    next: usize,
    left: &'a [u8],
    at: usize,
    same: Option<&'a Same>,
    given_up: Option<&'a [u8]>,
    begins_anew: bool,
}

impl Arrivals for Flow<'_> {
    fn next(&mut self) -> io::Result<Option<Arrival>> {
        if self.pipe.breaks_after == Some(self.next) {
            if self.pipe.cancels {
                self.control.cancel();
            }
            return Err(io::Error::other("the pipe broke"));
        }
        let Some(path) = self.pipe.order.get(self.next) else { return Ok(None) };
        let file = &self.pipe.tree.files[path];
        let given_up = self.given_up.take();
        self.begins_anew = given_up.is_none() && self.pipe.given_up.is_some() && self.next == 0;
        self.next += usize::from(given_up.is_none());
        self.left = given_up.unwrap_or(&file.content);
        (self.at, self.same) = (0, self.pipe.same.as_ref().filter(|same| same.path == *path));
        let before = self.same.map(|same| same.pieces.clone()).unwrap_or_default();
        Ok(Some(Arrival { before, ..Arrival::whole(path.clone(), file.cut) }))
    }

    fn began_anew(&mut self) -> bool {
        std::mem::take(&mut self.begins_anew)
    }

    fn as_before(&mut self) -> io::Result<u64> {
        let Some(same) = self.same else { return Ok(0) };
        let length = match same.comes.checked_sub(self.at) {
            Some(until) => until,
            None if self.at >= same.comes + (64 << 10) => self.left.len(),
            None => 0,
        };
        (self.at, self.left) = (self.at + length, &self.left[length..]);
        Ok(length as u64)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // In bits, as a pipe gives them.
        let length = self.left.len().min(buffer.len()).min(10_000);
        let until = self.same.map_or(length, |same| (same.comes + (64 << 10)).saturating_sub(self.at));
        let length = length.min(until);
        let (read, left) = self.left.split_at(length);
        buffer[..length].copy_from_slice(read);
        (self.at, self.left) = (self.at + length, left);
        Ok(length)
    }
}

/// Three files that come, the large one in pieces of 64 KiB, and one that does not.
fn database() -> Pipe {
    let mut tree = MemorySource::of(&[("/store/label", b"begin"), ("/store/base/1", b""), ("/store/late", b"opened")]);
    tree.file("/store/base/2").content = noise(7, (24 << 20) + 5);
    tree.file("/store/base/2").cut = Cut::Fixed(64 << 10);
    Pipe::new(tree, &["/store/label", "/store/base/2", "/store/base/1"])
}

#[test]
fn what_comes_only_once_and_in_any_order_is_stored_before_the_walk() {
    let scene = Scene::new();
    let mut pipe = database();
    let expected = |pipe: &Pipe| -> Vec<(PathBuf, Vec<u8>)> {
        let below = |path: &Path| path.strip_prefix("/store").unwrap().to_owned();
        pipe.tree.files.iter().map(|(path, file)| (below(path), file.content.clone())).collect()
    };
    let first = scene.backup(&pipe, None);
    assert_eq!((first.files_new, first.issues.len(), first.bytes_total), (4, 0, (24 << 20) + 16));
    assert_eq!(*pipe.tree.opened.lock().unwrap(), [PathBuf::from("/store/late")], "what came is not opened");
    assert_eq!(scene.restored(first.snapshot, "first"), expected(&pipe));
    let theirs = restic::Restic::on(&scene.folder.path().join("repository"));
    theirs.assert_whole();
    assert_eq!(files_below(&theirs.restore(Path::new("/store"), &scene.folder.path().join("theirs"))), expected(&pipe));

    // All of it comes again, and one page of it is new.
    pipe.tree.file("/store/base/2").content[9 << 20] ^= 1;
    let second = scene.backup(&pipe, Some(first.snapshot));
    assert_eq!((second.files_new, second.files_changed, second.files_unmodified), (0, 1, 3));
    assert!((64 << 10..120 << 10).contains(&second.bytes_added), "{}", second.bytes_added);
    assert_eq!(scene.restored(second.snapshot, "second"), expected(&pipe));
    assert!(second.bytes_read >= 24 << 20, "{}", second.bytes_read);
}

#[test]
fn what_does_not_come_since_it_is_stored_is_in_the_snapshot_and_was_not_read() {
    let scene = Scene::new();
    let mut pipe = database();
    let first = scene.backup(&pipe, None);
    let large = PathBuf::from("/store/base/2");
    let pieces = |snapshot: &Id| {
        let found = scene.repository.find(snapshot, &ItemPath::from_path(&large).unwrap());
        found.unwrap().unwrap().content
    };
    let (before, comes) = (pieces(&first.snapshot), 9 << 20);
    pipe.tree.file("/store/base/2").content[comes + 3] ^= 1;
    pipe.same = Some(Same { path: large.clone(), pieces: before.clone(), comes });
    // Also where the snapshot with those pieces is not the one that the walk compares with.
    let second = scene.backup(&pipe, None);
    assert!(second.bytes_read < 80 << 10 && second.bytes_added < 120 << 10, "{second:?}");
    let after = pieces(&second.snapshot);
    let others = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!((others, after.len(), second.bytes_total), (1, before.len(), first.bytes_total));
    let restored = scene.restored(second.snapshot, "second");
    let content = restored.iter().find(|(path, _)| path == Path::new("base/2")).map(|(_, content)| content);
    assert!(content == Some(&pipe.tree.files[&large].content));

    // And one of them that is stored nowhere is no part of a snapshot.
    let lost: Vec<Id> = before.iter().map(|id| Id::of(id.to_hex().as_bytes())).collect();
    pipe.same = Some(Same { path: large, pieces: lost, comes });
    assert!(matches!(scene.try_backup(&pipe, None), Err(Error::BlobMissing { .. })));
    assert_eq!(scene.repository.snapshots().unwrap().len(), 2);
}

#[test]
fn nothing_counts_of_what_came_before_all_of_it_comes_anew() {
    let scene = Scene::new();
    let expected = scene.backup(&database(), None).tree;
    // Other workers are still at the large file when the small one of the same path is stored.
    for seed in 8..11 {
        let pipe = Pipe { given_up: Some(noise(seed, 12 << 20)), ..database() };
        assert_eq!(scene.backup(&pipe, None).tree, expected);
    }
}

#[test]
fn when_it_breaks_off_there_is_no_snapshot() {
    let scene = Scene::new();
    for breaks_after in 0..=3 {
        let pipe = Pipe { breaks_after: Some(breaks_after), ..database() };
        let error = scene.try_backup(&pipe, None).unwrap_err();
        assert!(matches!(&error, Error::Source { path, .. } if path == Path::new("/store")), "{error}");
        assert!(error.to_string().contains("the pipe broke"), "{error}");
        let stopped = Pipe { cancels: true, ..pipe };
        assert!(scene.try_backup(&stopped, None).unwrap_err().is_cancelled());
    }
    assert!(scene.repository.snapshots().unwrap().is_empty());
}
