//! A part of a restore that fits into memory: the files that are written together, sorted by the packs that they come from.

use std::collections::HashMap;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::target::Folder;
use crate::repository::item_path::ItemPath;
use crate::repository::open_folder::Identity;
use crate::repository::{Id, Location, Node};

/// How much memory a batch may need. It bounds that of a restore, however many files there are.
const WEIGHT: usize = 40 << 20;
/// Ranges of a pack that are read at once are about this long at most.
const UNIT: u64 = 4 << 20;
/// It is cheaper to read this many unwanted bytes than to ask again.
const GAP: u64 = 64 << 10;

/// What became of a file that may have several names.
#[derive(Default)]
pub(super) struct Fate(AtomicU8);

impl Fate {
    const WHOLE: u8 = 1;
    const INCOMPLETE: u8 = 2;

    pub(super) fn decide(&self, exists: bool, whole: bool) {
        let fate = match (exists, whole) {
            (true, true) => Self::WHOLE,
            (true, false) => Self::INCOMPLETE,
            (false, _) => 0,
        };
        self.0.store(fate, Ordering::Release);
    }

    pub(super) fn exists(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    pub(super) fn is_whole(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::WHOLE
    }
}

/// A file that is being restored.
pub(super) struct PendingFile {
    pub(super) folder: Arc<Folder>,
    pub(super) node: Node,
    /// Pieces that are not written yet.
    pub(super) left: AtomicU32,
    pub(super) fate: Option<Arc<Fate>>,
    pub(super) state: Mutex<FileState>,
}

/// What is there of a file.
#[derive(Default)]
pub(super) struct FileState {
    /// Open while pieces are missing, unless too many files are.
    pub(super) descriptor: Option<Arc<OwnedFd>>,
    /// Set when it was made.
    pub(super) identity: Option<Identity>,
    /// Why it cannot be made or written: no more is tried.
    pub(super) broken: Option<String>,
    /// How many pieces could not be read, and why the first one.
    pub(super) lost: u32,
    pub(super) reason: Option<String>,
}

impl PendingFile {
    pub(super) fn path(&self) -> ItemPath {
        self.folder.path().join(&self.node.name)
    }
}

/// A further name of a file.
pub(super) struct PendingLink {
    pub(super) folder: Arc<Folder>,
    pub(super) name: Vec<u8>,
    pub(super) source: Arc<FirstName>,
}

/// The first name of a file that has several.
pub(super) struct FirstName {
    pub(super) folder: Arc<Folder>,
    pub(super) name: Vec<u8>,
    pub(super) fate: Arc<Fate>,
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
#[derive(Default)]
pub(super) struct Batch {
    pub(super) files: Vec<PendingFile>,
    pub(super) pieces: Vec<Piece>,
    pub(super) links: Vec<PendingLink>,
    /// Folders that have all their items when the batch is done; inner ones come before outer ones.
    pub(super) folders: Vec<(Arc<Folder>, Node)>,
    packs: Vec<Id>,
    pack_numbers: HashMap<Id, u32>,
    weight: usize,
}

impl Batch {
    /// Whether it should be carried out before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.weight >= WEIGHT
    }

    /// Adds a file with the places of its blobs: the blob's number, where it lies, and where it goes.
    pub(super) fn add_file(
        &mut self,
        folder: Arc<Folder>,
        node: Node,
        fate: Option<Arc<Fate>>,
        places: &[(u32, Location, u64)],
        state: FileState,
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
        self.files.push(PendingFile { folder, node, left, fate, state: Mutex::new(state) });
    }

    pub(super) fn add_link(&mut self, folder: Arc<Folder>, name: Vec<u8>, source: Arc<FirstName>) {
        self.weight += size_of::<PendingLink>() + name.len();
        self.links.push(PendingLink { folder, name, source });
    }

    pub(super) fn add_folder(&mut self, folder: Arc<Folder>, node: Node) {
        self.weigh(&node, size_of::<Folder>());
        self.folders.push((folder, node));
    }

    fn weigh(&mut self, node: &Node, more: usize) {
        let attributes: usize =
            node.extended_attributes.iter().map(|attribute| attribute.name.len() + attribute.value.len() + 64).sum();
        self.weight +=
            size_of::<PendingFile>() + 64 + node.name.len() + node.content.len() * Id::LENGTH + attributes + more;
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
    use crate::repository::restore::target::Target;

    /// A batch of one file for each blob: its pack, where it begins in it, and how long it is.
    fn batch(blobs: &[(u8, u32, u32)]) -> Batch {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::new(OpenFolder::open(folder.path()).unwrap());
        let mut batch = Batch::default();
        for (pack, offset, length) in blobs {
            let location =
                Location { pack: Id::of(&[*pack]), offset: *offset, length: *length, uncompressed_length: None };
            let node = Node { content: vec![Id::of(b"")], ..Node::default() };
            batch.add_file(Arc::clone(target.root()), node, None, &[(0, location, 0)], FileState::default());
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
