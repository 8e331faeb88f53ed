//! What is read of a volume, wherever it lies.

pub(super) mod file;
pub(super) mod iscsi;
pub(super) mod nbd;

use super::bits::Bits;
use crate::domain::Consistency;
use crate::engine::drivers::Fault;
use std::ops::Range;

/// A volume that is open for reading, by several threads at once.
pub(super) trait Image: Send + Sync {
    /// Its size in bytes, as it was when it was opened.
    fn size(&self) -> u64;

    /// How much what is read is of one moment.
    fn consistency(&self) -> Consistency;

    /// What is known of a range without reading it: extents in their order, which cover all of it.
    fn extents(&self, range: Range<u64>) -> Result<Vec<Extent>, Fault>;

    /// Fills the buffer with what lies at a place.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<(), Fault>;

    /// What its service knows to have changed since some time.
    fn dirty(&self) -> Option<&Dirty> {
        None
    }

    /// All was read: whether it stayed what it was. A volume that shrank is a fault; what makes the backup worth less is told.
    fn finish(&self) -> Result<Option<&'static str>, Fault>;
}

/// A part of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) length: u64,
    /// Whether it is known to be zeros.
    pub(super) is_zero: bool,
}

/// What changed since a bitmap was begun.
#[derive(Debug)]
pub(super) struct Dirty {
    /// What the bitmap is called.
    pub(super) name: String,
    /// The pieces in which something changed.
    pub(super) pieces: Bits,
}
