//! A backup between its walk and its commit.

use super::outcome::BackupOutcome;
use crate::repository::commit::NewSnapshot;

/// A backup of which all data is stored. Without a [`commit`](crate::repository::Repository::commit) it leaves nothing but
/// packs that nothing refers to.
#[derive(Debug)]
pub struct Prepared {
    pub(super) outcome: BackupOutcome,
    pub(super) snapshot: NewSnapshot,
}

impl Prepared {
    /// What the backup did; its snapshot is there once it is committed.
    pub fn outcome(&self) -> &BackupOutcome {
        &self.outcome
    }

    /// The snapshot's file as it lies, or will lie, in the storage.
    pub fn snapshot_file(&self) -> &[u8] {
        self.snapshot.file()
    }
}

impl AsRef<NewSnapshot> for Prepared {
    fn as_ref(&self) -> &NewSnapshot {
        &self.snapshot
    }
}
