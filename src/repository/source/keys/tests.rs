use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::repository::source::keys::{Keys, key_of_item, places_of_key};
use crate::repository::{ItemPath, Node, NodeKind};

/// Keys with the lengths of their contents.
#[derive(Default)]
struct Store {
    keys: BTreeMap<Vec<u8>, u64>,
    /// Listing this key fails.
    broken: Option<Vec<u8>>,
}

impl Store {
    fn of(keys: &[&[u8]]) -> Self {
        Self { keys: keys.iter().map(|key| (key.to_vec(), 1)).collect(), ..Self::default() }
    }
}

impl KeyStore for Store {
    fn keys(&self, from: &[u8]) -> Keys<'_> {
        Box::new(self.keys.range(from.to_vec()..).map(|(key, size)| {
            if self.broken.as_ref() == Some(key) {
                return Err(io::Error::other("the line went dead"));
            }
            let item = SourceItem { node: Node { size: *size, ..Node::default() }, ..SourceItem::default() };
            Ok(KeyItem { key: key.clone(), item })
        }))
    }

    fn open(&self, _key: &[u8]) -> io::Result<Box<dyn SourceReader + '_>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

const SMALL: Sizes = Sizes { usual: 8, late: 16, easier: 2, most: 24 };

fn tree(store: Store) -> KeyTree<Store> {
    KeyTree::with_sizes(store, "/store".into(), SMALL, &Control::new()).unwrap()
}

/// All files below a folder; each folder's names must come in their order, and few of them.
fn walk(tree: &KeyTree<Store>, folder: &Path, found: &mut Vec<PathBuf>) {
    let mut last: Option<OsString> = None;
    for child in tree.children(folder).unwrap() {
        let Child { name, item } = child.unwrap();
        assert!(last.as_ref().is_none_or(|last| *last < name), "{last:?} {name:?}");
        let path = folder.join(&name);
        let kind = item.unwrap().node.kind;
        assert_eq!(tree.item(&path).unwrap().node.kind, kind);
        match kind {
            NodeKind::Directory => walk(tree, &path, found),
            _ => found.push(path),
        }
        last = Some(name);
    }
}

fn files(tree: &KeyTree<Store>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(tree, Path::new("/store"), &mut found);
    found
}

#[test]
fn a_small_store_is_one_range_that_looks_like_its_keys() {
    let tree = tree(Store::of(&[b"", b"a", b"a/b", b"a/c/d", b"a-b", b"x/"]));
    let paths: Vec<String> = files(&tree).iter().map(|path| path.display().to_string()).collect();
    assert_eq!(
        paths,
        ["%", "a/b", "a/c/d", "a%~", "a-b", "x/%"].map(|path| format!("/store/from-/{path}")),
        "a file beside a folder of its name has another one"
    );
    let root = Path::new("/");
    assert_eq!(tree.estimate(root, &Control::new()).unwrap(), Estimate { files: 6, bytes: 6 });
}

#[test]
fn what_is_gone_or_never_was_is_told() {
    let mut tree = tree(Store::of(&[b"a", b"b/c"]));
    let path = |name: &str| Path::new("/store/from-").join(name);
    assert!(tree.is_listed(&path("a")).unwrap());
    tree.store.keys.remove(&b"a"[..]);
    assert!(!tree.is_listed(&path("a")).unwrap());
    for name in ["a", "z", "b/%", "%2"] {
        assert_eq!(tree.item(&path(name)).unwrap_err().kind(), io::ErrorKind::NotFound, "{name}");
    }
    assert_eq!(tree.item(Path::new("/else")).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(tree.children(Path::new("/store/from-x")).is_err());
}

#[test]
fn a_range_that_cannot_be_listed_breaks_the_listing_of_the_root_off() {
    let mut tree = tree(Store::of(&[b"a", b"b"]));
    tree.store.broken = Some(b"b".to_vec());
    assert!(tree.children(Path::new("/store")).unwrap().next().unwrap().is_err());
    let store = Store { broken: Some(b"a".to_vec()), ..Store::of(&[b"a"]) };
    assert!(KeyTree::new(store, "/store".into(), &Control::new()).is_err());
}

#[test]
fn the_look_through_all_keys_can_be_stopped() {
    let control = Control::new();
    control.cancel();
    let stopped = KeyTree::new(Store::of(&[b"a"]), "/store".into(), &control).err().unwrap();
    assert_eq!(stopped.kind(), io::ErrorKind::Interrupted);
}

fn keys() -> impl Strategy<Value = BTreeSet<Vec<u8>>> {
    let byte = prop_oneof![Just(b'/'), Just(b'.'), Just(b'a'), Just(b'%'), Just(b'~'), Just(0xff_u8), Just(b'-')];
    proptest::collection::btree_set(proptest::collection::vec(byte, 0..7), 0..150)
}

proptest! {
    #[test]
    fn every_key_is_there_once_and_is_found_again(keys in keys()) {
        let store = Store { keys: keys.iter().map(|key| (key.clone(), 1)).collect(), ..Store::default() };
        let tree = tree(store);
        let files = files(&tree);
        let mut back = BTreeSet::new();
        for file in &files {
            let key = tree.key(file).unwrap();
            let item = ItemPath::from_path(file.strip_prefix("/store").unwrap()).unwrap();
            prop_assert_eq!(key_of_item(&item).unwrap(), key.clone());
            let folders = tree.folders.iter().map(|(name, _)| name.as_slice());
            prop_assert!(places_of_key(folders, &key).contains(&item), "{item}");
            prop_assert!(back.insert(key));
        }
        prop_assert_eq!(files.len(), keys.len());
        prop_assert_eq!(back, keys);
    }
}
