//! What snapshots refer to.

use std::collections::{BTreeSet, HashSet};

use super::{BlobKind, Control, Error, Id, Index, Repository, Result, Tree};

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
        self.packs_below([root], &Control::new())
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
