//! What is backed up: a tree of items that can be walked and read.

pub mod keys;
mod overlay;

pub use overlay::{Change, Overlay, ReadElsewhere};

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{Control, ExtendedAttribute, Id, Node, Timestamp};

/// A tree of items with absolute paths. A local folder is one; [`KeyTree`](keys::KeyTree) makes one of a flat store of keys.
///
/// Nothing is dropped in silence: each method says what it could not do, and the backup lists it. Names in it are names that
/// a file can have; a store whose names are not is a store of keys, which brings them into that form.
pub trait TreeSource: Send + Sync {
    /// One item, links not followed. Also asked for the folders above a root.
    fn item(&self, path: &Path) -> io::Result<SourceItem>;

    /// What is in a folder, one item after the other, in the order of the bytes of their names.
    ///
    /// The backup takes the next one when it has dealt with the one before and with all below it, so nobody needs to hold a
    /// folder whole. An error within means that the listing broke off there; nothing comes after it.
    fn children(&self, folder: &Path) -> io::Result<Children<'_>>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>>;

    /// Tells of a file, of so many bytes as its folder's listing says, that it is opened soon, after those that were told before it: a
    /// source for whose answers one waits can ask for some already. Returns at once. Some hundreds are told ahead; those of a backup
    /// that ends before its time are never opened.
    fn expect(&self, _path: &Path, _size: u64) {}

    /// Whether the item's folder still names it, asked anew. It is asked for an item that could not be found.
    fn is_listed(&self, path: &Path) -> io::Result<bool> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(true) };
        for child in self.children(folder)? {
            if child?.name == name {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files of a source that gives each of them only once, in an order of its own, as an archive that comes through a
    /// pipe does. All of them are stored before the walk begins, and the tree is asked for only then. A file of the tree that
    /// did not come is opened.
    fn arrivals<'a>(&'a self, _control: &'a Control) -> Option<Box<dyn Arrivals + 'a>> {
        None
    }

    /// How many files and bytes there are below a root, where that can be found out cheaply. Only shown as progress.
    fn estimate(&self, _root: &Path, _control: &Control) -> Option<Estimate> {
        None
    }
}

/// Files that come one after the other ([`TreeSource::arrivals`]). An error ends the backup: what did not come is not there.
pub trait Arrivals: Send {
    /// The next file; nothing when there is none any more and all of them came whole.
    fn next(&mut self) -> io::Result<Option<Arrival>>;

    /// Whether what [`Self::next`] gave last is the first file of all of them anew: then none of those before it counts, whatever their
    /// paths. Asked once after each file.
    fn began_anew(&mut self) -> bool {
        false
    }

    /// How many of the next bytes of the file that came last do not come, since they are what [`Arrival::before`] has at this place. They
    /// begin where a piece begins, and end where one ends.
    fn as_before(&mut self) -> io::Result<u64> {
        Ok(0)
    }

    /// The next bytes of the file that came last; 0 at its end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A file that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its path in the tree.
    pub path: PathBuf,
    /// How it is cut into pieces.
    pub cut: Cut,
    /// The pieces of a stored file, [cut](Cut::Fixed) at the same places, of which it has some; of any snapshot of the repository.
    pub before: Vec<Id>,
}

impl Arrival {
    /// A file all of which comes.
    pub fn whole(path: PathBuf, cut: Cut) -> Self {
        Self { path, cut, before: Vec::new() }
    }
}

/// The items of a folder, as [`TreeSource::children`] gives them.
pub type Children<'a> = Box<dyn Iterator<Item = io::Result<Child>> + 'a>;

/// An item of a folder, as far as the folder's listing knows it.
#[derive(Debug)]
pub struct Child {
    /// Its name in the folder.
    pub name: OsString,
    /// What the listing already said about it. Without it, [`TreeSource::item`] is asked when the backup comes to it: so a
    /// file system's items are looked at one by one, as late as possible, and a store's are not asked for twice.
    pub item: Option<SourceItem>,
}

impl Child {
    /// An item of which the listing says no more than its name.
    pub fn named(name: OsString) -> Self {
        Self { name, item: None }
    }
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Files.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// An item with what is to be known about it.
#[derive(Debug, Default)]
pub struct SourceItem {
    /// All but the content, the subtree and the name, which the walk fills in.
    pub node: Node,
    /// For a folder that is stored without what lies in it: why (another file system).
    pub not_entered: Option<String>,
    /// What could not be read of its metadata.
    pub problems: Vec<io::Error>,
    /// How a file is cut into pieces.
    pub cut: Cut,
    /// The source vouches that the content is what the parent snapshot has at this path, whatever the times say: then it is
    /// not read, if all of it is still stored and the size is the same.
    pub unchanged_since_parent: bool,
    /// The extended attributes are told only when the file is opened ([`SourceReader::attributes`]). One that is not read since it is
    /// unchanged keeps those that the parent snapshot has.
    pub attributes_when_opened: bool,
    /// Its node says itself which content or which subtree it has, and all of that is stored already: nothing of it is looked at.
    pub is_stored: bool,
}

/// How a file is cut into pieces. Must be the same each time for one file, or all of it is stored again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Cut {
    /// As the backup's request says.
    #[default]
    AsRequested,
    /// In pieces of so many bytes: for images and for files of pages, which change in place. At least 1, at most 16 MiB. Of such
    /// a file a source can leave unread what did not change ([`Piece::AsBefore`]).
    Fixed(u32),
}

/// An open file.
pub trait SourceReader: Send {
    /// The file as it is now.
    fn state(&mut self) -> io::Result<FileState>;

    /// The parent snapshot has this file in the same size and in pieces cut at the same places, and all of them are still stored:
    /// from now on [`Self::read`] may answer [`Piece::AsBefore`]. Told before the first read, or never.
    fn parent_is_stored(&mut self) {}

    /// The next bytes, or the next hole.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece>;

    /// The extended attributes of what is read, in the order of their names, where they come with the content and no listing
    /// tells them.
    fn attributes(&mut self) -> Option<Vec<ExtendedAttribute>> {
        None
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileState {
    /// Its length.
    pub size: u64,
    /// When its content changed.
    pub modified: Timestamp,
    /// When its metadata changed.
    pub changed: Timestamp,
    /// Its number in the file system.
    pub inode: u64,
}

/// What reading gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// So many bytes at the start of the buffer.
    Data(usize),
    /// So many zeros that were not read.
    Hole(u64),
    /// So many bytes that were not read, since the source vouches that they are what the parent snapshot has at this place.
    /// They begin where a piece of the file begins, and end where one ends. Only after [`SourceReader::parent_is_stored`].
    AsBefore(u64),
    /// No more.
    End,
}

/// An item whose content is not in the snapshot, or not as it was at any one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The item.
    pub path: PathBuf,
    /// What the system said, or what was seen.
    pub reason: String,
    /// The sort of reason.
    pub kind: IssueKind,
}

/// Why an item could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueKind {
    /// Permission is missing.
    AccessDenied,
    /// Anything else.
    Unreadable,
}

impl Issue {
    /// An item with the error that it gave.
    pub fn new(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => IssueKind::AccessDenied,
            _ => IssueKind::Unreadable,
        };
        Self { path: path.to_owned(), reason: error.to_string(), kind }
    }

    /// An item of which something is missing though the system refused nothing.
    pub fn missing(path: &Path, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), reason: reason.into(), kind: IssueKind::Unreadable }
    }
}

/// Something about an item that is worth saying but is no failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The item.
    pub path: PathBuf,
    /// What happened.
    pub text: String,
}
