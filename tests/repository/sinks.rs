//! Restores that do not go into a folder of this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use vaultdeck::repository::{
    BlobKind, Control, Error, Id, ItemPath, LocalStorage, MissingMetadata, Node, NodeKind, Options, Put, RandomSink,
    Refusal, Repository, RestoreOutcome, Result, Shape, Snapshot, StreamSink, Tree, Wanted,
};

use crate::support::counted::Counted;
use crate::support::tree::noise;
use crate::support::{self, damage, files, newest, open, restic};

struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn of(fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scene = Self { folder };
        fs::create_dir(scene.source()).unwrap();
        fill(&scene.source());
        restic::Restic::init(&scene.repository()).backup(&scene.source());
        scene
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn stream_from(&self, repository: &Repository, sink: &dyn StreamSink, control: &Control) -> Result<RestoreOutcome> {
        let strip = ItemPath::from_path(&self.source()).unwrap();
        repository.restore_stream(Wanted { snapshot: newest(repository), strip: &strip, items: &[] }, sink, control)
    }

    fn stream(&self, sink: &dyn StreamSink) -> Result<RestoreOutcome> {
        self.stream_from(&open(&self.repository()), sink, &Control::new())
    }
}

/// What came of one item: all its content, or what reading it said.
type Given = (String, NodeKind, std::result::Result<Vec<u8>, String>);

/// What a sink does with an item instead of taking it.
type Whim = Box<dyn Fn(&str, &mut dyn Read) -> Option<std::result::Result<Put, Refusal>> + Send + Sync>;

/// Keeps what it is given, in the order in which it came.
struct Keeping {
    items: Mutex<Vec<Given>>,
    whim: Whim,
    at_once: usize,
}

impl Keeping {
    fn new() -> Self {
        Self::with_whim(|_, _| None)
    }

    fn with_whim(
        whim: impl Fn(&str, &mut dyn Read) -> Option<std::result::Result<Put, Refusal>> + Send + Sync + 'static,
    ) -> Self {
        Self { items: Mutex::default(), whim: Box::new(whim), at_once: 1 }
    }

    fn paths(&self) -> Vec<String> {
        self.items.lock().unwrap().iter().map(|(path, ..)| path.clone()).collect()
    }

    fn whole(&self) -> BTreeMap<String, Vec<u8>> {
        let items = self.items.lock().unwrap();
        let whole = items.iter().filter(|(_, kind, _)| *kind == NodeKind::File);
        whole.filter_map(|(path, _, content)| Some((path.clone(), content.clone().ok()?))).collect()
    }
}

impl StreamSink for Keeping {
    fn place(&self) -> PathBuf {
        "a test's memory".into()
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> std::result::Result<Put, Refusal> {
        let path = path.to_string();
        if let Some(outcome) = (self.whim)(&path, content) {
            return outcome;
        }
        let mut all = Vec::new();
        let read = content.read_to_end(&mut all);
        let outcome = read.as_ref().map(|_| Put::Written).map_err(|error| Refusal::Item(error.to_string()));
        let kept = read.map(|_| all).map_err(|error| error.to_string());
        self.items.lock().unwrap().push((path, node.kind, kept));
        outcome
    }

    fn at_once(&self) -> usize {
        self.at_once
    }
}

/// The files of the source, as a restore tells their paths.
fn expected(source: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let path = ItemPath::from_path(entry.path().strip_prefix(source).unwrap()).unwrap();
                found.insert(path.to_string(), fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// Files of two megabytes each, which lie in several packs.
fn numbered(source: &Path) {
    for number in 0..40_u64 {
        fs::write(source.join(format!("{number:02}")), noise(number, 2 << 20)).unwrap();
    }
}

/// Damages the largest pack.
fn damage_a_pack(scene: &Scene) {
    let packs = files(&scene.repository(), "data");
    let largest = packs.into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    damage(&largest, |content| content[10_000] ^= 1);
}

#[test]
fn a_stream_has_all_items_in_the_snapshots_order_each_with_its_content() {
    let scene = Scene::of(|source| {
        fs::create_dir_all(source.join("b/inner")).unwrap();
        fs::create_dir(source.join("empty folder")).unwrap();
        fs::write(source.join("a"), noise(1, 7 << 20)).unwrap();
        fs::write(source.join("b/inner/small"), b"small").unwrap();
        fs::write(source.join("b/z"), b"").unwrap();
        let sparse = fs::File::create(source.join("c sparse")).unwrap();
        sparse.set_len(40 << 20).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&sparse, b"end", (40 << 20) - 3).unwrap();
        fs::hard_link(source.join("a"), source.join("d another name")).unwrap();
        std::os::unix::fs::symlink("a", source.join("e link")).unwrap();
    });
    let sink = Keeping::new();
    let control = Control::new();
    let outcome = scene.stream_from(&open(&scene.repository()), &sink, &control).unwrap();

    assert_eq!(outcome.failures, []);
    assert_eq!((outcome.items, outcome.files, outcome.bytes), (9, 5, (54 << 20) + 5));
    assert_eq!(
        sink.paths(),
        ["/a", "/b", "/b/inner", "/b/inner/small", "/b/z", "/c sparse", "/d another name", "/e link", "/empty folder"]
    );
    assert_eq!(sink.whole(), expected(&scene.source()));
    let progress = &control.progress;
    assert_eq!(progress.bytes_done.load(Ordering::Relaxed), progress.bytes_total.load(Ordering::Relaxed));
    assert_eq!(progress.files_done.load(Ordering::Relaxed), 5);
}

#[test]
fn chosen_items_come_alone_and_what_is_not_there_is_told() {
    let scene = Scene::of(|source| {
        fs::create_dir(source.join("in")).unwrap();
        for name in ["in/a", "in/b", "c"] {
            fs::write(source.join(name), name).unwrap();
        }
    });
    let repository = open(&scene.repository());
    let strip = ItemPath::from_path(&scene.source()).unwrap();
    let items = ["/in/b", "/nowhere"].map(|path| ItemPath::parse(path).unwrap());
    let wanted = Wanted { snapshot: newest(&repository), strip: &strip, items: &items };
    let sink = Keeping::new();
    let outcome = repository.restore_stream(wanted, &sink, &Control::new()).unwrap();
    assert_eq!(sink.paths(), ["/in", "/in/b"]);
    assert_eq!(outcome.failures.iter().map(|failure| failure.path.as_str()).collect::<Vec<_>>(), ["/nowhere"]);
}

#[test]
fn a_lost_blob_fails_its_items_only() {
    let scene = Scene::of(numbered);
    damage_a_pack(&scene);
    let repository = open(&scene.repository());
    let sink = Keeping::new();
    let outcome = scene.stream_from(&repository, &sink, &Control::new()).unwrap();

    let failed: BTreeSet<String> = outcome.failures.iter().map(|failure| failure.path.clone()).collect();
    assert!((1..=2).contains(&failed.len()), "{:?}", outcome.failures);
    assert!(outcome.failures.iter().all(|failure| failure.reason.starts_with("incomplete: pack ")));
    let mut rest = expected(&scene.source());
    rest.retain(|path, _| !failed.contains(path));
    assert_eq!(sink.whole(), rest);
    let broken = sink.items.lock().unwrap().iter().filter(|(.., content)| content.is_err()).count();
    assert_eq!(broken, failed.len(), "a sink is told by the content that it cannot be read to its end");

    // It may have come back, so they are tried again.
    let outcome = scene.stream_from(&repository, &Keeping::new(), &Control::new()).unwrap();
    assert_eq!(outcome.failures.iter().map(|failure| failure.path.clone()).collect::<BTreeSet<_>>(), failed);
}

#[test]
fn what_cannot_be_whole_is_not_even_begun() {
    let folder = tempfile::tempdir().unwrap();
    let repository = support::create(&folder.path().join("repository"));
    let content = b"content".to_vec();
    let file = |name: &[u8], size: u64, content: Vec<Id>| Node { name: name.into(), size, content, ..Node::default() };
    let tree = Tree {
        nodes: vec![
            file(b"lost", 14, vec![Id::of(&content), Id::of(b"never stored")]),
            file(b"too short", 8, vec![Id::of(&content)]),
            Node { kind: NodeKind::Other, ..file(b"unknown", 0, Vec::new()) },
            file(b"whole", 7, vec![Id::of(&content)]),
        ],
    };
    let mut copies = repository.store_copies().unwrap();
    copies.add(BlobKind::Data, Id::of(&content), &content).unwrap();
    copies.add(BlobKind::Tree, Id::of(&tree.encode()), &tree.encode()).unwrap();
    copies.finish().unwrap();
    let snapshot = repository
        .save_snapshot(&Snapshot {
            time: "2026-11-23T05:00:00+01:00".parse().unwrap(),
            parent: None,
            tree: Id::of(&tree.encode()),
            paths: vec!["/".into()],
            hostname: String::new(),
            username: String::new(),
            uid: None,
            gid: None,
            tags: None,
            program_version: None,
            summary: None,
        })
        .unwrap();
    let sink = Keeping::new();
    let wanted = Wanted { snapshot, strip: &ItemPath::root(), items: &[] };
    let outcome = repository.restore_stream(wanted, &sink, &Control::new()).unwrap();
    assert_eq!(sink.whole(), BTreeMap::from([("/whole".to_owned(), content)]));
    assert_eq!(sink.paths(), ["/whole"]);
    let reasons: Vec<&str> = outcome.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert!(reasons[0].starts_with("incomplete: "), "{reasons:?}");
    assert_eq!(
        reasons[1..],
        ["its pieces make 7 bytes and it should have 8", "it is of a kind that this program does not know"]
    );
}

#[test]
fn a_sink_that_hides_that_a_content_was_broken_or_left_some_of_it_is_not_believed() {
    let scene = Scene::of(numbered);
    damage_a_pack(&scene);
    let sink = Keeping::with_whim(|path, content| {
        let _ = if path == "/05" {
            io::copy(&mut content.take(10), &mut io::sink())
        } else {
            io::copy(content, &mut io::sink())
        };
        Some(Ok(Put::Written))
    });
    let outcome = scene.stream(&sink).unwrap();
    let reason =
        |path: &str| outcome.failures.iter().find(|failure| failure.path == path).map(|failure| &failure.reason);
    assert_eq!(reason("/05").unwrap(), "the target took 10 of its 2097152 bytes");
    assert!((2..=3).contains(&outcome.failures.len()), "{:?}", outcome.failures);
    assert_eq!(outcome.files + outcome.failed, 40);
}

#[test]
fn an_item_that_is_refused_costs_nothing_else_and_a_full_target_ends_it() {
    let scene = Scene::of(numbered);
    let refusing = Keeping::with_whim(|path, _| (path == "/03").then(|| Err(Refusal::Item("no such bucket".into()))));
    let outcome = scene.stream(&refusing).unwrap();
    assert_eq!((outcome.files, outcome.failed), (39, 1));
    assert_eq!(outcome.failures[0].reason, "no such bucket");

    let full =
        Keeping::with_whim(|path, _| (path == "/03").then(|| Err(io::Error::from(io::ErrorKind::StorageFull).into())));
    match scene.stream(&full) {
        Err(Error::Target { path, source }) => {
            assert_eq!((path, source.kind()), ("a test's memory".into(), io::ErrorKind::StorageFull));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(full.paths(), ["/00", "/01", "/02"]);
}

#[test]
fn what_a_sink_leaves_as_it_is_counts_neither_as_restored_nor_as_failed() {
    let scene = Scene::of(numbered);
    let sink = Keeping::with_whim(|path, _| (path == "/03").then_some(Ok(Put::Left)));
    let outcome = scene.stream(&sink).unwrap();
    assert_eq!((outcome.files, outcome.failed), (39, 0), "{:?}", outcome.failures);
}

#[test]
fn a_restore_that_is_stopped_ends_in_the_midst_of_an_item() {
    let scene = Scene::of(numbered);
    let control = Arc::new(Control::new());
    let stopping = Arc::clone(&control);
    let sink = Keeping::with_whim(move |path, content| {
        (path == "/03").then(|| {
            let mut first = [0; 10];
            content.read_exact(&mut first).unwrap();
            stopping.cancel();
            assert!(io::copy(content, &mut io::sink()).is_err());
            Ok(Put::Written)
        })
    });
    let outcome = scene.stream_from(&open(&scene.repository()), &sink, &control);
    assert!(matches!(outcome, Err(Error::Cancelled)), "{outcome:?}");
    assert_eq!(sink.paths(), ["/00", "/01", "/02"]);
}

#[test]
fn a_sink_that_can_is_given_several_items_at_once() {
    let scene = Scene::of(numbered);
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&most);
    let mut sink = Keeping::with_whim(move |_, _| {
        counted.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // Until the others are here as well, or do not come.
        let begun = Instant::now();
        while counted.load(Ordering::SeqCst) < 3 && begun.elapsed() < Duration::from_secs(10) {
            std::thread::yield_now();
        }
        inside.fetch_sub(1, Ordering::SeqCst);
        None
    });
    sink.at_once = 3;
    let outcome = scene.stream(&sink).unwrap();
    assert_eq!((outcome.files, outcome.failed), (40, 0));
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert_eq!(sink.whole(), expected(&scene.source()));
}

#[test]
fn no_more_is_read_ahead_of_the_sink_than_32_megabytes() {
    let scene = Scene::of(|source| {
        for number in 0..24_u64 {
            fs::write(source.join(format!("{number:02}")), noise(number, 4 << 20)).unwrap();
        }
    });
    let storage = LocalStorage::new(scene.repository());
    let key = Repository::unlock(&storage, restic::PASSWORD).unwrap();
    let meter = Counted::new(Arc::new(storage));
    let repository = Repository::open(Arc::<Counted>::clone(&meter), key, Options::default()).unwrap();
    let most = Arc::new(AtomicU64::new(0));
    let (kept, taken) = (Arc::clone(&most), AtomicU64::new(0));
    let sink = Keeping::with_whim(move |path, content| {
        if path.len() == 3 {
            let mut first = [0; 1];
            content.read_exact(&mut first).unwrap();
            // Nobody takes anything: what is read now is read ahead, until all that may be was.
            let mut before = 0;
            loop {
                std::thread::sleep(Duration::from_millis(20));
                let now = meter.bytes.load(Ordering::SeqCst);
                if now == std::mem::replace(&mut before, now) {
                    break;
                }
            }
            kept.fetch_max(before - taken.load(Ordering::SeqCst), Ordering::SeqCst);
            taken.fetch_add(1 + io::copy(content, &mut io::sink()).unwrap(), Ordering::SeqCst);
        }
        Some(Ok(Put::Written))
    });
    let outcome = scene.stream_from(&repository, &sink, &Control::new()).unwrap();
    assert_eq!((outcome.files, outcome.failed), (24, 0));
    let most = most.load(Ordering::SeqCst);
    // Beside content there are the trees, and what lies between blobs.
    assert!((20 << 20..34 << 20).contains(&most), "{most}");
}

/// A sink of memory that takes any part at any time.
#[derive(Default)]
struct Image {
    files: Mutex<BTreeMap<String, (Vec<u8>, bool)>>,
    folders: Mutex<Vec<String>>,
    refused: Option<String>,
}

impl RandomSink for Image {
    type Folder = ItemPath;
    type File = ();
    type Open = String;

    fn place(&self) -> PathBuf {
        "an image".into()
    }

    fn root(&self) -> ItemPath {
        ItemPath::root()
    }

    fn path(&self, folder: &ItemPath) -> ItemPath {
        folder.clone()
    }

    fn enter(&self, parent: &ItemPath, name: &[u8]) -> std::result::Result<ItemPath, Refusal> {
        Ok(parent.join(name))
    }

    fn open(
        &self,
        folder: &ItemPath,
        node: &Node,
        shape: Shape,
        made: &mut Option<()>,
    ) -> std::result::Result<String, Refusal> {
        let path = folder.join(&node.name).to_string();
        if self.refused.as_ref() == Some(&path) {
            return Err(Refusal::Item("it is not wanted".into()));
        }
        if made.replace(()).is_none() {
            assert!(shape == Shape::Parts || node.content.len() == 1);
            self.files.lock().unwrap().insert(path.clone(), (vec![0; node.size as usize], false));
        }
        Ok(path)
    }

    fn write_at(&self, file: &String, content: &[u8], at: u64, _size: u64) -> std::result::Result<(), Refusal> {
        let mut files = self.files.lock().unwrap();
        let (whole, finished) = files.get_mut(file).unwrap();
        assert!(!*finished);
        whole[at as usize..at as usize + content.len()].copy_from_slice(content);
        Ok(())
    }

    fn discard(&self, folder: &ItemPath, name: &[u8], _made: Option<&()>) -> io::Result<()> {
        self.files.lock().unwrap().remove(&folder.join(name).to_string());
        Ok(())
    }

    fn finish_file(&self, file: &String, _node: &Node) -> MissingMetadata {
        self.files.lock().unwrap().get_mut(file).unwrap().1 = true;
        MissingMetadata::default()
    }

    fn make_special(&self, _folder: &ItemPath, _node: &Node) -> std::result::Result<MissingMetadata, Refusal> {
        Err(Refusal::Item("an image has no links".into()))
    }

    fn link(&self, first: (&ItemPath, &[u8]), further: (&ItemPath, &[u8])) -> std::result::Result<(), Refusal> {
        let mut files = self.files.lock().unwrap();
        let file = files[&first.0.join(first.1).to_string()].clone();
        files.insert(further.0.join(further.1).to_string(), file);
        Ok(())
    }

    fn finish_folder(&self, folder: &ItemPath, _node: &Node) -> std::result::Result<MissingMetadata, Refusal> {
        self.folders.lock().unwrap().push(folder.to_string());
        Ok(MissingMetadata::default())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_of_any_parts_need_not_be_a_folder() {
    let scene = Scene::of(|source| {
        numbered(source);
        fs::create_dir(source.join("in")).unwrap();
        fs::write(source.join("in/large"), noise(99, 9 << 20)).unwrap();
        fs::hard_link(source.join("in/large"), source.join("z")).unwrap();
        std::os::unix::fs::symlink("00", source.join("link")).unwrap();
    });
    let repository = open(&scene.repository());
    let strip = ItemPath::from_path(&scene.source()).unwrap();
    let sink = Image { refused: Some("/07".into()), ..Image::default() };
    let wanted = Wanted { snapshot: support::newest(&repository), strip: &strip, items: &[] };
    let outcome = repository.restore_random(wanted, &sink, &Control::new()).unwrap();

    let reasons: Vec<(&str, &str)> =
        outcome.failures.iter().map(|failure| (failure.path.as_str(), failure.reason.as_str())).collect();
    assert_eq!(reasons, [("/07", "it is not wanted"), ("/link", "an image has no links")]);
    assert_eq!(*sink.folders.lock().unwrap(), ["/in", "/"]);
    let mut rest = expected(&scene.source());
    rest.remove("/07");
    let files = sink.files.into_inner().unwrap();
    assert!(files.values().all(|(_, finished)| *finished));
    assert_eq!(files.into_iter().map(|(path, (content, _))| (path, content)).collect::<BTreeMap<_, _>>(), rest);
}
