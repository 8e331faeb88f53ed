//! What is different between two folders of snapshots.

use super::Step;
use super::descent::{Descent, Place};
use crate::repository::{BlobKind, Id, ItemPath, Node, NodeKind, Repository, Result, TreeReader};
use std::cmp::Ordering;
use std::iter::Peekable;

/// One of the two folders.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Where it lies.
    pub repository: &'a Repository,
    /// Its list of items.
    pub tree: Id,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// What it holds, what it is, or where it points changed.
    Content,
    /// Only what is told about it changed: rights, owner, times, extended attributes.
    Metadata,
}

/// An item that is not the same in both.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Its path from the folders that are compared.
    pub path: ItemPath,
    /// What became of it.
    pub what: What,
    /// As it was; none where it was not there.
    pub before: Option<Node>,
    /// As it is; none where it is not there any more.
    pub after: Option<Node>,
}

/// A list of items that is read on.
type Nodes = Peekable<TreeReader<Vec<u8>>>;

/// A folder that is being walked, of one side or both.
struct Frame {
    path: ItemPath,
    before: Option<Nodes>,
    after: Option<Nodes>,
    descent: Descent,
}

/// A walk through two folders at the same time, in the order of the paths: a folder comes before what is in it. Two folders
/// whose lists are the same blob are the same, and nothing of them is read.
pub struct Comparison<'a> {
    before: Side<'a>,
    after: Side<'a>,
    frames: Vec<Frame>,
    last: Option<ItemPath>,
    read: usize,
}

impl<'a> Comparison<'a> {
    /// A walk that goes on behind `last`, or begins where that is none.
    pub fn new(before: Side<'a>, after: Side<'a>, last: Option<ItemPath>) -> Result<Self> {
        let mut this = Self { before, after, frames: Vec::new(), last, read: 0 };
        if !(this.is_one_repository() && before.tree == after.tree) {
            let descent = Descent::to(this.last.as_ref());
            this.enter(ItemPath::root(), Some(before.tree), Some(after.tree), descent)?;
        }
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

    /// Handles the next item of either side, and enters it where it is a folder.
    pub fn step(&mut self) -> Result<Step<Difference>> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Step::End) };
        let (before, after) = next_pair(frame)?;
        let Some(name) = before.as_ref().or(after.as_ref()).map(|node| node.name.clone()) else {
            self.frames.pop();
            return Ok(Step::Nothing);
        };
        let (is_told, descent) = match frame.descent.place(&name) {
            Place::Before => return Ok(Step::Nothing),
            Place::OnTheWay(rest) => (true, rest),
            Place::Behind => (false, Descent::default()),
        };
        let path = frame.path.join(&name);
        let what = self.what(before.as_ref(), after.as_ref());
        let tree = |node: &Option<Node>| node.as_ref().and_then(|node| node.subtree);
        let (old, new) = (tree(&before), tree(&after));
        if (old.is_some() || new.is_some()) && !(self.is_one_repository() && old == new) {
            self.enter(path.clone(), old, new, descent)?;
        }
        if is_told {
            return Ok(Step::Nothing);
        }
        self.last = Some(path.clone());
        Ok(what.map_or(Step::Nothing, |what| Step::Found(Difference { path, what, before, after })))
    }

    fn is_one_repository(&self) -> bool {
        std::ptr::eq(self.before.repository, self.after.repository)
    }

    fn enter(&mut self, path: ItemPath, before: Option<Id>, after: Option<Id>, descent: Descent) -> Result<()> {
        let before = before.map(|tree| open(self.before.repository, tree)).transpose()?;
        let after = after.map(|tree| open(self.after.repository, tree)).transpose()?;
        self.read += usize::from(before.is_some()) + usize::from(after.is_some());
        self.frames.push(Frame { path, before, after, descent });
        Ok(())
    }

    fn what(&self, before: Option<&Node>, after: Option<&Node>) -> Option<What> {
        match (before, after) {
            (None, _) => Some(What::Added),
            (_, None) => Some(What::Removed),
            (Some(before), Some(after)) if self.is_other_content(before, after) => Some(What::Content),
            (Some(before), Some(after)) => is_other_metadata(before, after).then_some(What::Metadata),
        }
    }

    /// Whether an item holds something else. Each repository cuts files at places of its own: between two of them a file's
    /// length and time tell whether it changed.
    fn is_other_content(&self, before: &Node, after: &Node) -> bool {
        let is_other_file = || {
            if self.is_one_repository() {
                before.content != after.content
            } else {
                (before.size, before.modified) != (after.size, after.modified)
            }
        };
        before.kind != after.kind
            || before.link_target != after.link_target
            || before.device != after.device
            || (before.kind == NodeKind::File && is_other_file())
    }
}

fn open(repository: &Repository, tree: Id) -> Result<Nodes> {
    Ok(TreeReader::new(tree, repository.load_blob(BlobKind::Tree, &tree)?)?.peekable())
}

/// The next item by its name, of each side that has it.
fn next_pair(frame: &mut Frame) -> Result<(Option<Node>, Option<Node>)> {
    let (mut before, mut after) = (frame.before.as_mut(), frame.after.as_mut());
    let name = |nodes: &mut Option<&mut Nodes>| match nodes.as_mut().and_then(|nodes| nodes.peek()) {
        Some(Ok(node)) => Some(node.name.clone()),
        // An error is told when it is taken.
        Some(Err(_)) => Some(Vec::new()),
        None => None,
    };
    let order = match (name(&mut before), name(&mut after)) {
        (None, None) => return Ok((None, None)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(old), Some(new)) => old.cmp(&new),
    };
    let take = |nodes: Option<&mut Nodes>, wanted: bool| match nodes.filter(|_| wanted) {
        Some(nodes) => nodes.next().transpose(),
        None => Ok(None),
    };
    Ok((take(before, order != Ordering::Greater)?, take(after, order != Ordering::Less)?))
}

/// Whether something else is told about an item. A folder's times change with what is in it, which is told by itself.
fn is_other_metadata(before: &Node, after: &Node) -> bool {
    (before.permissions, before.uid, before.gid) != (after.permissions, after.uid, after.gid)
        || before.extended_attributes != after.extended_attributes
        || (!before.is_directory() && before.modified != after.modified)
}
