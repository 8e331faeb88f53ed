//! Walking a foreign tree, as far as it is wanted: in each folder all that is no folder first, then its folders one by one.

use std::io;
use std::vec::IntoIter;

use super::{ForeignTree, Listed};
use crate::repository::Node;
use crate::repository::item_path::{ItemPath, is_name};
use crate::repository::restore::selection::Selection;
use crate::repository::restore::walk::Step;

/// A tree that is deeper leads back into itself, as one that is damaged may.
const DEEPEST: usize = 1_000;

/// A folder that is being walked.
struct Frame {
    name: Vec<u8>,
    names: IntoIter<Listed>,
    selection: Selection,
    /// Its folders, which come when all its other items were met.
    folders: Vec<(Node, Selection)>,
    last: Option<Vec<u8>>,
}

/// A walk. Memory: the names of the folders on the way to the present one.
pub(super) struct Walk<'a> {
    tree: &'a dyn ForeignTree,
    stack: Vec<Frame>,
    waiting: Vec<Step>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a dyn ForeignTree, selection: Selection) -> io::Result<Self> {
        let mut walk = Self { tree, stack: Vec::new(), waiting: Vec::new() };
        walk.push(Vec::new(), selection)?;
        Ok(walk)
    }

    /// Where the walk is: the folder that was entered last.
    pub(super) fn path(&self) -> ItemPath {
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
            if let Some(listed) = frame.names.next() {
                if let Some(step) = self.listed(&listed) {
                    return Some(step);
                }
            } else if let Some((node, selection)) = frame.folders.pop() {
                return Some(self.enter(node, selection));
            } else {
                self.leave();
            }
        }
    }

    fn push(&mut self, name: Vec<u8>, selection: Selection) -> io::Result<()> {
        let path = if self.stack.is_empty() { ItemPath::root() } else { self.path().join(&name) };
        let mut names = self.tree.names(&path)?;
        names.sort();
        self.stack.push(Frame { name, names: names.into_iter(), selection, folders: Vec::new(), last: None });
        Ok(())
    }

    fn listed(&mut self, listed: &Listed) -> Option<Step> {
        let here = self.path();
        let frame = self.stack.last_mut()?;
        // What comes a second time is as wanted as at first.
        if frame.last.as_ref() == Some(&listed.name) {
            return Some(Step::Fault(here.join(&listed.name), "the folder names it twice".into()));
        }
        let wanted = frame.selection.take(&listed.name)?;
        if !is_name(&listed.name) {
            return Some(Step::Fault(here.join(&listed.name), "no file can have this name".into()));
        }
        frame.last = Some(listed.name.clone());
        let mut node = match self.tree.node(&here, listed) {
            Ok(node) => node,
            Err(error) => return Some(Step::Fault(here.join(&listed.name), error.to_string())),
        };
        node.name.clone_from(&listed.name);
        match wanted {
            wanted @ Selection::Some(_) if node.is_directory() => {
                self.stack.last_mut()?.folders.push((node, wanted));
                None
            }
            Selection::All => self.tree.is_restorable(&node).then_some(Step::Item(node)),
            wanted @ Selection::Some(_) => {
                let path = here.join(&node.name);
                let inner = wanted.left(&path).into_iter();
                self.waiting.extend(inner.map(|inner| Step::Fault(inner, format!("{path} is not a folder"))));
                None
            }
        }
    }

    fn enter(&mut self, node: Node, selection: Selection) -> Step {
        let path = self.path().join(&node.name);
        if self.stack.len() >= DEEPEST {
            return Step::Fault(path, format!("it lies more than {DEEPEST} folders deep, and is not entered"));
        }
        match self.push(node.name.clone(), selection) {
            Ok(()) => Step::Enter(node),
            Err(error) => Step::Fault(path, error.to_string()),
        }
    }

    fn leave(&mut self) {
        let missing = self.stack.last().map(|frame| frame.selection.left(&self.path())).unwrap_or_default();
        self.stack.pop();
        self.waiting.push(Step::Leave);
        for missing in missing {
            self.waiting.push(Step::Fault(missing, "it is not there".into()));
        }
    }
}
