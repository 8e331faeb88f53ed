//! What becomes of images that change, break or do not fit, and of what a bitmap tells of them.

use super::bits::Bits;
use super::description::Description;
use super::image::file::FileImage;
use super::image::{Dirty, Extent, Image};
use super::layout::{self, PIECE, SEGMENT};
use super::since::{self, Since};
use super::source::Open;
use super::suite_tests::Slots;
use super::tree::VolumeTree;
use crate::domain::types::{Location, Metadata};
use crate::domain::{Consistency, PointDetails};
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::conformance::World as _;
use crate::engine::drivers::ebs::Ebs;
use crate::engine::drivers::{
    BackupCx, Before, Driver, Fault, Inside, Mark, PointFacts, ProbeCx, Registered, RestoreAsk, RestoreCx, Restored,
    Sink, Source as _,
};
use crate::repository::{
    BackupOutcome, BackupRequest, Child, Children, ChunkerParameters, Control, Id, ItemPath, LocalStorage, MasterKey,
    Options, Repository, RestoreRequest, SourceItem, SourceReader, TreeSource, Wanted,
};
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// A repository, and an image that is backed up into it.
pub(super) struct Bench {
    folder: tempfile::TempDir,
    pub(super) repository: Arc<Repository>,
    of: Registered,
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    std::iter::repeat_with(&mut next).take(length).collect()
}

/// When somebody meddles with a restore.
#[derive(PartialEq, Eq)]
enum When {
    Planned,
    Written,
}

impl Bench {
    /// An image with data in its first and third segments.
    pub(super) fn new() -> Self {
        let slots = Slots::new(&Ebs);
        let image = File::options().write(true).open(slots.path()).unwrap();
        image.set_len(2 * SEGMENT + 3 * SEGMENT / 2).unwrap();
        image.write_all_at(&noise(1, 3 << 20), 1 << 20).unwrap();
        image.write_all_at(&noise(2, 1 << 20), 2 * SEGMENT + 12_345).unwrap();
        let of = Registered { resource: slots.resource(), mark: None, secret: None };
        let storage = Arc::new(LocalStorage::new(slots.folder.path().join("repository")));
        let repository =
            Arc::new(Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap());
        Self { folder: slots.folder, repository, of }
    }

    pub(super) fn image(&self) -> PathBuf {
        self.of.resource.location.path().unwrap().to_owned()
    }

    fn write(&self, bytes: &[u8], at: u64) {
        File::options().write(true).open(self.image()).unwrap().write_all_at(bytes, at).unwrap();
    }

    fn store(&self, tree: &dyn TreeSource, parent: Option<Id>) -> BackupOutcome {
        let request = BackupRequest {
            paths: vec!["/".into()],
            parent,
            time: "2026-11-23T05:00:00Z".parse().unwrap(),
            started: SystemTime::now(),
            hostname: "volume".to_owned(),
            username: "tests".to_owned(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        let prepared = self.repository.prepare(tree, &request, &Control::new()).unwrap();
        self.repository.commit(&[&prepared]).unwrap();
        prepared.outcome().clone()
    }

    /// A backup by the driver, during which something happens to the image.
    pub(super) fn back_up_while(&self, happens: impl FnOnce()) -> Result<(BackupOutcome, PointFacts), Fault> {
        let control = Control::new();
        let source = Ebs.source(&BackupCx {
            of: &self.of,
            options: &std::collections::BTreeMap::new(),
            before: None,
            line: "tests",
            is_last: false,
            control: &control,
        })?;
        happens();
        let outcome = self.store(source.items(), None);
        let facts = source.finish(&outcome)?;
        Ok((outcome, facts))
    }

    /// A backup of an image that says what changed.
    fn back_up(&self, image: Box<dyn Image>, parent: Option<Id>) -> BackupOutcome {
        let (size, root) = (image.size(), ItemPath::root());
        let kept = image.dirty().map(|dirty| since::kept(dirty, size));
        let description = Description::new(size, "nbd://test".to_owned(), Consistency::Crash, kept);
        let before = parent.map(|snapshot| Before { repository: &self.repository, snapshot, folder: None });
        let since = match (image.dirty(), &before) {
            (Some(dirty), Some(before)) => Since::of(&description, dirty, &before.inside(&root)).unwrap(),
            _ => None,
        };
        let outcome = self.store(&VolumeTree::new(image, description, since), parent);
        assert_eq!(outcome.issues, []);
        outcome
    }

    /// A restore, with which somebody meddles when it is planned, and when all was written.
    fn restore(
        &self,
        snapshot: Id,
        to: &Path,
        more: &[(&str, &str)],
        mut meddle: impl FnMut(When),
    ) -> Result<Restored, Fault> {
        let mut metadata: Metadata = Ebs.proposal(&self.of.resource.arn, &PointDetails::new());
        metadata.insert("vaultdeck:path".to_owned(), to.to_str().unwrap().to_owned());
        metadata.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let ask = RestoreAsk {
            metadata: &metadata,
            resource_arn: &self.of.resource.arn,
            details: &PointDetails::new(),
            is_continuous: false,
            source: None,
            roots: &RestoreRoots::Any,
            data_dir: Path::new("/nowhere"),
            restored: &|| unreachable!(),
            now: "2026-11-23T06:00:00Z".parse().unwrap(),
        };
        let plan = Ebs.plan(&ask)?;
        meddle(When::Planned);
        let root = ItemPath::root();
        let cx = RestoreCx {
            scratch: &|| Err(Fault::Failed("none".to_owned())),
            metadata: &metadata,
            target: &plan.target,
            resource_arn: &self.of.resource.arn,
            details: &PointDetails::new(),
            source: None,
            secret: None,
            content: &Inside { repository: &self.repository, snapshot, root: &root },
            makes_new: true,
            moment: None,
            lend: &|_, _| false,
        };
        let mut target = Ebs.target(&cx)?;
        let request =
            RestoreRequest { snapshot, strip: root.clone(), items: Vec::new(), target: PathBuf::new(), merge: false };
        target.begin(&self.repository.measure(&request, &Control::new()).unwrap())?;
        let Sink::InOrder(sink) = target.sink()? else { panic!("a volume is no folder") };
        let wanted = Wanted { snapshot, strip: &root, items: &[] };
        let outcome = self.repository.restore_stream(wanted, sink, &Control::new()).unwrap();
        assert_eq!(outcome.failed, 0, "{:?}", outcome.failures);
        meddle(When::Written);
        target.finish(&outcome)
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }
}

#[test]
fn a_sparse_image_comes_back_sparse_and_what_is_all_zeros_is_not_stored() {
    let bench = Bench::new();
    // A segment of written zeros is as absent as one that is a hole.
    bench.write(&vec![0; 1 << 20], SEGMENT + 4096);
    let (outcome, facts) = bench.back_up_while(|| {}).unwrap();
    assert_eq!((facts.lacks, facts.details["Consistency"].as_str()), (None, "none"));
    assert_eq!(facts.details["VolumeSize"], (7 * SEGMENT / 2).to_string());
    let names = |path: &str| {
        let path = ItemPath::parse(path).unwrap();
        let entries = bench.repository.entries(&outcome.snapshot, &path).unwrap();
        entries.into_iter().map(|node| String::from_utf8(node.name).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names("/"), ["segments", "volume.json"]);
    assert_eq!(names("/segments/00"), ["00000000.seg", "00000002.seg"]);
    let to = bench.place("restored.img");
    let restored = bench.restore(outcome.snapshot, &to, &[], |_| {}).unwrap();
    assert!(restored.notes[0].contains("2 segments were read back"), "{:?}", restored.notes);
    assert_eq!(fs::read(&to).unwrap(), fs::read(bench.image()).unwrap());
    let facts = fs::metadata(&to).unwrap();
    assert!(facts.blocks() * 512 < 6 << 20, "{} blocks", facts.blocks());
    assert_eq!(facts.mode() & 0o777, 0o600);
}

#[test]
fn an_image_that_does_not_stay_still_is_told_or_refused() {
    type Event = fn(&Bench);
    let happens: [(&str, Event); 4] = [
        ("shrank from", |bench| File::options().write(true).open(bench.image()).unwrap().set_len(SEGMENT).unwrap()),
        ("shrank from", |bench| {
            let file = File::options().write(true).open(bench.image()).unwrap();
            file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        }),
        ("it grew", |bench| bench.write(b"x", 7 * SEGMENT / 2 + 100)),
        ("it changed", |bench| bench.write(b"x", 0)),
    ];
    for (told, happens) in happens {
        let bench = Bench::new();
        let found = match bench.back_up_while(|| happens(&bench)) {
            Ok((_, facts)) => facts.lacks.unwrap(),
            Err(Fault::Failed(why)) => why,
            Err(other) => panic!("{other:?}"),
        };
        assert!(found.contains(told), "{found}");
    }
}

#[test]
fn a_volume_that_is_smaller_than_before_is_told_until_it_is_registered_again() {
    let mut bench = Bench::new();
    let (_, facts) = bench.back_up_while(|| {}).unwrap();
    bench.of.mark = facts.mark;
    File::options().write(true).open(bench.image()).unwrap().set_len(SEGMENT).unwrap();
    let (_, facts) = bench.back_up_while(|| {}).unwrap();
    assert!(facts.lacks.as_ref().unwrap().contains("smaller"), "{:?}", facts.lacks);
    let at = bench.of.resource.location.clone();
    let probed = Ebs.probe(&ProbeCx { at: &at, secret: None, data_dir: Path::new("/nowhere") }).unwrap();
    bench.of.mark = probed.mark;
    assert_eq!(bench.back_up_while(|| {}).unwrap().1.lacks, None);
}

/// An image of which something is known, or broken.
struct Told {
    image: FileImage,
    dirty: Dirty,
    broken: Option<u64>,
    read: Arc<AtomicU64>,
}

impl Image for Told {
    fn size(&self) -> u64 {
        self.image.size()
    }

    fn consistency(&self) -> Consistency {
        Consistency::Crash
    }

    fn extents(&self, range: Range<u64>) -> Result<Vec<Extent>, Fault> {
        self.image.extents(range)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<(), Fault> {
        if self.broken.is_some_and(|broken| (at..at + buffer.len() as u64).contains(&broken)) {
            return Err(Fault::Failed(format!("The volume cannot be read at byte {at}.")));
        }
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.image.read_at(buffer, at)
    }

    fn dirty(&self) -> Option<&Dirty> {
        Some(&self.dirty)
    }

    fn finish(&self) -> Result<Option<&'static str>, Fault> {
        self.image.finish()
    }
}

impl Bench {
    fn told(&self, name: &str, dirty: &[u64]) -> Told {
        let image = FileImage::open(&self.image()).unwrap();
        let mut pieces = Bits::new(layout::pieces(0..image.size()).end);
        for at in dirty {
            pieces.add(at / u64::from(PIECE));
        }
        Told { image, dirty: Dirty { name: name.to_owned(), pieces }, broken: None, read: Arc::default() }
    }
}

#[test]
fn a_byte_that_cannot_be_read_leaves_no_recovery_point() {
    let bench = Bench::new();
    let image = Told { broken: Some(2 * SEGMENT + 20_000), ..bench.told("b", &[]) };
    let description = Description::new(image.size(), "test".to_owned(), Consistency::None, None);
    let open = Open { tree: VolumeTree::new(Box::new(image), description, None), before: None };
    let outcome = bench.store(&open.tree, None);
    let refused = Box::new(open).finish(&outcome).unwrap_err().to_string();
    assert!(refused.contains("cannot be read at byte"), "{refused}");
}

#[test]
fn with_a_bitmap_only_what_changed_is_read_and_stored() {
    let bench = Bench::new();
    let first = bench.back_up(Box::new(bench.told("b", &[SEGMENT / 2])), None).snapshot;
    // Into a segment that was there, into one that was absent, and none into the third.
    let places = [2 << 20, SEGMENT + 7];
    for at in &places {
        bench.write(b"changed", *at);
    }
    let image = bench.told("b", &[SEGMENT / 2, places[0], places[1]]);
    let read = Arc::clone(&image.read);
    let second = bench.back_up(Box::new(image), Some(first));
    let piece = u64::from(PIECE);
    // Where there was nothing, the file's own holes tell what is read.
    assert!((piece..3 * piece).contains(&read.load(Ordering::Relaxed)), "{}", read.load(Ordering::Relaxed));
    assert!(second.bytes_added < 400_000, "{}", second.bytes_added);
    assert_eq!(second.files_unmodified, 1);
    let to = bench.place("restored.img");
    bench.restore(second.snapshot, &to, &[], |_| {}).unwrap();
    assert_eq!(fs::read(&to).unwrap(), fs::read(bench.image()).unwrap());
}

#[test]
fn a_bitmap_that_proves_nothing_has_all_of_it_read() {
    let bench = Bench::new();
    let size = fs::metadata(bench.image()).unwrap().len();
    let first = bench.back_up(Box::new(bench.told("b", &[SEGMENT, 2 * SEGMENT])), None).snapshot;
    let since = |name: &str, dirty: &[u64], size: u64, source: &str| {
        let (told, root) = (bench.told(name, dirty), ItemPath::root());
        let now = Description::new(size, source.to_owned(), Consistency::Crash, None);
        let before = Before { repository: &bench.repository, snapshot: first, folder: None };
        Since::of(&now, &told.dirty, &before.inside(&root)).unwrap().is_some()
    };
    let url = "nbd://test";
    assert!(since("b", &[SEGMENT, 2 * SEGMENT, 0], size, url), "it has recorded all the time");
    assert!(!since("b", &[SEGMENT], size, url), "it was cleared");
    assert!(!since("b", &[0, SEGMENT, SEGMENT + (1 << 20)], size, url), "it was cleared, and written into since");
    assert!(!since("c", &[SEGMENT, 2 * SEGMENT], size, url), "another one");
    assert!(!since("b", &[SEGMENT, 2 * SEGMENT], size + 1, url), "another size");
    assert!(!since("b", &[SEGMENT, 2 * SEGMENT], size, "nbd://other"), "another server");
}

#[test]
fn a_restore_makes_a_new_file_as_large_as_asked_and_overwrites_none() {
    let bench = Bench::new();
    let snapshot = bench.back_up_while(|| {}).unwrap().0.snapshot;
    let to = bench.place("larger.img");
    bench.restore(snapshot, &to, &[("volumeSize", "1")], |_| {}).unwrap();
    assert_eq!(fs::metadata(&to).unwrap().len(), 1 << 30);
    let (large, image) = (fs::read(&to).unwrap(), fs::read(bench.image()).unwrap());
    assert!(large.starts_with(&image) && large[image.len()..].iter().all(|byte| *byte == 0));

    let before = fs::read(bench.image()).unwrap();
    let refused = bench.restore(snapshot, &bench.image(), &[], |_| {}).unwrap_err().to_string();
    assert!(refused.contains("must be a file that does not exist yet"), "{refused}");
    assert_eq!(fs::read(bench.image()).unwrap(), before);
}

#[test]
fn a_target_that_is_too_small_or_in_the_wrong_place_is_refused_and_stays() {
    let bench = Bench::new();
    File::options().write(true).open(bench.image()).unwrap().set_len((1 << 30) + 1).unwrap();
    let snapshot = bench.back_up_while(|| {}).unwrap().0.snapshot;
    let to = bench.place("small.img");
    let refused = bench.restore(snapshot, &to, &[("volumeSize", "1")], |_| {}).unwrap_err().to_string();
    assert!(refused.contains("Metadata.volumeSize") && !to.exists(), "{refused}");
    for (path, why) in
        [(bench.place("."), "must be a file"), ("relative".into(), "absolute"), ("/dev/null".into(), "device")]
    {
        let refused = bench.restore(snapshot, &path, &[], |_| {}).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn what_was_written_is_read_back_before_a_restore_is_done() {
    let bench = Bench::new();
    let snapshot = bench.back_up_while(|| {}).unwrap().0.snapshot;
    let to = bench.place("meddled.img");
    let meddle = |when| {
        if when == When::Written {
            File::options().write(true).open(&to).unwrap().write_all_at(b"!", 2 * SEGMENT + 20_000).unwrap();
        }
    };
    let refused = bench.restore(snapshot, &to, &[], meddle).unwrap_err().to_string();
    assert!(refused.contains(&format!("from byte {} on differ", 2 * SEGMENT)), "{refused}");
}

#[test]
fn what_came_to_the_place_of_a_restore_after_it_was_judged_stays() {
    let bench = Bench::new();
    let snapshot = bench.back_up_while(|| {}).unwrap().0.snapshot;
    let to = bench.place("new.img");
    let refused = bench.restore(snapshot, &to, &[], |when| {
        if when == When::Planned {
            fs::write(&to, "somebody's").unwrap();
        }
    });
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("there is something already"), "{refused}");
    assert_eq!(fs::read(&to).unwrap(), b"somebody's");
}

/// A volume of which a segment is lost on the way, unseen.
struct Losing(VolumeTree, &'static str);

impl TreeSource for Losing {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.0.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let kept = |child: &io::Result<Child>| child.as_ref().is_ok_and(|child| child.name != self.1);
        Ok(Box::new(self.0.children(folder)?.filter(kept)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.0.open(path)
    }
}

#[test]
fn a_segment_that_is_lost_is_not_taken_for_zeros() {
    let bench = Bench::new();
    let image = bench.told("b", &[]);
    let description = Description::new(image.size(), "test".to_owned(), Consistency::None, None);
    let tree = VolumeTree::new(Box::new(image), description, None);
    let snapshot = bench.store(&Losing(tree, "00000002.seg"), None).snapshot;
    let refused = bench.restore(snapshot, &bench.place("new.img"), &[], |_| {}).unwrap_err().to_string();
    assert!(refused.contains("has 2 segments, and 1 of them came"), "{refused}");
}

#[test]
fn what_is_no_raw_volume_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let data = root.join("data");
    fs::create_dir(&data).unwrap();
    for (name, content) in
        [("empty", &b""[..]), ("qcow2", b"QFI\xfb and so on"), ("vhdx", b"vhdxfile"), ("data/x", b"x")]
    {
        fs::write(root.join(name), content).unwrap();
    }
    for (path, why) in [
        (root.join("empty"), "is empty"),
        (root.join("qcow2"), "qemu-nbd"),
        (root.join("vhdx"), "a VHDX image"),
        (root.join("missing"), "No such file"),
        (root.clone(), "neither a file nor a block device"),
        ("/dev/null".into(), "neither a file nor a block device"),
        ("relative".into(), "not an absolute path"),
        (root.join("data/x"), "backups would hold themselves"),
    ] {
        let at = Location::at_path(path.to_str().unwrap());
        let refused = Ebs.probe(&ProbeCx { at: &at, secret: None, data_dir: &data }).unwrap_err().to_string();
        assert!(refused.starts_with("Invalid Path: ") && refused.contains(why), "{refused}");
    }
    // A link is followed once, and kept as what it led to.
    fs::write(root.join("raw"), b"x").unwrap();
    std::os::unix::fs::symlink(root.join("raw"), root.join("link")).unwrap();
    let at = Location::at_path(root.join("link").to_str().unwrap());
    let probed = Ebs.probe(&ProbeCx { at: &at, secret: None, data_dir: &data }).unwrap();
    assert_eq!(probed.location, Location::at_path(root.join("raw").to_str().unwrap()));
    assert_eq!(probed.mark.unwrap(), Mark::of(&super::Seen { size: 1 }));
}

#[test]
fn half_a_percent_of_changed_pages_stores_at_most_eight_percent_again() {
    const SIZE: u64 = 64 << 20;
    let bench = Bench::new();
    let image = File::create(bench.image()).unwrap();
    image.write_all_at(&noise(7, SIZE as usize), 0).unwrap();
    let first = bench.back_up(Box::new(bench.told("b", &[])), None);
    assert!(first.bytes_added > SIZE);
    // Of its 16,384 pages 82, all over it.
    let mut seed = 3_u64;
    for _ in 0..82 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        image.write_all_at(&noise(seed, 4096), (seed >> 20) % (SIZE / 4096) * 4096).unwrap();
    }
    // Without a bitmap that was there before, all is read.
    let second = bench.back_up(Box::new(bench.told("c", &[])), Some(first.snapshot));
    assert!(second.bytes_added * 100 <= SIZE * 8, "{} of {SIZE}", second.bytes_added);
    assert!(second.bytes_read >= SIZE);
}
