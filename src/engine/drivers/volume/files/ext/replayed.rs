//! Which blocks are newer in the journal than in their places.

use std::collections::HashMap;

/// See the module.
#[derive(Default)]
pub(super) struct Replayed(HashMap<u64, Copy>);

/// Where a newer state of a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Copy {
    /// In which block of the file system.
    pub(super) block: u64,
    /// Whether its first bytes were taken away, for they are those of a journal's block.
    pub(super) is_escaped: bool,
}

impl Replayed {
    pub(super) fn new(copies: HashMap<u64, Copy>) -> Self {
        Self(copies)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newer state of a block.
    pub(super) fn of(&self, block: u64) -> Option<Copy> {
        self.0.get(&block).copied()
    }
}
