//! Walking a foreign tree, as far as it is wanted: folder by folder, each by its sorted names.

use std::collections::HashSet;
use std::io;
use std::vec::IntoIter;

use super::{ForeignItem, ForeignTree, Handle, Listed};
use crate::repository::Node;
use crate::repository::item_path::{ItemPath, is_name};
use crate::repository::restore::selection::Selection;

/// How far a walk goes: what a tree has beyond that, it has only because it is damaged or means harm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// How many folders may lie in each other.
    pub(super) depth: usize,
    /// How many items are met in all.
    pub(super) items: u64,
    /// How many bytes the names in the folders on the way may take.
    pub(super) held: usize,
}

const BOUNDS: Bounds = Bounds { depth: 1_000, items: 200_000_000, held: 192 << 20 };

/// No more folders are entered.
const FOLDERS: usize = 2_000_000;

/// What comes next on the way.
pub(super) enum Met {
    /// A folder whose items come now, until [`Met::Leave`].
    Enter(Box<Node>),
    /// An item that is no folder.
    Item(Handle, Box<ForeignItem>),
    /// The folder that was entered last has no more items.
    Leave,
    /// Something that is not wanted, or of a sort that is passed over: so that who walks may stop among many such.
    Passed,
    /// Something that cannot be restored: its path and why.
    Fault(ItemPath, String),
}

/// A folder that is being walked.
struct Frame {
    name: Vec<u8>,
    at: Handle,
    names: IntoIter<Listed>,
    /// How many bytes its names take.
    held: usize,
    selection: Selection,
    last: Option<Vec<u8>>,
}

/// A walk. Memory: the names in the folders on the way to the present one, no more than [`Bounds::held`].
pub(super) struct Walk<'a> {
    tree: &'a dyn ForeignTree,
    bounds: Bounds,
    stack: Vec<Frame>,
    /// Folders that were entered: one that has two names in an image would be walked once more for each way that leads to it.
    entered: HashSet<Handle>,
    waiting: Vec<Met>,
    held: usize,
    met: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a dyn ForeignTree, selection: Selection) -> io::Result<Self> {
        Self::within(tree, selection, BOUNDS)
    }

    pub(super) fn within(tree: &'a dyn ForeignTree, selection: Selection, bounds: Bounds) -> io::Result<Self> {
        let (root, _) = tree.root()?;
        let mut walk =
            Self { tree, bounds, stack: Vec::new(), entered: HashSet::new(), waiting: Vec::new(), held: 0, met: 0 };
        walk.push(Listed { name: Vec::new(), at: root }, selection)?;
        Ok(walk)
    }

    /// Where the walk is: the folder that was entered last.
    pub(super) fn path(&self) -> ItemPath {
        ItemPath::of_names(self.stack.iter().skip(1).map(|frame| frame.name.clone()))
    }

    /// Gives up the folder that was entered last; no [`Met::Leave`] comes for it.
    pub(super) fn skip(&mut self) {
        self.pop();
    }

    /// The next step; `None` after the root was left.
    pub(super) fn next(&mut self) -> Option<Met> {
        loop {
            if let Some(met) = self.waiting.pop() {
                return Some(met);
            }
            let frame = self.stack.last_mut()?;
            let Some(listed) = frame.names.next() else {
                self.leave();
                continue;
            };
            self.met += 1;
            if self.met > self.bounds.items {
                let why = format!("more than {} items were met: what follows is not looked at", self.bounds.items);
                let path = self.path();
                self.stack.clear();
                return Some(Met::Fault(path, why));
            }
            return Some(self.listed(listed).unwrap_or(Met::Passed));
        }
    }

    fn push(&mut self, listed: Listed, selection: Selection) -> io::Result<()> {
        let mut names = self.tree.names(listed.at)?;
        let held = names.iter().map(|listed| size_of::<Listed>() + listed.name.capacity()).sum();
        if self.held.saturating_add(held) > self.bounds.held {
            let bound = self.bounds.held;
            return Err(io::Error::other(format!("the names in the folders down to it take more than {bound} bytes")));
        }
        self.held += held;
        names.sort();
        let (Listed { name, at }, names) = (listed, names.into_iter());
        self.stack.push(Frame { name, at, names, held, selection, last: None });
        Ok(())
    }

    fn pop(&mut self) {
        self.held -= self.stack.pop().map_or(0, |frame| frame.held);
    }

    fn fault(&self, name: &[u8], why: impl Into<String>) -> Option<Met> {
        Some(Met::Fault(self.path().join(name), why.into()))
    }

    fn listed(&mut self, listed: Listed) -> Option<Met> {
        let frame = self.stack.last_mut()?;
        // What comes a second time is as wanted as at first.
        if frame.last.as_ref() == Some(&listed.name) {
            return self.fault(&listed.name, "the folder names it twice");
        }
        let is_named = matches!(frame.selection, Selection::Some(_));
        let wanted = frame.selection.take(&listed.name)?;
        if !is_name(&listed.name) {
            return self.fault(&listed.name, "no file can have this name");
        }
        frame.last = Some(listed.name.clone());
        let mut item = match self.tree.item(listed.at) {
            Ok(item) => item,
            Err(error) => return self.fault(&listed.name, error.to_string()),
        };
        item.node.name.clone_from(&listed.name);
        match (item.left_out, wanted) {
            (Some(what), Selection::All) if is_named => self.fault(&listed.name, format!("{what} are not restored")),
            (Some(what), Selection::All) => {
                self.tree.passed_over(what);
                None
            }
            (None, wanted) if item.node.is_directory() => Some(self.enter(item.node, listed, wanted)),
            (None, Selection::All) => Some(Met::Item(listed.at, Box::new(item))),
            (_, wanted) => {
                let path = self.path().join(&listed.name);
                let inner = wanted.left(&path).into_iter();
                self.waiting.extend(inner.map(|inner| Met::Fault(inner, format!("{path} is not a folder"))));
                None
            }
        }
    }

    fn enter(&mut self, node: Node, listed: Listed, selection: Selection) -> Met {
        let path = self.path().join(&listed.name);
        if self.stack.len() >= self.bounds.depth {
            let depth = self.bounds.depth;
            return Met::Fault(path, format!("it lies more than {depth} folders deep, and is not entered"));
        }
        if self.stack.iter().any(|frame| frame.at == listed.at) {
            return Met::Fault(path, "it leads back to a folder that it lies in".into());
        }
        if self.entered.len() >= FOLDERS || !self.entered.insert(listed.at) {
            let why = if self.entered.len() >= FOLDERS {
                "more folders were met than are entered"
            } else {
                "it is the same folder as one before"
            };
            return Met::Fault(path, why.into());
        }
        match self.push(listed, selection) {
            Ok(()) => Met::Enter(Box::new(node)),
            Err(error) => Met::Fault(path, error.to_string()),
        }
    }

    fn leave(&mut self) {
        let missing = self.stack.last().map(|frame| frame.selection.left(&self.path())).unwrap_or_default();
        self.pop();
        self.waiting.push(Met::Leave);
        for missing in missing {
            self.waiting.push(Met::Fault(missing, "it is not there".into()));
        }
    }
}
