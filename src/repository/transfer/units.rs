//! Ranges of packs that are read at once.

use crate::repository::{BlobKind, Id, Location};

/// A range holds about so much content at most.
const UNIT: usize = 4 << 20;
/// It is cheaper to read this many unwanted bytes than to ask again.
const GAP: u64 = 64 << 10;

/// A blob of the source that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) kind: BlobKind,
    pub(super) id: Id,
    pub(super) location: Location,
}

/// A range of one pack, and what is wanted of it in the order in which it lies there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) pack: Id,
    pub(super) start: u64,
    pub(super) length: usize,
    pub(super) blobs: Vec<Wanted>,
}

impl Wanted {
    fn start(&self) -> u64 {
        u64::from(self.location.offset)
    }

    fn end(&self) -> u64 {
        self.start() + u64::from(self.location.length)
    }
}

/// The ranges in which these blobs are read, pack by pack.
pub(super) fn units(mut wanted: Vec<Wanted>) -> Vec<Unit> {
    wanted.sort_unstable_by_key(|blob| (blob.location.pack, blob.location.offset));
    let mut units: Vec<Unit> = Vec::new();
    let mut content = 0;
    for blob in wanted {
        let length = blob.location.content_length() as usize;
        let fitting = units.last_mut().filter(|unit| {
            let end = unit.start + unit.length as u64;
            unit.pack == blob.location.pack && blob.start() <= end + GAP && content + length <= UNIT
        });
        match fitting {
            Some(unit) => {
                unit.length = (blob.end() - unit.start) as usize;
                unit.blobs.push(blob);
                content += length;
            }
            None => {
                content = length;
                let (pack, start, length) = (blob.location.pack, blob.start(), blob.location.length as usize);
                units.push(Unit { pack, start, length, blobs: vec![blob] });
            }
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(pack: &[u8], offset: u32, length: u32, content: u32) -> Wanted {
        let location = Location { pack: Id::of(pack), offset, length, uncompressed_length: Some(content) };
        Wanted { kind: BlobKind::Data, id: Id::of(&offset.to_le_bytes()), location }
    }

    fn ranges(wanted: Vec<Wanted>) -> Vec<(u64, usize, usize)> {
        units(wanted).iter().map(|unit| (unit.start, unit.length, unit.blobs.len())).collect()
    }

    #[test]
    fn what_lies_near_is_read_at_once_whatever_the_order_in_which_it_was_met() {
        let near = vec![blob(b"a", 300, 100, 200), blob(b"a", 0, 100, 200), blob(b"a", 100, 100, 200)];
        assert_eq!(ranges(near), [(0, 400, 3)]);
    }

    #[test]
    fn what_is_far_or_in_another_pack_or_too_much_is_read_by_itself() {
        let gap = GAP as u32;
        assert_eq!(ranges(vec![blob(b"a", 0, 100, 200), blob(b"a", 100 + gap, 9, 9)]).len(), 1);
        assert_eq!(ranges(vec![blob(b"a", 0, 100, 200), blob(b"a", 101 + gap, 9, 9)]).len(), 2);
        assert_eq!(ranges(vec![blob(b"a", 0, 100, 200), blob(b"b", 100, 9, 9)]).len(), 2);
        let half = UNIT as u32 / 2;
        let large = vec![blob(b"a", 0, 9, half), blob(b"a", 9, 9, half), blob(b"a", 18, 9, 1)];
        assert_eq!(ranges(large), [(0, 18, 2), (18, 9, 1)]);
        assert_eq!(ranges(vec![blob(b"a", 0, 9, UNIT as u32 * 3)]), [(0, 9, 1)], "one that is larger goes alone");
    }
}
