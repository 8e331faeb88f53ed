//! Where a repository's files lie.

use std::time::SystemTime;

use super::file_kind::FileKind;
use super::{Error, Id, Result};

/// What tells an untouched file from one that may have changed, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// How long the file is.
    pub size: u64,
    /// Another number once the file was written, replaced or moved: from its times and its inode.
    pub mark: u64,
}

/// What a storage can do and what it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Properties {
    /// A write that fails, or is cut off, leaves what was there before whole.
    pub atomic_write: bool,
    /// A file is neither listed nor read before it is whole.
    pub hidden_until_whole: bool,
    /// How many calls at a time it answers faster than one after the other.
    pub max_parallel: usize,
    /// It can keep a file from being removed or replaced until a time, whoever asks.
    pub object_lock: bool,
}

/// What came of asking a storage to keep a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retained {
    /// Until then nobody can remove the file.
    Kept,
    /// The storage cannot promise that, as its [`Properties`] say; the file is as it was.
    Unsupported,
}

/// A place for files that are written once, whole, and named by their content.
pub trait Storage: Send + Sync {
    /// Where it is, for messages.
    fn location(&self) -> String;

    /// Where a side file is, for messages.
    fn side_location(&self, name: &str) -> String {
        format!("{}/vaultdeck/{name}", self.location())
    }

    /// What it can do.
    fn properties(&self) -> Properties;

    /// Whether every write is refused: then what is found is known as long as the repository is open.
    fn is_read_only(&self) -> bool {
        false
    }

    /// Makes sure that its place still is that of what was opened: [`Error::Moved`] if somebody put something else there, for
    /// then what is written now would be missed by whoever opens that place next.
    fn confirm_place(&self) -> Result<()> {
        Ok(())
    }

    /// Makes the folders of an empty repository. Harmless where they exist.
    fn prepare(&self) -> Result<()>;

    /// Whether there is a place for files of a kind at all, be there any or not: without it, that there are none tells nothing.
    fn has_folder(&self, _kind: FileKind) -> Result<bool> {
        Ok(true)
    }

    /// All files of a kind with their sizes, in no order. What does not have an id for a name is left out.
    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>>;

    /// The same without their sizes, which a storage may tell with less effort.
    fn ids(&self, kind: FileKind) -> Result<Vec<Id>> {
        Ok(self.list(kind)?.into_iter().map(|(id, _)| id).collect())
    }

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

    /// Asks that a file can neither be removed nor replaced until a time, by the clock of the storage. A later time replaces an
    /// earlier one, and an earlier one changes nothing. A storage without [`object_lock`](Properties::object_lock) does nothing.
    fn retain(&self, _kind: FileKind, _id: &Id, _until: SystemTime) -> Result<Retained> {
        Ok(Retained::Unsupported)
    }

    /// The config file; `None` where there is no repository.
    fn read_config(&self) -> Result<Option<Vec<u8>>>;

    /// Writes the config file, whole and durable.
    fn write_config(&self, content: &[u8]) -> Result<()>;

    /// Moves a damaged file out of the repository, durably, to where a person finds it: nothing is deleted.
    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()>;

    /// Moves a damaged config file out of the repository, as [`set_aside`](Self::set_aside) does.
    fn set_config_aside(&self) -> Result<()>;

    /// Makes a folder of side files into which [`write_side_all`](Self::write_side_all) will write. Harmless where it exists; a
    /// storage that has no folders does nothing.
    fn prepare_side(&self, folder: &str) -> Result<()> {
        check_side_name(folder)
    }

    /// The names of the files in a folder of side files, in no order. `None` where there is no such folder, which a storage that
    /// has none says of one without files.
    fn list_side(&self, folder: &str) -> Result<Option<Vec<String>>>;

    /// A file that this program keeps beside the repository's own; `None` where there is none. Names are parts with slashes
    /// between them; one that is no such name is [`Error::Invalid`], here and below.
    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// Writes such a file, whole and durable. What was there is replaced.
    fn write_side(&self, name: &str, content: &[u8]) -> Result<()>;

    /// Writes side files, all durable when it returns. On a failure each of them is there whole or not at all, or as it was. A
    /// storage that waits for its disk waits once for all of them.
    fn write_side_all(&self, files: &[(String, Vec<u8>)]) -> Result<()>;

    /// Removes side files, durably; those that are not there are passed over. On a failure some may be gone.
    fn remove_side_all(&self, names: &[String]) -> Result<()>;

    /// Moves a damaged side file, durably, to where the others that were set aside are, and tells its name there. `None` where
    /// there is no such file.
    fn set_side_aside(&self, name: &str) -> Result<Option<String>>;

    /// Removes what interrupted writes of earlier processes left behind.
    fn remove_leftovers(&self) -> Result<()> {
        Ok(())
    }
}

/// Refuses what is no name of a side file, nor of a folder of them: each part must be there and must not begin with a dot, so
/// that none leads out of their place.
pub fn check_side_name(name: &str) -> Result<()> {
    let is_good = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']);
    if name.split('/').all(is_good) {
        Ok(())
    } else {
        Err(Error::Invalid(format!("{name:?} is no name of a side file")))
    }
}
