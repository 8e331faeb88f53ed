//! Reading a pack from its first byte to its last.

use sha2::{Digest as _, Sha256};

use crate::repository::blob_reader::BlobReader;
use crate::repository::{Error, FileKind, Id, IndexBlob, Repository, Result, pack};

/// How much of a pack is in memory at once.
const PIECE: u64 = 4 << 20;

/// What a pack turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined {
    /// Every byte is as it was written.
    Sound {
        /// How many bytes were read.
        bytes: u64,
    },
    /// Some bytes are not.
    Damaged {
        /// What cannot be read any more. None when only its header, or what lies between the blobs, is damaged.
        lost: Vec<IndexBlob>,
        /// What is wrong with it as a whole.
        problem: String,
    },
    /// There is no such file.
    Missing,
}

impl Repository {
    /// Reads every byte of a pack and remembers what was found; what is lost, durably when this returns. A pack that was
    /// lost and is whole again counts from then on.
    ///
    /// Fails with [`Error::Storage`] when the disk does not let it be read, which says nothing about its content.
    pub fn examine_pack(&self, id: &Id) -> Result<Examined> {
        let stamp = match self.storage().stamp(FileKind::Pack, id) {
            Err(Error::NotFound { .. }) => {
                self.index_mut().lose_pack(id);
                return Ok(Examined::Missing);
            }
            other => other?,
        };
        if self.hash_pack(id, stamp.size)? == Some(*id) {
            self.note_examined(id, stamp, Vec::new());
            return Ok(Examined::Sound { bytes: stamp.size });
        }
        let mut blobs = self.index().blobs_in(id);
        if blobs.is_empty() {
            let header = pack::read_header(self.storage().as_ref(), self.key(), id, stamp.size);
            blobs = header.map(|pack| pack.blobs).unwrap_or_default();
        }
        let lost = self.unreadable(id, blobs)?;
        self.note_examined(id, stamp, lost.iter().map(|blob| blob.offset).collect());
        self.try_to_save_integrity();
        Ok(Examined::Damaged { lost, problem: "its content is not what its name says".to_owned() })
    }

    /// The hash of a pack's bytes; `None` when it ended before it should have.
    fn hash_pack(&self, id: &Id, size: u64) -> Result<Option<Id>> {
        let mut hash = Sha256::new();
        let mut at = 0;
        while at < size {
            let length = PIECE.min(size - at) as usize;
            match self.storage().read_range(FileKind::Pack, id, at, length) {
                Ok(piece) => hash.update(&piece),
                Err(Error::Damaged { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
            at += length as u64;
        }
        Ok(Some(Id::from_bytes(hash.finalize().into())))
    }

    /// Those of a pack's blobs that cannot be read.
    fn unreadable(&self, id: &Id, blobs: Vec<IndexBlob>) -> Result<Vec<IndexBlob>> {
        let mut reader = BlobReader::new(self.key());
        let mut lost = Vec::new();
        for blob in blobs {
            let sealed = self.storage().read_range(FileKind::Pack, id, u64::from(blob.offset), blob.length as usize);
            let good = match sealed {
                Ok(mut sealed) => reader.open(&blob.id, &mut sealed, blob.uncompressed_length).is_ok(),
                Err(Error::Damaged { .. } | Error::NotFound { .. }) => false,
                Err(error) => return Err(error),
            };
            if !good {
                lost.push(blob);
            }
        }
        Ok(lost)
    }
}
