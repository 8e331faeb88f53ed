//! What the threads of such a restore share, and what they hand to each other.

use crossbeam_channel::{Receiver, Sender};

use super::budget::{Budget, Permit};
use crate::repository::item_path::ItemPath;
use crate::repository::restore::report::Report;
use crate::repository::{Control, Id, Location, Node, Repository};

/// What all threads of a restore share.
pub(super) struct Run<'a> {
    pub(super) repository: &'a Repository,
    pub(super) control: &'a Control,
    pub(super) report: Report,
    pub(super) budget: Budget,
}

impl Run<'_> {
    pub(super) fn stopped(&self) -> bool {
        self.control.is_cancelled() || self.report.stopped()
    }
}

/// An item for the sink.
pub(super) struct Job<'r> {
    pub(super) path: ItemPath,
    pub(super) node: Node,
    pub(super) parts: Receiver<Part<'r>>,
}

/// A part of a file's content.
pub(super) enum Part<'r> {
    /// So many zeros, which nobody reads.
    Zeros(u64),
    /// A blob that is being fetched, or why it cannot be had.
    Blob(Receiver<Result<Fetched<'r>, String>>),
}

/// The content of a blob.
pub(super) struct Fetched<'r> {
    pub(super) content: Vec<u8>,
    pub(super) _permit: Permit<'r>,
}

/// Blobs that lie close together in one pack and are needed one after the other.
pub(super) struct Unit<'r> {
    pub(super) pack: Id,
    pub(super) start: u64,
    pub(super) length: u64,
    /// How much content is in it.
    pub(super) content: usize,
    pub(super) pieces: Vec<Piece<'r>>,
}

/// A blob with who waits for it.
pub(super) struct Piece<'r> {
    pub(super) id: Id,
    pub(super) location: Location,
    pub(super) permit: Permit<'r>,
    pub(super) reply: Sender<Result<Fetched<'r>, String>>,
}
