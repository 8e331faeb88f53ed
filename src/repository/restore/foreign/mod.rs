//! Restoring a tree that no snapshot has as items of its own, such as the files of a file system within an image.
//!
//! Such a tree is read in its own order by one thread. What is made of it in a folder, and in which way, is what a snapshot's
//! items become there ([`super::folder`]).

mod filling;
mod pour;
mod walk;

use std::collections::HashSet;
use std::io;

use self::pour::Pour;
use self::walk::{Met, Walk};
use super::BLOCK;
use super::folder::FolderSink;
use super::report::RestoreOutcome;
use super::selection::Selection;
use super::sink::RandomSink as _;
use crate::repository::item_path::ItemPath;
use crate::repository::open_folder::OpenFolder;
use crate::repository::{Control, Error, Node, Result};

/// Of how many files with several names it is remembered that they were met; further ones count as a file for each name.
const LINKED: usize = 200_000;

/// By what a tree finds one of its items again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// In which part of the tree it is, such as a partition.
    pub part: u32,
    /// Its number there.
    pub number: u64,
}

/// A name in a folder of such a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name: any bytes. What no file can be called is not restored, and said so.
    pub name: Vec<u8>,
    /// What has it.
    pub at: Handle,
}

/// What is at a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignItem {
    /// What is known of it. Name, content and subtree are not looked at.
    pub node: Node,
    /// How many bytes it takes where it is restored to, holes not counted.
    pub room: u64,
    /// What it is, in the plural, if it is of a sort that is passed over.
    pub left_out: Option<&'static str>,
}

/// A part of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// So many zeros.
    Zeros(u64),
}

/// Takes the content of a file, and refuses when no more is wanted.
pub type Take<'a> = dyn FnMut(Stretch<'_>) -> io::Result<()> + 'a;

/// A tree that is read and restored. Nothing in it is trusted: whoever wrote the image wrote the names, the sizes and the links.
pub trait ForeignTree {
    /// The root, and what is known of it: nothing where it is no folder of the tree, as the list of a disk's partitions.
    fn root(&self) -> io::Result<(Handle, Option<Node>)>;

    /// The names in a folder, each once. Links are not followed.
    fn names(&self, folder: Handle) -> io::Result<Vec<Listed>>;

    /// What is there.
    fn item(&self, at: Handle) -> io::Result<ForeignItem>;

    /// Gives the content of a file from its beginning to its end, piece by piece.
    fn read(&self, at: Handle, take: &mut Take<'_>) -> io::Result<()>;

    /// Notes that an item of this sort was passed over, of which nobody had asked for by its name.
    fn passed_over(&self, _what: &'static str) {}
}

/// Measures a restore of items of a tree before it is begun. What cannot be read counts nothing.
pub fn measure_foreign(tree: &dyn ForeignTree, items: &[ItemPath], control: &Control) -> Result<super::RestoreSize> {
    let mut size = super::RestoreSize::default();
    let mut walk = Walk::new(tree, Selection::of(items)).map_err(unread)?;
    let mut linked = HashSet::new();
    while let Some(met) = walk.next() {
        control.check()?;
        let room = match met {
            Met::Enter(_) => BLOCK,
            // A further name of what is counted already.
            Met::Item(at, _) if linked.contains(&at) => 0,
            Met::Item(at, item) if item.node.is_file() => {
                if item.node.links > 1 && linked.len() < LINKED {
                    linked.insert(at);
                }
                size.files += 1;
                size.bytes = size.bytes.saturating_add(item.node.size);
                item.room.min(u64::MAX - BLOCK).next_multiple_of(BLOCK)
            }
            Met::Item(..) => BLOCK,
            Met::Leave | Met::Passed | Met::Fault(..) => 0,
        };
        size.required_bytes = size.required_bytes.saturating_add(room);
    }
    Ok(size)
}

/// Restores items of a tree into a folder that the caller has opened and judged. With `merge`, what an earlier attempt wrote is
/// written over. `room` is what [`measure_foreign`] said that it takes, in bytes; files that turn out to take much more are not
/// restored.
///
/// What cannot be restored is in the outcome's failures, and all else is restored and on the disk. An error says that nothing
/// could be done at all, or that the restore was stopped: cancelled, or no space left.
pub fn restore_foreign(
    tree: &dyn ForeignTree,
    items: &[ItemPath],
    room: u64,
    into: OpenFolder,
    merge: bool,
    control: &Control,
) -> Result<RestoreOutcome> {
    control.check()?;
    let walk = Walk::new(tree, Selection::of(items)).map_err(unread)?;
    let (_, root) = tree.root().map_err(unread)?;
    let sink = FolderSink::new(into, merge);
    let report = Pour::new(tree, &sink, root, room, control).carry_out(walk);
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
