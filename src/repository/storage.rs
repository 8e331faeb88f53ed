//! Where a repository's files lie.

use std::fmt;

use super::{Error, Id, Result};

/// The kinds of files in a repository that are named by an id. The config file is apart: it has no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// `data/`: blobs, encrypted.
    Pack,
    /// `index/`: which blob lies in which pack.
    Index,
    /// `snapshots/`.
    Snapshot,
    /// `keys/`: the master key, wrapped by a password.
    Key,
    /// `locks/`.
    Lock,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Pack, Self::Index, Self::Snapshot, Self::Key, Self::Lock];

    /// The folder in restic's layout.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Pack => "data",
            Self::Index => "index",
            Self::Snapshot => "snapshots",
            Self::Key => "keys",
            Self::Lock => "locks",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pack => "pack",
            Self::Index => "index file",
            Self::Snapshot => "snapshot",
            Self::Key => "key file",
            Self::Lock => "lock",
        })
    }
}

/// What tells an untouched file from one that may have changed, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// How long the file is.
    pub size: u64,
    /// Another number once the file was written, replaced or moved: from its times and its inode.
    pub mark: u64,
}

/// A place for files that are written once, whole, and named by their content.
pub trait Storage: Send + Sync {
    /// Where it is, for messages.
    fn location(&self) -> String;

    /// Whether every write is refused: then what is found is known as long as the repository is open.
    fn is_read_only(&self) -> bool {
        false
    }

    /// Makes the folders of an empty repository. Harmless where they exist.
    fn prepare(&self) -> Result<()>;

    /// All files of a kind with their sizes, in no order. What does not have an id for a name is left out.
    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>>;

    /// A whole file.
    fn read(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>>;

    /// `length` bytes of a file from `offset`; fewer are an error.
    fn read_range(&self, kind: FileKind, id: &Id, offset: u64, length: usize) -> Result<Vec<u8>>;

    /// How long a file is.
    fn size(&self, kind: FileKind, id: &Id) -> Result<u64>;

    /// What the file is like now. The same answer as before means that nobody touched it, as far as the storage can tell.
    fn stamp(&self, kind: FileKind, id: &Id) -> Result<Stamp> {
        self.size(kind, id).map(|size| Stamp { size, mark: 0 })
    }

    /// Writes a file whole and durable, or not at all. Writing the same file again is harmless.
    fn write(&self, kind: FileKind, id: &Id, content: &[u8]) -> Result<()>;

    /// Writes files of a kind, all durable when it returns. On a failure each of them is there whole or not at all. A storage
    /// that waits for its disk waits once for all of them.
    fn write_all(&self, kind: FileKind, files: &[(Id, Vec<u8>)]) -> Result<()> {
        files.iter().try_for_each(|(id, content)| self.write(kind, id, content))
    }

    /// Makes sure that a file survives a power cut, whoever wrote it and however far they came.
    fn make_durable(&self, _kind: FileKind, _id: &Id) -> Result<()> {
        Ok(())
    }

    /// Removes a file, durably. A file that is not there is [`Error::NotFound`].
    fn remove(&self, kind: FileKind, id: &Id) -> Result<()>;

    /// Removes files of a kind, durably; those that are not there are passed over. On a failure some may be gone. A storage
    /// that waits for its disk waits once for all of them.
    fn remove_all(&self, kind: FileKind, ids: &[Id]) -> Result<()> {
        ids.iter().try_for_each(|id| match self.remove(kind, id) {
            Err(Error::NotFound { .. }) => Ok(()),
            outcome => outcome,
        })
    }

    /// The config file; `None` where there is no repository.
    fn read_config(&self) -> Result<Option<Vec<u8>>>;

    /// Writes the config file, whole and durable.
    fn write_config(&self, content: &[u8]) -> Result<()>;

    /// Moves a damaged file out of the repository, durably, to where a person finds it: nothing is deleted.
    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()>;

    /// Moves a damaged config file out of the repository, as [`set_aside`](Self::set_aside) does.
    fn set_config_aside(&self) -> Result<()>;

    /// A file that this program keeps beside the repository's own; `None` where there is none.
    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// Writes such a file, whole and durable.
    fn write_side(&self, name: &str, content: &[u8]) -> Result<()>;

    /// Removes what interrupted writes of earlier processes left behind.
    fn remove_leftovers(&self) -> Result<()> {
        Ok(())
    }
}
