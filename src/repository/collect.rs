//! Collection: giving back the space of packs that nothing refers to any more.
//!
//! Only whole packs go, and only when two proofs agree that nobody needs them: the caller's own table of references, and a
//! walk over every folder of every snapshot in the storage. The order makes a crash harmless at any moment: a new index
//! without the packs is durable before the old index files go, and those are gone before the first pack does.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::index_files::BLOBS_PER_FILE;
use super::{Control, Error, FileKind, Id, IndexFile, Repository, Result, crash_point};

/// What a collection may do.
#[derive(Debug, Clone, Default)]
pub struct CollectRequest {
    /// The snapshots that the caller counts on. One that the storage does not show stops the collection: then something is
    /// lost, or the list is stale, and nothing may be deleted on such ground.
    pub snapshots: BTreeSet<Id>,
    /// The packs that the caller knows to be referred to: the first proof.
    pub referenced: BTreeSet<Id>,
    /// The packs that may be deleted at all: known to the caller and old enough.
    pub eligible: BTreeSet<Id>,
}

/// What a collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectOutcome {
    /// The packs that were deleted.
    pub deleted: BTreeSet<Id>,
    /// The bytes that this gave back.
    pub bytes_freed: u64,
    /// Packs that nothing refers to but that were not eligible: too young, or not known to the caller.
    pub guarded: BTreeSet<Id>,
    /// Packs that only the caller holds to be referred to. They stay.
    pub only_caller: BTreeSet<Id>,
    /// Packs that snapshots refer to and the caller does not know of. They stay, and the caller's table is incomplete.
    pub only_snapshots: BTreeSet<Id>,
    /// Packs that no index file names. They stay.
    pub unknown: BTreeSet<Id>,
}

impl Repository {
    /// Every pack in the storage with its size, for a caller that remembers since when it knows each.
    pub fn packs(&self) -> Result<Vec<(Id, u64)>> {
        self.storage().list(FileKind::Pack)
    }

    /// Deletes the packs that nothing refers to. Fails with [`Error::Locked`] while a backup runs, here or elsewhere.
    pub fn collect(self: &Arc<Self>, request: &CollectRequest, control: &Control) -> Result<CollectOutcome> {
        let alone = self.gate().try_alone();
        let _alone = alone.ok_or_else(|| Error::Locked("a backup into it is running".into()))?;
        let lock = self.lock_exclusive()?;
        let outcome = self.collect_alone(request, control)?;
        lock.release()?;
        Ok(outcome)
    }

    fn collect_alone(&self, request: &CollectRequest, control: &Control) -> Result<CollectOutcome> {
        // Nobody adds anything now; what a failed backup left unindexed takes part like all else.
        self.flush_index()?;
        // What other programs changed since the index was read is seen too.
        self.reload_index()?;
        self.settle_index()?;
        let files = self.load_index_files()?;
        let marked = self.mark(&request.snapshots, control)?;
        let indexed: HashSet<Id> = files.iter().flat_map(|(_, file)| &file.packs).map(|pack| pack.id).collect();

        let mut outcome = CollectOutcome {
            only_caller: request.referenced.difference(&marked).copied().collect(),
            only_snapshots: marked.difference(&request.referenced).copied().collect(),
            ..CollectOutcome::default()
        };
        for (pack, size) in self.packs()? {
            if marked.contains(&pack) || request.referenced.contains(&pack) {
                continue;
            }
            if !indexed.contains(&pack) {
                outcome.unknown.insert(pack);
            } else if request.eligible.contains(&pack) {
                outcome.bytes_freed += size;
                outcome.deleted.insert(pack);
            } else {
                outcome.guarded.insert(pack);
            }
        }
        control.check()?;
        self.delete_packs(&files, &outcome.deleted)?;
        Ok(outcome)
    }

    /// The second proof: the packs that any snapshot in the storage needs.
    fn mark(&self, expected: &BTreeSet<Id>, control: &Control) -> Result<BTreeSet<Id>> {
        let snapshots = self.snapshots()?;
        let present: BTreeSet<Id> = snapshots.iter().map(|(id, _)| *id).collect();
        if let Some(missing) = expected.difference(&present).next() {
            return Err(Error::NotFound { kind: FileKind::Snapshot, id: *missing });
        }
        self.packs_below(snapshots.iter().map(|(_, snapshot)| snapshot.tree), control)
    }

    fn load_index_files(&self) -> Result<Vec<(Id, IndexFile)>> {
        let ids = self.storage().list(FileKind::Index)?;
        ids.into_iter()
            .map(|(id, _)| Ok((id, IndexFile::from_json(&id, &self.load_unpacked(FileKind::Index, &id)?)?)))
            .collect()
    }

    fn delete_packs(&self, files: &[(Id, IndexFile)], dead: &BTreeSet<Id>) -> Result<()> {
        if dead.is_empty() {
            return Ok(());
        }
        let affected: Vec<&(Id, IndexFile)> =
            files.iter().filter(|(_, file)| file.packs.iter().any(|pack| dead.contains(&pack.id))).collect();
        self.write_index_without(&affected, dead)?;
        crash_point::reached("during-collection");
        for (id, _) in affected {
            self.storage().remove(FileKind::Index, id)?;
            crash_point::reached("during-collection");
        }
        // From here on nothing in memory may lead a new backup to them either.
        self.index_mut().remove_packs(&dead.iter().copied().collect());
        for pack in dead {
            self.storage().remove(FileKind::Pack, pack)?;
            crash_point::reached("during-collection");
        }
        Ok(())
    }

    /// Writes what the affected index files say of the packs that stay, and reads it back.
    fn write_index_without(&self, affected: &[&(Id, IndexFile)], dead: &BTreeSet<Id>) -> Result<()> {
        let (mut next, mut blobs) = (IndexFile::default(), 0);
        let mut seen = HashSet::new();
        let staying = affected.iter().flat_map(|(_, file)| &file.packs).filter(|pack| !dead.contains(&pack.id));
        for pack in staying.filter(|pack| seen.insert(pack.id)) {
            next.packs.push(pack.clone());
            blobs += pack.blobs.len();
            if blobs >= BLOBS_PER_FILE {
                self.write_index_file(&std::mem::take(&mut next))?;
                blobs = 0;
            }
        }
        if next.packs.is_empty() { Ok(()) } else { self.write_index_file(&next) }
    }

    fn write_index_file(&self, file: &IndexFile) -> Result<()> {
        let id = self.save_unpacked(FileKind::Index, &file.to_json()?)?;
        let written = IndexFile::from_json(&id, &self.load_unpacked(FileKind::Index, &id)?)?;
        if written == *file {
            Ok(())
        } else {
            Err(Error::damaged(format!("index file {id}"), "it did not come back as it was written"))
        }
    }
}
