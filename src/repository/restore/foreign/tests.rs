use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;
use std::sync::Arc;

use super::walk::Bounds;
use super::*;
use crate::repository::{NodeKind, Timestamp};

/// A tree of paths; what ends in a slash is a folder, and of `->` what follows is where a link leads. `=` and the name of another
/// file says that both are one, `+` that it is of a sort that is passed over. Folders lead back to the root where `@` is.
struct Paths {
    items: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The paths of what was met, which are found by their numbers.
    met: RefCell<Vec<Vec<u8>>>,
    passed: RefCell<Vec<&'static str>>,
    /// A file that goes away when a folder below the root is read.
    goes: Option<PathBuf>,
    /// What is stopped when an item is passed over.
    stops: Option<Arc<Control>>,
}

impl Paths {
    fn of(items: &[(&str, &str)]) -> Self {
        let items = items.iter().map(|(path, text)| (path.as_bytes().to_vec(), text.as_bytes().to_vec())).collect();
        Self { items, met: RefCell::new(vec![Vec::new()]), passed: RefCell::default(), goes: None, stops: None }
    }

    fn at(&self, path: Vec<u8>) -> Handle {
        let mut met = self.met.borrow_mut();
        let known = met.iter().position(|known| *known == path);
        let number = known.unwrap_or_else(|| {
            met.push(path);
            met.len() - 1
        });
        Handle { part: 3, number: number as u64 }
    }

    fn path(&self, at: Handle) -> Vec<u8> {
        assert_eq!(at.part, 3);
        self.met.borrow()[at.number as usize].clone()
    }
}

impl ForeignTree for Paths {
    fn root(&self) -> io::Result<(Handle, Option<Node>)> {
        Ok((self.at(Vec::new()), None))
    }

    fn names(&self, folder: Handle) -> io::Result<Vec<Listed>> {
        let mut prefix = self.path(folder);
        if !prefix.is_empty() {
            self.goes.iter().for_each(|path| fs::remove_file(path).unwrap());
            prefix.push(b'/');
        }
        let names = self.items.keys().filter_map(|key| key.strip_prefix(prefix.as_slice()));
        let mut names: Vec<_> = names.map(|name| name.split(|byte| *byte == b'/').next().unwrap()).collect();
        names.dedup();
        let listed = |name: &[u8]| {
            let path = [&prefix, name].concat();
            let same = self.items.get(&path).and_then(|text| text.strip_prefix(b"="));
            let at = if name == b"@" { Vec::new() } else { same.map_or(path, <[u8]>::to_vec) };
            Listed { name: name.to_vec(), at: self.at(at) }
        };
        let mut names: Vec<_> = names.into_iter().map(listed).collect();
        // What an image can hold, and no folder of this machine.
        if prefix.is_empty() && self.items.contains_key(b"hostile".as_slice()) {
            names.extend([&b".."[..], b"a/b", b"nul\0", b"", b"../good", b"."].map(listed));
        }
        if prefix.is_empty() && self.items.contains_key(b"out".as_slice()) {
            // The name of a link that leads out of the target, once more as one of a folder.
            names.push(Listed { name: b"out".to_vec(), at: self.at(b"z".to_vec()) });
        }
        Ok(names)
    }

    fn item(&self, at: Handle) -> io::Result<ForeignItem> {
        let path = self.path(at);
        let (uid, gid) = (u32::MAX, u32::MAX);
        let times = Node { modified: Timestamp::new(1_000_000, 5), uid, gid, links: 2, ..Node::default() };
        let Some(text) = self.items.get(&path) else {
            let node = Node { kind: NodeKind::Directory, permissions: 0o751, ..times };
            return Ok(ForeignItem { node, room: 0, left_out: None });
        };
        let node = match text.strip_prefix(b"->") {
            Some(target) => Node { kind: NodeKind::Symlink, link_target: target.to_vec(), ..times },
            None => {
                let size = if text == b"endless" { 1 << 40 } else { text.len() as u64 };
                Node { permissions: 0o640, size, ..times }
            }
        };
        let left_out = text.starts_with(b"+").then_some("odd things");
        Ok(ForeignItem { node, room: 1, left_out })
    }

    fn read(&self, at: Handle, take: &mut Take<'_>) -> io::Result<()> {
        let text = &self.items[&self.path(at)];
        if text == b"broken" {
            return Err(io::Error::other("a block of it is damaged"));
        }
        if text == b"half" {
            take(Stretch::Bytes(b"ha"))?;
            return Err(io::Error::other("its second block is damaged"));
        }
        if text == b"endless" {
            let piece = vec![1; 1 << 20];
            loop {
                take(Stretch::Bytes(&piece))?;
            }
        }
        if text == b"short" {
            return take(Stretch::Bytes(b"sho"));
        }
        let zeros = text.iter().take_while(|byte| **byte == 0).count();
        take(Stretch::Zeros(zeros as u64))?;
        text[zeros..].chunks(3).try_for_each(|piece| take(Stretch::Bytes(piece)))
    }

    fn passed_over(&self, what: &'static str) {
        self.passed.borrow_mut().push(what);
        self.stops.iter().for_each(|control| control.cancel());
    }
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn restore(&self, tree: &Paths, items: &[&str], merge: bool) -> Result<RestoreOutcome> {
        let items: Vec<_> = items.iter().map(|item| ItemPath::parse(item).unwrap()).collect();
        restore_foreign(tree, &items, 0, OpenFolder::open(&self.path()).unwrap(), merge, &Control::new())
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }
}

const TREE: &[(&str, &str)] =
    &[("a", "first"), ("d/b", "second one"), ("d/e/c", "third"), ("d/link", "->../a"), ("z", "")];

#[test]
fn all_of_a_tree_comes_with_its_metadata_and_is_counted() {
    let (place, tree) = (Place::new(), Paths::of(TREE));
    let size = measure_foreign(&tree, &[], &Control::new()).unwrap();
    assert_eq!((size.files, size.bytes), (4, 20));
    let outcome = place.restore(&tree, &[], false).unwrap();
    assert_eq!((outcome.items, outcome.files, outcome.bytes, outcome.failed), (7, 4, 20, 0));
    assert_eq!(
        (place.read("a"), place.read("d/e/c"), place.read("z")),
        ("first".into(), "third".into(), String::new())
    );
    assert_eq!(fs::read_link(place.path().join("d/link")).unwrap(), PathBuf::from("../a"));
    let (file, folder) = (fs::metadata(place.path().join("d/b")), fs::metadata(place.path().join("d")));
    let told = |found: io::Result<fs::Metadata>| found.map(|f| (f.mode() & 0o7777, f.mtime(), f.mtime_nsec())).unwrap();
    assert_eq!((told(file), told(folder)), ((0o640, 1_000_000, 5), (0o751, 1_000_000, 5)));
}

#[test]
fn chosen_items_come_with_their_folders_and_what_is_not_there_is_named() {
    let (place, tree) = (Place::new(), Paths::of(TREE));
    let outcome = place.restore(&tree, &["/d/e", "/none", "/a/x"], false).unwrap();
    assert_eq!((place.read("d/e/c"), place.path().join("a").exists()), ("third".into(), false));
    let failed: Vec<_> = outcome.failures.iter().map(|failure| (&*failure.path, &*failure.reason)).collect();
    assert_eq!(failed, [("/a/x", "/a is not a folder"), ("/none", "it is not there")]);
}

#[test]
fn a_name_that_no_file_can_have_leads_nowhere() {
    let place = Place::new();
    fs::create_dir(place.path().join("in")).unwrap();
    let tree = Paths::of(&[("hostile", "x"), ("good", "y")]);
    let into = OpenFolder::open(&place.path().join("in")).unwrap();
    let outcome = restore_foreign(&tree, &[], 0, into, false, &Control::new()).unwrap();
    assert_eq!((outcome.failed, outcome.items), (6, 2), "{:?}", outcome.failures);
    assert!(outcome.failures.iter().all(|failure| failure.reason == "no file can have this name"));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_read_costs_only_itself_and_a_second_attempt_writes_over() {
    let (place, tree) = (Place::new(), Paths::of(&[("a", "broken"), ("b", "fine")]));
    let outcome = place.restore(&tree, &[], false).unwrap();
    assert_eq!((outcome.failed, outcome.items, place.read("b")), (1, 1, "fine".into()));
    assert_eq!(outcome.failures[0].reason, "a block of it is damaged");
    assert!(!place.path().join("a").exists(), "nothing stands for what was not read");
    fs::write(place.path().join("b"), "of a first attempt, longer").unwrap();
    let outcome = place.restore(&Paths::of(&[("a", "whole"), ("b", "fine")]), &[], true).unwrap();
    assert_eq!((outcome.failed, place.read("a"), place.read("b")), (0, "whole".into(), "fine".into()));
}

#[test]
fn of_a_file_that_cannot_be_read_to_its_end_nothing_is_left() {
    let place = Place::new();
    let tree = [("a", "half"), ("b", "short"), ("c", "broken"), ("d", "whole"), ("e", "")];
    // The first attempt was killed while it wrote.
    fs::write(place.path().join("c"), "\0\0\0\0\0\0").unwrap();
    let outcome = place.restore(&Paths::of(&tree), &[], true).unwrap();
    let why: Vec<_> = outcome.failures.iter().map(|failure| &*failure.reason).collect();
    let short = "3 bytes were read of it, and it should have 5";
    assert_eq!(why, ["its second block is damaged", short, "a block of it is damaged"]);
    let mut left: Vec<String> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(outcome.files, 2);
    assert_eq!(left, ["d", "e"]);
    // What somebody else has there stays.
    let place = Place::new();
    fs::write(place.path().join("a"), "not ours").unwrap();
    assert_eq!(place.restore(&Paths::of(&tree), &["/a", "/c"], false).unwrap().failed, 2);
    assert_eq!(place.read("a"), "not ours");
}

#[test]
fn a_file_with_several_names_is_measured_once() {
    let measured = |tree: &[(&str, &str)]| measure_foreign(&Paths::of(tree), &[], &Control::new()).unwrap();
    let (once, twice) = (measured(&[("a", "one")]), measured(&[("a", "one"), ("b", "=a"), ("c", "=a")]));
    assert_eq!((twice.files, twice.bytes, twice.required_bytes), (once.files, once.bytes, once.required_bytes));
}

#[test]
fn a_folder_with_several_names_is_walked_once() {
    let bounds = Bounds { depth: 100, items: 1000, held: 1 << 20 };
    let (met, faults) = walked(&Paths::of(&[("a/x", ""), ("b", "=a"), ("c", "=a")]), bounds);
    assert_eq!((met, faults.len()), (2, 2), "{faults:?}");
    assert_eq!(faults[0], ("/b".to_owned(), "it is the same folder as one before".to_owned()));
}

#[test]
fn where_no_link_can_be_made_the_content_comes_again() {
    let place = Place::new();
    let tree = Paths { goes: Some(place.path().join("a")), ..Paths::of(&[("a", "one"), ("d/b", "=a")]) };
    let walked = place.restore(&tree, &["/a", "/d"], false).unwrap();
    assert_eq!((walked.failed, walked.files, place.read("d/b")), (0, 2, "one".into()), "{:?}", walked.failures);
}

#[test]
fn a_link_of_the_image_is_not_followed_and_a_stopped_restore_says_so() {
    let place = Place::new();
    let outside = Place::new();
    symlink(outside.path(), place.path().join("d")).unwrap();
    let outcome = place.restore(&Paths::of(TREE), &["/d/b"], false).unwrap();
    assert_eq!((outcome.failed, fs::read_dir(outside.path()).unwrap().count()), (1, 0));
    let control = Control::new();
    control.cancel();
    let into = OpenFolder::open(&place.path()).unwrap();
    assert!(restore_foreign(&Paths::of(TREE), &[], 0, into, true, &control).unwrap_err().is_cancelled());
}

#[test]
fn further_names_of_a_file_are_links_to_it_and_zeros_take_no_room() {
    let (place, tree) = (Place::new(), Paths::of(&[("a", "one"), ("d/b", "=a"), ("z", "\0\0\0\0\0end")]));
    let outcome = place.restore(&tree, &[], false).unwrap();
    assert_eq!((outcome.items, outcome.files, outcome.failed), (4, 2, 0), "{:?}", outcome.failures);
    let number = |path: &str| fs::metadata(place.path().join(path)).unwrap().ino();
    assert_eq!((number("a"), place.read("d/b")), (number("d/b"), "one".into()));
    assert_eq!(place.read("z"), "\0\0\0\0\0end");
}

#[test]
fn what_is_passed_over_is_told_and_a_failure_where_it_was_asked_for() {
    let (place, tree) = (Place::new(), Paths::of(&[("d/a", "+"), ("d/b", "fine"), ("c", "+")]));
    let outcome = place.restore(&tree, &["/d", "/c"], false).unwrap();
    let failed: Vec<_> = outcome.failures.iter().map(|failure| (&*failure.path, &*failure.reason)).collect();
    assert_eq!((failed, place.read("d/b")), (vec![("/c", "odd things are not restored")], "fine".into()));
    assert_eq!(*tree.passed.borrow(), ["odd things"]);
}

#[test]
fn a_link_and_a_folder_of_one_name_lead_nowhere_out_of_the_target() {
    let (place, outside) = (Place::new(), Place::new());
    let target = format!("->{}", outside.path().display());
    let tree = Paths::of(&[("out", &target), ("z/written", "through the link")]);
    let outcome = place.restore(&tree, &[], false).unwrap();
    let failed: Vec<_> = outcome.failures.iter().map(|failure| (&*failure.path, &*failure.reason)).collect();
    assert_eq!(failed, [("/out", "the folder names it twice")]);
    assert_eq!(place.read("z/written"), "through the link");
    // Nor does a second attempt, which finds the link there.
    assert_eq!(place.restore(&tree, &[], true).unwrap().failed, 1);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn files_that_have_much_more_than_they_say_are_not_restored() {
    let (place, tree) = (Place::new(), Paths::of(&[("a", "fine"), ("b", "endless"), ("c", "endless")]));
    let outcome = place.restore(&tree, &[], false).unwrap();
    let why = "files have more in them than they say that they take, and no more is written; restore it alone";
    let failed: Vec<_> = outcome.failures.iter().map(|failure| (&*failure.path, &*failure.reason)).collect();
    assert_eq!(failed, [("/b", why), ("/c", why)]);
    let left: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
    assert_eq!((left.len(), outcome.bytes), (1, 4), "{left:?}");
}

#[test]
fn a_restore_can_be_stopped_among_what_is_passed_over() {
    let many: Vec<_> = (0..50).map(|nth| format!("d/{nth}")).collect();
    let many: Vec<_> = many.iter().map(|path| (path.as_str(), "+")).collect();
    let stoppable = || {
        let control = Arc::new(Control::new());
        (Paths { stops: Some(Arc::clone(&control)), ..Paths::of(&many) }, control)
    };
    let (place, (tree, control)) = (Place::new(), stoppable());
    let into = OpenFolder::open(&place.path()).unwrap();
    assert!(restore_foreign(&tree, &[], 0, into, false, &control).unwrap_err().is_cancelled());
    assert_eq!(tree.passed.borrow().len(), 1);
    let (tree, control) = stoppable();
    assert!(measure_foreign(&tree, &[], &control).unwrap_err().is_cancelled());
    assert_eq!(tree.passed.borrow().len(), 1);
}

/// What a walk within bounds meets: how many items and folders, and what is wrong.
fn walked(tree: &Paths, bounds: Bounds) -> (usize, Vec<(String, String)>) {
    let (mut walk, mut met, mut faults) = (Walk::within(tree, Selection::All, bounds).unwrap(), 0, Vec::new());
    while let Some(step) = walk.next() {
        match step {
            Met::Enter(_) | Met::Item(..) => met += 1,
            Met::Fault(path, why) => faults.push((path.to_string(), why)),
            Met::Leave | Met::Passed => {}
        }
    }
    (met, faults)
}

#[test]
fn a_walk_goes_no_further_than_its_bounds_and_not_round() {
    let bounds = Bounds { depth: 4, items: 1000, held: 2000 };
    let told = |items: &[(&str, &str)], bounds| walked(&Paths::of(items), bounds);
    assert_eq!(
        told(&[("d/@/x", ""), ("e", "")], bounds),
        (2, vec![("/d/@".into(), "it leads back to a folder that it lies in".into())])
    );
    let (met, faults) = told(&[("1/2/3/4/5", ""), ("e", "")], bounds);
    assert_eq!((met, &*faults[0].0), (4, "/1/2/3/4"));
    assert!(faults[0].1.contains("more than 4 folders deep"), "{faults:?}");
    let many: Vec<_> = (0..90).map(|nth| format!("d/{nth}")).collect();
    let many: Vec<_> = many.iter().map(|path| (path.as_str(), "")).chain([("e", "")]).collect();
    let (met, faults) = told(&many, bounds);
    assert_eq!((met, &*faults[0].0), (1, "/d"));
    assert!(faults[0].1.contains("more than 2000 bytes"), "{faults:?}");
    let (met, faults) = told(&many, Bounds { items: 20, held: 1 << 20, ..bounds });
    assert_eq!((met, &*faults[0].0, faults.len()), (20, "/d", 1));
    assert!(faults[0].1.contains("more than 20 items"), "{faults:?}");
}
