//! Damaged packs of which something was stored again.
//!
//! A blob that lies at a lost place and at a good one is a trap for programs that take whichever place they meet first.
//! So the index stops naming the lost place: what is still good in the pack is copied to a new one, and the index files
//! name of the old one only what is lost and lies nowhere else, which may come back with it. A pack of which nothing is
//! left to name is set aside.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Examined;
use crate::repository::blob_reader::BlobReader;
use crate::repository::{
    BlobKind, Control, Error, FileKind, Id, IndexBlob, IndexPack, PackBuilder, Repository, Result,
};

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
        let wounded: HashSet<Id> = self.index().wounded().into_iter().collect();
        self.retire(&wounded, |blob| self.is_elsewhere(blob), |lost, dispensable| lost.iter().any(dispensable))
    }

    /// The same for whoever stored copies of what was lost; the packs that were written.
    pub fn retire_healed(&self) -> Result<Vec<Id>> {
        let _adding = self.gate().enter();
        Ok(self.retire_damaged()?.written)
    }

    /// Of these packs, those that are damaged and can be retired with nothing lost that was not lost before: nothing in them
    /// is, or some of it lies elsewhere, or no snapshot needs it. Damaged bytes may lie where no blob does. One that no
    /// index names and whose header cannot be read is found by nothing; it can go where no snapshot lacks anything.
    pub fn retirable_packs(&self, packs: &[Id], control: &Control) -> Result<Vec<Id>> {
        let needed = self.needed_losses(control)?;
        let mut retirable = Vec::new();
        for pack in packs {
            if matches!(self.examine_pack(pack)?, Examined::Sound { .. }) {
                continue;
            }
            if !self.index().contains_pack(pack) {
                let is_there = self.storage().stamp(FileKind::Pack, pack).is_ok();
                if is_there && needed.as_ref().is_some_and(BTreeSet::is_empty) {
                    retirable.push(*pack);
                }
                continue;
            }
            let contents = self.contents(&HashSet::from([*pack]));
            let lost = contents.get(pack).map(|content| content.lost.as_slice()).unwrap_or_default();
            if lost.is_empty() || lost.iter().any(|blob| self.is_dispensable(blob, needed.as_ref())) {
                retirable.push(*pack);
            }
        }
        Ok(retirable)
    }

    /// Retires packs that [`retirable_packs`](Self::retirable_packs) named: what is good in them is written to new packs,
    /// which are answered, and the index names of them only what is lost and needed.
    pub fn retire_packs(&self, packs: &[Id], control: &Control) -> Result<Vec<Id>> {
        let _adding = self.gate().enter();
        let needed = self.needed_losses(control)?;
        let dispensable = |blob: &IndexBlob| self.is_dispensable(blob, needed.as_ref());
        let retired = self.retire(&packs.iter().copied().collect(), dispensable, |lost, dispensable| {
            lost.is_empty() || lost.iter().any(dispensable)
        })?;
        self.save_integrity()?;
        for pack in packs.iter().filter(|pack| !retired.packs.contains(pack) && !self.index().contains_pack(pack)) {
            self.storage().set_aside(FileKind::Pack, pack)?;
        }
        Ok(retired.written)
    }

    /// Retires those of the packs of which `chosen` says so; what is lost of them and `dispensable` is named no more.
    fn retire(
        &self,
        packs: &HashSet<Id>,
        dispensable: impl Fn(&IndexBlob) -> bool,
        chosen: impl Fn(&[IndexBlob], &dyn Fn(&IndexBlob) -> bool) -> bool,
    ) -> Result<Retired> {
        let mut retired = Retired::default();
        if packs.is_empty() {
            return Ok(retired);
        }
        let mut named: HashMap<Id, Vec<IndexBlob>> = HashMap::new();
        for (pack, content) in self.contents(packs) {
            if !chosen(&content.lost, &dispensable) || !self.is_settled(&pack) {
                continue;
            }
            retired.written.extend(self.rescue(&pack, &content.good)?);
            named.insert(pack, content.lost.into_iter().filter(|blob| !dispensable(blob)).collect());
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
                    // It is missing: there is nothing to be set aside.
                    Err(Error::Storage { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => tracing::warn!(%pack, %error, "a damaged pack that nothing needs stays where it is"),
                }
            }
            retired.packs.push(pack);
        }
        Ok(retired)
    }

    fn is_elsewhere(&self, blob: &IndexBlob) -> bool {
        self.is_readable(blob.kind, &blob.id)
    }

    /// Whether the index need not name a lost blob any more. `needed`: what snapshots lack, where all of that is known.
    fn is_dispensable(&self, blob: &IndexBlob, needed: Option<&BTreeSet<(BlobKind, Id)>>) -> bool {
        self.is_elsewhere(blob) || needed.is_some_and(|needed| !needed.contains(&(blob.kind, blob.id)))
    }

    /// What is lost and some snapshot needs; `None` where a snapshot or a folder cannot be read, since what lies below that
    /// is not known.
    fn needed_losses(&self, control: &Control) -> Result<Option<BTreeSet<(BlobKind, Id)>>> {
        let snapshots = self.find_snapshots()?;
        if !snapshots.unreadable.is_empty() {
            return Ok(None);
        }
        let mut walk = self.loss_walk(control);
        for (_, snapshot) in &snapshots.readable {
            walk.below(&snapshot.tree, 0)?;
        }
        let needed = walk.into_unreadable();
        let blind = needed.iter().any(|(kind, _)| *kind == BlobKind::Tree);
        Ok((!blind).then_some(needed))
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
        let mut reader = BlobReader::new(self.key());
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
                reader.open(&blob.id, &mut sealed.clone(), blob.uncompressed_length).map_err(damaged)?;
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
