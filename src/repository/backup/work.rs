//! What is handed over: by the walker to whoever reads a file, and by the reader to whoever stores a piece of it.

use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::folder::Place;
use crate::repository::source::Cut;
use crate::repository::{Id, Node};

/// A file to be read.
pub(super) struct FileJob {
    pub(super) path: PathBuf,
    /// All but the content.
    pub(super) node: Node,
    pub(super) cut: Cut,
    /// Where its node goes; nowhere yet for a file that comes before the walk.
    pub(super) place: Option<Place>,
    /// The pieces that the parent has of it, all of them stored still, where it was cut at the same places.
    pub(super) before: Option<Vec<Id>>,
}

/// A piece of a file that another worker reads.
pub(super) struct PieceJob {
    pub(super) file: Arc<SharedFile>,
    /// Which of the file's pieces it is.
    pub(super) position: usize,
    pub(super) content: Vec<u8>,
}

/// A file of which several workers have pieces.
pub(super) struct SharedFile {
    /// Pieces in work, and one for the reader.
    pub(super) left: AtomicUsize,
    pub(super) pieces: Mutex<Vec<(usize, Id)>>,
    /// Set when it was read to its end.
    pub(super) file: Mutex<Option<FileJob>>,
}

impl SharedFile {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(1), pieces: Mutex::default(), file: Mutex::default() })
    }
}
