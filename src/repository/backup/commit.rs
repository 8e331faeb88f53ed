//! From stored data to snapshots: one backup alone, or many together.
//!
//! A backup that has stored its data is [`Prepared`]: its packs are durable, and no snapshot tells of them yet. The commit
//! writes an index file of all packs that none names, then the record of what was proven, then the snapshots, each step
//! durable before the next. What a step costs in waiting for the disk it costs once, for however many backups.

use std::collections::HashSet;

use super::outcome::BackupOutcome;
use crate::repository::addition::Adding;
use crate::repository::{FileKind, Id, Repository, Result, crash_point};

/// A backup of which all data is stored. Without a commit it leaves nothing but packs that nothing refers to.
#[derive(Debug)]
pub struct Prepared {
    pub(super) outcome: BackupOutcome,
    /// The snapshot's file, sealed; its name is in the outcome.
    pub(super) sealed: Vec<u8>,
    /// The packs that hold what the snapshot refers to.
    pub(super) counted_on: HashSet<Id>,
    /// No collection comes between.
    pub(super) _adding: Adding,
}

impl Prepared {
    /// What the backup did; its snapshot is there once it is committed.
    pub fn outcome(&self) -> &BackupOutcome {
        &self.outcome
    }

    /// The snapshot's file as it lies, or will lie, in the storage.
    pub fn snapshot_file(&self) -> &[u8] {
        &self.sealed
    }
}

impl Repository {
    /// Commits backups together; when it returns, the snapshots are durable of those of which it answers `true`. Of the
    /// others packs changed since they were proven: they have no snapshot, and must look through their source once more.
    ///
    /// On a failure none of them counts. It is safe to commit the same ones again, all or some.
    pub fn commit(&self, backups: &[&Prepared]) -> Result<Vec<bool>> {
        self.flush_index()?;
        let stands = |backup: &&Prepared| backup.counted_on.iter().all(|pack| self.is_proven(pack));
        let standing: Vec<bool> = backups.iter().map(stands).collect();
        self.try_to_save_integrity();
        crash_point::reached("before-snapshot");
        let snapshots: Vec<(Id, Vec<u8>)> = backups
            .iter()
            .zip(&standing)
            .filter(|(_, stands)| **stands)
            .map(|(backup, _)| (backup.outcome.snapshot, backup.sealed.clone()))
            .collect();
        self.storage().write_all(FileKind::Snapshot, &snapshots)?;
        Ok(standing)
    }
}
