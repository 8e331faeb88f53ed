//! Repacking: what is needed of some packs is copied into new ones, then the old ones go.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::index::DurableIndex;
use super::usage::{Held, Usage};
use super::{CollectOutcome, CollectRequest, Moves, NoteMoves, plan};
use crate::repository::blob_reader::BlobReader;
use crate::repository::pack::MOST_BLOBS;
use crate::repository::{
    BlobKind, Control, Error, Examined, FileKind, Id, IndexPack, Location, PackBuilder, Repository, RepositoryLock,
    Result, crash_point,
};

/// What goes along with a collection.
pub(super) struct Run<'a, 'b> {
    pub(super) control: &'a Control,
    pub(super) lock: &'a RepositoryLock,
    pub(super) note_moves: &'a mut NoteMoves<'b>,
}

/// The new packs of one step.
struct Copying<'a> {
    repository: &'a Repository,
    reader: BlobReader<'a>,
    data: PackBuilder,
    trees: PackBuilder,
    written: Vec<IndexPack>,
    bytes: u64,
}

impl Repository {
    /// Repacks what the rule asks for, and adds to the outcome what came of it.
    pub(super) fn repack(
        &self,
        request: &CollectRequest,
        usage: &Usage,
        durable: &mut DurableIndex,
        outcome: &mut CollectOutcome,
        run: Run<'_, '_>,
    ) -> Result<()> {
        let indexed = durable.packs();
        let eligible = |pack: &Id| request.eligible.contains(pack) && indexed.contains(pack);
        let plan = plan::choose(usage, &request.repack, self.options().pack_size as u64, eligible);
        outcome.guarded.extend(plan.guarded);
        outcome.unfinished = plan.unfinished;
        let mut contents = usage.contents(self, &plan.steps.iter().flatten().copied().collect());
        for (number, packs) in plan.steps.iter().enumerate() {
            if number > 0 {
                // A long collection must not look abandoned to other programs.
                run.lock.refresh()?;
            }
            let held = packs.iter().filter_map(|pack| Some((*pack, contents.remove(pack)?))).collect();
            match self.repack_step(held, durable, outcome, run.control, run.note_moves) {
                // What is not needed at all is gone already; of the rest nothing is lost by waiting for room.
                Err(error) if error.is_storage_full() => {
                    tracing::warn!(%error, "packs that are needed in part stay until the disk has room for their copies");
                    outcome.unfinished = true;
                    break;
                }
                stepped => stepped?,
            }
        }
        outcome.bytes_unused = usage
            .packs
            .iter()
            .filter(|(id, pack)| pack.held > 0 && !outcome.deleted.contains(id))
            .map(|(_, pack)| pack.unused())
            .sum();
        Ok(())
    }

    fn repack_step(
        &self,
        held: BTreeMap<Id, Vec<Held>>,
        durable: &mut DurableIndex,
        outcome: &mut CollectOutcome,
        control: &Control,
        note_moves: &mut NoteMoves<'_>,
    ) -> Result<()> {
        let mut copying = Copying::new(self);
        let copied = match copying.copy_all(&held, control) {
            Ok(copied) => copied,
            Err(error) => {
                // No index file names them yet, and a full disk needs the room.
                copying.take_back();
                return Err(error);
            }
        };
        let (written, bytes) = (copying.written, copying.bytes);
        outcome.damaged.extend(held.keys().filter(|pack| !copied.contains(pack)));
        outcome.written.extend(written.iter().map(|pack| pack.id));
        if !written.is_empty() {
            durable.add(self, written.clone())?;
            for pack in &written {
                self.index_mut().add(pack);
            }
            self.try_to_save_integrity();
        }
        crash_point::reached("during-repack");
        let moves = self.moves(&held, copied);
        note_moves(&moves).map_err(|source| Error::NotNoted { source })?;
        crash_point::reached("during-repack");
        let old: BTreeSet<Id> = moves.into_keys().collect();
        let sizes: HashMap<Id, u64> = self.packs()?.into_iter().collect();
        self.delete_packs(durable, &old)?;
        let freed: u64 = old.iter().filter_map(|pack| sizes.get(pack)).sum();
        outcome.bytes_freed = (outcome.bytes_freed + freed).saturating_sub(bytes);
        outcome.deleted.extend(&old);
        outcome.repacked.extend(old);
        Ok(())
    }

    /// Where what is needed of the copied packs lies besides. A pack of which anything lies nowhere else is left out: it
    /// stays.
    fn moves(&self, held: &BTreeMap<Id, Vec<Held>>, copied: BTreeSet<Id>) -> Moves {
        let index = self.index();
        let lost: BTreeSet<Id> = index.wounded().into_iter().collect();
        let elsewhere = |held: &Held| {
            let places = index.find_all(held.blob.kind, &held.blob.id).into_iter().map(|place| place.pack);
            places.filter(|pack| !copied.contains(pack) && !lost.contains(pack)).collect::<BTreeSet<Id>>()
        };
        let target = |pack: &Id| {
            let mut targets = BTreeSet::new();
            for blob in held.get(pack)? {
                let places = elsewhere(blob);
                // Its home, or where it was copied to: one is enough.
                targets.insert(*places.get(&blob.home.pack).or_else(|| places.last())?);
            }
            Some((*pack, targets))
        };
        copied.iter().filter_map(target).collect()
    }
}

impl<'a> Copying<'a> {
    fn new(repository: &'a Repository) -> Self {
        Self {
            repository,
            reader: BlobReader::new(repository.key()),
            data: PackBuilder::new(Vec::new()),
            trees: PackBuilder::new(Vec::new()),
            written: Vec::new(),
            bytes: 0,
        }
    }

    /// Copies what is needed of these packs; those of which all was copied, durably, when this returns.
    fn copy_all(&mut self, held: &BTreeMap<Id, Vec<Held>>, control: &Control) -> Result<BTreeSet<Id>> {
        let mut copied = BTreeSet::new();
        for (pack, blobs) in held {
            control.check()?;
            if self.copy(pack, blobs)? {
                copied.insert(*pack);
            }
        }
        for kind in [BlobKind::Data, BlobKind::Tree] {
            self.write(kind)?;
        }
        Ok(copied)
    }

    /// Copies what is needed of one pack, once all of it was read and verified. Answers whether it was: otherwise what cannot
    /// be read is remembered, and the pack left alone.
    fn copy(&mut self, pack: &Id, blobs: &[Held]) -> Result<bool> {
        let mut good = Vec::new();
        for Held { blob, home } in blobs {
            let here = Location {
                pack: *pack,
                offset: blob.offset,
                length: blob.length,
                uncompressed_length: blob.uncompressed_length,
            };
            if here != *home && (home.pack == *pack || self.read(&blob.id, home)?.is_some()) {
                continue;
            }
            let Some(sealed) = self.read(&blob.id, &here)? else { return Ok(false) };
            good.push((blob, sealed));
        }
        for (blob, sealed) in good {
            self.builder(blob.kind).add(blob.kind, blob.id, &[&sealed], blob.uncompressed_length);
        }
        // All of a pack goes into the same new one, so that who refers to the new one needs something of it.
        for kind in [BlobKind::Data, BlobKind::Tree] {
            let builder = self.builder(kind);
            if builder.len() >= self.repository.options().pack_size || self.builder(kind).count() >= MOST_BLOBS {
                self.write(kind)?;
            }
        }
        Ok(true)
    }

    /// The sealed bytes of a blob, verified; `None` when they cannot be had, which is remembered.
    fn read(&mut self, id: &Id, place: &Location) -> Result<Option<Vec<u8>>> {
        // Twice, since a disk may stumble once.
        match self.read_once(id, place).or_else(|_| self.read_once(id, place)) {
            Ok(sealed) => Ok(Some(sealed)),
            Err(error @ (Error::Damaged { .. } | Error::NotFound { .. } | Error::Storage { .. })) => {
                self.repository.report_unreadable(place, &error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn read_once(&mut self, id: &Id, place: &Location) -> Result<Vec<u8>> {
        let (offset, length) = (u64::from(place.offset), place.length as usize);
        let sealed = self.repository.storage().read_range(FileKind::Pack, &place.pack, offset, length)?;
        let damaged = |problem: String| Error::damaged(format!("pack {} (blob {id})", place.pack), problem);
        self.reader.open(id, &mut sealed.clone(), place.uncompressed_length).map_err(damaged)?;
        Ok(sealed)
    }

    fn builder(&mut self, kind: BlobKind) -> &mut PackBuilder {
        if kind == BlobKind::Data { &mut self.data } else { &mut self.trees }
    }

    /// Writes an open pack, and reads it back from its first byte to its last.
    fn write(&mut self, kind: BlobKind) -> Result<()> {
        let builder = std::mem::replace(self.builder(kind), PackBuilder::new(Vec::new()));
        if builder.is_empty() {
            return Ok(());
        }
        let pack = builder.finish(self.repository.key())?;
        // Noted before it is written: half of it may be there after a failure.
        self.bytes += pack.content.len() as u64;
        let id = pack.index.id;
        self.written.push(pack.index);
        self.repository.storage().write(FileKind::Pack, &id, &pack.content)?;
        crash_point::reached("during-repack");
        match self.repository.examine_pack(&id)? {
            Examined::Sound { .. } => Ok(()),
            _ => Err(Error::damaged(format!("pack {id}"), "it did not come back as it was written")),
        }
    }

    /// Deletes what was written, as far as that goes.
    fn take_back(&self) {
        for pack in &self.written {
            match self.repository.storage().remove(FileKind::Pack, &pack.id) {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(pack = %pack.id, %error, "a pack that nothing needs stays"),
            }
        }
    }
}
