//! The tree of an archive, as far as it came.

use super::tar::{Entry, Kind};
use crate::repository::{Cut, Node, NodeKind, SourceItem, Timestamp};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// Where the cluster's files lie in a snapshot.
pub(super) const ROOT: &str = "/data";

/// How many bytes each piece of a file has: eight pages.
pub(super) const PIECE: u32 = 64 << 10;

/// How files are cut.
pub(super) const CUT: Cut = Cut::Fixed(PIECE);

/// Whose permissions say what the folder of the cluster has, which is no entry of its archive.
const FIRST: &str = "PG_VERSION";

/// What `pg_basebackup` itself puts into the archive, without knowing whose the cluster is.
const OWNERLESS: &str = "backup_manifest";

/// The entries of an archive below a root.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    folders: BTreeMap<PathBuf, BTreeMap<OsString, Node>>,
}

impl Tree {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), folders: [(root.to_owned(), BTreeMap::new())].into() }
    }

    /// Adds an entry; its path in the tree.
    pub(super) fn add(&mut self, entry: &Entry) -> io::Result<PathBuf> {
        // Some of the server's own folders come as ./pg_wal.
        let plain_path = entry.path.strip_prefix(b"./").unwrap_or(&entry.path);
        let relative = Path::new(OsStr::from_bytes(plain_path));
        let shown = relative.display();
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        let kind = match entry.kind {
            Kind::File => NodeKind::File,
            Kind::Folder => NodeKind::Directory,
            Kind::Link => {
                return Err(broken(format!("{shown} is a link: clusters with tablespaces are not backed up")));
            }
        };
        let path = self.root.join(relative);
        let (Some(above), Some(name), true) = (path.parent(), path.file_name(), plain && !plain_path.is_empty()) else {
            return Err(broken(format!("{shown:?} is no path of a cluster's file")));
        };
        let modified = Timestamp::new(entry.modified, 0);
        let node = Node {
            kind,
            permissions: entry.mode,
            modified,
            accessed: modified,
            changed: modified,
            uid: entry.uid,
            gid: entry.gid,
            size: if kind == NodeKind::File { entry.size } else { 0 },
            links: 1,
            ..Node::default()
        };
        let folder = self.folders.get_mut(above).ok_or_else(|| broken(format!("{shown} comes before its folder")))?;
        match folder.insert(name.to_owned(), node) {
            Some(before) if before.kind != kind || kind == NodeKind::File => {
                return Err(broken(format!("{shown} comes twice")));
            }
            _ => {}
        }
        if kind == NodeKind::Directory {
            self.folders.entry(path.clone()).or_default();
        }
        Ok(path)
    }

    /// The size of a file, by its path from the root.
    pub(super) fn size_of(&self, path: impl AsRef<Path>) -> Option<u64> {
        let node = self.find(&self.root.join(path))?;
        (node.kind == NodeKind::File).then_some(node.size)
    }

    /// The names in a folder, by its path from the root.
    pub(super) fn names(&self, folder: &str) -> impl Iterator<Item = &OsString> {
        self.folders.get(&self.root.join(folder)).into_iter().flat_map(BTreeMap::keys)
    }

    fn find(&self, path: &Path) -> Option<&Node> {
        self.folders.get(path.parent()?)?.get(path.file_name()?)
    }

    /// An item as the walk wants it. The root belongs to whom its first file belongs to.
    pub(super) fn item(&self, path: &Path) -> io::Result<SourceItem> {
        let node = if path == self.root { Some(self.root_node()) } else { self.find(path).cloned() };
        Ok(SourceItem { node: node.ok_or(io::ErrorKind::NotFound)?, ..SourceItem::default() })
    }

    fn root_node(&self) -> Node {
        let first = self.find(&self.root.join(FIRST)).cloned().unwrap_or_default();
        // A server starts only where nobody else, or at most its group, may look.
        let permissions = if first.permissions & 0o040 != 0 { 0o750 } else { 0o700 };
        Node { kind: NodeKind::Directory, permissions, size: 0, content: Vec::new(), ..first }
    }

    /// What is in a folder, in the order of names.
    pub(super) fn children(&self, folder: &Path) -> io::Result<Vec<(OsString, Node)>> {
        let folder = self.folders.get(folder).ok_or(io::ErrorKind::NotFound)?;
        let owner = self.root_node();
        let owned = |name: &OsString, node: &Node| {
            let (uid, gid) = if name == OWNERLESS { (owner.uid, owner.gid) } else { (node.uid, node.gid) };
            (name.clone(), Node { uid, gid, ..node.clone() })
        };
        Ok(folder.iter().map(|(name, node)| owned(name, node)).collect())
    }
}

fn broken(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, kind: Kind, mode: u32) -> Entry {
        let path = path.as_bytes().to_vec();
        Entry { path, kind, size: 9, mode, uid: 104, gid: 106, modified: 5 }
    }

    #[test]
    fn the_root_is_the_owners_and_closed_as_a_server_wants_it() {
        for (file, folder) in [(0o600, 0o700), (0o640, 0o750)] {
            let mut tree = Tree::new(Path::new("/data"));
            tree.add(&entry("PG_VERSION", Kind::File, file)).unwrap();
            let root = tree.item(Path::new("/data")).unwrap().node;
            assert_eq!((root.kind, root.permissions, root.uid, root.gid), (NodeKind::Directory, folder, 104, 106));
        }
    }

    #[test]
    fn what_the_program_puts_in_belongs_to_whom_the_cluster_belongs_to() {
        let mut tree = Tree::new(Path::new("/data"));
        tree.add(&entry("PG_VERSION", Kind::File, 0o600)).unwrap();
        for path in ["backup_manifest", "other"] {
            tree.add(&Entry { uid: 2048, gid: 1024, ..entry(path, Kind::File, 0o600) }).unwrap();
        }
        let owners: Vec<_> = tree.children(Path::new("/data")).unwrap();
        let owners: Vec<_> = owners.into_iter().map(|(_, node)| (node.uid, node.gid)).collect();
        assert_eq!(owners, [(104, 106), (104, 106), (2048, 1024)]);
    }

    #[test]
    fn names_come_in_their_order_whatever_that_of_the_archive_was() {
        let mut tree = Tree::new(Path::new("/data"));
        for (path, kind) in
            [("./b", Kind::Folder), ("b/2", Kind::File), ("a", Kind::File), ("./b/1", Kind::File), ("b", Kind::Folder)]
        {
            tree.add(&entry(path, kind, 0o700)).unwrap();
        }
        let names = |folder: &str| -> Vec<_> {
            tree.children(Path::new(folder)).unwrap().into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!((names("/data"), names("/data/b")), (vec!["a".into(), "b".into()], vec!["1".into(), "2".into()]));
        assert_eq!((tree.size_of("b/1"), tree.size_of("b"), tree.size_of("c")), (Some(9), None, None));
    }

    #[test]
    fn no_entry_leaves_the_tree_and_none_comes_twice() {
        let mut tree = Tree::new(Path::new("/data"));
        tree.add(&entry("a", Kind::File, 0o600)).unwrap();
        for (path, kind, why) in [
            ("../x", Kind::File, "no path"),
            ("/etc/x", Kind::File, "no path"),
            ("", Kind::Folder, "no path"),
            ("a", Kind::File, "comes twice"),
            ("a", Kind::Folder, "comes twice"),
            ("./", Kind::Folder, "no path"),
            ("c/d", Kind::File, "before its folder"),
            ("pg_tblspc", Kind::Link, "tablespaces"),
        ] {
            let refused = tree.add(&entry(path, kind, 0o600)).unwrap_err().to_string();
            assert!(refused.contains(why), "{path}: {refused}");
        }
    }
}
