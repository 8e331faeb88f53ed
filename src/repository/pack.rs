//! Packs: many blobs in one file.
//!
//! A pack is `sealed blobs | sealed header | length of the sealed header (4 bytes, little endian)`. The header names each
//! blob in order: one byte for the kind, the sealed length, for compressed ones the length before compression, the id.

use super::{BlobKind, Error, FileKind, Id, IndexBlob, IndexPack, MasterKey, Result, Storage, crypto};

/// Bytes of a header's entry for a blob that is not compressed.
const PLAIN_ENTRY: usize = 1 + 4 + Id::LENGTH;
/// Bytes of a header's entry for a compressed blob.
const COMPRESSED_ENTRY: usize = PLAIN_ENTRY + 4;
/// The trailing length.
const LENGTH_FIELD: usize = 4;
/// What a pack's file holds beside its blobs and what its header says of each.
pub(super) const FRAME: u64 = (LENGTH_FIELD + crypto::OVERHEAD) as u64;
/// A header of more blobs would be unwieldy.
pub(super) const MOST_BLOBS: usize = 10_000;
/// More than any pack's header: guards against a file that claims to be larger than memory.
const LARGEST_HEADER: u64 = 64 << 20;

/// A pack that is being filled in memory.
pub struct PackBuilder {
    content: Vec<u8>,
    blobs: Vec<IndexBlob>,
}

/// A pack that is complete and waits to be written.
pub struct FinishedPack {
    /// The bytes of the file.
    pub content: Vec<u8>,
    /// What it holds, named by the file's id.
    pub index: IndexPack,
}

impl PackBuilder {
    /// An empty pack in a buffer that an earlier one left, or a new one.
    pub fn new(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self { content: buffer, blobs: Vec::new() }
    }

    /// Appends a sealed blob, given in parts; `uncompressed_length` is given when it was compressed before it was sealed.
    pub fn add(&mut self, kind: BlobKind, id: Id, sealed: &[&[u8]], uncompressed_length: Option<u32>) {
        self.blobs.push(IndexBlob {
            id,
            kind,
            offset: self.content.len() as u32,
            length: sealed.iter().map(|part| part.len()).sum::<usize>() as u32,
            uncompressed_length,
        });
        for part in sealed {
            self.content.extend_from_slice(part);
        }
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.content.len()
    }

    /// Blobs so far.
    pub fn count(&self) -> usize {
        self.blobs.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }

    /// Seals the header and names the pack.
    pub fn finish(self, key: &MasterKey) -> Result<FinishedPack> {
        let Self { mut content, blobs } = self;
        let header = key.seal_message(&encode_header(&blobs))?;
        content.extend_from_slice(&header);
        content.extend_from_slice(&(header.len() as u32).to_le_bytes());
        let id = Id::of(&content);
        Ok(FinishedPack { content, index: IndexPack { id, blobs } })
    }
}

fn encode_header(blobs: &[IndexBlob]) -> Vec<u8> {
    let mut header = Vec::with_capacity(blobs.len() * COMPRESSED_ENTRY);
    for blob in blobs {
        let kind = match blob.kind {
            BlobKind::Data => 0,
            BlobKind::Tree => 1,
        };
        header.push(if blob.uncompressed_length.is_some() { kind + 2 } else { kind });
        header.extend_from_slice(&blob.length.to_le_bytes());
        if let Some(length) = blob.uncompressed_length {
            header.extend_from_slice(&length.to_le_bytes());
        }
        header.extend_from_slice(blob.id.as_bytes());
    }
    header
}

/// How long the file of a pack is that holds these blobs.
pub fn file_size(blobs: &[IndexBlob]) -> u64 {
    FRAME + blobs.iter().map(|blob| share_of(blob.length, blob.uncompressed_length.is_some())).sum::<u64>()
}

/// The bytes that a blob of this sealed length takes in a pack's file, with what the header says of it.
pub(super) fn share_of(length: u32, is_compressed: bool) -> u64 {
    let entry = if is_compressed { COMPRESSED_ENTRY } else { PLAIN_ENTRY };
    u64::from(length) + entry as u64
}

/// The blobs that an opened header names.
pub fn decode_header(mut header: &[u8]) -> Result<Vec<IndexBlob>, &'static str> {
    let mut blobs = Vec::with_capacity(header.len() / COMPRESSED_ENTRY);
    let mut offset = 0u32;
    while let Some(&kind) = header.first() {
        let compressed = kind & 2 != 0;
        if kind > 3 {
            return Err("its header names an unknown kind of blob");
        }
        let size = if compressed { COMPRESSED_ENTRY } else { PLAIN_ENTRY };
        let Some((entry, rest)) = header.split_at_checked(size) else { return Err("its header is cut off") };
        let number = |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
        let mut id = [0; Id::LENGTH];
        id.copy_from_slice(&entry[size - Id::LENGTH..]);
        let length = number(1);
        blobs.push(IndexBlob {
            id: Id::from_bytes(id),
            kind: if kind & 1 == 0 { BlobKind::Data } else { BlobKind::Tree },
            offset,
            length,
            uncompressed_length: compressed.then(|| number(5)),
        });
        offset = offset.checked_add(length).ok_or("its header names more bytes than a pack can have")?;
        header = rest;
    }
    Ok(blobs)
}

/// What a pack in the storage holds, by its own header.
pub fn read_header(storage: &dyn Storage, key: &MasterKey, id: &Id, size: u64) -> Result<IndexPack> {
    let damaged = |problem: &str| Error::damaged(format!("pack {id}"), problem);
    if size < FRAME {
        return Err(damaged("it is too short to have a header"));
    }
    let trailer = storage.read_range(FileKind::Pack, id, size - LENGTH_FIELD as u64, LENGTH_FIELD)?;
    let length = u64::from(u32::from_le_bytes([trailer[0], trailer[1], trailer[2], trailer[3]]));
    if length < crypto::OVERHEAD as u64 || length > LARGEST_HEADER || length > size - LENGTH_FIELD as u64 {
        return Err(damaged("the length of its header is impossible"));
    }
    let start = size - LENGTH_FIELD as u64 - length;
    let mut sealed = storage.read_range(FileKind::Pack, id, start, length as usize)?;
    let header = key.open(&mut sealed).map_err(|error| damaged(&error.to_string()))?;
    let blobs = decode_header(header).map_err(damaged)?;
    let end = blobs.last().map_or(0, |blob| u64::from(blob.offset) + u64::from(blob.length));
    if end == start { Ok(IndexPack { id: *id, blobs }) } else { Err(damaged("its header does not cover its blobs")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blobs() -> impl Strategy<Value = Vec<(BlobKind, [u8; 32], u32, Option<u32>)>> {
        let kind = prop_oneof![Just(BlobKind::Data), Just(BlobKind::Tree)];
        proptest::collection::vec((kind, any::<[u8; 32]>(), 0u32..1 << 20, any::<Option<u32>>()), 0..50)
    }

    proptest! {
        #[test]
        fn a_header_survives(blobs in blobs()) {
            let mut offset = 0;
            let blobs: Vec<_> = blobs.into_iter().map(|(kind, id, length, uncompressed_length)| {
                let blob = IndexBlob { id: Id::from_bytes(id), kind, offset, length, uncompressed_length };
                offset += length;
                blob
            }).collect();
            prop_assert_eq!(decode_header(&encode_header(&blobs)), Ok(blobs));
        }

        #[test]
        fn any_bytes_are_a_header_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(blobs) = decode_header(&bytes) {
                prop_assert_eq!(encode_header(&blobs), bytes);
            }
        }
    }

    #[test]
    fn a_finished_pack_is_read_by_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let storage = crate::repository::LocalStorage::new(folder.path());
        storage.prepare().unwrap();
        let key = MasterKey::generate().unwrap();
        let mut builder = PackBuilder::new(Vec::new());
        for content in [&b"one"[..], b"two", b""] {
            builder.add(BlobKind::Data, Id::of(content), &[&key.seal_message(content).unwrap()], None);
        }
        let pack = builder.finish(&key).unwrap();
        let id = pack.index.id;
        assert_eq!(id, Id::of(&pack.content), "its name is the hash of the file");
        storage.write(FileKind::Pack, &id, &pack.content).unwrap();
        let size = pack.content.len() as u64;
        assert_eq!(read_header(&storage, &key, &id, size).unwrap(), pack.index);
        assert_eq!(file_size(&pack.index.blobs), size);
        let other = MasterKey::generate().unwrap();
        assert!(matches!(read_header(&storage, &other, &id, size), Err(Error::Damaged { .. })));
        assert!(matches!(read_header(&storage, &key, &id, size - 1), Err(Error::Damaged { .. })));
    }
}
