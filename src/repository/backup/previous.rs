//! The parent snapshot, read alongside the walk.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::repository::packing::Packing;
use crate::repository::{BlobKind, Id, Node, NodeKind, Repository, Result, Snapshot, Summary, Timestamp, TreeReader};

/// File systems keep times in steps of up to this.
const COARSEST_CLOCK: Duration = Duration::from_secs(2);

/// What a file must be like to be taken over from the parent unread.
pub(super) struct Previous<'a> {
    repository: &'a Repository,
    root: Option<Id>,
    /// What the parent calls the one root of the source, where that is another name.
    moved: Option<Vec<u8>>,
    started: Timestamp,
}

/// A folder of the parent, read node by node in the order of names.
pub(super) struct PreviousFolder {
    nodes: TreeReader<Bytes>,
    next: Option<Node>,
}

impl<'a> Previous<'a> {
    pub(super) fn new(repository: &'a Repository, parent: Option<&Snapshot>, moved: Option<&OsStr>) -> Self {
        Self {
            repository,
            root: parent.map(|parent| parent.tree),
            moved: moved.map(|name| name.as_bytes().to_vec()),
            started: parent.map(start_of).unwrap_or_default(),
        }
    }

    /// What the parent calls what is called so in the root of the source.
    pub(super) fn name_in_root<'n>(&'n self, name: &'n [u8]) -> &'n [u8] {
        self.moved.as_deref().unwrap_or(name)
    }

    pub(super) fn root(&self) -> Option<Id> {
        self.root
    }

    /// A folder of the parent. One that was just read is not read again while the pack that holds it can be
    /// counted on.
    pub(super) fn folder(&self, tree: &Id, packing: &Packing<'_>) -> Result<PreviousFolder> {
        let (recent, now) = (&self.repository.recent, Instant::now());
        let json = match recent.tree(tree, now) {
            Some(json) if packing.is_stored(BlobKind::Tree, tree)? => json,
            _ => {
                let json = self.repository.load_blob(BlobKind::Tree, tree)?.into();
                recent.keep_tree(*tree, &json, now);
                json
            }
        };
        let mut nodes = TreeReader::new(*tree, json)?;
        let next = nodes.next().transpose()?;
        Ok(PreviousFolder { nodes, next })
    }

    /// Whether a file is as the parent has it. It need not be read, if what the parent has of it can be.
    pub(super) fn is_unchanged(&self, now: &Node, before: &Node) -> bool {
        let same = before.kind == NodeKind::File
            && (now.size, now.inode) == (before.size, before.inode)
            && (now.modified, now.changed) == (before.modified, before.changed);
        same && self.is_settled(now)
    }

    /// Whether the times are far enough from the parent's start that they cannot hide a later change. What changed while
    /// the parent was made is read again as well.
    fn is_settled(&self, now: &Node) -> bool {
        let near = |time: Timestamp| time.distance(self.started) <= COARSEST_CLOCK;
        now.changed < self.started && !near(now.changed) && !near(now.modified)
    }
}

impl PreviousFolder {
    /// The node with that name. Names must be asked for in their order.
    pub(super) fn find(&mut self, name: &[u8]) -> Result<Option<Node>> {
        while let Some(node) = &self.next {
            if node.name.as_slice() > name {
                return Ok(None);
            }
            let found = node.name == name;
            let node = std::mem::replace(&mut self.next, self.nodes.next().transpose()?);
            if found {
                return Ok(node);
            }
        }
        Ok(None)
    }
}

/// The start of the backup that made a snapshot, by the clock of its source.
fn start_of(snapshot: &Snapshot) -> Timestamp {
    snapshot.summary.as_ref().map_or(snapshot.time, |summary: &Summary| summary.backup_start).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Tree;

    #[test]
    fn nodes_are_found_in_order_and_gaps_are_gaps() {
        let nodes = [&b"a"[..], b"c", b"\xff"].map(|name| Node { name: name.into(), ..Node::default() });
        let json = Tree { nodes: nodes.to_vec() }.encode();
        let mut reader = TreeReader::new(Id::of(&json), json.into()).unwrap();
        let next = reader.next().transpose().unwrap();
        let mut folder = PreviousFolder { nodes: reader, next };
        for (name, there) in
            [(&b"a"[..], true), (b"b", false), (b"c", true), (b"d", false), (b"\xff", true), (b"\xff\xff", false)]
        {
            assert_eq!(folder.find(name).unwrap().is_some(), there, "{name:?}");
        }
    }
}
