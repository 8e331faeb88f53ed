//! Restoring a tree that no snapshot has as items of its own, such as the files of a file system within an image.
//!
//! Such a tree is read in its own order by one thread. What is made of it in a folder, and in which way, is what a snapshot's
//! items become there ([`super::folder`]).

mod pour;
mod walk;

use std::io;

use self::pour::Pour;
use self::walk::Walk;
use super::BLOCK;
use super::folder::FolderSink;
use super::report::RestoreOutcome;
use super::selection::Selection;
use super::sink::RandomSink as _;
use super::walk::Step;
use crate::repository::item_path::ItemPath;
use crate::repository::open_folder::OpenFolder;
use crate::repository::{Control, Error, Node, Result};

/// A name in a folder of such a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name: any bytes. What no file can be called is not restored, and said so.
    pub name: Vec<u8>,
    /// By what the tree finds it again, such as its number in the file system.
    pub number: u64,
}

/// A tree that is read and restored. Nothing in it is trusted: whoever wrote the image wrote the names, the sizes and the links.
pub trait ForeignTree {
    /// The root itself; nothing where it is no folder of the tree, as the list of a disk's partitions.
    fn root(&self) -> io::Result<Option<Node>>;

    /// The names in a folder, each once. Links are not followed.
    fn names(&self, folder: &ItemPath) -> io::Result<Vec<Listed>>;

    /// What is at a name. Content and subtree of its node are not looked at.
    fn node(&self, folder: &ItemPath, listed: &Listed) -> io::Result<Node>;

    /// Whether it can be restored at all. What cannot is passed over, and the tree tells of it.
    fn is_restorable(&self, _node: &Node) -> bool {
        true
    }

    /// Gives the content of a file from its beginning to its end, piece by piece, until `take` refuses one.
    fn read(&self, path: &ItemPath, node: &Node, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>;
}

/// Measures a restore of items of a tree before it is begun. What cannot be read counts nothing.
pub fn measure_foreign(tree: &dyn ForeignTree, items: &[ItemPath], control: &Control) -> Result<super::RestoreSize> {
    let mut size = super::RestoreSize::default();
    let mut walk = Walk::new(tree, Selection::of(items)).map_err(unread)?;
    while let Some(step) = walk.next() {
        control.check()?;
        match step {
            Step::Enter(_) => size.required_bytes += BLOCK,
            Step::Item(node) if node.is_file() => {
                size.files += 1;
                size.bytes += node.size;
                size.required_bytes = size.required_bytes.saturating_add(node.size.next_multiple_of(BLOCK));
            }
            Step::Item(_) => size.required_bytes += BLOCK,
            Step::Leave | Step::Fault(..) => {}
        }
    }
    Ok(size)
}

/// Restores items of a tree into a folder that the caller has opened and judged. With `merge`, what an earlier attempt wrote is
/// written over.
///
/// What cannot be restored is in the outcome's failures, and all else is restored and on the disk. An error says that nothing
/// could be done at all, or that the restore was stopped: cancelled, or no space left.
pub fn restore_foreign(
    tree: &dyn ForeignTree,
    items: &[ItemPath],
    into: OpenFolder,
    merge: bool,
    control: &Control,
) -> Result<RestoreOutcome> {
    control.check()?;
    let walk = Walk::new(tree, Selection::of(items)).map_err(unread)?;
    let root = tree.root().map_err(unread)?;
    let sink = FolderSink::new(into, merge);
    let report = Pour::new(tree, &sink, root, control).carry_out(walk);
    control.check()?;
    if !report.stopped() {
        sink.sync().map_err(|source| Error::Target { path: sink.place(), source })?;
    }
    report.finish()
}

fn unread(source: io::Error) -> Error {
    Error::Source { path: "/".into(), source }
}

#[cfg(test)]
mod tests;
