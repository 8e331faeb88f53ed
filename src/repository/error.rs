//! What can go wrong with a repository, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::{BlobKind, FileKind, Id};

/// The result of everything in this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on a repository failed. Each message names the file, pack or path at fault and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The storage could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Storage {
        /// What was tried: `read`, `write`, `list`, `remove`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The source to back up could not be read at its root.
    #[error("cannot read the source {}: {source}", path.display())]
    Source {
        /// The root, or the folder above it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The target of a restore could not be used at all.
    #[error("cannot restore into {}: {source}", path.display())]
    Target {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What lies at a storage's place is not what was opened there.
    #[error(
        "the folder {} is not the one that was opened: {problem}. Nothing is written to what lies there now; put the folder back at its place, or restart vaultdeck to work with what is there", path.display()
    )]
    Moved {
        /// The place.
        path: PathBuf,
        /// What lies there now.
        problem: String,
    },
    /// There is no such file in the storage.
    #[error("{kind} {id} is not in the repository")]
    NotFound {
        /// The kind of file.
        kind: FileKind,
        /// Its name.
        id: Id,
    },
    /// A file does not hold what its name or its authentication says.
    #[error(
        "{what} is damaged: {problem}. Nothing was changed; run `restic check --read-data` with the recovery key, and bring the file back from a copy of the vault"
    )]
    Damaged {
        /// The file, blob or tree.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No index names a blob that something refers to.
    #[error("{kind} blob {id} is in no pack that the index knows; the pack may be missing: run a check of the vault")]
    BlobMissing {
        /// Data or tree.
        kind: BlobKind,
        /// The blob.
        id: Id,
    },
    /// A path that a snapshot does not hold.
    #[error("{} is not in snapshot {snapshot}", path.display())]
    NoSuchPath {
        /// The snapshot.
        snapshot: Id,
        /// The path.
        path: PathBuf,
    },
    /// A path of a snapshot that holds something else than items.
    #[error("{} is not a folder in snapshot {snapshot}", path.display())]
    NotAFolder {
        /// The snapshot.
        snapshot: Id,
        /// The path.
        path: PathBuf,
    },
    /// A freshly written blob did not come back as it was: memory or processor cannot be trusted.
    #[error(
        "blob {id} did not survive its own encoding ({problem}): the machine's memory or processor may be faulty; the backup was stopped"
    )]
    NotVerified {
        /// The blob.
        id: Id,
        /// What differed.
        problem: &'static str,
    },
    /// The key, or the password, does not open this repository.
    #[error("the key does not open this repository")]
    WrongKey,
    /// A repository is already there.
    #[error("{0} already holds a repository")]
    AlreadyExists(String),
    /// There is no repository there.
    #[error("{0} holds no repository: its config file is missing")]
    NotARepository(String),
    /// A repository of a version that this program does not know.
    #[error("the repository has version {0}; this program reads and writes version 2")]
    UnknownVersion(u32),
    /// Someone else holds a lock that excludes this operation.
    #[error("the repository is locked: {0}")]
    Locked(String),
    /// What was repacked could not be noted by whoever keeps the table of references.
    #[error("what was repacked could not be noted, so the old packs stay beside the new ones: {source}")]
    NotNoted {
        /// What they said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The operation was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A request that cannot be carried out as it stands.
    #[error("{0}")]
    Invalid(String),
    /// The system gave no random bytes, or no thread.
    #[error("the system refused {what}: {problem}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        problem: String,
    },
}

impl Error {
    /// A damaged file of the repository.
    pub fn damaged(what: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self::Damaged { what: what.into(), problem: problem.to_string() }
    }

    /// The storage is full: freeing space and trying again will help.
    pub fn is_storage_full(&self) -> bool {
        matches!(self, Self::Storage { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }

    /// The operation was stopped on request.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }
}
