//! The index of an open repository: read from its files, or where those are damaged or gone, from the packs themselves.
//!
//! A pack carries in its header what an index file says of it. So a bad index file costs nothing: the headers of the packs
//! that no good one names are read, a new file is written when the repository may be written, and the bad one is set aside.

use parking_lot::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use super::{
    Error, FileKind, FinishedPack, Id, Index, IndexBlob, IndexFile, IndexPack, Repository, Result, crash_point, pack,
};

/// How many blobs an index file holds before another is begun.
pub(super) const BLOBS_PER_FILE: usize = 50_000;

const INDEX_ADVICE: &str = "nothing is lost by it: the packs carry the same facts and were read instead; a new index file is written when the vault may be written";
const HEADER_ADVICE: &str = "what it held is found by no index; restore what else the snapshots hold, and back up again where the source still has the data";

/// What is known of the index beside the table in memory.
#[derive(Default)]
pub(super) struct IndexFiles {
    /// The files that the table was made from.
    loaded: BTreeSet<Id>,
    /// Those among them whose content is not what was written.
    damaged: Vec<Id>,
    strays: StrayPacks,
    /// Packs that lie in the storage but in no index file yet.
    packs: Vec<IndexPack>,
    bytes: u64,
    /// When the first of them came.
    since: Option<Instant>,
}

/// Packs that no good index file names: left by a crash, or by an index file that is lost.
#[derive(Default, Clone)]
pub(super) struct StrayPacks {
    /// Those that are known by their headers, with the lengths of their files.
    pub(super) orphans: HashMap<Id, (IndexPack, u64)>,
    /// Those whose header cannot be read, and why.
    pub(super) headless: Vec<(Id, String)>,
}

/// An index file that could not be used.
struct BadFile {
    id: Id,
    error: Error,
}

impl Repository {
    /// The index in memory.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read()
    }

    /// The index in memory, to be changed.
    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write()
    }

    fn files(&self) -> MutexGuard<'_, IndexFiles> {
        self.index_files.lock()
    }

    /// Reads every index file again, and the headers of the packs that none of them names; keeps what is in no file yet.
    /// The list of the packs alone shows which of them are missing or too short: those are lost from then on.
    pub fn reload_index(&self) -> Result<()> {
        // Held throughout: what another backup adds meanwhile must be in the new table too.
        let mut files = self.files();
        let ids: BTreeSet<Id> = self.storage().ids(FileKind::Index)?.into_iter().collect();
        let (mut fresh, bad) = self.read_index_files(&ids)?;
        for pack in &files.packs {
            fresh.add(pack);
        }
        let present: HashMap<Id, u64> = self.storage().list(FileKind::Pack)?.into_iter().collect();
        self.mark_by_sizes(&mut fresh, &present);
        files.strays = self.read_headers(&fresh, &present)?;
        for (pack, _) in files.strays.orphans.values() {
            fresh.add(pack);
        }
        self.integrity.mark(&mut fresh);
        for BadFile { id, error } in &bad {
            self.integrity.tell(format!("index file {id}"), error, INDEX_ADVICE);
        }
        let unnamed = self.integrity.count_sound(files.strays.orphans.keys());
        if bad.is_empty() && unnamed > 0 {
            // A crash between pack and index leaves the same.
            self.integrity.note(format!(
                "an index file is missing, or was not written any more: {unnamed} packs that were known to be good were in \
                 none; nothing is lost by it, for their headers say the same"
            ));
        }
        if !bad.is_empty() {
            for (id, problem) in &files.strays.headless {
                self.integrity.tell(format!("pack {id}"), problem, HEADER_ADVICE);
            }
        }
        files.damaged =
            bad.into_iter().filter(|bad| matches!(bad.error, Error::Damaged { .. })).map(|bad| bad.id).collect();
        files.loaded = ids;
        self.index_mut().replace(fresh);
        Ok(())
    }

    /// Reloads the index if its files are not those that it was made from: another program was here. Whether it did.
    pub fn sync_index(&self) -> Result<bool> {
        let ids: BTreeSet<Id> = self.storage().ids(FileKind::Index)?.into_iter().collect();
        let stale = self.files().loaded != ids;
        if stale {
            self.reload_index()?;
        }
        Ok(stale)
    }

    fn read_index_files(&self, ids: &BTreeSet<Id>) -> Result<(Index, Vec<BadFile>)> {
        let mut bad = Vec::new();
        let packs = ids.iter().flat_map(|id| match self.load_index_file(id) {
            Ok(file) => file.packs.into_iter().map(Ok).collect(),
            // Replaced by another program since it was listed: its packs are in another file, or known by their headers.
            Err(Error::NotFound { .. }) => Vec::new(),
            Err(error @ (Error::Damaged { .. } | Error::Storage { .. })) => {
                bad.push(BadFile { id: *id, error });
                Vec::new()
            }
            Err(error) => vec![Err(error)],
        });
        let index = Index::of(packs)?;
        Ok((index, bad))
    }

    /// What the packs hold that no good index file names, by their own headers.
    fn read_headers(&self, index: &Index, present: &HashMap<Id, u64>) -> Result<StrayPacks> {
        let mut strays = StrayPacks::default();
        for (id, size) in present.iter().filter(|(id, _)| !index.contains_pack(id)) {
            match pack::read_header(self.storage().as_ref(), self.key(), id, *size) {
                Ok(pack) => drop(strays.orphans.insert(*id, (pack, *size))),
                Err(Error::NotFound { .. }) => {}
                Err(error @ (Error::Damaged { .. } | Error::Storage { .. })) => {
                    strays.headless.push((*id, error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        strays.headless.sort();
        Ok(strays)
    }

    /// One index file.
    pub(crate) fn load_index_file(&self, id: &Id) -> Result<IndexFile> {
        IndexFile::from_json(id, &self.load_unpacked(FileKind::Index, id)?)
    }

    /// Packs that no index file names.
    pub(super) fn stray_packs(&self) -> StrayPacks {
        self.files().strays.clone()
    }

    /// Stray packs that were looked at and are not taken over are not offered again.
    pub(super) fn leave_stray_packs(&self, packs: &[Id]) {
        let mut files = self.files();
        for pack in packs {
            files.strays.orphans.remove(pack);
        }
        files.strays.headless.retain(|(pack, _)| !packs.contains(pack));
    }

    /// Writes what bad or lost index files said into a new one, and sets the bad ones aside.
    ///
    /// Without a bad file among them, only packs that are known byte for byte are taken over: what else no file names is
    /// left by a crash, and is read by the next backup before it counts.
    pub(super) fn settle_index(&self) -> Result<()> {
        let orphans = self.stray_packs().orphans;
        let damaged = self.files().damaged.clone();
        for (pack, size) in orphans.into_values() {
            if !damaged.is_empty() || self.is_sound(&pack.id) {
                self.storage().make_durable(FileKind::Pack, &pack.id)?;
                self.add_stored_pack(pack, size);
            }
        }
        self.flush_index()?;
        for id in damaged {
            match self.storage().set_aside(FileKind::Index, &id) {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
            let mut files = self.files();
            files.damaged.retain(|other| *other != id);
            files.loaded.remove(&id);
        }
        Ok(())
    }

    /// Writes a finished pack and adds it to the index in memory.
    pub fn add_pack(&self, pack: &FinishedPack) -> Result<()> {
        self.storage().write(FileKind::Pack, &pack.index.id, &pack.content)?;
        self.add_stored_pack(pack.index.clone(), pack.content.len() as u64);
        // After that: the record forgets packs that the index does not name whenever anybody writes it.
        self.note_written(&pack.index.id)
    }

    /// Adds a pack that lies in the storage to the index in memory, and to the next index file.
    pub(crate) fn add_stored_pack(&self, pack: IndexPack, bytes: u64) {
        let mut files = self.files();
        // A reload may have met it before whoever wrote it said so.
        let met = files.strays.orphans.remove(&pack.id).is_some();
        if !met {
            if self.index().contains_pack(&pack.id) {
                return;
            }
            self.index_mut().add(&pack);
        }
        files.since.get_or_insert_with(Instant::now);
        files.packs.push(pack);
        files.bytes += bytes;
    }

    /// Writes an index file when 256 MiB or 30 seconds of work would be lost without it.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        const BYTES: u64 = 256 << 20;
        const SECONDS: u64 = 30;
        let files = self.files();
        let waited = files.since.map_or(0, |since| since.elapsed().as_secs());
        if files.packs.is_empty() || (files.bytes < BYTES && waited < SECONDS) {
            return Ok(());
        }
        self.write_index(files)
    }

    /// Writes what is in no index file yet. When it returns, everything that any backup added is durable and findable.
    pub fn flush_index(&self) -> Result<()> {
        // Held while writing: whoever comes second must not commit before the first one's file is durable.
        let files = self.files();
        if files.packs.is_empty() { Ok(()) } else { self.write_index(files) }
    }

    fn write_index(&self, mut files: MutexGuard<'_, IndexFiles>) -> Result<()> {
        crash_point::reached("before-index");
        let mut waiting = std::mem::take(&mut files.packs);
        let outcome = self.write_packs(&mut waiting, &mut files.loaded);
        files.packs = waiting;
        outcome?;
        (files.bytes, files.since) = (0, None);
        Ok(())
    }
    /// Writes index files of these packs; those that are in one are taken out of the list.
    fn write_packs(&self, packs: &mut Vec<IndexPack>, loaded: &mut BTreeSet<Id>) -> Result<()> {
        while !packs.is_empty() {
            let mut blobs = 0;
            let fitting = packs.iter().take_while(|pack| {
                let fits = blobs < BLOBS_PER_FILE;
                blobs += pack.blobs.len();
                fits
            });
            let count = fitting.count();
            let rest = packs.split_off(count);
            let file = IndexFile { packs: std::mem::replace(packs, rest) };
            match file.to_json().and_then(|json| self.save_unpacked(FileKind::Index, &json)) {
                Ok(id) => drop(loaded.insert(id)),
                Err(error) => {
                    packs.extend(file.packs);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Lets the index files name only these blobs of these packs. The new files are durable before the old ones go.
    pub(super) fn rewrite_index_files(&self, named: &HashMap<Id, Vec<IndexBlob>>) -> Result<()> {
        let mut files = self.files();
        let (mut staying, mut old) = (Vec::new(), Vec::new());
        for id in &files.loaded {
            let Ok(file) = self.load_index_file(id) else { continue };
            if !file.packs.iter().any(|pack| named.contains_key(&pack.id)) {
                continue;
            }
            old.push(*id);
            staying.extend(file.packs.into_iter().filter_map(|pack| match named.get(&pack.id) {
                None => Some(pack),
                Some(blobs) if blobs.is_empty() => None,
                Some(blobs) => Some(IndexPack { id: pack.id, blobs: blobs.clone() }),
            }));
        }
        self.write_packs(&mut staying, &mut files.loaded)?;
        for id in old {
            self.storage().remove(FileKind::Index, &id)?;
            files.loaded.remove(&id);
        }
        Ok(())
    }
}
