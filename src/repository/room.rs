//! Room on the disk of a storage, as whoever owns the disk deals it out.

use std::{fmt, io};

/// Asked before files are written.
pub trait Room: fmt::Debug + Send + Sync {
    /// Keeps room for a pack of so many bytes, if there is any beyond what is kept for what must go on. If not, the error is
    /// of the kind [`StorageFull`](io::ErrorKind::StorageFull) and says how it stands.
    fn claim(&self, bytes: u64) -> io::Result<()>;

    /// What was claimed is written, or will not be.
    fn release(&self, bytes: u64);

    /// So many bytes of something small are about to be written that must go on also on a full disk, such as a lock.
    fn make_way(&self, bytes: u64);
}

/// Room that is kept until a pack is written.
pub(super) struct Claim<'a> {
    room: &'a dyn Room,
    bytes: u64,
}

impl<'a> Claim<'a> {
    /// Keeps room for a pack.
    pub(super) fn on(room: &'a dyn Room, bytes: u64) -> io::Result<Self> {
        room.claim(bytes)?;
        Ok(Self { room, bytes })
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.room.release(self.bytes);
    }
}
