//! The record of what was found when packs were read: a sealed file beside the repository.
//!
//! ```text
//! "vaultdeck integrity" | version (1 byte) | one entry for each pack:
//!   id (32) | size (8) | mark (8) | flags (1) | with LOST_PLACES: count (4), offsets (4 each)
//! ```
//!
//! Numbers are little endian. All of it is sealed with the repository's key. A record that is missing, damaged or of
//! another version is an empty one: then every pack is read again before anything counts on it.

use std::collections::{BTreeSet, HashMap};

use crate::repository::{Id, MasterKey, Result, Stamp};

const MAGIC: &[u8] = b"vaultdeck integrity";
const VERSION: u8 = 1;

const PROVEN: u8 = 1;
const LOST_PLACES: u8 = 2;

/// What was found in packs, each with what it was like then.
#[derive(Debug, Default)]
pub(super) struct Record {
    packs: HashMap<Id, Entry>,
    /// Whether it has something that the file has not.
    pub(super) changed: bool,
}

/// One pack.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    stamp: Stamp,
    /// Whether every byte was read, or written by us, while it had this stamp. Then all that is not lost is good.
    proven: bool,
    lost: Losses,
}

/// What of a pack cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Losses {
    #[default]
    Nothing,
    /// What begins at these bytes.
    Places(BTreeSet<u32>),
}

impl Record {
    /// Whether a pack that is like this now is known byte for byte.
    pub(super) fn is_proven(&self, pack: &Id, stamp: Stamp) -> bool {
        self.packs.get(pack).is_some_and(|entry| entry.proven && entry.stamp == stamp)
    }

    /// Whether nothing is lost of a pack that is like this now, as far as every byte of it is known.
    pub(super) fn is_sound(&self, pack: &Id, stamp: Stamp) -> bool {
        self.packs.get(pack).is_some_and(|entry| entry.proven && entry.stamp == stamp && entry.lost == Losses::Nothing)
    }

    /// Every byte of a pack was read, or written: this is what is lost of it.
    pub(super) fn prove(&mut self, pack: Id, stamp: Stamp, lost: Losses) {
        let entry = Entry { stamp, proven: true, lost };
        if self.packs.get(&pack) != Some(&entry) {
            self.packs.insert(pack, entry);
            self.changed = true;
        }
    }

    /// One place of a pack turned out to be lost; whether its neighbours are must be looked at. Whether nothing of the pack
    /// was known to be lost before.
    pub(super) fn lose(&mut self, pack: Id, stamp: Stamp, offset: u32) -> bool {
        let entry = self.packs.entry(pack).or_insert_with(|| Entry { stamp, proven: false, lost: Losses::Nothing });
        let (first, known) = match &mut entry.lost {
            Losses::Places(places) => (false, !places.insert(offset)),
            nothing @ Losses::Nothing => {
                *nothing = Losses::Places(BTreeSet::from([offset]));
                (true, false)
            }
        };
        if !known || entry.stamp != stamp {
            (entry.stamp, entry.proven) = (stamp, false);
            self.changed = true;
        }
        first
    }

    /// A pack could not be read just now: it is to be read again before anything counts on it.
    pub(super) fn doubt(&mut self, pack: &Id) {
        if let Some(entry) = self.packs.get_mut(pack).filter(|entry| entry.proven) {
            entry.proven = false;
            self.changed = true;
        }
    }

    /// Forgets packs that are gone.
    pub(super) fn retain(&mut self, exists: impl Fn(&Id) -> bool) {
        self.packs.retain(|pack, _| exists(pack));
    }

    /// Whether every byte of a pack was known to be good, whatever it is like now.
    pub(super) fn was_sound(&self, pack: &Id) -> bool {
        self.packs.get(pack).is_some_and(|entry| entry.proven && entry.lost == Losses::Nothing)
    }

    /// The packs of which something is lost.
    pub(super) fn losses(&self) -> impl Iterator<Item = (&Id, &Losses)> {
        self.packs.iter().map(|(pack, entry)| (pack, &entry.lost)).filter(|(_, lost)| **lost != Losses::Nothing)
    }

    /// The bytes of the file.
    pub(super) fn seal(&self, key: &MasterKey) -> Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(MAGIC.len() + 1 + self.packs.len() * 49);
        plain.extend_from_slice(MAGIC);
        plain.push(VERSION);
        for (pack, entry) in &self.packs {
            plain.extend_from_slice(pack.as_bytes());
            plain.extend_from_slice(&entry.stamp.size.to_le_bytes());
            plain.extend_from_slice(&entry.stamp.mark.to_le_bytes());
            let proven = if entry.proven { PROVEN } else { 0 };
            match &entry.lost {
                Losses::Nothing => plain.push(proven),
                Losses::Places(places) => {
                    plain.push(proven | LOST_PLACES);
                    plain.extend_from_slice(&(places.len() as u32).to_le_bytes());
                    plain.extend(places.iter().flat_map(|offset| offset.to_le_bytes()));
                }
            }
        }
        key.seal_message(&plain)
    }

    /// What the bytes of a file say; `None` when they are damaged or of a version that this program does not know.
    pub(super) fn open(key: &MasterKey, mut sealed: Vec<u8>) -> Option<Self> {
        let mut rest: &[u8] = key.open(&mut sealed).ok()?;
        if take(&mut rest, MAGIC.len())? != MAGIC || take(&mut rest, 1)? != [VERSION] {
            return None;
        }
        let mut packs = HashMap::new();
        while !rest.is_empty() {
            let pack = Id::from_bytes(*array(&mut rest)?);
            let stamp =
                Stamp { size: u64::from_le_bytes(*array(&mut rest)?), mark: u64::from_le_bytes(*array(&mut rest)?) };
            let flags = *take(&mut rest, 1)?.first()?;
            let lost = if flags & LOST_PLACES != 0 {
                let count = u32::from_le_bytes(*array(&mut rest)?);
                Losses::Places(
                    (0..count).map(|_| array(&mut rest).map(|n| u32::from_le_bytes(*n))).collect::<Option<_>>()?,
                )
            } else {
                Losses::Nothing
            };
            packs.insert(pack, Entry { stamp, proven: flags & PROVEN != 0, lost });
        }
        Some(Self { packs, changed: false })
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn array<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(mark: u64) -> Stamp {
        Stamp { size: 10, mark }
    }

    #[test]
    fn a_record_survives_its_file_and_no_other_file_is_one() {
        let key = MasterKey::generate().unwrap();
        let mut record = Record::default();
        let [sound, wounded, doubted] = [b"1", b"2", b"4"].map(|name| Id::of(name));
        record.prove(sound, stamp(1), Losses::Nothing);
        record.prove(wounded, stamp(2), Losses::Places(BTreeSet::from([7, 70_000])));
        record.prove(doubted, stamp(4), Losses::Nothing);
        record.doubt(&doubted);
        let sealed = record.seal(&key).unwrap();
        let read = Record::open(&key, sealed.clone()).unwrap();
        assert_eq!(read.packs, record.packs);
        assert!(!read.changed && read.is_proven(&sound, stamp(1)) && !read.is_proven(&doubted, stamp(4)));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(Record::open(&key, changed).is_none(), "byte {at}");
            assert!(Record::open(&key, sealed[..at].to_vec()).is_none(), "cut to {at}");
        }
        assert!(Record::open(&key, key.seal_message(b"{\"version\":2}").unwrap()).is_none(), "another file of ours");
        let newer = [MAGIC, &[VERSION + 1]].concat();
        assert!(Record::open(&key, key.seal_message(&newer).unwrap()).is_none());
    }

    #[test]
    fn a_pack_that_changed_is_not_proven_any_more() {
        let mut record = Record::default();
        let pack = Id::of(b"1");
        record.prove(pack, stamp(1), Losses::Nothing);
        assert!(record.is_proven(&pack, stamp(1)) && !record.is_proven(&pack, stamp(2)));
        assert!(!record.is_proven(&pack, Stamp { size: 11, mark: 1 }));
    }

    #[test]
    fn one_lost_place_makes_its_neighbours_doubtful() {
        let mut record = Record::default();
        let pack = Id::of(b"1");
        record.prove(pack, stamp(1), Losses::Nothing);
        record.changed = false;
        assert!(record.lose(pack, stamp(1), 5), "the first");
        assert!(record.changed && !record.is_proven(&pack, stamp(1)));
        record.changed = false;
        assert!(!record.lose(pack, stamp(1), 5));
        assert!(!record.changed, "nothing new");
        assert!(!record.lose(pack, stamp(1), 6));
        assert_eq!(record.losses().collect::<Vec<_>>(), [(&pack, &Losses::Places(BTreeSet::from([5, 6])))]);
    }
}
