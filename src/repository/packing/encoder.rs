//! From content to a sealed blob, and back again for certainty.

use zstd::bulk::{Compressor, Decompressor};

use crate::repository::compression::is_incompressible;
use crate::repository::crypto::Seal;
use crate::repository::{Error, Id, MasterKey, Result};

/// Buffers beyond this are given back after an unusually large blob.
const KEPT: usize = 16 << 20;

/// One thread's contexts and buffers, used again for each blob.
pub(in crate::repository) struct Encoder {
    level: i32,
    /// Made with the first blob: most backups of what did not change have none.
    contexts: Option<Contexts>,
    sealed: Vec<u8>,
    opened: Vec<u8>,
    content: Vec<u8>,
}

/// zstd's.
struct Contexts {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
}

impl Contexts {
    fn new(level: i32) -> Result<Self> {
        let refused = |error: std::io::Error| Error::System { what: "compression", problem: error.to_string() };
        Ok(Self {
            compressor: Compressor::new(level).map_err(refused)?,
            decompressor: Decompressor::new().map_err(refused)?,
        })
    }

    /// Whether the content is smaller compressed; then it lies in the empty `into`.
    fn compress(&mut self, content: &[u8], into: &mut Vec<u8>) -> Result<bool> {
        if is_incompressible(content, &mut self.compressor) {
            return Ok(false);
        }
        into.reserve(zstd::zstd_safe::compress_bound(content.len()));
        let length = self
            .compressor
            .compress_to_buffer(content, into)
            .map_err(|error| Error::System { what: "compression", problem: error.to_string() })?;
        Ok(length < content.len())
    }
}

/// A blob ready for a pack.
pub(super) struct Encoded<'a> {
    /// Nonce and tag.
    pub(super) seal: Seal,
    /// What lies between them.
    pub(super) ciphertext: &'a [u8],
    /// The content's length, when it was compressed.
    pub(super) uncompressed_length: Option<u32>,
}

impl Encoder {
    pub(in crate::repository) fn new(level: i32) -> Self {
        Self { level, contexts: None, sealed: Vec::new(), opened: Vec::new(), content: Vec::new() }
    }

    fn contexts(&mut self) -> Result<&mut Contexts> {
        match &mut self.contexts {
            Some(contexts) => Ok(contexts),
            none => Ok(none.insert(Contexts::new(self.level)?)),
        }
    }

    /// Compresses and seals; then opens, decompresses and compares, so that nothing that a faulty memory or processor
    /// spoiled is ever stored as good.
    pub(super) fn encode(&mut self, key: &MasterKey, id: &Id, content: &[u8]) -> Result<Encoded<'_>> {
        self.shrink();
        let length = u32::try_from(content.len()).map_err(|_| {
            Error::Invalid(format!("a folder or piece of {} bytes is too large for the format", content.len()))
        })?;
        let compressed = self.compress(content)?;
        let seal = key.seal_detached(&mut self.sealed)?;
        self.verify(key, id, &seal, content, compressed)?;
        Ok(Encoded { seal, ciphertext: &self.sealed, uncompressed_length: compressed.then_some(length) })
    }

    /// Leaves the content in `sealed`, compressed when that makes it smaller.
    fn compress(&mut self, content: &[u8]) -> Result<bool> {
        let mut sealed = std::mem::take(&mut self.sealed);
        sealed.clear();
        let compressed = self.contexts()?.compress(content, &mut sealed)?;
        if !compressed {
            sealed.clear();
            sealed.extend_from_slice(content);
        }
        self.sealed = sealed;
        Ok(compressed)
    }

    fn verify(&mut self, key: &MasterKey, id: &Id, seal: &Seal, content: &[u8], compressed: bool) -> Result<()> {
        let failed = |problem| Error::NotVerified { id: *id, problem };
        self.opened.clear();
        self.opened.extend_from_slice(&self.sealed);
        key.open_detached(seal, &mut self.opened).map_err(|_| failed("the seal does not open"))?;
        if compressed {
            let mut back = std::mem::take(&mut self.content);
            back.clear();
            back.reserve(content.len());
            let opened = std::mem::take(&mut self.opened);
            let outcome = self.contexts()?.decompressor.decompress_to_buffer(&opened, &mut back);
            (self.content, self.opened) = (back, opened);
            outcome.map_err(|_| failed("it does not decompress"))?;
        }
        let back = if compressed { &self.content } else { &self.opened };
        if back == content { Ok(()) } else { Err(failed("other bytes came back")) }
    }

    fn shrink(&mut self) {
        for buffer in [&mut self.sealed, &mut self.opened, &mut self.content] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_of_every_sort_come_out_as_they_went_in() {
        let key = MasterKey::generate().unwrap();
        let mut encoder = Encoder::new(3);
        let mut noise = vec![0; 1 << 20];
        crate::repository::crypto::random(&mut noise).unwrap();
        for (content, compresses) in [
            (vec![], false),
            (b"x".to_vec(), false),
            (b"text ".repeat(10_000), true),
            (vec![0; 8 << 20], true),
            (noise, false),
        ] {
            let id = Id::of(&content);
            let encoded = encoder.encode(&key, &id, &content).unwrap();
            assert_eq!(encoded.uncompressed_length.is_some(), compresses, "{} bytes", content.len());
            let mut opened = encoded.ciphertext.to_vec();
            key.open_detached(&encoded.seal, &mut opened).unwrap();
            let back = if compresses { zstd::bulk::decompress(&opened, content.len()).unwrap() } else { opened };
            assert!(back == content);
        }
    }

    #[test]
    fn a_blob_that_changed_in_memory_is_noticed() {
        let key = MasterKey::generate().unwrap();
        let mut encoder = Encoder::new(3);
        let content = b"text ".repeat(1000);
        let id = Id::of(&content);
        let seal = encoder.encode(&key, &id, &content).unwrap().seal;
        assert!(encoder.verify(&key, &id, &seal, &content, true).is_ok());
        assert!(encoder.verify(&key, &id, &seal, &content[1..], true).is_err());
        encoder.sealed[3] ^= 1;
        assert!(matches!(encoder.verify(&key, &id, &seal, &content, true), Err(Error::NotVerified { .. })));
    }
}
