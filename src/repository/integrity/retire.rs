//! Damaged packs of which something was stored again.
//!
//! A blob that lies at a lost place and at a good one is a trap for programs that take whichever place they meet first.
//! So the index stops naming the lost place: what is still good in the pack is copied to a new one, and the index files
//! name of the old one only what is lost and lies nowhere else, which may come back with it. A pack of which nothing is
//! left to name is set aside.

use std::collections::{HashMap, HashSet};

use crate::repository::opened::Opener;
use crate::repository::{BlobKind, Error, FileKind, Id, IndexBlob, IndexPack, PackBuilder, Repository, Result};

/// What was done: packs that nothing must count on any more, and those that hold what was good in them.
#[derive(Debug, Default)]
pub(in crate::repository) struct Retired {
    pub(in crate::repository) packs: Vec<Id>,
    pub(in crate::repository) written: Vec<Id>,
}

/// A damaged pack: what the index names of it.
struct Wounded {
    lost: Vec<IndexBlob>,
    good: Vec<IndexBlob>,
}

impl Repository {
    /// Retires every damaged pack of which a lost blob lies in another pack by now.
    pub(in crate::repository) fn retire_damaged(&self) -> Result<Retired> {
        let wounded = self.index().wounded();
        if wounded.is_empty() {
            return Ok(Retired::default());
        }
        let contents = self.contents(&wounded.into_iter().collect());
        let mut retired = Retired::default();
        let mut named: HashMap<Id, Vec<IndexBlob>> = HashMap::new();
        for (pack, content) in contents {
            let elsewhere = |blob: &IndexBlob| self.is_readable(blob.kind, &blob.id);
            if !content.lost.iter().any(elsewhere) || !self.is_settled(&pack) {
                continue;
            }
            retired.written.extend(self.rescue(&pack, &content.good)?);
            named.insert(pack, content.lost.into_iter().filter(|blob| !elsewhere(blob)).collect());
        }
        if named.is_empty() {
            return Ok(retired);
        }
        // What was rescued must be findable before its old place is not.
        self.flush_index()?;
        self.rewrite_index_files(&named)?;
        self.replace_in_memory(&named);
        for (pack, left) in named {
            if left.is_empty() {
                match self.storage().set_aside(FileKind::Pack, &pack) {
                    Ok(()) | Err(Error::NotFound { .. }) => {}
                    Err(error) => tracing::warn!(%pack, %error, "a damaged pack that nothing needs stays where it is"),
                }
            }
            retired.packs.push(pack);
        }
        Ok(retired)
    }

    fn contents(&self, packs: &HashSet<Id>) -> HashMap<Id, Wounded> {
        let index = self.index();
        let mut contents: HashMap<Id, Wounded> = HashMap::new();
        for (pack, blob, lost) in index.blobs_of(packs) {
            let content = contents.entry(pack).or_insert_with(|| Wounded { lost: Vec::new(), good: Vec::new() });
            if lost { content.lost.push(blob) } else { content.good.push(blob) }
        }
        contents
    }

    /// Whether it is known byte for byte what of a pack is lost: it was read whole, or it is gone.
    fn is_settled(&self, pack: &Id) -> bool {
        match self.storage().stamp(FileKind::Pack, pack) {
            Ok(stamp) => self.integrity.record().is_proven(pack, stamp),
            Err(error) => matches!(error, Error::NotFound { .. }),
        }
    }

    /// Copies the good blobs of a pack that lie nowhere else to new packs, as they are, each verified.
    fn rescue(&self, pack: &Id, good: &[IndexBlob]) -> Result<Vec<Id>> {
        let mut opener = Opener::new(self.key());
        let mut written = Vec::new();
        for kind in [BlobKind::Data, BlobKind::Tree] {
            let mut builder = PackBuilder::new(Vec::new());
            for blob in good.iter().filter(|blob| blob.kind == kind) {
                let places = self.index().find_all(kind, &blob.id);
                if places.iter().any(|place| place.pack != *pack && self.is_sound(&place.pack)) {
                    continue;
                }
                let length = blob.length as usize;
                let sealed = self.storage().read_range(FileKind::Pack, pack, u64::from(blob.offset), length)?;
                let damaged = |problem: String| Error::damaged(format!("pack {pack} (blob {})", blob.id), problem);
                opener.open(&blob.id, &mut sealed.clone(), blob.uncompressed_length).map_err(damaged)?;
                builder.add(kind, blob.id, &[&sealed], blob.uncompressed_length);
            }
            if !builder.is_empty() {
                let finished = builder.finish(self.key())?;
                self.add_pack(&finished)?;
                written.push(finished.index.id);
            }
        }
        Ok(written)
    }

    fn replace_in_memory(&self, named: &HashMap<Id, Vec<IndexBlob>>) {
        let mut index = self.index_mut();
        index.remove_packs(&named.keys().copied().collect());
        for (pack, blobs) in named.iter().filter(|(_, blobs)| !blobs.is_empty()) {
            index.add(&IndexPack { id: *pack, blobs: blobs.clone() });
            index.lose_places(pack, blobs.iter().map(|blob| blob.offset));
        }
    }
}
