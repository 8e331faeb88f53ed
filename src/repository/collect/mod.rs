//! Collection: giving back the space of what no snapshot needs any more.
//!
//! A pack of which nothing is needed is deleted, when two proofs agree that nobody needs it: the caller's own table of
//! references, and a walk over every folder of every snapshot in the storage. A pack that is needed in part is repacked
//! where it is worth it ([`plan`]): what is needed of it is copied into a new pack, and the caller's table moves along
//! ([`repack`]).
//!
//! The order makes a crash harmless at any moment: what is new is durable, and the caller has noted it, before an index file
//! that names only the rest is written; that is durable before the old index files go, and those are gone before the first
//! pack does. At worst both the old and the new packs are there, and the next collection makes up its mind.

mod index;
mod plan;
mod repack;
mod usage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Control, Error, FileKind, Id, Repository, RepositoryLock, Result, crash_point};
use index::DurableIndex;
pub use plan::RepackRule;
use usage::Usage;

/// What a collection may do.
#[derive(Debug, Clone, Default)]
pub struct CollectRequest {
    /// The snapshots that the caller counts on. One that the storage does not show stops the collection: then something is
    /// lost, or the list is stale, and nothing may be deleted on such ground.
    pub snapshots: BTreeSet<Id>,
    /// The packs that the caller knows to be referred to: the first proof.
    pub referenced: BTreeSet<Id>,
    /// The packs that may be deleted or repacked at all: known to the caller, old enough, and referred to by nothing but
    /// `snapshots`.
    pub eligible: BTreeSet<Id>,
    /// Which packs are repacked, and how much of that at once.
    pub repack: RepackRule,
}

/// Where what is needed of some packs lies now: each with the packs that hold it. Whoever referred to one of the old packs
/// refers to those from now on.
pub type Moves = BTreeMap<Id, BTreeSet<Id>>;

/// Notes durably that what snapshots need of some packs lies in others. Called before any of the old ones goes; when it
/// fails, they stay.
pub type NoteMoves<'a> = dyn FnMut(&Moves) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + 'a;

/// What a collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectOutcome {
    /// The packs that were deleted.
    pub deleted: BTreeSet<Id>,
    /// Those among them of which something was needed, which lies in other packs now.
    pub repacked: BTreeSet<Id>,
    /// The packs that were written for them.
    pub written: BTreeSet<Id>,
    /// The bytes that all of this gave back.
    pub bytes_freed: u64,
    /// The bytes of the packs in use that no snapshot needs, and that stay.
    pub bytes_unused: u64,
    /// Packs that nothing refers to, or that are to be repacked, but that were not eligible: too young, or not known to the
    /// caller.
    pub guarded: BTreeSet<Id>,
    /// Packs that would have been repacked, but that are damaged: they stay as they are, and what is lost is remembered.
    pub damaged: BTreeSet<Id>,
    /// Packs that only the caller holds to be referred to. They stay.
    pub only_caller: BTreeSet<Id>,
    /// Packs that snapshots refer to and the caller does not know of. They stay, or are repacked, and the caller's table is
    /// incomplete.
    pub only_snapshots: BTreeSet<Id>,
    /// Packs that no index file names. They stay.
    pub unknown: BTreeSet<Id>,
    /// Whether more is to be repacked than one collection does.
    pub unfinished: bool,
}

impl Repository {
    /// Every pack in the storage with its size, for a caller that remembers since when it knows each.
    pub fn packs(&self) -> Result<Vec<(Id, u64)>> {
        self.storage().list(FileKind::Pack)
    }

    /// Deletes the packs that nothing refers to, and repacks those that are needed in part. Fails with [`Error::Locked`]
    /// while a backup runs, here or elsewhere. After any failure everything that a snapshot needs is where it can be read.
    pub fn collect(
        self: &Arc<Self>,
        request: &CollectRequest,
        control: &Control,
        note_moves: &mut NoteMoves<'_>,
    ) -> Result<CollectOutcome> {
        let alone = self.gate().try_alone();
        let _alone = alone.ok_or_else(|| Error::Locked("a backup into it is running".into()))?;
        let lock = self.lock_exclusive()?;
        let outcome = self.collect_alone(request, control, &lock, note_moves)?;
        lock.release()?;
        Ok(outcome)
    }

    fn collect_alone(
        &self,
        request: &CollectRequest,
        control: &Control,
        lock: &RepositoryLock,
        note_moves: &mut NoteMoves<'_>,
    ) -> Result<CollectOutcome> {
        // Nobody adds anything now; what a failed backup left unindexed takes part like all else.
        self.flush_index()?;
        // What other programs changed since the index was read is seen too.
        self.reload_index()?;
        self.settle_index()?;
        let mut durable = DurableIndex::load(self)?;
        let present = self.packs()?;
        let usage = Usage::of(self, &request.snapshots, &present, control)?;
        let mut outcome = sort_packs(request, &usage, &durable, &present);
        control.check()?;
        self.delete_packs(&mut durable, &outcome.deleted)?;
        self.repack(request, &usage, &mut durable, &mut outcome, repack::Run { control, lock, note_moves })?;
        Ok(outcome)
    }

    /// Lets the index name these packs no more, then deletes them.
    fn delete_packs(&self, durable: &mut DurableIndex, dead: &BTreeSet<Id>) -> Result<()> {
        if dead.is_empty() {
            return Ok(());
        }
        durable.remove(self, dead)?;
        // From here on nothing in memory may lead a new backup to them either.
        self.index_mut().remove_packs(&dead.iter().copied().collect());
        for pack in dead {
            self.storage().remove(FileKind::Pack, pack)?;
            crash_point::reached("during-collection");
        }
        Ok(())
    }
}

/// Compares the two proofs, pack by pack: what is to be deleted, and what else there is to tell.
fn sort_packs(
    request: &CollectRequest,
    usage: &Usage,
    durable: &DurableIndex,
    present: &[(Id, u64)],
) -> CollectOutcome {
    let (marked, indexed) = (usage.marked(), durable.packs());
    let mut outcome = CollectOutcome {
        only_caller: request.referenced.difference(&marked).copied().collect(),
        only_snapshots: marked.difference(&request.referenced).copied().collect(),
        ..CollectOutcome::default()
    };
    for (pack, size) in present {
        if marked.contains(pack) || request.referenced.contains(pack) {
            continue;
        }
        if !indexed.contains(pack) {
            outcome.unknown.insert(*pack);
        } else if request.eligible.contains(pack) {
            outcome.bytes_freed += size;
            outcome.deleted.insert(*pack);
        } else {
            outcome.guarded.insert(*pack);
        }
    }
    outcome
}
