//! The tree of the files that came.

use crate::repository::{Node, NodeKind, SourceItem, Timestamp};
use rustix::process::{getegid, geteuid};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a file has that the server makes meanwhile.
const PERMISSIONS: (u32, u32) = (0o660, 0o700);

/// Leads to a table outside of the data directory.
const LINK: &str = "isl";

/// The files that came, below a root. Owners, permissions and times are those of the data directory itself, where there is one: the
/// program that sends the files tells none.
pub(super) struct Tree {
    root: PathBuf,
    data_dir: Option<PathBuf>,
    now: Timestamp,
    folders: BTreeMap<PathBuf, BTreeMap<OsString, Node>>,
}

impl Tree {
    pub(super) fn new(root: &Path, data_dir: Option<&Path>) -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = Timestamp::new(seconds.cast_signed(), 0);
        let folders = [(root.to_owned(), BTreeMap::new())].into();
        Self { root: root.to_owned(), data_dir: data_dir.map(Path::to_owned), now, folders }
    }

    /// The path in the tree of a file that begins to come, which is in no other place and comes only once.
    pub(super) fn begin(&mut self, relative: &Path) -> io::Result<PathBuf> {
        let shown = relative.display();
        let relative = relative.strip_prefix("./").unwrap_or(relative);
        let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        let path = self.root.join(relative);
        let (Some(above), Some(name), true) = (path.parent(), path.file_name(), is_plain) else {
            return Err(broken(format!("{shown:?} is no path of a data directory's file")));
        };
        if path == self.root {
            return Err(broken("a file without a name".to_owned()));
        }
        if path.extension().is_some_and(|extension| extension == LINK) {
            return Err(broken(format!("{shown} is a table outside of the data directory, which is not backed up")));
        }
        if self.folders.contains_key(&path) {
            return Err(broken(format!("{shown} is a folder and a file")));
        }
        let node = self.node(relative, NodeKind::File, 0);
        let (above, name) = (above.to_owned(), name.to_owned());
        self.make(&above)?;
        let folder = self.folders.entry(above).or_default();
        if folder.insert(name, node).is_some() {
            return Err(broken(format!("{shown} comes twice")));
        }
        Ok(path)
    }

    /// Makes a folder and those above it.
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        if self.folders.contains_key(folder) {
            return Ok(());
        }
        let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
        self.make(above)?;
        let relative = folder.strip_prefix(&self.root).unwrap_or(folder);
        let node = self.node(relative, NodeKind::Directory, 0);
        if self.folders.entry(above.to_owned()).or_default().insert(name.to_owned(), node).is_some() {
            return Err(broken(format!("{} is a file and a folder", folder.display())));
        }
        self.folders.insert(folder.to_owned(), BTreeMap::new());
        Ok(())
    }

    /// Notes what a file came to.
    pub(super) fn end(&mut self, path: &Path, size: u64) {
        let node = path.parent().zip(path.file_name());
        let node = node.and_then(|(above, name)| self.folders.get_mut(above)?.get_mut(name));
        if let Some(node) = node {
            node.size = size;
        }
    }

    fn node(&self, relative: &Path, kind: NodeKind, size: u64) -> Node {
        let stat = |path: &Path| std::fs::symlink_metadata(path).ok();
        let fits = |found: &Metadata| if kind == NodeKind::File { found.is_file() } else { found.is_dir() };
        let data_dir = self.data_dir.as_deref();
        let own = data_dir.and_then(|data_dir| stat(&data_dir.join(relative))).filter(fits);
        let permissions = if kind == NodeKind::File { PERMISSIONS.0 } else { PERMISSIONS.1 };
        let owner = own.clone().or_else(|| stat(data_dir?));
        let modified = own.as_ref().map_or(self.now, |own| Timestamp::new(own.mtime(), 0));
        Node {
            kind,
            permissions: own.map_or(permissions, |own| own.mode() & 0o777),
            modified,
            accessed: modified,
            changed: modified,
            uid: owner.as_ref().map_or_else(|| geteuid().as_raw(), Metadata::uid),
            gid: owner.as_ref().map_or_else(|| getegid().as_raw(), Metadata::gid),
            size,
            links: 1,
            ..Node::default()
        }
    }

    /// Whether a file came, by its path from the root.
    pub(super) fn has(&self, name: &str) -> bool {
        self.folders.get(&self.root).is_some_and(|folder| folder.contains_key(&OsString::from(name)))
    }

    /// An item as the walk wants it.
    pub(super) fn item(&self, path: &Path) -> io::Result<SourceItem> {
        let node = if path == self.root {
            Some(self.node(Path::new(""), NodeKind::Directory, 0))
        } else {
            path.parent().zip(path.file_name()).and_then(|(above, name)| self.folders.get(above)?.get(name).cloned())
        };
        Ok(SourceItem { node: node.ok_or(io::ErrorKind::NotFound)?, ..SourceItem::default() })
    }

    /// What is in a folder, in the order of names.
    pub(super) fn children(&self, folder: &Path) -> io::Result<Vec<(OsString, Node)>> {
        let folder = self.folders.get(folder).ok_or(io::ErrorKind::NotFound)?;
        Ok(folder.iter().map(|(name, node)| (name.clone(), node.clone())).collect())
    }
}

fn broken(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn owners_and_permissions_are_those_of_the_data_directory() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("shop")).unwrap();
        let file = data.path().join("shop/t.ibd");
        std::fs::write(&file, "x").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let mut tree = Tree::new(Path::new("/data"), Some(data.path()));
        for (name, permissions) in [("./shop/t.ibd", 0o640), ("shop/new.new", 0o660)] {
            let path = tree.begin(Path::new(name)).unwrap();
            tree.end(&path, 9);
            let node = tree.item(&path).unwrap().node;
            assert_eq!((node.permissions, node.size, node.kind), (permissions, 9, NodeKind::File), "{name}");
            assert_eq!(node.uid, std::fs::metadata(&file).unwrap().uid());
        }
        let names: Vec<_> = tree.children(Path::new("/data/shop")).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["new.new", "t.ibd"]);
        assert_eq!(tree.item(Path::new("/data/shop")).unwrap().node.kind, NodeKind::Directory);
        assert_eq!(tree.item(Path::new("/data")).unwrap().node.kind, NodeKind::Directory);
        assert!(tree.item(Path::new("/data/nothing")).is_err());
    }

    #[test]
    fn no_file_leaves_the_tree_and_none_comes_twice() {
        let data = tempfile::tempdir().unwrap();
        let mut tree = Tree::new(Path::new("/data"), Some(data.path()));
        tree.begin(Path::new("a/b")).unwrap();
        for (path, told) in [
            ("../x", "no path"),
            ("/etc/x", "no path"),
            ("a/../../x", "no path"),
            ("./", "without a name"),
            ("a/b", "comes twice"),
            ("./a/b", "comes twice"),
            ("a", "folder and a file"),
            ("a/b/c", "file and a folder"),
            ("shop/far.isl", "outside of the data directory"),
        ] {
            let refused = tree.begin(Path::new(path)).unwrap_err().to_string();
            assert!(refused.contains(told), "{path}: {refused}");
        }
    }
}
