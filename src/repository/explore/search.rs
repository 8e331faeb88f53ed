//! Where something is in a snapshot.

use super::Step;
use super::descent::{Descent, Place};
use crate::repository::{BlobKind, Id, ItemPath, Node, Repository, Result, TreeReader};
use std::collections::HashSet;

/// So many folders without anything are remembered; 32 bytes each, 16 MiB with what a set of them takes.
const MOST_BARREN: usize = 1 << 18;

/// Folders in which nothing is that is looked for, by their lists: in the next snapshot, which shares most of them, they are
/// passed over.
#[derive(Debug, Default)]
pub struct Barren(HashSet<Id>);

impl Barren {
    fn add(&mut self, tree: Id) {
        if self.0.len() < MOST_BARREN {
            self.0.insert(tree);
        }
    }
}

/// A folder that is being walked.
struct Frame {
    path: ItemPath,
    tree: Id,
    nodes: TreeReader<Vec<u8>>,
    descent: Descent,
    /// Whether all of it was looked at and nothing was found yet.
    is_barren: bool,
}

/// A walk through a folder of a snapshot, in the order of the paths.
pub struct Search<'a> {
    repository: &'a Repository,
    frames: Vec<Frame>,
    last: Option<ItemPath>,
    read: usize,
}

impl<'a> Search<'a> {
    /// A walk through a folder that goes on behind `last`, or begins where that is none.
    pub fn new(repository: &'a Repository, tree: Id, last: Option<ItemPath>) -> Result<Self> {
        let mut this = Self { repository, frames: Vec::new(), last, read: 0 };
        this.enter(ItemPath::root(), tree, Descent::to(this.last.clone().as_ref()))?;
        Ok(this)
    }

    /// The last item that was handled: a walk that goes on behind it tells the rest.
    pub fn last(&self) -> Option<&ItemPath> {
        self.last.as_ref()
    }

    /// How many lists were read.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Handles the next item, and enters it where it is a folder that is not known to have nothing. Whether an item is looked
    /// for must follow from its path within a folder alone where `barren` is given.
    pub fn step(
        &mut self,
        is_wanted: impl Fn(&ItemPath, &Node) -> bool,
        barren: Option<&mut Barren>,
    ) -> Result<Step<(ItemPath, Node)>> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Step::End) };
        let Some(node) = frame.nodes.next().transpose()? else {
            self.leave(barren);
            return Ok(Step::Nothing);
        };
        let (is_told, descent) = match frame.descent.place(&node.name) {
            Place::Before => return Ok(Step::Nothing),
            Place::OnTheWay(rest) => (true, rest),
            Place::Behind => (false, Descent::default()),
        };
        let path = frame.path.join(&node.name);
        let is_found = !is_told && is_wanted(&path, &node);
        frame.is_barren &= !is_found;
        let known = |tree: &Id| barren.as_deref().is_some_and(|barren| barren.0.contains(tree));
        if let Some(tree) = node.subtree.filter(|tree| !known(tree)) {
            self.enter(path.clone(), tree, descent)?;
        }
        if !is_told {
            self.last = Some(path.clone());
        }
        Ok(if is_found { Step::Found((path, node)) } else { Step::Nothing })
    }

    fn enter(&mut self, path: ItemPath, tree: Id, descent: Descent) -> Result<()> {
        let nodes = TreeReader::new(tree, self.repository.load_blob(BlobKind::Tree, &tree)?)?;
        self.read += 1;
        // Of a folder that is gone on with nobody knows what was in its beginning.
        let is_barren = matches!(descent.place(&[]), Place::Behind);
        self.frames.push(Frame { path, tree, nodes, descent, is_barren });
        Ok(())
    }

    fn leave(&mut self, barren: Option<&mut Barren>) {
        let Some(frame) = self.frames.pop() else { return };
        match (frame.is_barren, barren) {
            (true, Some(barren)) => barren.add(frame.tree),
            (true, None) => {}
            (false, _) => {
                if let Some(parent) = self.frames.last_mut() {
                    parent.is_barren = false;
                }
            }
        }
    }
}
