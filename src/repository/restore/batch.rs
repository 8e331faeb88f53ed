//! A part of a restore that fits into memory: the files that are written together, sorted by the packs that they come from.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::sink::RandomSink;
use crate::repository::{Id, Location, Node};

/// How much memory a batch may need. It bounds that of a restore, however many files there are.
const WEIGHT: usize = 40 << 20;
/// What a sink remembers of a folder, about.
const FOLDER: usize = 80;
/// Ranges of a pack that are read at once are about this long at most.
const UNIT: u64 = 4 << 20;
/// It is cheaper to read this many unwanted bytes than to ask again.
const GAP: u64 = 64 << 10;

/// What became of the first name of a file that may have several.
#[derive(Default)]
pub(super) struct FirstNameState(AtomicU8);

impl FirstNameState {
    const WHOLE: u8 = 1;
    const INCOMPLETE: u8 = 2;

    pub(super) fn decide(&self, exists: bool, whole: bool) {
        let state = match (exists, whole) {
            (true, true) => Self::WHOLE,
            (true, false) => Self::INCOMPLETE,
            (false, _) => 0,
        };
        self.0.store(state, Ordering::Release);
    }

    pub(super) fn exists(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    pub(super) fn is_whole(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::WHOLE
    }
}

/// A file that is being restored.
pub(super) struct PendingFile<S: RandomSink> {
    pub(super) folder: S::Folder,
    pub(super) node: Node,
    /// Pieces that are not written yet.
    pub(super) left: AtomicU32,
    pub(super) first_name: Option<Arc<FirstNameState>>,
    pub(super) state: Mutex<FileState<S>>,
}

/// What is there of a file.
pub(super) struct FileState<S: RandomSink> {
    /// While pieces are missing, unless too many files are open.
    pub(super) open: Option<S::Open>,
    /// Set when it was made.
    pub(super) made: Option<S::File>,
    /// Why it cannot be made or written: no more is tried.
    pub(super) broken: Option<String>,
    /// How many pieces could not be read, and why the first one.
    pub(super) lost: u32,
    pub(super) reason: Option<String>,
}

impl<S: RandomSink> Default for FileState<S> {
    fn default() -> Self {
        Self { open: None, made: None, broken: None, lost: 0, reason: None }
    }
}

/// A further name of a file.
pub(super) struct PendingLink<S: RandomSink> {
    pub(super) folder: S::Folder,
    pub(super) name: Vec<u8>,
    pub(super) source: Arc<FirstName<S>>,
}

/// The first name of a file that has several.
pub(super) struct FirstName<S: RandomSink> {
    pub(super) folder: S::Folder,
    pub(super) name: Vec<u8>,
    pub(super) state: Arc<FirstNameState>,
}

/// A blob that goes to one place of one file.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pack: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
    content_length: u32,
    compressed: bool,
    pub(super) file: u32,
    blob: u32,
    pub(super) at: u64,
}

impl Piece {
    pub(super) fn uncompressed_length(&self) -> Option<u32> {
        self.compressed.then_some(self.content_length)
    }

    pub(super) fn content_length(&self) -> u64 {
        u64::from(self.content_length)
    }

    fn end(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.length)
    }
}

/// Pieces whose blobs lie close together in one pack.
pub(super) struct Unit {
    pub(super) pack: Id,
    pub(super) start: u64,
    pub(super) length: usize,
    pub(super) pieces: Range<usize>,
}

/// The files, links and folders of a part of a restore.
pub(super) struct Batch<S: RandomSink> {
    pub(super) files: Vec<PendingFile<S>>,
    pub(super) pieces: Vec<Piece>,
    pub(super) links: Vec<PendingLink<S>>,
    /// Folders that have all their items when the batch is done; inner ones come before outer ones.
    pub(super) folders: Vec<(S::Folder, Node)>,
    packs: Vec<Id>,
    pack_numbers: HashMap<Id, u32>,
    weight: usize,
}

impl<S: RandomSink> Default for Batch<S> {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            pieces: Vec::new(),
            links: Vec::new(),
            folders: Vec::new(),
            packs: Vec::new(),
            pack_numbers: HashMap::new(),
            weight: 0,
        }
    }
}

impl<S: RandomSink> Batch<S> {
    /// Whether it should be carried out before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.weight >= WEIGHT
    }

    /// Adds a file with the places of its blobs: the blob's number, where it lies, and where it goes.
    pub(super) fn add_file(
        &mut self,
        folder: S::Folder,
        node: Node,
        first_name: Option<Arc<FirstNameState>>,
        places: &[(u32, Location, u64)],
        state: FileState<S>,
    ) {
        let file = self.files.len() as u32;
        for (blob, location, at) in places {
            let pack = self.number(location.pack);
            self.pieces.push(Piece {
                pack,
                offset: location.offset,
                length: location.length,
                content_length: location.content_length(),
                compressed: location.uncompressed_length.is_some(),
                file,
                blob: *blob,
                at: *at,
            });
        }
        self.weigh(&node, places.len() * size_of::<Piece>());
        let left = AtomicU32::new(places.len() as u32);
        self.files.push(PendingFile { folder, node, left, first_name, state: Mutex::new(state) });
    }

    pub(super) fn add_link(&mut self, folder: S::Folder, name: Vec<u8>, source: Arc<FirstName<S>>) {
        self.weight += size_of::<PendingLink<S>>() + name.len();
        self.links.push(PendingLink { folder, name, source });
    }

    pub(super) fn add_folder(&mut self, folder: S::Folder, node: Node) {
        self.weigh(&node, FOLDER);
        self.folders.push((folder, node));
    }

    fn weigh(&mut self, node: &Node, more: usize) {
        let attributes: usize =
            node.extended_attributes.iter().map(|attribute| attribute.name.len() + attribute.value.len() + 64).sum();
        self.weight +=
            size_of::<PendingFile<S>>() + 64 + node.name.len() + node.content.len() * Id::LENGTH + attributes + more;
    }

    fn number(&mut self, pack: Id) -> u32 {
        *self.pack_numbers.entry(pack).or_insert_with(|| {
            self.packs.push(pack);
            self.packs.len() as u32 - 1
        })
    }

    /// The id of a piece's blob.
    pub(super) fn blob(&self, piece: &Piece) -> &Id {
        &self.files[piece.file as usize].node.content[piece.blob as usize]
    }

    /// Sorts the pieces into units, so that each range of a pack is read once. Packs come as the files first need them.
    pub(super) fn units(&mut self) -> Vec<Unit> {
        self.pieces.sort_unstable_by_key(|piece| (piece.pack, piece.offset, piece.file, piece.at));
        let mut units: Vec<Unit> = Vec::new();
        for (number, piece) in self.pieces.iter().enumerate() {
            let pack = self.packs[piece.pack as usize];
            if let Some(unit) = units.last_mut().filter(|unit| unit.pack == pack) {
                let end = unit.start + unit.length as u64;
                let longer = piece.end().max(end) - unit.start;
                if u64::from(piece.offset) <= end + GAP && (longer <= UNIT || piece.end() <= end) {
                    unit.length = longer as usize;
                    unit.pieces.end = number + 1;
                    continue;
                }
            }
            units.push(Unit {
                pack,
                start: piece.offset.into(),
                length: piece.length as usize,
                pieces: number..number + 1,
            });
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::repository::OpenFolder;
    use crate::repository::restore::folder::FolderSink;

    /// A batch of one file for each blob: its pack, where it begins in it, and how long it is.
    fn batch(blobs: &[(u8, u32, u32)]) -> Batch<FolderSink> {
        let folder = tempfile::tempdir().unwrap();
        let sink = FolderSink::new(OpenFolder::open(folder.path()).unwrap(), false);
        let mut batch = Batch::default();
        for (pack, offset, length) in blobs {
            let location =
                Location { pack: Id::of(&[*pack]), offset: *offset, length: *length, uncompressed_length: None };
            let node = Node { content: vec![Id::of(b"")], ..Node::default() };
            batch.add_file(sink.root(), node, None, &[(0, location, 0)], FileState::default());
        }
        batch
    }

    #[test]
    fn neighbours_are_read_at_once_and_packs_come_as_they_were_met() {
        let mut batch = batch(&[(9, 0, 1000), (3, 500, 100), (9, 1000, 1000), (9, 30_000_000, 10), (9, 2000, 10)]);
        let units: Vec<_> =
            batch.units().iter().map(|unit| (unit.pack, unit.start, unit.length, unit.pieces.len())).collect();
        let (nine, three) = (Id::of(&[9]), Id::of(&[3]));
        assert_eq!(units, [(nine, 0, 2010, 3), (nine, 30_000_000, 10, 1), (three, 500, 100, 1)]);
    }

    proptest! {
        #[test]
        fn every_piece_lies_in_its_unit_and_units_stay_small(
            blobs in proptest::collection::vec((0..4_u8, 0..40_000_000_u32, 1..9_000_000_u32), 0..60),
        ) {
            let mut batch = batch(&blobs);
            let units = batch.units();
            let mut next = 0;
            for unit in &units {
                prop_assert_eq!(unit.pieces.start, next);
                next = unit.pieces.end;
                let mut longest = 0;
                for piece in &batch.pieces[unit.pieces.clone()] {
                    prop_assert!(u64::from(piece.offset) >= unit.start && piece.end() <= unit.start + unit.length as u64);
                    longest = longest.max(u64::from(piece.length));
                }
                prop_assert!(unit.length as u64 <= UNIT.max(longest));
            }
            prop_assert_eq!(next, blobs.len());
        }
    }
}
