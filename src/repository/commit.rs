//! From stored data to snapshots: one alone, or many together.
//!
//! Data that was stored for a snapshot is in durable packs, and no snapshot tells of it yet. The commit writes an index file of
//! all packs that none names, then the record of what was proven, then the snapshots, each step durable before the next. What
//! a step costs in waiting for the disk it costs once, for however many snapshots.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use super::addition::Adding;
use super::{FileKind, Id, Repository, Result, Snapshot, crash_point};

/// A snapshot of which all data is stored. Without a commit it leaves nothing but packs that nothing refers to.
#[derive(Debug)]
pub struct NewSnapshot {
    id: Id,
    snapshot: Arc<Snapshot>,
    /// The snapshot's file.
    sealed: Vec<u8>,
    /// The packs that hold what the snapshot refers to.
    counted_on: HashSet<Id>,
    /// No collection comes between.
    _adding: Adding,
}

impl NewSnapshot {
    /// Its name once it is committed.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The snapshot's file as it lies, or will lie, in the storage.
    pub fn file(&self) -> &[u8] {
        &self.sealed
    }
}

impl AsRef<Self> for NewSnapshot {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Repository {
    /// Seals a snapshot whose data is stored, in these packs.
    pub(super) fn new_snapshot(
        &self,
        snapshot: Snapshot,
        counted_on: HashSet<Id>,
        adding: Adding,
    ) -> Result<NewSnapshot> {
        let (id, sealed) = self.seal_snapshot(&snapshot)?;
        Ok(NewSnapshot { id, snapshot: Arc::new(snapshot), sealed, counted_on, _adding: adding })
    }

    /// Commits snapshots together; when it returns, those are durable of which it answers `true`. Of the others packs changed
    /// since they were proven: they have no snapshot, and what they hold must be stored once more.
    ///
    /// On a failure none of them counts. It is safe to commit the same ones again, all or some.
    pub fn commit<S: AsRef<NewSnapshot>>(&self, snapshots: &[&S]) -> Result<Vec<bool>> {
        let snapshots: Vec<&NewSnapshot> = snapshots.iter().map(|snapshot| (*snapshot).as_ref()).collect();
        self.flush_index()?;
        let stands = |new: &&NewSnapshot| new.counted_on.iter().all(|pack| self.is_proven(pack));
        let standing: Vec<bool> = snapshots.iter().map(stands).collect();
        self.try_to_save_integrity();
        crash_point::reached("before-snapshot");
        let whole: Vec<&NewSnapshot> =
            snapshots.iter().zip(&standing).filter(|(_, stands)| **stands).map(|(new, _)| *new).collect();
        let files: Vec<(Id, Vec<u8>)> = whole.iter().map(|new| (new.id, new.sealed.clone())).collect();
        self.storage().write_all(FileKind::Snapshot, &files)?;
        let now = Instant::now();
        for new in whole {
            self.snapshot_trees.remember(new.id, new.snapshot.tree);
            self.recent.keep_snapshot(new.id, &new.snapshot, now);
        }
        Ok(standing)
    }
}
