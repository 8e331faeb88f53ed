//! Walking the folders of a snapshot, as far as they are wanted, one node at a time.

use super::selection::Selection;
use crate::repository::item_path::{ItemPath, is_name};
use crate::repository::{BlobKind, Error, Id, Node, Repository, Result, TreeReader};

/// What comes next on the way.
pub(super) enum Step {
    /// A folder whose items come now, until [`Step::Leave`].
    Enter(Node),
    /// An item that is no folder.
    Item(Node),
    /// The folder that was entered last has no more items.
    Leave,
    /// An item of the folder that was entered last cannot be restored: its name and why.
    Fault(ItemPath, String),
}

/// A folder that is being walked.
struct Frame {
    name: Vec<u8>,
    nodes: TreeReader<Vec<u8>>,
    selection: Selection,
    last: Vec<u8>,
}

/// A walk through the folders below a root. Memory: the folders on the way to the present one, as stored.
pub(super) struct Walk<'a> {
    repository: &'a Repository,
    stack: Vec<Frame>,
    waiting: Vec<Step>,
}

impl<'a> Walk<'a> {
    /// A walk through what `selection` wants below the folder `tree`.
    pub(super) fn new(repository: &'a Repository, tree: &Id, selection: Selection) -> Result<Self> {
        let mut walk = Self { repository, stack: Vec::new(), waiting: Vec::new() };
        walk.push(tree, Vec::new(), selection)?;
        Ok(walk)
    }

    /// Where the walk is: the folder that was entered last.
    pub(super) fn path(&self) -> ItemPath {
        // The first one is the root, which has no name.
        ItemPath::of_names(self.stack.iter().skip(1).map(|frame| frame.name.clone()))
    }

    /// Gives up the folder that was entered last; no [`Step::Leave`] comes for it.
    pub(super) fn skip(&mut self) {
        self.stack.pop();
    }

    /// The next step; `None` after the root was left.
    pub(super) fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.waiting.pop() {
                return Some(step);
            }
            let frame = self.stack.last_mut()?;
            match frame.nodes.next() {
                Some(Ok(node)) => {
                    if let Some(step) = self.node(node) {
                        return Some(step);
                    }
                }
                Some(Err(error)) => return Some(Step::Fault(self.path(), error.to_string())),
                None => self.leave(),
            }
        }
    }

    fn push(&mut self, tree: &Id, name: Vec<u8>, selection: Selection) -> Result<()> {
        let json = self.repository.load_blob(BlobKind::Tree, tree)?;
        let nodes = TreeReader::new(*tree, json)?;
        self.stack.push(Frame { name, nodes, selection, last: Vec::new() });
        Ok(())
    }

    fn node(&mut self, node: Node) -> Option<Step> {
        let frame = self.stack.last_mut()?;
        let wanted = frame.selection.take(&node.name)?;
        if !is_name(&node.name) {
            return Some(Step::Fault(self.path().join(&node.name), "no file can have this name".into()));
        }
        // Nodes are sorted, so a second one of a name follows the first.
        if frame.last == node.name {
            return Some(Step::Fault(self.path().join(&node.name), "the folder names it twice".into()));
        }
        frame.last.clone_from(&node.name);
        if !node.is_directory() {
            return Some(match &wanted {
                Selection::All => Step::Item(node),
                Selection::Some(_) => self.not_a_folder(&node, &wanted),
            });
        }
        let pushed = match node.subtree {
            Some(subtree) => self.push(&subtree, node.name.clone(), wanted),
            None => {
                let path = self.path().join(&node.name);
                Err(Error::damaged(format!("folder {path}"), "it has no list of items"))
            }
        };
        Some(match pushed {
            Ok(()) => Step::Enter(node),
            Err(error) => Step::Fault(self.path().join(&node.name), error.to_string()),
        })
    }

    /// Items below something that is no folder were asked for.
    fn not_a_folder(&mut self, node: &Node, wanted: &Selection) -> Step {
        let path = self.path().join(&node.name);
        for inner in wanted.left(&path) {
            self.waiting.push(Step::Fault(inner, format!("{path} is not a folder")));
        }
        self.waiting.pop().unwrap_or(Step::Leave)
    }

    fn leave(&mut self) {
        let missing = match self.stack.last().map(|frame| &frame.selection) {
            Some(selection @ Selection::Some(_)) => selection.left(&self.path()),
            _ => Vec::new(),
        };
        self.stack.pop();
        self.waiting.push(Step::Leave);
        for missing in missing {
            self.waiting.push(Step::Fault(missing, "it is not in the snapshot".into()));
        }
    }
}
