//! Which tree each snapshot has, as far as this process wrote or read it.
//!
//! A snapshot's file never changes, for its name is the hash of it. So what it was found to be once it is as long as it is
//! there, and of the many snapshots of what did not change one file after the other need not be read to know that they all
//! need the same.

use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};

use super::{Error, FileKind, Id, Repository, Result};

/// How many snapshots are remembered; of the others the files tell.
const REMEMBERED: usize = 200_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct SnapshotTrees(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    trees: HashMap<Id, Id>,
    /// The other way round.
    holders: HashMap<Id, BTreeSet<Id>>,
}

impl SnapshotTrees {
    pub(super) fn remember(&self, snapshot: Id, tree: Id) {
        let mut known = self.0.lock();
        if known.trees.len() < REMEMBERED && known.trees.insert(snapshot, tree).is_none() {
            known.holders.entry(tree).or_default().insert(snapshot);
        }
    }

    fn tree_of(&self, snapshot: &Id) -> Option<Id> {
        self.0.lock().trees.get(snapshot).copied()
    }

    /// The snapshot is gone; which tree it had.
    pub(super) fn forget(&self, snapshot: &Id) -> Option<Id> {
        let mut known = self.0.lock();
        let tree = known.trees.remove(snapshot)?;
        if let Some(holders) = known.holders.get_mut(&tree) {
            holders.remove(snapshot);
            if holders.is_empty() {
                known.holders.remove(&tree);
            }
        }
        Some(tree)
    }

    /// A snapshot that has a tree.
    fn holder_of(&self, tree: &Id) -> Option<Id> {
        self.0.lock().holders.get(tree)?.first().copied()
    }
}

impl Repository {
    /// The tree of a snapshot that the storage lists.
    pub(super) fn tree_of_snapshot(&self, snapshot: &Id) -> Result<Id> {
        match self.snapshot_trees.tree_of(snapshot) {
            Some(tree) => Ok(tree),
            None => Ok(self.load_snapshot(snapshot)?.tree),
        }
    }

    /// Whether a snapshot that has this tree was seen to be there just now.
    pub(super) fn is_held(&self, tree: &Id) -> bool {
        while let Some(holder) = self.snapshot_trees.holder_of(tree) {
            match self.storage().size(FileKind::Snapshot, &holder) {
                Ok(_) => return true,
                // Another program removed it.
                Err(Error::NotFound { .. }) => drop(self.snapshot_trees.forget(&holder)),
                Err(_) => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_held_until_the_last_snapshot_of_it_is_gone() {
        let known = SnapshotTrees::default();
        let [one, two, tree, other] = [1, 2, 3, 4].map(|number: u8| Id::of(&[number]));
        known.remember(one, tree);
        known.remember(two, tree);
        known.remember(one, tree);
        assert_eq!((known.tree_of(&one), known.tree_of(&tree)), (Some(tree), None));
        assert_eq!(known.forget(&one), Some(tree));
        assert_eq!((known.forget(&one), known.holder_of(&tree), known.holder_of(&other)), (None, Some(two), None));
        assert_eq!((known.forget(&two), known.holder_of(&tree)), (Some(tree), None));
    }
}
