//! Storing blobs whose content is known from elsewhere, where a repository has lost them.

use super::encoder::Encoder;
use crate::repository::{BlobKind, Error, Id, PackBuilder, Repository, Result};

/// Packs that are being filled with copies.
pub struct Copies<'a> {
    repository: &'a Repository,
    encoder: Encoder,
    data: PackBuilder,
    trees: PackBuilder,
    packs: Vec<Id>,
}

impl Repository {
    /// Begins to store copies of blobs. Nothing counts before [`Copies::finish`].
    pub fn store_copies(&self) -> Result<Copies<'_>> {
        Ok(Copies {
            repository: self,
            encoder: Encoder::new(self.options().compression_level),
            data: PackBuilder::new(Vec::new()),
            trees: PackBuilder::new(Vec::new()),
            packs: Vec::new(),
        })
    }
}

impl Copies<'_> {
    /// Adds a blob. Content that is not the blob's is refused: its name is the hash of its content.
    pub fn add(&mut self, kind: BlobKind, id: Id, content: &[u8]) -> Result<()> {
        if Id::of(content) != id {
            return Err(Error::damaged(format!("a copy of {kind} blob {id}"), "its content has another hash"));
        }
        let encoded = self.encoder.encode(self.repository.key(), &id, content)?;
        let pack = if kind == BlobKind::Data { &mut self.data } else { &mut self.trees };
        let parts = [encoded.seal.nonce.as_slice(), encoded.ciphertext, encoded.seal.tag.as_slice()];
        pack.add(kind, id, &parts, encoded.uncompressed_length);
        if pack.len() >= self.repository.options().pack_size {
            let full = std::mem::replace(pack, PackBuilder::new(Vec::new()));
            self.write(full)?;
        }
        Ok(())
    }

    fn write(&mut self, pack: PackBuilder) -> Result<()> {
        if pack.is_empty() {
            return Ok(());
        }
        let _adding = self.repository.gate().enter();
        let pack = pack.finish(self.repository.key())?;
        self.repository.add_pack(&pack)?;
        self.packs.push(pack.index.id);
        Ok(())
    }

    /// Makes all that was added durable and findable; the packs that were written.
    pub fn finish(mut self) -> Result<Vec<Id>> {
        for pack in [
            std::mem::replace(&mut self.data, PackBuilder::new(Vec::new())),
            std::mem::replace(&mut self.trees, PackBuilder::new(Vec::new())),
        ] {
            self.write(pack)?;
        }
        self.repository.flush_index()?;
        self.repository.save_integrity()?;
        Ok(self.packs)
    }
}
