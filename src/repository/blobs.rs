//! Single blobs of a repository, wherever they lie.

use super::{BlobKind, Error, FileKind, Id, Location, Repository, Result, Tree, compression};

impl Repository {
    /// Where a blob lies.
    pub fn find_blob(&self, kind: BlobKind, id: &Id) -> Result<Location> {
        self.index().find(kind, id).ok_or(Error::BlobMissing { kind, id: *id })
    }

    /// The content of a blob, its hash checked. When one place is damaged and there is another, that one is taken. What
    /// could not be read is remembered: no backup counts on it any more.
    pub fn load_blob(&self, kind: BlobKind, id: &Id) -> Result<Vec<u8>> {
        match self.load_blob_anywhere(kind, id) {
            // Another program may have moved it since the index was read.
            Err(Error::NotFound { .. } | Error::BlobMissing { .. }) if self.sync_index()? => {
                self.load_blob_anywhere(kind, id)
            }
            outcome => outcome,
        }
    }

    fn load_blob_anywhere(&self, kind: BlobKind, id: &Id) -> Result<Vec<u8>> {
        let mut first = None;
        let locations = self.index().find_all(kind, id);
        for location in locations {
            // Twice, since a disk may stumble once.
            match self.load_blob_at(id, &location).or_else(|_| self.load_blob_at(id, &location)) {
                Ok(content) => return Ok(content),
                Err(error) => {
                    self.report_unreadable(&location, &error);
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.unwrap_or(Error::BlobMissing { kind, id: *id }))
    }

    /// The content of the blob at one place, its hash checked.
    pub fn load_blob_at(&self, id: &Id, location: &Location) -> Result<Vec<u8>> {
        let (offset, length) = (u64::from(location.offset), location.length as usize);
        let mut sealed = self.storage.read_range(FileKind::Pack, &location.pack, offset, length)?;
        self.decode_blob(id, location, &mut sealed)
    }

    /// Opens the sealed bytes of a blob, decompresses them and checks their hash.
    pub fn decode_blob(&self, id: &Id, location: &Location, sealed: &mut [u8]) -> Result<Vec<u8>> {
        let damaged = |problem: &dyn std::fmt::Display| {
            let place = location.offset;
            Error::damaged(format!("pack {} (blob {id} at byte {place})", location.pack), problem)
        };
        let content = self.key.open(sealed).map_err(|error| damaged(&error))?;
        let content = match location.uncompressed_length {
            Some(length) => {
                compression::decompress_blob(content, length as usize).map_err(|problem| damaged(&problem))?
            }
            None => content.to_vec(),
        };
        if Id::of(&content) == *id { Ok(content) } else { Err(damaged(&"its content has another hash")) }
    }

    /// A folder. For large ones see [`load_blob`](Self::load_blob) with [`TreeReader`](super::TreeReader).
    pub fn load_tree(&self, id: &Id) -> Result<Tree> {
        Tree::decode(id, &self.load_blob(BlobKind::Tree, id)?)
    }
}
