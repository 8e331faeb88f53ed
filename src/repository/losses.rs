//! What of a snapshot cannot be restored: its items, by their paths.

use std::collections::{BTreeSet, HashSet};

use super::{BlobKind, Control, Id, ItemPath, Node, Repository, Result, Tree};

/// An item of a snapshot that cannot be restored as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostItem {
    /// Its path in the snapshot. A folder stands for all below it.
    pub path: ItemPath,
    /// What is wrong with it.
    pub reason: String,
}

/// What of one snapshot cannot be restored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LostItems {
    /// How many items; a folder whose list of items is lost counts as one.
    pub count: u64,
    /// The first of them, sorted by path as far as folders go.
    pub items: Vec<LostItem>,
}

/// Looks through snapshots for what cannot be read, as far as the repository knows. Folders that are whole are remembered,
/// so that what snapshots share is looked at once.
pub struct LossWalk<'a> {
    repository: &'a Repository,
    control: &'a Control,
    /// Folders of which nothing is lost, at any depth.
    whole: HashSet<Id>,
    /// The blobs that could not be read.
    unreadable: BTreeSet<(BlobKind, Id)>,
}

/// A folder that is being looked at.
struct Frame {
    id: Id,
    path: ItemPath,
    folders: std::vec::IntoIter<(Vec<u8>, Id)>,
    whole: bool,
}

impl Repository {
    /// Begins to look for what of snapshots cannot be restored.
    pub fn loss_walk<'a>(&'a self, control: &'a Control) -> LossWalk<'a> {
        LossWalk { repository: self, control, whole: HashSet::new(), unreadable: BTreeSet::new() }
    }
}

impl LossWalk<'_> {
    /// What cannot be restored below a snapshot's root folder; at most `limit` items are named.
    ///
    /// An error says only that the walk could not go on.
    pub fn below(&mut self, root: &Id, limit: usize) -> Result<LostItems> {
        let mut lost = LostItems::default();
        let mut stack = Vec::new();
        let mut whole = self.enter(*root, ItemPath::root(), &mut stack, &mut lost, limit);
        while let Some(frame) = stack.last_mut() {
            self.control.check()?;
            frame.whole &= whole;
            if let Some((name, subtree)) = frame.folders.next() {
                let path = frame.path.join(&name);
                whole = self.enter(subtree, path, &mut stack, &mut lost, limit);
            } else {
                whole = frame.whole;
                if whole {
                    self.whole.insert(frame.id);
                }
                stack.pop();
            }
        }
        Ok(lost)
    }

    /// The blobs that could not be read on all the ways that were walked.
    pub fn into_unreadable(self) -> BTreeSet<(BlobKind, Id)> {
        self.unreadable
    }

    /// Looks at one folder; what lies below it waits on the stack. The answer counts where nothing was put there.
    fn enter(&mut self, id: Id, path: ItemPath, stack: &mut Vec<Frame>, lost: &mut LostItems, limit: usize) -> bool {
        if self.whole.contains(&id) {
            return true;
        }
        let Ok(tree) = self.repository.load_tree(&id) else {
            self.unreadable.insert((BlobKind::Tree, id));
            note(lost, limit, || path, "the folder's list of items cannot be read".to_owned());
            return false;
        };
        let whole = self.look_at_nodes(&tree, &path, lost, limit);
        let folders: Vec<(Vec<u8>, Id)> =
            tree.nodes.into_iter().filter_map(|node| Some((node.name, node.subtree?))).collect();
        stack.push(Frame { id, path, folders: folders.into_iter(), whole });
        true
    }

    fn look_at_nodes(&mut self, tree: &Tree, path: &ItemPath, lost: &mut LostItems, limit: usize) -> bool {
        let before = lost.count;
        for node in &tree.nodes {
            if let Some(reason) = self.fault_of(node) {
                note(lost, limit, || path.join(&node.name), reason);
            }
        }
        lost.count == before
    }

    /// What is wrong with an item itself.
    fn fault_of(&mut self, node: &Node) -> Option<String> {
        if node.is_directory() && node.subtree.is_none() {
            return Some("it is a folder without content".to_owned());
        }
        let pieces = node.content.len();
        let mut bad = 0;
        for blob in node.content.iter().filter(|blob| !self.repository.is_readable(BlobKind::Data, blob)) {
            self.unreadable.insert((BlobKind::Data, *blob));
            bad += 1;
        }
        (bad > 0)
            .then(|| format!("{bad} of its {pieces} {} cannot be read", if pieces == 1 { "piece" } else { "pieces" }))
    }
}

fn note(lost: &mut LostItems, limit: usize, path: impl FnOnce() -> ItemPath, reason: String) {
    lost.count += 1;
    if lost.items.len() < limit {
        lost.items.push(LostItem { path: path(), reason });
    }
}
