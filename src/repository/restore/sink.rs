//! What a restore writes to: a place that takes any part of any file at any time, or one that takes content only from its
//! first byte to its last.

use std::io::{self, Read};
use std::path::PathBuf;

use crate::repository::item_path::ItemPath;
use crate::repository::{Id, Node};

/// What of a snapshot is to be restored.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The snapshot.
    pub snapshot: Id,
    /// The folder in the snapshot from which paths are told; the root tells the snapshot's whole paths.
    pub strip: &'a ItemPath,
    /// The wanted items below that folder, folders with all that is in them. None: everything.
    pub items: &'a [ItemPath],
}

/// Why something could not be written.
#[derive(Debug)]
pub enum Refusal {
    /// This item cannot be; others may.
    Item(String),
    /// No other could be either, as when the target is full: the restore ends with this error.
    All(io::Error),
}

impl From<io::Error> for Refusal {
    /// An error of an item, unless its kind says that all others would meet it too.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem => {
                Self::All(error)
            }
            _ => Self::Item(error.to_string()),
        }
    }
}

/// Takes any part of any file at any time: a folder, an image. Content comes in the order in which packs have it, which is
/// the fastest: each range of a pack is read once, however many files need it.
///
/// All functions but [`root`](Self::root) may be called by many threads at once.
pub trait RandomSink: Sync {
    /// A folder of the sink, remembered until everything in it is there.
    type Folder: Clone + Send + Sync;
    /// By what a file that was made is known again after it was closed.
    type File: Send;
    /// An open file. Few are at once.
    type Open: Clone + Send + Sync;

    /// What the target is called in errors.
    fn place(&self) -> PathBuf;

    /// The folder that everything goes into.
    fn root(&self) -> Self::Folder;

    /// The path of a folder from the root.
    fn path(&self, folder: &Self::Folder) -> ItemPath;

    /// Makes a folder in another one, or enters the one that is there if that is allowed.
    fn enter(&self, parent: &Self::Folder, name: &[u8]) -> Result<Self::Folder, Refusal>;

    /// Opens a file, which is made when `made` is empty and then noted in it; afterwards it must be the same one.
    fn open(
        &self,
        folder: &Self::Folder,
        node: &Node,
        shape: Shape,
        made: &mut Option<Self::File>,
    ) -> Result<Self::Open, Refusal>;

    /// Writes a part of a file of `size` bytes. No part comes twice; parts that are all zeros may not come at all.
    fn write_at(&self, file: &Self::Open, content: &[u8], at: u64, size: u64) -> Result<(), Refusal>;

    /// Takes away what was made of a file whose content cannot be read to its end; if nothing was made of it, what an earlier
    /// attempt may have left in its place.
    fn discard(&self, folder: &Self::Folder, name: &[u8], made: Option<&Self::File>) -> io::Result<()>;

    /// Gives a file of which nothing is to be written any more what its node says.
    fn finish_file(&self, file: &Self::Open, node: &Node) -> MissingMetadata;

    /// Makes what is neither file nor folder, with all that its node says: a link, a pipe, a device.
    fn make_special(&self, folder: &Self::Folder, node: &Node) -> Result<MissingMetadata, Refusal>;

    /// Gives the file of the first folder and name a further name.
    fn link(&self, first: (&Self::Folder, &[u8]), further: (&Self::Folder, &[u8])) -> Result<(), Refusal>;

    /// Gives a folder in which everything is now what its node says.
    fn finish_folder(&self, folder: &Self::Folder, node: &Node) -> Result<MissingMetadata, Refusal>;

    /// Makes all of it durable.
    fn sync(&self) -> io::Result<()>;
}

/// How the parts of a file will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One part, which is all of it.
    OnePart,
    /// Any number of parts, in any order, with holes between them: the file needs its length from the beginning.
    Parts,
}

/// What could not be given to an item.
#[derive(Debug, Default)]
pub struct MissingMetadata {
    /// Something that only root may give, and we are not root.
    pub privileged: bool,
    /// Everything else, one text for each.
    pub faults: Vec<String>,
}

/// What came of an item that a sink was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there, with all its content.
    Written,
    /// One of its name is there already and stays as it is: nothing was restored, and nothing failed.
    Left,
}

/// Takes whole items one after the other: an object store, another program's input, an archive.
pub trait StreamSink: Sync {
    /// What the target is called in errors.
    fn place(&self) -> PathBuf;

    /// Puts one item: a file with its content, from its beginning to its end, or anything else with an empty content. The
    /// path is from the folder that was asked for. Further names of a file come as files of their own.
    ///
    /// A content that cannot be read to its end gives an error, and so does one of a restore that was stopped. Then nothing
    /// of the item may be left that could be taken for the whole; and an item counts as restored only if all its content was
    /// taken.
    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal>;

    /// How many items may be put at the same time. With one they come in the snapshot's order, each folder before what is in
    /// it; with more they only begin in it.
    fn at_once(&self) -> usize {
        1
    }
}
