//! From blobs to packs: what everything that stores blobs shares.
//!
//! Whoever has content encodes it ([`encoder`]) and appends it to the open pack ([`packer`]); threads of their own write full
//! packs. Each blob is stored once ([`claims`]), and not at all where it lies in a pack that was proven ([`counted_on`]).

mod adopt;
mod claims;
mod copies;
mod counted_on;
mod encoder;
mod packer;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

pub use adopt::Adoption;
use claims::Claims;
pub use copies::Copies;
use counted_on::CountedOn;
pub(super) use encoder::Encoder;
use packer::{PackWriter, Packer, packer};

use super::integrity::Retired;
use super::{BlobKind, Error, Id, Repository, Result};

/// Threads that write packs: while one waits for the disk, the other hashes.
pub(super) const WRITERS: usize = 2;

/// The packs that one operation fills, shared by its threads.
pub(super) struct Packing<'a> {
    repository: &'a Repository,
    claims: Claims,
    counted_on: CountedOn<'a>,
    packer: Packer,
    writer: PackWriter,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    data_blobs: AtomicU64,
    tree_blobs: AtomicU64,
    content: AtomicU64,
    packed: AtomicU64,
    data_content: AtomicU64,
    data_packed: AtomicU64,
    written: AtomicU64,
}

/// Content of files that was stored anew. What lay in the repository already is no part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewData {
    /// Bytes before compression.
    pub bytes: u64,
    /// Bytes as they are packed: compressed, encrypted.
    pub packed: u64,
}

/// What an operation stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) data_blobs: u64,
    pub(super) tree_blobs: u64,
    /// Bytes before compression.
    pub(super) content: u64,
    /// Bytes as they are packed.
    pub(super) packed: u64,
    /// Of these, what is content of files and no list of a folder: before compression, and as it is packed.
    pub(super) data: NewData,
    /// Bytes of the packs that were written.
    pub(super) written: u64,
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

impl<'a> Packing<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        let (packer, writer) = packer(repository.options().pack_size);
        Self {
            repository,
            claims: Claims::new(),
            counted_on: CountedOn::new(repository),
            packer,
            writer,
            counts: Counts::default(),
        }
    }

    /// Whether there is anything to write.
    pub(super) fn has_any(&self) -> bool {
        self.packer.has_any()
    }

    /// Packs are written from now on by [`write_packs`](Self::write_packs).
    pub(super) fn begin(&self) -> Result<()> {
        self.packer.send_what_waits()
    }

    /// Writes full packs until no more come. Runs in threads of its own. A failure is told at once; what comes after it is
    /// dropped, so that nobody waits.
    pub(super) fn write_packs(&self, failed: &dyn Fn(Error)) {
        let written = |pack: &Id, bytes| {
            self.counted_on.add(*pack);
            add(&self.counts.written, bytes);
        };
        self.writer.run(self.repository, &self.claims, &written, failed);
    }

    /// No more blobs come: what is open goes to the writers, who then end.
    pub(super) fn end(&self) -> Result<()> {
        let flushed = self.packer.flush();
        self.packer.close();
        flushed
    }

    /// Whether a blob is stored already, in a pack that was proven since this operation began.
    pub(super) fn is_stored(&self, kind: BlobKind, id: &Id) -> Result<bool> {
        self.counted_on.holds(kind, id)
    }

    /// Counts on packs from now on, if all of them are proven and nothing in them is lost.
    pub(super) fn rely_on<'p>(&self, packs: impl IntoIterator<Item = &'p Id>) -> Result<bool> {
        self.counted_on.add_sound(packs)
    }

    /// Whether the caller must store this blob: it lies nowhere, and nobody else has taken it on.
    pub(super) fn claim(&self, kind: BlobKind, id: &Id) -> bool {
        self.claims.take(kind, id, || self.counted_on.holds_now(kind, id))
    }

    /// Stores a blob unless it is stored already.
    pub(super) fn save(&self, encoder: &mut Encoder, kind: BlobKind, content: &[u8]) -> Result<Id> {
        let id = Id::of(content);
        if !self.is_stored(kind, &id)? && self.claim(kind, &id) {
            self.store(encoder, kind, &id, content)?;
        }
        Ok(id)
    }

    /// Stores a blob that was claimed.
    pub(super) fn store(&self, encoder: &mut Encoder, kind: BlobKind, id: &Id, content: &[u8]) -> Result<()> {
        let blob = encoder.encode(self.repository.key(), id, content)?;
        self.packer.add(kind, *id, &blob)?;
        add(&self.counts.content, content.len() as u64);
        add(&self.counts.packed, blob.ciphertext.len() as u64);
        if kind == BlobKind::Data {
            add(&self.counts.data_content, content.len() as u64);
            add(&self.counts.data_packed, blob.ciphertext.len() as u64);
        }
        add(if kind == BlobKind::Data { &self.counts.data_blobs } else { &self.counts.tree_blobs }, 1);
        Ok(())
    }

    /// What is counted on in some packs lies in others now.
    pub(super) fn replace(&self, retired: Retired) {
        self.counted_on.replace(retired);
    }

    /// The packs that are counted on, or were written.
    pub(super) fn packs(&self) -> HashSet<Id> {
        self.counted_on.packs()
    }

    /// What was stored so far.
    pub(super) fn stored(&self) -> Stored {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counts { data_blobs, tree_blobs, content, packed, data_content, data_packed, written } = &self.counts;
        Stored {
            data_blobs: get(data_blobs),
            tree_blobs: get(tree_blobs),
            content: get(content),
            packed: get(packed),
            data: NewData { bytes: get(data_content), packed: get(data_packed) },
            written: get(written),
        }
    }
}
