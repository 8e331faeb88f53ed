//! What snapshots refer to.

use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::{BlobKind, Control, Error, Id, Index, Repository, Result, Tree};

/// How many packs are remembered for trees, each named once for each tree that needs it.
const REMEMBERED: usize = 200_000;

/// The packs of trees that were looked at: the next snapshot of what did not change has the same tree.
#[derive(Debug, Default)]
pub(super) struct KnownPacks(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The index's moves for which all this holds.
    moves: u64,
    packs: HashMap<Id, Arc<BTreeSet<Id>>>,
    size: usize,
}

impl KnownPacks {
    fn get(&self, tree: &Id, moves: u64) -> Option<Arc<BTreeSet<Id>>> {
        let known = self.0.lock();
        known.packs.get(tree).filter(|_| known.moves == moves).cloned()
    }

    fn remember(&self, tree: Id, moves: u64, packs: &Arc<BTreeSet<Id>>) {
        let mut known = self.0.lock();
        if known.moves != moves || known.size + packs.len() > REMEMBERED {
            *known = Known { moves, ..Known::default() };
        }
        known.size += packs.len();
        known.packs.insert(tree, Arc::clone(packs));
    }
}

impl Repository {
    /// Calls `visit` with each different folder below the roots, once, however many snapshots share it.
    pub(super) fn for_each_tree(
        &self,
        roots: impl IntoIterator<Item = Id>,
        control: &Control,
        visit: &mut dyn FnMut(&Id, &Tree) -> Result<()>,
    ) -> Result<()> {
        let mut seen = HashSet::new();
        let mut waiting: Vec<Id> = roots.into_iter().filter(|root| seen.insert(*root)).collect();
        while let Some(id) = waiting.pop() {
            control.check()?;
            let tree = self.load_tree(&id)?;
            visit(&id, &tree)?;
            waiting.extend(tree.nodes.iter().filter_map(|node| node.subtree).filter(|subtree| seen.insert(*subtree)));
        }
        Ok(())
    }

    /// The packs that hold what a snapshot refers to. A blob that lies in several packs names all of them.
    pub fn packs_of(&self, snapshot: &Id) -> Result<BTreeSet<Id>> {
        let root = self.load_snapshot(snapshot)?.tree;
        self.packs_of_tree(&root).map(|packs| BTreeSet::clone(&packs))
    }

    /// The packs that hold what a folder refers to, and it itself. A tree that was looked at before is not read again as long
    /// as no blob has moved.
    pub fn packs_of_tree(&self, tree: &Id) -> Result<Arc<BTreeSet<Id>>> {
        // Asked for before: what moves meanwhile makes what is found worthless for the next time.
        let moves = self.index().moves();
        if let Some(packs) = self.known_packs.get(tree, moves) {
            return Ok(packs);
        }
        let packs = Arc::new(self.packs_below([*tree], &Control::new())?);
        self.known_packs.remember(*tree, moves, &packs);
        Ok(packs)
    }

    /// The same for a tree that was looked at before, as long as no blob has moved since. Nothing is read.
    pub(super) fn remembered_packs_of_tree(&self, tree: &Id) -> Option<Arc<BTreeSet<Id>>> {
        let moves = self.index().moves();
        self.known_packs.get(tree, moves)
    }

    /// The packs that hold what these folders refer to, and they themselves.
    pub(super) fn packs_below(&self, roots: impl IntoIterator<Item = Id>, control: &Control) -> Result<BTreeSet<Id>> {
        let mut packs = BTreeSet::new();
        self.for_each_tree(roots, control, &mut |id, tree| {
            let index = self.index();
            add_places(&index, BlobKind::Tree, id, &mut packs)?;
            let content = tree.nodes.iter().flat_map(|node| &node.content);
            for blob in content {
                add_places(&index, BlobKind::Data, blob, &mut packs)?;
            }
            Ok(())
        })?;
        Ok(packs)
    }
}

fn add_places(index: &Index, kind: BlobKind, id: &Id, packs: &mut BTreeSet<Id>) -> Result<()> {
    let places = index.find_all(kind, id);
    if places.is_empty() {
        return Err(Error::BlobMissing { kind, id: *id });
    }
    packs.extend(places.iter().map(|place| place.pack));
    Ok(())
}
