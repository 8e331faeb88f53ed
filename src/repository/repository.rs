//! A repository: its files put together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use chrono::{DateTime, FixedOffset};

use super::{
    BlobKind, ConfigFile, Error, FileKind, FinishedPack, Id, Index, IndexFile, IndexPack, KeyFile, Location, MasterKey,
    Result, Snapshot, Storage, Tree, compression, crash_point,
};

/// How a repository is worked with. The format is the same whatever is chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Packs are closed when they reach this many bytes.
    pub pack_size: usize,
    /// zstd's level for blobs.
    pub compression_level: i32,
    /// Threads that hash, compress and encrypt; by default one for each processor, at most four.
    pub workers: usize,
}

impl Default for Options {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self { pack_size: 16 << 20, compression_level: compression::LEVEL, workers: processors.clamp(1, 4) }
    }
}

/// An open repository. It can be shared between threads; several operations may run at once.
pub struct Repository {
    storage: Arc<dyn Storage>,
    key: MasterKey,
    config: ConfigFile,
    options: Options,
    index: RwLock<Index>,
    unsaved: Mutex<Unsaved>,
    gate: RwLock<()>,
    /// Whether what a crash left was looked for since the repository was opened.
    pub(super) adopted: Mutex<bool>,
}

/// Packs that lie in the storage but in no index file yet.
struct Unsaved {
    packs: Vec<IndexPack>,
    bytes: u64,
    since: Instant,
}

impl Repository {
    /// Makes a repository in an empty storage.
    pub fn create(storage: Arc<dyn Storage>, key: MasterKey, options: Options) -> Result<Self> {
        if storage.read_config()?.is_some() {
            return Err(Error::AlreadyExists(storage.location()));
        }
        storage.prepare()?;
        let config = ConfigFile::generate()?;
        storage.write_config(&key.seal_message(&config.to_json()?)?)?;
        Ok(Self::assemble(storage, key, config, options, Index::new()))
    }

    /// Opens a repository and reads its index.
    pub fn open(storage: Arc<dyn Storage>, key: MasterKey, options: Options) -> Result<Self> {
        let Some(mut sealed) = storage.read_config()? else { return Err(Error::NotARepository(storage.location())) };
        let config = ConfigFile::from_json(key.open(&mut sealed).map_err(|_| Error::WrongKey)?)?;
        let repository = Self::assemble(storage, key, config, options, Index::new());
        repository.reload_index()?;
        Ok(repository)
    }

    fn assemble(storage: Arc<dyn Storage>, key: MasterKey, config: ConfigFile, options: Options, index: Index) -> Self {
        let unsaved = Mutex::new(Unsaved { packs: Vec::new(), bytes: 0, since: Instant::now() });
        let (index, gate, adopted) = (RwLock::new(index), RwLock::new(()), Mutex::new(false));
        Self { storage, key, config, options, index, unsaved, gate, adopted }
    }

    /// The master key of a repository, by a password that one of its key files wraps.
    pub fn unlock(storage: &dyn Storage, password: &str) -> Result<MasterKey> {
        for (id, _) in storage.list(FileKind::Key)? {
            match read_key_file(storage, &id)?.unwrap_key(password) {
                Err(Error::WrongKey) => {}
                outcome => return outcome,
            }
        }
        Err(Error::WrongKey)
    }

    /// What its config file says.
    pub fn config(&self) -> &ConfigFile {
        &self.config
    }

    /// Where its files lie.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// How it is worked with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Held for reading by whoever adds data, for writing by a collection: what a backup found to be there already must not
    /// be deleted before its snapshot refers to it.
    pub(crate) fn gate(&self) -> &RwLock<()> {
        &self.gate
    }

    /// The key. Whoever has it can read everything.
    pub fn key(&self) -> &MasterKey {
        &self.key
    }

    // Keys

    /// Adds a key file, so that `restic` opens the repository with `password`.
    pub fn add_key_file(
        &self,
        password: &str,
        username: &str,
        hostname: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Id> {
        let file = KeyFile::wrap(&self.key, password, username, hostname, now)?;
        let json = serde_json::to_vec(&file).map_err(|error| Error::damaged("a new key file", error))?;
        let id = Id::of(&json);
        self.storage.write(FileKind::Key, &id, &json)?;
        Ok(id)
    }

    /// Removes a key file: its password opens the repository no more.
    pub fn remove_key_file(&self, id: &Id) -> Result<()> {
        self.storage.remove(FileKind::Key, id)
    }

    /// The key files.
    pub fn key_files(&self) -> Result<Vec<(Id, KeyFile)>> {
        let ids = self.storage.list(FileKind::Key)?;
        ids.into_iter().map(|(id, _)| Ok((id, read_key_file(self.storage.as_ref(), &id)?))).collect()
    }

    // Unpacked files: index, snapshots, locks

    /// The content of an unpacked file, its name checked.
    pub fn load_unpacked(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        let mut sealed = self.storage.read(kind, id)?;
        let damaged = |problem: &dyn std::fmt::Display| Error::damaged(format!("{kind} {id}"), problem);
        if Id::of(&sealed) != *id {
            return Err(damaged(&"its bytes are not those that its name says"));
        }
        let content = self.key.open(&mut sealed).map_err(|error| damaged(&error))?;
        compression::decode_unpacked(content).map_err(|problem| damaged(&problem))
    }

    /// Writes an unpacked file.
    pub fn save_unpacked(&self, kind: FileKind, json: &[u8]) -> Result<Id> {
        let sealed = self.key.seal_message(&compression::encode_unpacked(json)?)?;
        let id = Id::of(&sealed);
        self.storage.write(kind, &id, &sealed)?;
        Ok(id)
    }

    // Snapshots

    /// One snapshot.
    pub fn load_snapshot(&self, id: &Id) -> Result<Snapshot> {
        let json = self.load_unpacked(FileKind::Snapshot, id)?;
        serde_json::from_slice(&json).map_err(|error| Error::damaged(format!("snapshot {id}"), error))
    }

    /// Writes a snapshot. Everything that it refers to must be durable before: packs, then index.
    pub fn save_snapshot(&self, snapshot: &Snapshot) -> Result<Id> {
        let json = serde_json::to_vec(snapshot).map_err(|error| Error::damaged("a new snapshot", error))?;
        self.save_unpacked(FileKind::Snapshot, &json)
    }

    /// All snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<(Id, Snapshot)>> {
        let ids = self.storage.list(FileKind::Snapshot)?;
        let mut snapshots =
            ids.into_iter().map(|(id, _)| Ok((id, self.load_snapshot(&id)?))).collect::<Result<Vec<_>>>()?;
        snapshots.sort_by_key(|(id, snapshot)| (snapshot.time, *id));
        Ok(snapshots)
    }

    /// Removes a snapshot; one that is gone already is no error, so that an interrupted deletion can be asked for again. Its
    /// data stays until a collection.
    pub fn forget(&self, id: &Id) -> Result<()> {
        match self.storage.remove(FileKind::Snapshot, id) {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    // Index

    /// The index in memory.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index in memory, to be changed.
    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsaved(&self) -> MutexGuard<'_, Unsaved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads every index file again, and keeps what is not in one yet.
    pub fn reload_index(&self) -> Result<()> {
        let files = self.storage.list(FileKind::Index)?.into_iter();
        let packs = files.flat_map(|(id, _)| match self.load_index_file(&id) {
            Ok(file) => file.packs.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        });
        let mut fresh = Index::of(packs)?;
        let unsaved = self.unsaved();
        for pack in &unsaved.packs {
            fresh.add(pack);
        }
        *self.index_mut() = fresh;
        Ok(())
    }

    /// One index file.
    pub(crate) fn load_index_file(&self, id: &Id) -> Result<IndexFile> {
        IndexFile::from_json(id, &self.load_unpacked(FileKind::Index, id)?)
    }

    /// Writes a finished pack and adds it to the index in memory.
    pub fn add_pack(&self, pack: &FinishedPack) -> Result<()> {
        self.storage.write(FileKind::Pack, &pack.index.id, &pack.content)?;
        self.add_stored_pack(pack.index.clone(), pack.content.len() as u64);
        Ok(())
    }

    /// Adds a pack that lies in the storage to the index in memory, and to the next index file.
    pub(crate) fn add_stored_pack(&self, pack: IndexPack, bytes: u64) {
        let mut unsaved = self.unsaved();
        if self.index().contains_pack(&pack.id) {
            return;
        }
        self.index_mut().add(&pack);
        if unsaved.packs.is_empty() {
            unsaved.since = Instant::now();
        }
        unsaved.packs.push(pack);
        unsaved.bytes += bytes;
    }

    /// Writes an index file when 256 MiB or 30 seconds of work would be lost without it.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        const BYTES: u64 = 256 << 20;
        const SECONDS: u64 = 30;
        let unsaved = self.unsaved();
        if unsaved.packs.is_empty() || (unsaved.bytes < BYTES && unsaved.since.elapsed().as_secs() < SECONDS) {
            return Ok(());
        }
        self.write_index(unsaved)
    }

    /// Writes what is in no index file yet. When it returns, everything that any backup added is durable and findable.
    pub fn flush_index(&self) -> Result<()> {
        // Held while writing: whoever comes second must not commit before the first one's file is durable.
        let unsaved = self.unsaved();
        if unsaved.packs.is_empty() { Ok(()) } else { self.write_index(unsaved) }
    }

    fn write_index(&self, mut unsaved: MutexGuard<'_, Unsaved>) -> Result<()> {
        crash_point::reached("before-index");
        let file = IndexFile { packs: std::mem::take(&mut unsaved.packs) };
        let outcome = file.to_json().and_then(|json| self.save_unpacked(FileKind::Index, &json));
        match outcome {
            Ok(_) => {
                unsaved.bytes = 0;
                Ok(())
            }
            Err(error) => {
                unsaved.packs = file.packs;
                Err(error)
            }
        }
    }

    // Blobs

    /// Where a blob lies.
    pub fn find_blob(&self, kind: BlobKind, id: &Id) -> Result<Location> {
        self.index().find(kind, id).ok_or(Error::BlobMissing { kind, id: *id })
    }

    /// The content of a blob, its hash checked. When one place is damaged and there is another, that one is taken.
    pub fn load_blob(&self, kind: BlobKind, id: &Id) -> Result<Vec<u8>> {
        let mut locations = self.index().find_all(kind, id).into_iter();
        let Some(first) = locations.next() else { return Err(Error::BlobMissing { kind, id: *id }) };
        self.load_blob_at(id, &first)
            .or_else(|error| locations.find_map(|location| self.load_blob_at(id, &location).ok()).ok_or(error))
    }

    /// The content of the blob at one place, its hash checked.
    pub fn load_blob_at(&self, id: &Id, location: &Location) -> Result<Vec<u8>> {
        let (offset, length) = (u64::from(location.offset), location.length as usize);
        let mut sealed = self.storage.read_range(FileKind::Pack, &location.pack, offset, length)?;
        self.decode_blob(id, location, &mut sealed)
    }

    /// Opens the sealed bytes of a blob, decompresses them and checks their hash.
    pub fn decode_blob(&self, id: &Id, location: &Location, sealed: &mut [u8]) -> Result<Vec<u8>> {
        let damaged = |problem: &dyn std::fmt::Display| {
            let place = location.offset;
            Error::damaged(format!("pack {} (blob {id} at byte {place})", location.pack), problem)
        };
        let content = self.key.open(sealed).map_err(|error| damaged(&error))?;
        let content = match location.uncompressed_length {
            Some(length) => {
                compression::decompress_blob(content, length as usize).map_err(|problem| damaged(&problem))?
            }
            None => content.to_vec(),
        };
        if Id::of(&content) == *id { Ok(content) } else { Err(damaged(&"its content has another hash")) }
    }

    /// A folder. For large ones see [`load_blob`](Self::load_blob) with [`TreeReader`](super::TreeReader).
    pub fn load_tree(&self, id: &Id) -> Result<Tree> {
        Tree::decode(id, &self.load_blob(BlobKind::Tree, id)?)
    }

    /// The seed of the chunker for this repository; never 0, so that chunk sizes tell nothing about known files.
    pub fn chunker_seed(&self) -> Result<u64> {
        self.key.derive_seed("vaultdeck chunker seed 1")
    }
}

fn read_key_file(storage: &dyn Storage, id: &Id) -> Result<KeyFile> {
    let json = storage.read(FileKind::Key, id)?;
    serde_json::from_slice(&json).map_err(|error| Error::damaged(format!("key file {id}"), error))
}
