//! Looking into a snapshot: finding an item by its path, listing a folder.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::item_path::ItemPath;
use super::{BlobKind, Error, Id, Node, Repository, Result, TreeReader};

/// A page of a folder's items.
#[derive(Debug, Clone, Default)]
pub struct SnapshotEntries {
    /// The items, sorted by the bytes of their names.
    pub nodes: Vec<Node>,
    /// Whether more items follow the last one.
    pub more: bool,
}

impl Repository {
    /// All items of a folder in a snapshot, sorted by the bytes of their names.
    pub fn entries(&self, snapshot: &Id, path: &ItemPath) -> Result<Vec<Node>> {
        self.entries_page(snapshot, path, None, usize::MAX).map(|page| page.nodes)
    }

    /// At most `limit` items of a folder in a snapshot, those that follow the name `after`.
    pub fn entries_page(
        &self,
        snapshot: &Id,
        path: &ItemPath,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<SnapshotEntries> {
        let (_, tree) = self.folder(snapshot, path)?;
        self.page_of(&tree, after, limit)
    }

    /// The same of a folder that is known by its list of items ([`Node::subtree`]): nothing is looked for.
    pub fn page_of(&self, tree: &Id, after: Option<&[u8]>, limit: usize) -> Result<SnapshotEntries> {
        let mut entries = SnapshotEntries::default();
        for node in self.read_tree(tree)? {
            let node = node?;
            if after.is_some_and(|after| node.name.as_slice() <= after) {
                continue;
            }
            if entries.nodes.len() >= limit {
                entries.more = true;
                break;
            }
            entries.nodes.push(node);
        }
        Ok(entries)
    }

    /// The node of an item in a snapshot. The root has none, for nothing names it.
    pub fn find(&self, snapshot: &Id, path: &ItemPath) -> Result<Option<Node>> {
        let mut tree = self.load_snapshot(snapshot)?.tree;
        let mut found = None;
        for (depth, name) in path.components().iter().enumerate() {
            let node = self.find_in(&tree, name)?.ok_or_else(|| no_such_path(snapshot, path))?;
            match node.subtree {
                Some(subtree) => tree = subtree,
                None if depth + 1 < path.components().len() => return Err(no_such_path(snapshot, path)),
                None => {}
            }
            found = Some(node);
        }
        Ok(found)
    }

    /// A folder in a snapshot: its node, which the root has not, and its list of items.
    pub(super) fn folder(&self, snapshot: &Id, path: &ItemPath) -> Result<(Option<Node>, Id)> {
        match self.find(snapshot, path)? {
            None => Ok((None, self.load_snapshot(snapshot)?.tree)),
            Some(node) => match node.subtree {
                Some(tree) => Ok((Some(node), tree)),
                None => Err(Error::NotAFolder { snapshot: *snapshot, path: shown(path) }),
            },
        }
    }

    /// The list of items of a folder in a snapshot.
    pub fn tree_of_folder(&self, snapshot: &Id, path: &ItemPath) -> Result<Id> {
        self.folder(snapshot, path).map(|(_, tree)| tree)
    }

    /// The item of a folder with this name.
    pub fn find_in(&self, tree: &Id, name: &[u8]) -> Result<Option<Node>> {
        for node in self.read_tree(tree)? {
            let node = node?;
            if node.name == name {
                return Ok(Some(node));
            }
        }
        Ok(None)
    }

    /// All items of a folder, sorted by the bytes of their names.
    pub fn items_of(&self, tree: &Id) -> Result<Vec<Node>> {
        self.read_tree(tree)?.collect()
    }

    fn read_tree(&self, tree: &Id) -> Result<TreeReader<Vec<u8>>> {
        TreeReader::new(*tree, self.load_blob(BlobKind::Tree, tree)?)
    }
}

fn no_such_path(snapshot: &Id, path: &ItemPath) -> Error {
    Error::NoSuchPath { snapshot: *snapshot, path: shown(path) }
}

fn shown(path: &ItemPath) -> PathBuf {
    let mut text = PathBuf::from("/");
    text.extend(path.components().iter().map(|name| OsStr::from_bytes(name)));
    text
}
