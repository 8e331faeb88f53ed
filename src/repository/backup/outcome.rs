//! What a backup tells in the end.

use crate::repository::Id;
use crate::repository::packing::{Adoption, NewData};
use crate::repository::source::{Issue, Note};

/// What a backup did.
#[derive(Debug, Clone)]
pub struct BackupOutcome {
    /// The new snapshot.
    pub snapshot: Id,
    /// Its root folder.
    pub tree: Id,
    /// Files that the parent did not have.
    pub files_new: u64,
    /// Files that the parent had otherwise.
    pub files_changed: u64,
    /// Files that were not read again.
    pub files_unmodified: u64,
    /// Folders in the snapshot.
    pub directories: u64,
    /// Names below the roots, of whatever kind, as the source's folders gave them.
    pub items: u64,
    /// Bytes of all files in the snapshot.
    pub bytes_total: u64,
    /// Bytes read from the source; holes are not read.
    pub bytes_read: u64,
    /// Bytes that the storage grew by, without indexes.
    pub bytes_added: u64,
    /// What of the files' content was not in the repository yet.
    pub new_data: NewData,
    /// Items that are not in the snapshot, or not as they were at any one moment, sorted by path.
    pub issues: Vec<Issue>,
    /// What else is worth saying, sorted by path.
    pub notes: Vec<Note>,
    /// What a crash of an earlier backup had left and was taken over.
    pub adopted: Adoption,
}
