//! Which blobs a running operation has already taken on, so that each is stored once.

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use crate::repository::{BlobKind, Id};

const SHARDS: usize = 64;

/// Blobs between being taken on and being in the index in memory.
pub(super) struct Claims {
    shards: Vec<Mutex<Shard>>,
}

type Shard = HashSet<(BlobKind, Id), BuildHasherDefault<IdHasher>>;

/// Ids are hashes already: their first bytes are as good as any hash of them.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = self.0.rotate_left(1) ^ u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Claims {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    fn shard(&self, id: &Id) -> MutexGuard<'_, Shard> {
        // Not the bytes that the table's own hash begins with.
        let number = usize::from(id.as_bytes()[31]) % SHARDS;
        self.shards[number].lock()
    }

    /// Whether the caller must store this blob. `stored` asks the index; it is asked while the blob's shard is locked, and
    /// blobs are released only after they are in the index, so no blob is ever seen in neither.
    pub(super) fn take(&self, kind: BlobKind, id: &Id, stored: impl FnOnce() -> bool) -> bool {
        let mut shard = self.shard(id);
        if shard.contains(&(kind, *id)) || stored() {
            return false;
        }
        shard.insert((kind, *id));
        true
    }

    /// The blob is in the index now.
    pub(super) fn release(&self, kind: BlobKind, id: &Id) {
        self.shard(id).remove(&(kind, *id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_taken_once_until_the_index_has_it() {
        let claims = Claims::new();
        let id = Id::of(b"x");
        assert!(claims.take(BlobKind::Data, &id, || false));
        assert!(!claims.take(BlobKind::Data, &id, || false));
        assert!(claims.take(BlobKind::Tree, &id, || false), "a tree is another blob");
        claims.release(BlobKind::Data, &id);
        assert!(!claims.take(BlobKind::Data, &id, || true));
    }
}
