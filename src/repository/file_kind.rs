//! The kinds of files that a repository has.

use std::fmt;

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
