//! Which blob lies where: the table in memory made from the files in `index/`.

use std::collections::{HashMap, HashSet, hash_map};

use super::{BlobKind, Id, IndexBlob, IndexPack, pack};

/// Where a blob lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The pack.
    pub pack: Id,
    /// Where the sealed blob begins.
    pub offset: u32,
    /// How long it is.
    pub length: u32,
    /// How long its content is, when it was compressed.
    pub uncompressed_length: Option<u32>,
}

impl Location {
    /// The length of the blob's content.
    pub fn content_length(&self) -> u32 {
        self.uncompressed_length.unwrap_or_else(|| self.length.saturating_sub(super::crypto::OVERHEAD as u32))
    }
}

/// A place of a blob, and whether it is known to be unreadable there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) location: Location,
    pub(super) lost: bool,
}

/// The table in memory: 48 bytes for each blob, sorted by id, and a small hash table of what came since.
#[derive(Default)]
pub struct Index {
    packs: Vec<Id>,
    numbers: HashMap<Id, u32>,
    sorted: Vec<Entry>,
    recent: HashMap<Id, Entry>,
    /// Further places of blobs that `recent` already names.
    spare: Vec<Entry>,
    /// How long each pack's file is, by what it holds.
    sizes: Vec<u64>,
    lost: Lost,
    /// How often a blob got another place than its first, or lost one.
    moves: u64,
}

/// What is known to be unreadable: empty in a whole repository, and then it costs nothing to ask.
#[derive(Default)]
struct Lost {
    packs: HashSet<u32>,
    /// Packs and offsets.
    places: HashSet<(u32, u32)>,
}

impl Lost {
    fn holds(&self, entry: &Entry) -> bool {
        (!self.packs.is_empty() && self.packs.contains(&entry.pack))
            || (!self.places.is_empty() && self.places.contains(&(entry.pack, entry.offset)))
    }
}

/// One blob. The kind is the highest bit of `content`, which holds the content's length plus one, or 0 for none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    id: Id,
    pack: u32,
    offset: u32,
    length: u32,
    content: u32,
}

const TREE: u32 = 1 << 31;
/// The recent part is merged when it is larger than this and than an eighth of the sorted one.
const MERGE_AT: usize = 1 << 16;
/// The spare places are searched one by one, so they must stay few.
const LARGEST_SPARE: usize = 1 << 10;

impl Entry {
    fn new(blob: &IndexBlob, pack: u32) -> Self {
        let kind = if blob.kind == BlobKind::Tree { TREE } else { 0 };
        let content = blob.uncompressed_length.map_or(0, |length| length.saturating_add(1) & !TREE) | kind;
        Self { id: blob.id, pack, offset: blob.offset, length: blob.length, content }
    }

    fn kind(&self) -> BlobKind {
        if self.content & TREE == 0 { BlobKind::Data } else { BlobKind::Tree }
    }

    fn uncompressed_length(&self) -> Option<u32> {
        (self.content & !TREE).checked_sub(1)
    }
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// An index of packs that come all at once: quicker, and with no more memory than the finished index.
    pub fn of<E>(packs: impl Iterator<Item = Result<IndexPack, E>>) -> Result<Self, E> {
        let mut index = Self::new();
        for pack in packs {
            let pack = pack?;
            if let Some(number) = index.number(&pack) {
                index.sorted.extend(pack.blobs.iter().map(|blob| Entry::new(blob, number)));
            }
        }
        index.merge();
        Ok(index)
    }

    /// The number of a new pack; none for one that is already there.
    fn number(&mut self, pack: &IndexPack) -> Option<u32> {
        if self.numbers.contains_key(&pack.id) {
            return None;
        }
        let number = self.packs.len() as u32;
        self.packs.push(pack.id);
        self.sizes.push(pack::file_size(&pack.blobs));
        self.numbers.insert(pack.id, number);
        Some(number)
    }

    /// Adds a pack. One that is already there is left as it is.
    pub fn add(&mut self, pack: &IndexPack) {
        let Some(number) = self.number(pack) else { return };
        for blob in &pack.blobs {
            let entry = Entry::new(blob, number);
            if self.recent.contains_key(&blob.id) || !self.sorted_run(&blob.id).is_empty() {
                self.moves += 1;
            }
            match self.recent.entry(blob.id) {
                hash_map::Entry::Occupied(_) => self.spare.push(entry),
                hash_map::Entry::Vacant(place) => drop(place.insert(entry)),
            }
        }
        if self.recent.len() > MERGE_AT.max(self.sorted.len() / 8) || self.spare.len() > LARGEST_SPARE {
            self.merge();
        }
    }

    /// Moves what came since the last time into the sorted part.
    pub fn merge(&mut self) {
        self.sorted.reserve_exact(self.recent.len() + self.spare.len());
        self.sorted.extend(self.recent.drain().map(|(_, entry)| entry));
        self.sorted.append(&mut self.spare);
        self.sorted.sort_unstable();
        self.recent.shrink_to(MERGE_AT);
    }

    fn sorted_run(&self, id: &Id) -> &[Entry] {
        let start = self.sorted.partition_point(|entry| entry.id < *id);
        let length = self.sorted[start..].iter().take_while(|entry| entry.id == *id).count();
        &self.sorted[start..start + length]
    }

    fn entries<'a>(&'a self, kind: BlobKind, id: &'a Id) -> impl Iterator<Item = &'a Entry> {
        self.recent
            .get(id)
            .into_iter()
            .chain(self.sorted_run(id))
            .chain(self.spare.iter().filter(|entry| entry.id == *id))
            .filter(move |entry| entry.kind() == kind)
    }

    fn location(&self, entry: &Entry) -> Location {
        Location {
            pack: self.packs[entry.pack as usize],
            offset: entry.offset,
            length: entry.length,
            uncompressed_length: entry.uncompressed_length(),
        }
    }

    /// Whether a blob is there, at a place that is not known to be lost.
    pub fn contains(&self, kind: BlobKind, id: &Id) -> bool {
        self.find_sound(kind, id).is_some()
    }

    /// Where a blob lies that is not known to be lost.
    pub fn find_sound(&self, kind: BlobKind, id: &Id) -> Option<Location> {
        self.entries(kind, id).find(|entry| !self.lost.holds(entry)).map(|entry| self.location(entry))
    }

    /// Where a blob lies; the best place when there are several. A lost one is the last: it may have come back.
    pub fn find(&self, kind: BlobKind, id: &Id) -> Option<Location> {
        let first = |lost: bool| self.entries(kind, id).find(|entry| self.lost.holds(entry) == lost);
        first(false).or_else(|| first(true)).map(|entry| self.location(entry))
    }

    /// Every place where a blob lies, the lost ones last.
    pub fn find_all(&self, kind: BlobKind, id: &Id) -> Vec<Location> {
        let mut entries: Vec<&Entry> = self.entries(kind, id).collect();
        entries.sort_by_key(|entry| self.lost.holds(entry));
        entries.into_iter().map(|entry| self.location(entry)).collect()
    }

    // What is lost

    /// A whole pack is unreadable.
    pub(super) fn lose_pack(&mut self, pack: &Id) {
        self.lost.packs.extend(self.numbers.get(pack));
    }

    /// What begins at these bytes of a pack is unreadable.
    pub(super) fn lose_places(&mut self, pack: &Id, offsets: impl IntoIterator<Item = u32>) {
        if let Some(&number) = self.numbers.get(pack) {
            self.lost.places.extend(offsets.into_iter().map(|offset| (number, offset)));
        }
    }

    /// A pack can be read again.
    pub(super) fn regain_pack(&mut self, pack: &Id) {
        if let Some(&number) = self.numbers.get(pack) {
            self.lost.packs.remove(&number);
            self.lost.places.retain(|(of, _)| *of != number);
        }
    }

    /// The packs of which something is lost.
    pub(super) fn wounded(&self) -> Vec<Id> {
        let places = self.lost.places.iter().map(|(number, _)| *number);
        let numbers: std::collections::BTreeSet<u32> = self.lost.packs.iter().copied().chain(places).collect();
        numbers.into_iter().map(|number| self.packs[number as usize]).collect()
    }

    /// How many packs, and single places, are lost.
    pub(super) fn losses(&self) -> usize {
        self.lost.packs.len() + self.lost.places.len()
    }

    /// Every blob that lies at lost places only, once, with one of them.
    pub fn lost_blobs(&self) -> Vec<(BlobKind, Id, Location)> {
        let mut seen = HashSet::new();
        self.all()
            .filter(|entry| self.lost.holds(entry))
            .filter(|entry| !self.contains(entry.kind(), &entry.id) && seen.insert((entry.kind(), entry.id)))
            .map(|entry| (entry.kind(), entry.id, self.location(entry)))
            .collect()
    }

    /// What a pack holds, in the order of the offsets. Looks at every blob of the repository.
    pub(super) fn blobs_in(&self, pack: &Id) -> Vec<IndexBlob> {
        let packs = HashSet::from([*pack]);
        let mut blobs: Vec<IndexBlob> = self.blobs_of(&packs).map(|(_, blob, _)| blob).collect();
        blobs.sort_by_key(|blob| blob.offset);
        blobs
    }

    /// What these packs hold, and whether it is lost there. Looks at every blob of the repository.
    pub(super) fn blobs_of<'a>(&'a self, packs: &'a HashSet<Id>) -> impl Iterator<Item = (Id, IndexBlob, bool)> + 'a {
        self.all().filter(|entry| packs.contains(&self.packs[entry.pack as usize])).map(|entry| {
            let blob = IndexBlob {
                id: entry.id,
                kind: entry.kind(),
                offset: entry.offset,
                length: entry.length,
                uncompressed_length: entry.uncompressed_length(),
            };
            (self.packs[entry.pack as usize], blob, self.lost.holds(entry))
        })
    }

    /// The packs with the lengths that their files must have.
    pub(super) fn pack_sizes(&self) -> impl Iterator<Item = (Id, u64)> + '_ {
        self.numbers.iter().map(|(id, number)| (*id, self.sizes[*number as usize]))
    }

    /// Whether a pack is known.
    pub fn contains_pack(&self, pack: &Id) -> bool {
        self.numbers.contains_key(pack)
    }

    /// The packs that are known, in no order.
    pub fn packs(&self) -> impl Iterator<Item = Id> + '_ {
        self.numbers.keys().copied()
    }

    /// How many blobs there are, each place counted.
    pub fn len(&self) -> usize {
        self.sorted.len() + self.recent.len() + self.spare.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every blob with its place, in no order.
    pub fn blobs(&self) -> impl Iterator<Item = (BlobKind, Id, Location)> + '_ {
        self.all().map(|entry| (entry.kind(), entry.id, self.location(entry)))
    }

    /// Calls `visit` with each blob once, and all its places.
    pub(super) fn for_each_blob(&mut self, visit: &mut dyn FnMut(BlobKind, &Id, &[Place])) {
        // Then the places of a blob stand side by side.
        self.merge();
        let mut places = Vec::new();
        for run in self.sorted.chunk_by(|one, other| one.id == other.id) {
            for kind in [BlobKind::Data, BlobKind::Tree] {
                let entries = run.iter().filter(|entry| entry.kind() == kind);
                places.clear();
                places.extend(
                    entries.map(|entry| Place { location: self.location(entry), lost: self.lost.holds(entry) }),
                );
                if !places.is_empty() {
                    visit(kind, &run[0].id, &places);
                }
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.sorted.iter().chain(self.recent.values()).chain(&self.spare)
    }

    /// Puts an index that was read anew in the place of this one: every blob may have moved.
    pub(super) fn replace(&mut self, fresh: Self) {
        let moves = self.moves + fresh.moves + 1;
        *self = Self { moves, ..fresh };
    }

    /// How often a blob that was there got another place, or lost one. As long as this is the same, so are the places of all
    /// blobs that were there.
    pub(super) fn moves(&self) -> u64 {
        self.moves
    }

    /// Forgets packs and all that lies in them.
    pub fn remove_packs(&mut self, packs: &HashSet<Id>) {
        self.moves += 1;
        let numbers: HashSet<u32> = packs.iter().filter_map(|id| self.numbers.remove(id)).collect();
        self.merge();
        self.sorted.retain(|entry| !numbers.contains(&entry.pack));
        self.lost.packs.retain(|number| !numbers.contains(number));
        self.lost.places.retain(|(number, _)| !numbers.contains(number));
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
