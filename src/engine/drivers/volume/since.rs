//! What changed of a volume since the recovery point before, where a bitmap proves it.
//!
//! A dirty bitmap records which parts were written to since it was made. It tells what changed since a backup if it was there
//! then and has recorded ever since. So what it told at each backup is kept with the recovery point: a bitmap that was cleared
//! or made anew since then lacks something of that, and then all of the volume is read. A bitmap into which all of it was
//! written again after it had been cleared cannot be told from one that was not, and none knows of an image that was set back
//! to an older state. Whoever names a bitmap says that nobody does either.

use super::bits::Bits;
use super::description::{Bitmap, Description};
use super::image::Dirty;
use super::layout;
use crate::engine::drivers::{Fault, Inside};
use std::ops::Range;

/// What changed, and what was there before.
#[derive(Debug)]
pub(super) struct Since {
    size: u64,
    /// The pieces that may have changed.
    dirty: Bits,
    /// The segments that the parent has.
    before: Bits,
}

/// What a recovery point keeps of a bitmap.
pub(super) fn kept(dirty: &Dirty, size: u64) -> Bitmap {
    Bitmap {
        name: dirty.name.clone(),
        dirty_pieces: dirty.pieces.count(),
        dirty_segments: segments(dirty, size).to_hex(),
    }
}

fn segments(dirty: &Dirty, size: u64) -> Bits {
    let mut segments = Bits::new(layout::segments(size));
    let is_dirty = |number: &u64| dirty.pieces.first(layout::pieces(layout::bytes_of(*number, size)), true).is_some();
    (0..layout::segments(size)).filter(is_dirty).for_each(|number| segments.add(number));
    segments
}

impl Since {
    /// What changed since a recovery point, if the bitmap proves it.
    pub(super) fn of(now: &Description, dirty: &Dirty, before: &Inside<'_>) -> Result<Option<Self>, Fault> {
        let Ok(told) = Description::read(before) else { return Ok(None) };
        let Some(bitmap) = told.bitmap.as_ref().filter(|bitmap| bitmap.name == dirty.name) else { return Ok(None) };
        let size = now.volume_size;
        let was = Bits::from_hex(&bitmap.dirty_segments);
        let records_still =
            was.is_some_and(|was| segments(dirty, size).holds(&was)) && dirty.pieces.count() >= bitmap.dirty_pieces;
        if !records_still || told.volume_size != size || told.source != now.source {
            return Ok(None);
        }
        Ok(Some(Self { size, dirty: dirty.pieces.clone(), before: told.present()? }))
    }

    /// Whether anything of a range of bytes may have changed.
    pub(super) fn changed(&self, bytes: Range<u64>) -> bool {
        self.dirty.first(layout::pieces(bytes), true).is_some()
    }

    /// Whether the parent has a segment.
    pub(super) fn had(&self, segment: u64) -> bool {
        self.before.has(segment)
    }

    /// Whether what is at the beginning of a range may have changed, and up to where that is so.
    pub(super) fn run(&self, bytes: Range<u64>) -> (bool, u64) {
        let pieces = layout::pieces(bytes.clone());
        let changed = self.dirty.has(pieces.start);
        let until = self.dirty.first(pieces, !changed).map_or(bytes.end, |piece| piece * u64::from(layout::PIECE));
        (changed, until.min(self.size))
    }
}
