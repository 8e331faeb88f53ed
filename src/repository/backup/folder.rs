//! Folders in work: their nodes come in any order and are written in the right one.

use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::repository::{Id, Node, TreeWriter};

/// A folder whose tree is not stored yet.
pub(super) struct Folder {
    /// Where its own node goes; the root has no such place.
    pub(super) place: Option<Place>,
    /// Its own node, to which only the subtree is missing.
    pub(super) node: Node,
    /// Its tree in the parent snapshot.
    pub(super) before: Option<Id>,
    state: Mutex<State>,
}

/// A place in a folder, in the order of names.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) folder: Arc<Folder>,
    pub(super) slot: u64,
}

struct State {
    tree: TreeWriter,
    /// The first slot that is not in `tree` yet.
    next: u64,
    /// Nodes whose predecessors are still in work; nothing for an item that is not stored.
    waiting: BTreeMap<u64, Option<Node>>,
    /// How many slots there are, once that is known.
    slots: Option<u64>,
}

impl Folder {
    pub(super) fn new(place: Option<Place>, node: Node, before: Option<Id>) -> Arc<Self> {
        let state = State { tree: TreeWriter::new(), next: 0, waiting: BTreeMap::new(), slots: None };
        Arc::new(Self { place, node, before, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Fills a slot. Returns the whole tree when it was the last.
    pub(super) fn deliver(&self, slot: u64, node: Option<Node>) -> Option<Vec<u8>> {
        let mut state = self.state();
        if slot == state.next {
            state.append(node);
            state.append_waiting();
        } else {
            state.waiting.insert(slot, node);
        }
        state.finish()
    }

    /// Says how many slots there are. Returns the whole tree when all are filled.
    pub(super) fn close(&self, slots: u64) -> Option<Vec<u8>> {
        let mut state = self.state();
        state.slots = Some(slots);
        state.finish()
    }
}

impl Drop for Folder {
    /// Folders that end together are let go one after the other: a tree can be deeper than the stack.
    fn drop(&mut self) {
        let mut above = self.place.take();
        while let Some(mut folder) = above.and_then(|place| Arc::into_inner(place.folder)) {
            above = folder.place.take();
        }
    }
}

impl State {
    fn append(&mut self, node: Option<Node>) {
        if let Some(node) = node {
            self.tree.push(&node);
        }
        self.next += 1;
    }

    fn append_waiting(&mut self) {
        while let Some(node) = self.waiting.remove(&self.next) {
            self.append(node);
        }
    }

    fn finish(&mut self) -> Option<Vec<u8>> {
        (self.slots == Some(self.next)).then(|| std::mem::take(&mut self.tree).finish())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::repository::Tree;

    proptest! {
        #[test]
        fn any_order_of_delivery_gives_the_same_tree(
            order in Just((0..8u64).collect::<Vec<_>>()).prop_shuffle(), close_after in 0..8usize, missing in 0..8u64,
        ) {
            let node = |slot: u64| (slot != missing).then(|| Node { name: slot.to_string().into(), ..Node::default() });
            let expected = Tree { nodes: (0..8).filter_map(node).collect() }.encode();
            let folder = Folder::new(None, Node::default(), None);
            let mut finished = Vec::new();
            for (position, slot) in order.iter().enumerate() {
                if position == close_after {
                    finished.extend(folder.close(8));
                }
                finished.extend(folder.deliver(*slot, node(*slot)));
            }
            prop_assert_eq!(finished, vec![expected]);
        }
    }

    #[test]
    fn folders_deeper_than_the_stack_are_let_go() {
        let mut folder = Folder::new(None, Node::default(), None);
        for _ in 0..200_000 {
            folder = Folder::new(Some(Place { folder, slot: 0 }), Node::default(), None);
        }
        drop(folder);
    }

    #[test]
    fn an_empty_folder_is_whole_when_it_is_closed() {
        assert_eq!(Folder::new(None, Node::default(), None).close(0), Some(Tree::default().encode()));
    }
}
