//! From one repository to another: a snapshot with all that it refers to, so far as the other one does not hold it.
//!
//! The calling thread walks the snapshot's folders ([`walk`]) and gathers the blobs that the destination lacks. They are read
//! from the source in the order of its packs, near ones together ([`units`]), by workers ([`crew`]), which open and verify each
//! with the source's key and pack it with the destination's. Blobs keep their names, for these are the hashes of their
//! content: what was cut in one way stays so. Pack size and compression are the destination's.
//!
//! What is durable comes in the order of a backup: packs, index, snapshot. A transfer that ends before its snapshot is
//! committed leaves packs that nothing refers to; the next one counts on what is whole of them.
//!
//! A tree that lies in the destination says nothing of what is below it, since a collection keeps packs that are needed in
//! part: only a walk does, or an earlier one of the same tree that is remembered.

mod crew;
mod run;
mod units;
mod walk;

use parking_lot::Mutex;
use std::path::PathBuf;

use super::addition::Adding;
use super::commit::NewSnapshot;
use super::packing::Packing;
use super::{Adoption, Control, Error, Id, Repository, Result, Snapshot, Tree};
use run::Run;

/// What is to be transferred.
#[derive(Debug, Clone)]
pub struct TransferRequest {
    /// The snapshot in the source.
    pub snapshot: Id,
    /// The one item of its root that is transferred; all of them where it is none.
    pub only: Option<String>,
    /// The marks of the new snapshot.
    pub tags: Vec<String>,
}

/// What a transfer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferOutcome {
    /// The new snapshot.
    pub snapshot: Id,
    /// Its root folder, which is that of the source's snapshot where all of it is transferred.
    pub tree: Id,
    /// Blobs that the destination lacked, of data and of folders.
    pub blobs: u64,
    /// Their bytes, before compression.
    pub bytes: u64,
    /// Bytes that the destination grew by, without indexes.
    pub bytes_added: u64,
    /// What an interrupted backup or transfer had left in the destination and was taken over.
    pub adopted: Adoption,
}

/// A transfer of which all data is stored. Without a [`commit`](Repository::commit) it leaves nothing but packs that nothing
/// refers to.
#[derive(Debug)]
pub struct Transferred {
    outcome: TransferOutcome,
    snapshot: NewSnapshot,
}

impl Transferred {
    /// What the transfer did; its snapshot is there once it is committed.
    pub fn outcome(&self) -> &TransferOutcome {
        &self.outcome
    }

    /// The snapshot's file as it lies, or will lie, in the storage.
    pub fn snapshot_file(&self) -> &[u8] {
        self.snapshot.file()
    }
}

impl AsRef<NewSnapshot> for Transferred {
    fn as_ref(&self) -> &NewSnapshot {
        &self.snapshot
    }
}

/// What is transferred of a snapshot.
struct Whole {
    /// The snapshot, with the root that the new one has.
    snapshot: Snapshot,
    /// The content of that root, where the source has none like it.
    root: Option<Vec<u8>>,
}

impl Whole {
    fn of(source: &Repository, request: &TransferRequest) -> Result<Self> {
        let id = &request.snapshot;
        let snapshot = source.load_snapshot(id)?;
        let Some(only) = &request.only else { return Ok(Self { snapshot, root: None }) };
        let found = source.load_tree(&snapshot.tree)?.find(only.as_bytes()).cloned();
        let node = found.ok_or_else(|| Error::NoSuchPath { snapshot: *id, path: PathBuf::from(only) })?;
        let json = Tree { nodes: vec![node] }.encode();
        // What was counted was counted over all of it.
        let snapshot = Snapshot { tree: Id::of(&json), summary: None, ..snapshot };
        Ok(Self { snapshot, root: Some(json) })
    }
}

impl Repository {
    /// Stores what a snapshot of another repository holds, up to what [`commit`](Self::commit) does: there is no new snapshot
    /// yet. It is that of the source in time, host and paths, without its parent.
    ///
    /// Until this returns nothing is collected in the source, and until the transfer is committed or dropped, nothing here.
    /// Memory: the names of the snapshot's folders, and some megabytes of blobs for each thread.
    ///
    /// Fails with [`Error::Damaged`] or [`Error::BlobMissing`], which name
    /// the blob, when the source can read something at none of its places; the source remembers it. Then, as when the storage
    /// fails, the transfer is cancelled, or the root has [no such item](Error::NoSuchPath), nothing of it counts.
    pub fn transfer(&self, source: &Repository, request: &TransferRequest, control: &Control) -> Result<Transferred> {
        control.check()?;
        let adding: Adding = self.gate().enter();
        let _reading = source.gate().enter();
        source.sync_index()?;
        self.sync_index()?;
        self.examine_lost()?;
        let adopted = self.adopt_strays(control)?;
        let whole = Whole::of(source, request)?;
        let packing = Packing::new(self);
        if !self.knows_below(&packing, &whole.snapshot.tree)? {
            let run = Run { source, packing: &packing, control, failure: Mutex::default() };
            let outcome = crew::run(&run, &whole, self.options());
            // What was found unreadable is remembered, however the transfer ended.
            source.try_to_save_integrity();
            outcome?;
        }
        control.progress.complete();
        control.check()?;
        if self.sync_index()? {
            self.settle_index()?;
        }
        let tree = whole.snapshot.tree;
        let snapshot = Snapshot {
            parent: None,
            tags: (!request.tags.is_empty()).then(|| request.tags.clone()),
            program_version: Some(concat!("vaultdeck ", env!("CARGO_PKG_VERSION")).into()),
            ..whole.snapshot
        };
        let snapshot = self.new_snapshot(snapshot, packing.packs(), adding)?;
        let stored = packing.stored();
        let outcome = TransferOutcome {
            snapshot: snapshot.id(),
            tree,
            blobs: stored.data_blobs + stored.tree_blobs,
            bytes: stored.content,
            bytes_added: stored.written,
            adopted,
        };
        Ok(Transferred { outcome, snapshot })
    }

    /// Whether all below a tree is known to lie here, in packs that are counted on from now on.
    fn knows_below(&self, packing: &Packing<'_>, tree: &Id) -> Result<bool> {
        match self.remembered_packs_of_tree(tree) {
            Some(packs) => packing.rely_on(packs.iter()),
            None => Ok(false),
        }
    }
}
