//! Reading every byte of every pack.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use super::Findings;
use crate::repository::blob_reader::BlobReader;
use crate::repository::{Control, FileKind, Id, IndexBlob, IndexPack, Repository, Result, pack};

/// How much of a pack is held in memory at once, if no single blob is larger.
const PIECE: u64 = 4 << 20;
const READ_ADVICE: &str = "restore what else the snapshots hold; bring this pack back from a copy of the vault, or back up again where the source still has the data";
const INDEX_ADVICE: &str = "run `restic rebuild-index` with the recovery key, then check again";

impl Repository {
    /// Reads all packs that are there, on as many threads as there are processors.
    pub(super) fn check_packs(
        &self,
        indexed: &BTreeMap<Id, Vec<IndexBlob>>,
        sizes: &BTreeMap<Id, u64>,
        findings: &Findings,
        control: &Control,
    ) -> Result<()> {
        let packs: Vec<(Id, u64)> = sizes.iter().map(|(id, size)| (*id, *size)).collect();
        control.progress.expect(packs.len() as u64, packs.iter().map(|(_, size)| size).sum());
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(packs.len());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut reader = BlobReader::new(self.key());
                    while let Some((id, size)) = packs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if control.is_cancelled() {
                            return;
                        }
                        let blobs = indexed.get(id).map(Vec::as_slice);
                        self.check_pack(id, *size, blobs, &mut reader, findings);
                        control.progress.advance(1, *size);
                    }
                });
            }
        });
        control.check()
    }

    fn check_pack(
        &self,
        id: &Id,
        size: u64,
        indexed: Option<&[IndexBlob]>,
        reader: &mut BlobReader<'_>,
        findings: &Findings,
    ) {
        let what = || format!("pack {id}");
        let header = match pack::read_header(self.storage().as_ref(), self.key(), id, size) {
            Ok(header) => Some(header),
            Err(error) => {
                findings.problem(what(), error, READ_ADVICE);
                None
            }
        };
        if let (Some(header), Some(indexed)) = (&header, indexed)
            && !names_all(header, indexed)
        {
            findings.problem(what(), "the index names blobs that its header does not", INDEX_ADVICE);
        }
        let by_index = indexed.map(|blobs| IndexPack { id: *id, blobs: blobs.to_vec() });
        let Some(pack) = by_index.or(header) else { return };
        // Taken before it is read: if it changes meanwhile, what was found counts for nothing.
        let stamp = self.storage().stamp(FileKind::Pack, id);
        let mut lost = Vec::new();
        match self.read_pack(&pack, size, reader, findings, &mut lost) {
            Ok(hash) => {
                if hash == *id {
                    findings.change(|outcome| outcome.bytes_read += size);
                } else {
                    findings.problem(what(), "its content is not what its name says", READ_ADVICE);
                }
                if let Ok(stamp) = stamp {
                    self.note_examined(id, stamp, lost);
                }
            }
            Err(error) => {
                findings.problem(what(), &error, READ_ADVICE);
                self.lose_for_now(id, &error);
            }
        }
    }

    /// Reads a pack from its first byte to its last, checks its blobs on the way, and answers the hash of all. The offsets of
    /// those that are bad are added to `lost`.
    fn read_pack(
        &self,
        pack: &IndexPack,
        size: u64,
        reader: &mut BlobReader<'_>,
        findings: &Findings,
        lost: &mut Vec<u32>,
    ) -> Result<Id> {
        let mut hash = Sha256::new();
        let mut at = 0;
        let mut blobs = pack.blobs.as_slice();
        while at < size {
            let (count, end) = next_piece(blobs, at, size);
            let mut content = self.storage().read_range(FileKind::Pack, &pack.id, at, (end - at) as usize)?;
            hash.update(&content);
            for blob in &blobs[..count] {
                let start = (u64::from(blob.offset) - at) as usize;
                let sealed = content.get_mut(start..start + blob.length as usize);
                let opened = sealed.ok_or("it reaches beyond the end of the pack".to_owned());
                if let Err(problem) =
                    opened.and_then(|sealed| reader.open(&blob.id, sealed, blob.uncompressed_length).map(drop))
                {
                    lost.push(blob.offset);
                    findings.problem_inside(
                        format!("{} blob {} in pack {}", blob.kind, blob.id, pack.id),
                        problem,
                        READ_ADVICE,
                    );
                }
            }
            blobs = &blobs[count..];
            at = end;
        }
        for blob in blobs {
            lost.push(blob.offset);
            findings.problem_inside(
                format!("{} blob {} in pack {}", blob.kind, blob.id, pack.id),
                "the pack ends before it",
                READ_ADVICE,
            );
        }
        Ok(Id::from_bytes(hash.finalize().into()))
    }
}

/// Whether a header names everything that the index does. Of a damaged pack the index may name only a part.
fn names_all(header: &IndexPack, indexed: &[IndexBlob]) -> bool {
    let by_offset: BTreeMap<u32, &IndexBlob> = header.blobs.iter().map(|blob| (blob.offset, blob)).collect();
    indexed.iter().all(|blob| by_offset.get(&blob.offset).is_some_and(|named| *named == blob))
}

/// How many of the blobs, and up to which byte, are read at once: whole blobs, at least one, and what lies between them.
fn next_piece(blobs: &[IndexBlob], at: u64, size: u64) -> (usize, u64) {
    let (mut count, mut end) = (0, at);
    for blob in blobs {
        let (start, blob_end) = (u64::from(blob.offset), u64::from(blob.offset) + u64::from(blob.length));
        if start < end || blob_end > size || (count > 0 && blob_end - at > PIECE) {
            break;
        }
        (count, end) = (count + 1, blob_end);
    }
    if count == 0 { (0, size.min(at + PIECE)) } else { (count, end) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::BlobKind;

    fn blob(offset: u32, length: u32) -> IndexBlob {
        IndexBlob { id: Id::of(b""), kind: BlobKind::Data, offset, length, uncompressed_length: None }
    }

    #[test]
    fn pieces_hold_whole_blobs_and_stay_small() {
        let blobs = [blob(0, 3 << 20), blob(3 << 20, 2 << 20), blob(5 << 20, 9 << 20)];
        let size = 15 << 20;
        assert_eq!(next_piece(&blobs, 0, size), (1, 3 << 20));
        assert_eq!(next_piece(&blobs[1..], 3 << 20, size), (1, 5 << 20));
        assert_eq!(next_piece(&blobs[2..], 5 << 20, size), (1, 14 << 20), "a blob may be larger than a piece");
        assert_eq!(next_piece(&[], 14 << 20, size), (0, size), "the header is read too");
    }
}
