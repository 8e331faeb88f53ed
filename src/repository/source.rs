//! What is backed up: a tree of items that can be walked and read.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{Control, Node, Timestamp};

/// A tree of items with absolute paths. A local folder is one; a bucket or a dump can be one too.
///
/// Nothing is dropped in silence: each method says what it could not do, and the backup lists it.
pub trait TreeSource: Send + Sync {
    /// One item, links not followed. Also asked for the folders above a root.
    fn item(&self, path: &Path) -> io::Result<SourceItem>;

    /// The names in a folder, sorted by their bytes.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>>;

    /// How many files and bytes there are below a root, where that can be found out cheaply. Only shown as progress.
    fn estimate(&self, _root: &Path, _control: &Control) -> Option<Estimate> {
        None
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
}

/// An open file.
pub trait SourceReader: Send {
    /// The file as it is now.
    fn state(&mut self) -> io::Result<FileState>;

    /// The next bytes, or the next hole.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece>;
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
