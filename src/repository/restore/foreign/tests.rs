use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;

use super::*;
use crate::repository::{NodeKind, Timestamp};

/// A tree of paths; what ends in a slash is a folder, and of `->` what follows is where a link leads.
struct Paths(BTreeMap<Vec<u8>, Vec<u8>>);

impl Paths {
    fn of(items: &[(&str, &str)]) -> Self {
        Self(items.iter().map(|(path, text)| (path.as_bytes().to_vec(), text.as_bytes().to_vec())).collect())
    }

    fn key(folder: &ItemPath, name: &[u8]) -> Vec<u8> {
        let mut key = folder.components().join(&b'/');
        if !key.is_empty() {
            key.push(b'/');
        }
        key.extend_from_slice(name);
        key
    }
}

impl ForeignTree for Paths {
    fn root(&self) -> io::Result<Option<Node>> {
        Ok(None)
    }

    fn names(&self, folder: &ItemPath) -> io::Result<Vec<Listed>> {
        let prefix = Self::key(folder, b"");
        let names = self.0.keys().filter_map(|key| key.strip_prefix(prefix.as_slice()));
        let names = names.filter(|name| !name.is_empty()).map(|name| name.split(|byte| *byte == b'/').next().unwrap());
        let mut names: Vec<_> = names.map(|name| Listed { name: name.to_vec(), number: 7 }).collect();
        names.dedup();
        // What an image can hold, and no folder of this machine.
        if folder.is_root() && self.0.contains_key(b"hostile".as_slice()) {
            names.extend([&b".."[..], b"a/b", b"nul\0", b""].map(|name| Listed { name: name.to_vec(), number: 0 }));
        }
        Ok(names)
    }

    fn node(&self, folder: &ItemPath, listed: &Listed) -> io::Result<Node> {
        let key = Self::key(folder, &listed.name);
        let times = Node { modified: Timestamp::new(1_000_000, 5), uid: u32::MAX, gid: u32::MAX, ..Node::default() };
        let Some(text) = self.0.get(&key) else {
            return Ok(Node { kind: NodeKind::Directory, permissions: 0o751, ..times });
        };
        Ok(match text.strip_prefix(b"->") {
            Some(target) => Node { kind: NodeKind::Symlink, link_target: target.to_vec(), ..times },
            None => Node { permissions: 0o640, size: text.len() as u64, ..times },
        })
    }

    fn read(&self, path: &ItemPath, _: &Node, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let (last, folder) = path.components().split_last().unwrap();
        let text = &self.0[&Self::key(&ItemPath::of_names(folder.iter().cloned()), last)];
        if text == b"broken" {
            return Err(io::Error::other("a block of it is damaged"));
        }
        text.chunks(3).try_for_each(take)
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
        restore_foreign(tree, &items, OpenFolder::open(&self.path()).unwrap(), merge, &Control::new())
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
    let outcome = restore_foreign(&tree, &[], into, false, &Control::new()).unwrap();
    assert_eq!((outcome.failed, outcome.items), (4, 2), "{:?}", outcome.failures);
    assert!(outcome.failures.iter().all(|failure| failure.reason == "no file can have this name"));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_read_costs_only_itself_and_a_second_attempt_writes_over() {
    let (place, tree) = (Place::new(), Paths::of(&[("a", "broken"), ("b", "fine")]));
    let outcome = place.restore(&tree, &[], false).unwrap();
    assert_eq!((outcome.failed, outcome.items, place.read("b")), (1, 1, "fine".into()));
    assert_eq!(outcome.failures[0].reason, "a block of it is damaged");
    fs::write(place.path().join("b"), "of a first attempt, longer").unwrap();
    let outcome = place.restore(&Paths::of(&[("a", "whole"), ("b", "fine")]), &[], true).unwrap();
    assert_eq!((outcome.failed, place.read("a"), place.read("b")), (0, "whole".into(), "fine".into()));
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
    assert!(restore_foreign(&Paths::of(TREE), &[], into, true, &control).unwrap_err().is_cancelled());
}
