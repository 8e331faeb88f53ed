//! Blobs that hold nothing but zeros, told without reading them.
//!
//! They are what a hole of a sparse file looks like in the repository. They need no room in the target and no reading: their
//! ids are those of so many zeros.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::repository::index::Location;
use crate::repository::{Id, crypto};

/// A blob is looked at when it shrank to less than this part of itself; zeros shrink far more.
const SHRUNK: u32 = 500;
/// How many different lengths are hashed: sources cut holes into few.
const LENGTHS: usize = 64;

/// The ids of runs of zeros, by their length.
#[derive(Default)]
pub(super) struct Zeros {
    known: HashMap<u32, Id>,
}

impl Zeros {
    /// Whether a blob is all zeros. A `false` may be wrong, for it costs only the reading; a `true` is never.
    pub(super) fn contains(&mut self, id: &Id, location: &Location) -> bool {
        let length = location.content_length();
        let packed = location.length.saturating_sub(crypto::OVERHEAD as u32);
        if location.uncompressed_length.is_none() || length == 0 || packed > length / SHRUNK {
            return false;
        }
        if let Some(zeros) = self.known.get(&length) {
            return zeros == id;
        }
        if self.known.len() >= LENGTHS {
            return false;
        }
        let zeros = hash_of_zeros(length);
        self.known.insert(length, zeros);
        zeros == *id
    }
}

fn hash_of_zeros(length: u32) -> Id {
    const PIECE: [u8; 4096] = [0; 4096];
    let mut hash = Sha256::new();
    let mut left = length as usize;
    while left > 0 {
        let piece = left.min(PIECE.len());
        hash.update(&PIECE[..piece]);
        left -= piece;
    }
    Id::from_bytes(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(length: u32, uncompressed_length: Option<u32>) -> Location {
        Location { pack: Id::of(b"pack"), offset: 0, length, uncompressed_length }
    }

    #[test]
    fn zeros_are_known_by_their_length() {
        let mut zeros = Zeros::default();
        let id = Id::of(&vec![0; 1 << 20]);
        assert!(zeros.contains(&id, &location(90, Some(1 << 20))));
        assert!(!zeros.contains(&Id::of(b"x"), &location(90, Some(1 << 20))), "something else of that length");
        assert!(!zeros.contains(&id, &location(90, Some(1 << 19))), "the id of another length");
    }

    #[test]
    fn what_did_not_shrink_is_not_even_hashed() {
        let mut zeros = Zeros::default();
        assert!(!zeros.contains(&Id::of(&[0; 4000]), &location(4032, None)));
        assert!(!zeros.contains(&Id::of(&[0; 4000]), &location(2000, Some(4000))));
        assert!(zeros.known.is_empty());
    }
}
