//! The ways in which the files of one backup are cut.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::repository::chunker::{Chunker, ChunkerParameters};
use crate::repository::source::Cut;
use crate::repository::{Id, Result};

/// One way of cutting.
pub(super) struct Cutter {
    pub(super) chunker: Chunker,
    /// The id of the largest piece of zeros, once there was one.
    pub(super) zeros: OnceLock<Id>,
}

/// The one that the request asks for, and those that single files ask for.
pub(super) struct Cutters {
    requested: Arc<Cutter>,
    fixed: Mutex<BTreeMap<u32, Arc<Cutter>>>,
}

impl Cutter {
    fn new(chunker: Chunker) -> Arc<Self> {
        Arc::new(Self { chunker, zeros: OnceLock::new() })
    }
}

impl Cutters {
    pub(super) fn new(requested: Chunker) -> Self {
        Self { requested: Cutter::new(requested), fixed: Mutex::default() }
    }

    /// How a file is cut; an error for a size that cannot be.
    pub(super) fn of(&self, cut: Cut) -> Result<Arc<Cutter>> {
        let Cut::Fixed(size) = cut else { return Ok(Arc::clone(&self.requested)) };
        let mut fixed = self.fixed.lock();
        if let Some(cutter) = fixed.get(&size) {
            return Ok(Arc::clone(cutter));
        }
        // Pieces of one size need no seed: their cuts tell nothing.
        let cutter = Cutter::new(Chunker::new(ChunkerParameters::Fixed { size }, 0)?);
        fixed.insert(size, Arc::clone(&cutter));
        Ok(cutter)
    }
}
