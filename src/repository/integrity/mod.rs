//! What can be counted on: the repository believes the disk, not its index.
//!
//! An index names what was written; whether it is still there and whole is another matter. What was found when packs were
//! read is kept in a record ([`record`]), each pack with its [`Stamp`] at that time. A backup counts on a blob
//! that is stored already only when its pack is *proven*: written by us or read byte for byte since it last changed, by
//! its stamp. That costs a look at the file's times for each pack that is used; only what somebody touched is read again.
//!
//! What is found bad is *lost*: no new snapshot counts on it, so a backup stores it again, in another pack. Reading still
//! tries a lost place, as the last one: what was brought back from a copy can be read at once.
//!
//! What cannot be seen this way: bytes that change on the medium while the file's size, times and inode stay as they were.
//! Reading everything from time to time is for that.

mod examine;
mod record;
mod retire;

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

pub use examine::Examined;
use record::{Losses, Record};
pub(super) use retire::Retired;

use super::{BlobKind, Error, FileKind, Id, Index, Location, MasterKey, Problem, Repository, Result, Stamp, Storage};

/// The name of the record among the files beside the repository.
const RECORD: &str = "integrity";
const RECORD_NAME: &str = "the record of the packs that were read";
/// So many packs can be proven at the same time, each by one thread.
const TURNS: usize = 16;

const NOT_AS_WRITTEN: &str = "its bytes are not those that were written";
const RECORD_ADVICE: &str = "nothing is lost by it: what backups count on is read again, and a new record is written";
const PACK_ADVICE: &str = "bring the pack back from a copy of the vault, or back up again where the source still has the data: what is lost is stored anew";

/// A blob that the index names at lost places only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostBlob {
    /// Data or tree.
    pub kind: BlobKind,
    /// The blob.
    pub id: Id,
    /// One of the packs that held it.
    pub pack: Id,
}

/// What is known of the packs in an open repository.
pub(super) struct Integrity {
    record: Mutex<Record>,
    /// Held while a pack is proven, so that others who need it wait instead of reading it too.
    turns: [Mutex<()>; TURNS],
    problems: Mutex<Vec<Problem>>,
    notes: Mutex<std::collections::BTreeSet<String>>,
    /// Whether a record lies in the storage, good or bad.
    has_file: AtomicBool,
}

impl Integrity {
    pub(super) fn empty() -> Self {
        Self {
            record: Mutex::default(),
            turns: Default::default(),
            problems: Mutex::default(),
            notes: Mutex::default(),
            has_file: AtomicBool::new(false),
        }
    }

    /// The record is to be written the next time, whether it has anything to say or not.
    pub(super) fn require(&self) {
        self.record().changed = true;
    }

    /// The same, where there is none yet.
    pub(super) fn require_file(&self) {
        if !self.has_file() {
            self.require();
        }
    }

    pub(super) fn has_file(&self) -> bool {
        self.has_file.load(Ordering::Acquire)
    }

    /// Tells of a record that should be there: beside it other files of ours are.
    pub(super) fn tell_missing(&self) {
        self.require();
        self.tell(RECORD_NAME, "it is missing", RECORD_ADVICE);
    }

    /// Looks at the file of the record again, as it lies there now: what is known in memory is written anew where it is not
    /// readable any more.
    pub(super) fn look_at_file(&self, storage: &dyn Storage, key: &MasterKey) {
        if !self.has_file() {
            return;
        }
        match storage.read_side(RECORD) {
            Ok(Some(sealed)) => {
                if Record::open(key, sealed).is_none() {
                    self.require();
                    self.tell(RECORD_NAME, NOT_AS_WRITTEN, RECORD_ADVICE);
                }
            }
            Ok(None) => self.tell_missing(),
            Err(error) => self.tell(RECORD_NAME, error, RECORD_ADVICE),
        }
    }

    /// How many of these packs, which no index file names, were once known to be good.
    pub(super) fn count_sound<'a>(&self, packs: impl Iterator<Item = &'a Id>) -> usize {
        let record = self.record();
        packs.filter(|pack| record.was_sound(pack)).count()
    }

    /// Reads the record. One that cannot be read is told of and costs only time.
    pub(super) fn read(storage: &dyn Storage, key: &MasterKey) -> Self {
        let integrity = Self::empty();
        let problem = match storage.read_side(RECORD) {
            Ok(None) => return integrity,
            Ok(Some(sealed)) => match Record::open(key, sealed) {
                Some(record) => {
                    *integrity.record() = record;
                    integrity.has_file.store(true, Ordering::Release);
                    return integrity;
                }
                None => NOT_AS_WRITTEN.to_owned(),
            },
            Err(error) => error.to_string(),
        };
        integrity.has_file.store(true, Ordering::Release);
        integrity.tell(RECORD_NAME, problem, RECORD_ADVICE);
        integrity.record().changed = true;
        integrity
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock()
    }

    fn problems(&self) -> MutexGuard<'_, Vec<Problem>> {
        self.problems.lock()
    }

    fn turn(&self, pack: &Id) -> MutexGuard<'_, ()> {
        self.turns[usize::from(pack.as_bytes()[0]) % TURNS].lock()
    }

    /// Keeps a problem for whoever asks, and logs it once.
    pub(super) fn tell(&self, what: impl Into<String>, problem: impl std::fmt::Display, advice: &'static str) {
        let problem = Problem { what: what.into(), problem: problem.to_string(), advice, inside: false };
        let mut problems = self.problems();
        if !problems.contains(&problem) {
            tracing::warn!("{} is damaged: {}. {advice}", problem.what, problem.problem);
            problems.push(problem);
        }
    }

    /// Keeps what is worth knowing and harmless for the next check.
    pub(super) fn note(&self, note: String) {
        self.notes.lock().insert(note);
    }

    /// The notes that nobody has taken yet.
    pub(super) fn take_notes(&self) -> std::collections::BTreeSet<String> {
        std::mem::take(&mut *self.notes.lock())
    }

    /// The problems that were told and nobody has taken yet.
    pub(super) fn take_problems(&self) -> Vec<Problem> {
        std::mem::take(&mut *self.problems())
    }

    /// Marks in a fresh index what the record knows to be lost.
    pub(super) fn mark(&self, index: &mut Index) {
        for (pack, losses) in self.record().losses() {
            mark(index, pack, losses);
        }
    }
}

fn mark(index: &mut Index, pack: &Id, losses: &Losses) {
    match losses {
        Losses::Nothing => {}
        Losses::Places(offsets) => index.lose_places(pack, offsets.iter().copied()),
    }
}

impl Repository {
    /// What was found damaged since the repository was opened, beside what a check finds.
    pub fn problems(&self) -> Vec<Problem> {
        self.integrity.problems().clone()
    }

    /// Adds to [`problems`](Self::problems): for files of whoever uses the repository that lie beside it.
    pub fn tell(&self, what: &str, problem: &str, advice: &'static str) {
        self.integrity.tell(what, problem, advice);
    }

    /// The blobs that the index names and that can be read nowhere, as far as is known.
    pub fn lost_blobs(&self) -> Vec<LostBlob> {
        let lost = self.index().lost_blobs().into_iter();
        lost.map(|(kind, id, location)| LostBlob { kind, id, pack: location.pack }).collect()
    }

    /// The packs of which something is lost, as far as is known, and how many packs and places in them that are. It costs
    /// nothing to ask while nothing is lost.
    pub fn wounded_packs(&self) -> (Vec<Id>, usize) {
        let index = self.index();
        (index.wounded(), index.losses())
    }

    /// Whether a blob is in the index, at a place that is not known to be lost.
    pub fn is_readable(&self, kind: BlobKind, id: &Id) -> bool {
        self.index().contains(kind, id)
    }

    /// Makes the record durable, if it has changed. What was found lost is remembered from then on, unless the storage is
    /// read-only.
    pub fn save_integrity(&self) -> Result<()> {
        let mut record = self.integrity.record();
        if !record.changed || self.storage().is_read_only() {
            return Ok(());
        }
        {
            let index = self.index();
            record.retain(|pack| index.contains_pack(pack));
        }
        self.storage().write_side(RECORD, &record.seal(self.key())?)?;
        let first = !self.integrity.has_file.swap(true, Ordering::AcqRel);
        record.changed = false;
        drop(record);
        // A record without the copy tells that the copy was lost: the first record brings it along.
        if first { self.copy_config() } else { Ok(()) }
    }

    /// The same where a failure must not stop what goes on: it is tried again the next time.
    pub(super) fn try_to_save_integrity(&self) {
        if let Err(error) = self.save_integrity() {
            tracing::warn!(%error, "what was found when packs were read is not written down yet");
        }
    }

    /// A pack was written by us just now, and is what we wrote.
    pub(super) fn note_written(&self, pack: &Id) -> Result<()> {
        let stamp = self.storage().stamp(FileKind::Pack, pack)?;
        self.integrity.record().prove(*pack, stamp, Losses::Nothing);
        Ok(())
    }

    /// Whether a pack is still what it was when it was proven.
    pub(super) fn is_proven(&self, pack: &Id) -> bool {
        self.storage().stamp(FileKind::Pack, pack).is_ok_and(|stamp| self.integrity.record().is_proven(pack, stamp))
    }

    /// Whether a pack is still what it was when it was proven, with nothing lost.
    pub(super) fn is_sound(&self, pack: &Id) -> bool {
        self.storage().stamp(FileKind::Pack, pack).is_ok_and(|stamp| self.integrity.record().is_sound(pack, stamp))
    }

    /// Makes sure of a pack before something counts on it: reads it if it changed since that was done last. When it answers
    /// yes, all in it that the index does not hold to be lost can be read.
    pub fn prove(&self, pack: &Id) -> Result<bool> {
        let _turn = self.integrity.turn(pack);
        if self.is_proven(pack) {
            return Ok(true);
        }
        match self.examine_pack(pack) {
            Ok(Examined::Sound { .. } | Examined::Damaged { .. }) => Ok(true),
            Ok(Examined::Missing) => Ok(false),
            Err(Error::NotFound { .. }) => {
                self.index_mut().lose_pack(pack);
                Ok(false)
            }
            Err(error @ Error::Storage { .. }) => {
                self.lose_for_now(pack, &error);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Looks again at packs of which something is lost, where they are not what they were when they were read whole: they may
    /// have been brought back, and of others only one bad place is known.
    pub fn examine_lost(&self) -> Result<()> {
        let wounded = self.index().wounded();
        for pack in wounded {
            let known = match self.storage().stamp(FileKind::Pack, &pack) {
                Ok(stamp) => self.integrity.record().is_proven(&pack, stamp),
                Err(Error::NotFound { .. }) => true,
                Err(_) => false,
            };
            if !known {
                self.prove(&pack)?;
            }
        }
        Ok(())
    }

    /// Remembers that a blob could not be read where it lies.
    pub(super) fn report_unreadable(&self, location: &Location, error: &Error) {
        let pack = location.pack;
        match error {
            Error::Damaged { .. } => self.lose(location),
            Error::NotFound { .. } => {
                self.integrity.tell(format!("pack {pack}"), "it is missing", PACK_ADVICE);
                self.index_mut().lose_pack(&pack);
            }
            // The disk or the way to it may be well again: nothing is lost, but nothing counts on it either.
            Error::Storage { .. } => self.integrity.record().doubt(&pack),
            _ => {}
        }
    }

    /// The disk does not give a pack: nothing counts on it until it was read.
    pub(super) fn lose_for_now(&self, pack: &Id, error: &Error) {
        self.integrity.tell(format!("pack {pack}"), error, PACK_ADVICE);
        self.integrity.record().doubt(pack);
        self.index_mut().lose_pack(pack);
    }

    fn lose(&self, location: &Location) {
        let Ok(stamp) = self.storage().stamp(FileKind::Pack, &location.pack) else { return };
        let first = self.integrity.record().lose(location.pack, stamp, location.offset);
        self.index_mut().lose_places(&location.pack, [location.offset]);
        if first {
            self.integrity.tell(format!("pack {}", location.pack), "a blob in it cannot be read", PACK_ADVICE);
            self.try_to_save_integrity();
        }
    }

    /// Writes down what reading a whole pack gave: the offsets of the blobs that cannot be read.
    pub(super) fn note_examined(&self, pack: &Id, stamp: Stamp, lost: Vec<u32>) {
        let losses = if lost.is_empty() { Losses::Nothing } else { Losses::Places(lost.into_iter().collect()) };
        let mut record = self.integrity.record();
        let mut index = self.index_mut();
        index.regain_pack(pack);
        mark(&mut index, pack, &losses);
        record.prove(*pack, stamp, losses);
    }

    /// Compares the packs that the index names with those that are there: missing and shortened ones are lost.
    pub(super) fn mark_by_sizes(&self, index: &mut Index, present: &std::collections::HashMap<Id, u64>) {
        // Of a damaged pack the index may name only a part.
        let known: HashSet<Id> = self.integrity.record().losses().map(|(pack, _)| *pack).collect();
        let expected: Vec<(Id, u64)> = index.pack_sizes().collect();
        let mut short = HashSet::new();
        for (pack, size) in expected {
            match present.get(&pack) {
                Some(found) if *found == size || (*found > size && known.contains(&pack)) => {}
                Some(found) => {
                    let problem = format!("it has {found} bytes and should have {size}");
                    self.integrity.tell(format!("pack {pack}"), problem, PACK_ADVICE);
                    if *found < size {
                        short.insert(pack);
                    }
                }
                None => {
                    self.integrity.tell(format!("pack {pack}"), "it is missing", PACK_ADVICE);
                    index.lose_pack(&pack);
                }
            }
        }
        if !short.is_empty() {
            let beyond: Vec<(Id, u32)> = index
                .blobs()
                .filter(|(_, _, place)| short.contains(&place.pack))
                .filter(|(_, _, place)| {
                    let end = u64::from(place.offset) + u64::from(place.length);
                    present.get(&place.pack).is_none_or(|size| end > *size)
                })
                .map(|(_, _, place)| (place.pack, place.offset))
                .collect();
            for (pack, offset) in beyond {
                index.lose_places(&pack, [offset]);
            }
        }
    }
}
