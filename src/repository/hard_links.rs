//! Which names are names of one file.
//!
//! A device and a number tell a file only at one moment: a number is given out again when its file is deleted, and a file may
//! change between the reading of one name and the next. Two names are the same file's only where they also agree about what
//! it holds.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Id, Node, NodeKind, Timestamp};

/// A file with several names, as one of them was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Original {
    device_id: u64,
    inode: u64,
    kind: NodeKind,
    size: u64,
    modified: Timestamp,
    device: u64,
    /// The hash of the ids of its content, or of a link's target.
    body: Id,
}

impl Original {
    /// The file that a node is a name of; nothing where it has no other name, or no number.
    pub(super) fn of(node: &Node) -> Option<Self> {
        if !node.is_hard_linked() || node.inode == 0 {
            return None;
        }
        let mut body = node.link_target.clone();
        for id in &node.content {
            body.extend_from_slice(id.as_bytes());
        }
        Some(Self {
            device_id: node.device_id,
            inode: node.inode,
            kind: node.kind,
            size: node.size,
            modified: node.modified,
            device: node.device,
            body: Id::of(&body),
        })
    }
}

/// The files with several names that a backup has met.
#[derive(Default)]
pub(super) struct HardLinks(Mutex<HashMap<(u64, u64), Original>>);

impl HardLinks {
    /// Makes a node that disagrees with an earlier name of its number a file of its own: every reader of the snapshot, restic
    /// too, would link it to the other one, whose content is not its own.
    pub(super) fn settle(&self, node: &mut Node) {
        let Some(original) = Original::of(node) else { return };
        match self.0.lock().entry((original.device_id, original.inode)) {
            Entry::Vacant(vacant) => _ = vacant.insert(original),
            Entry::Occupied(first) if *first.get() == original => {}
            // restic looks at the number alone for some of what it does.
            Entry::Occupied(_) => (node.links, node.inode) = (1, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(content: &[u8], seconds: i64) -> Node {
        Node {
            inode: 7,
            device_id: 1,
            links: 2,
            size: content.len() as u64,
            modified: Timestamp::new(seconds, 0),
            content: vec![Id::of(content)],
            ..Node::default()
        }
    }

    #[test]
    fn names_are_one_file_only_where_they_agree() {
        let links = HardLinks::default();
        let settled = |mut node: Node| {
            links.settle(&mut node);
            node.links
        };
        assert_eq!(settled(name(b"old", 1)), 2);
        assert_eq!(settled(name(b"old", 1)), 2);
        assert_eq!(settled(name(b"new", 1)), 1, "another content");
        assert_eq!(settled(name(b"old", 2)), 1, "another time");
        assert_eq!(settled(Node { kind: NodeKind::Fifo, ..name(b"old", 1) }), 1, "another kind");
        assert_eq!(settled(Node { inode: 8, ..name(b"new", 1) }), 2, "another number");
        assert_eq!(Original::of(&Node { links: 1, ..name(b"old", 1) }), None);
    }
}
