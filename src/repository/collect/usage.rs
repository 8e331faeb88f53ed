//! What of each pack any snapshot needs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::repository::index::Place;
use crate::repository::{BlobKind, Control, Error, FileKind, Id, IndexBlob, Location, Repository, Result, pack};

/// The blobs that snapshots need, by the first bytes of their names, since there may be very many. Two that are taken for one
/// only keep more than they must.
struct Needed(HashSet<u64>);

/// How much of one pack is needed, in bytes of its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PackUse {
    /// How long the file is; 0 when it is not there.
    pub(super) size: u64,
    /// What is needed and is to stay here: of a blob that lies in several packs one place stays.
    pub(super) needed: u64,
    /// What is needed and lies here, wherever else it does.
    pub(super) held: u64,
    /// Whether it holds folders.
    pub(super) trees: bool,
    /// Whether something in it cannot be read.
    pub(super) wounded: bool,
}

impl PackUse {
    /// The bytes that nobody needs here.
    pub(super) fn unused(&self) -> u64 {
        let frame = if self.needed == 0 { 0 } else { pack::FRAME };
        self.size.saturating_sub(self.needed + frame)
    }
}

/// A needed blob in a pack that is to be repacked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) blob: IndexBlob,
    /// The place that stays of all that it has: this one, or another.
    pub(super) home: Location,
}

/// What of the packs is needed.
pub(super) struct Usage {
    needed: Needed,
    /// The packs that the index names.
    pub(super) packs: BTreeMap<Id, PackUse>,
}

impl Usage {
    /// The second proof: walks over every folder of every snapshot in the storage.
    pub(super) fn of(
        repository: &Repository,
        expected: &BTreeSet<Id>,
        present: &[(Id, u64)],
        control: &Control,
    ) -> Result<Self> {
        let needed = Needed::by_snapshots(repository, expected, control)?;
        let sizes: HashMap<Id, u64> = present.iter().copied().collect();
        let mut packs: BTreeMap<Id, PackUse> = BTreeMap::new();
        let mut index = repository.index_mut();
        index.for_each_blob(&mut |kind, id, places| {
            let is_needed = needed.has(kind, id);
            for Place { location, lost } in places {
                let entry = packs.entry(location.pack).or_default();
                entry.size = sizes.get(&location.pack).copied().unwrap_or_default();
                entry.trees |= kind == BlobKind::Tree;
                entry.wounded |= lost;
                entry.held += if is_needed { cost(location) } else { 0 };
            }
        });
        let held = packs.clone();
        index.for_each_blob(&mut |kind, id, places| {
            if needed.has(kind, id)
                && let Some(home) = home(places, &held)
                && let Some(entry) = packs.get_mut(&home.pack)
            {
                entry.needed += cost(&home);
            }
        });
        Ok(Self { needed, packs })
    }

    /// Figures without a repository.
    #[cfg(test)]
    pub(super) fn of_packs(packs: BTreeMap<Id, PackUse>) -> Self {
        Self { needed: Needed(HashSet::new()), packs }
    }

    /// The packs that hold anything that a snapshot needs. A blob that lies in several packs marks all of them.
    pub(super) fn marked(&self) -> BTreeSet<Id> {
        self.packs.iter().filter(|(_, pack)| pack.held > 0).map(|(id, _)| *id).collect()
    }

    /// What is needed of these packs, in the order in which it lies there.
    pub(super) fn contents(&self, repository: &Repository, packs: &BTreeSet<Id>) -> HashMap<Id, Vec<Held>> {
        let mut contents: HashMap<Id, Vec<Held>> = HashMap::new();
        repository.index_mut().for_each_blob(&mut |kind, id, places| {
            if !places.iter().any(|place| packs.contains(&place.location.pack)) || !self.needed.has(kind, id) {
                return;
            }
            let Some(home) = home(places, &self.packs) else { return };
            for Place { location, .. } in places.iter().filter(|place| packs.contains(&place.location.pack)) {
                let blob = IndexBlob {
                    id: *id,
                    kind,
                    offset: location.offset,
                    length: location.length,
                    uncompressed_length: location.uncompressed_length,
                };
                contents.entry(location.pack).or_default().push(Held { blob, home });
            }
        });
        for held in contents.values_mut() {
            held.sort_by_key(|held| held.blob.offset);
        }
        contents
    }
}

impl Needed {
    fn by_snapshots(repository: &Repository, expected: &BTreeSet<Id>, control: &Control) -> Result<Self> {
        let listed = repository.storage().list(FileKind::Snapshot)?;
        let present: BTreeSet<Id> = listed.into_iter().map(|(id, _)| id).collect();
        if let Some(missing) = expected.difference(&present).next() {
            return Err(Error::NotFound { kind: FileKind::Snapshot, id: *missing });
        }
        let mut needed = Self(HashSet::new());
        let roots = present.iter().map(|id| repository.tree_of_snapshot(id)).collect::<Result<BTreeSet<Id>>>()?;
        repository.for_each_tree(roots, control, &mut |id, tree| {
            let index = repository.index();
            let data = tree.nodes.iter().flat_map(|node| &node.content).map(|blob| (BlobKind::Data, blob));
            for (kind, id) in data.chain([(BlobKind::Tree, id)]) {
                if needed.0.insert(Self::key(kind, id)) && index.find(kind, id).is_none() {
                    return Err(Error::BlobMissing { kind, id: *id });
                }
            }
            Ok(())
        })?;
        Ok(needed)
    }

    fn has(&self, kind: BlobKind, id: &Id) -> bool {
        self.0.contains(&Self::key(kind, id))
    }

    fn key(kind: BlobKind, id: &Id) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&id.as_bytes()[..8]);
        u64::from_le_bytes(first) ^ u64::from(kind == BlobKind::Tree)
    }
}

/// Which place of a blob stays: a good one, in the pack of which most is needed, so that what a crash left twice leaves the
/// old packs. With the same facts it is always the same one.
fn home(places: &[Place], packs: &BTreeMap<Id, PackUse>) -> Option<Location> {
    let best = places.iter().max_by_key(|place| {
        let Location { pack, offset, .. } = &place.location;
        let pack_use = packs.get(pack).copied().unwrap_or_default();
        let share = u128::from(pack_use.held) * 1_000_000 / u128::from(pack_use.size.max(1));
        (!place.lost, !pack_use.wounded, share, pack_use.size, *pack, *offset)
    });
    best.map(|place| place.location)
}

/// The bytes that a blob takes in a pack's file.
fn cost(location: &Location) -> u64 {
    pack::share_of(location.length, location.uncompressed_length.is_some())
}
