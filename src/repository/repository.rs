//! A repository: its files put together.

use std::sync::{Arc, Mutex, RwLock};

use chrono::{DateTime, FixedOffset};

use super::addition::Gate;
use super::config_file::{self, CONFIG_COPY, ConfigState};
use super::index_files::IndexFiles;
use super::integrity::Integrity;
use super::references::KnownPacks;
use super::{
    BlobKind, ConfigFile, Error, FileKind, Id, Index, KeyFile, Location, MasterKey, Result, Snapshot, Storage, Tree,
    compression,
};

/// The snapshots of a repository.
#[derive(Debug)]
pub struct FoundSnapshots {
    /// Those that can be read, oldest first.
    pub readable: Vec<(Id, Snapshot)>,
    /// Those that cannot, with what is wrong, by their ids.
    pub unreadable: Vec<(Id, Error)>,
}

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
    pub(super) index: RwLock<Index>,
    pub(super) index_files: Mutex<IndexFiles>,
    pub(super) integrity: Integrity,
    pub(super) known_packs: KnownPacks,
    gate: Arc<Gate>,
    /// Whether what a crash left was looked for since the repository was opened.
    pub(super) adopted: Mutex<bool>,
    /// What stands in the config file is to be written again.
    pub(super) config_state: Mutex<ConfigState>,
}

impl Repository {
    /// Makes a repository in an empty storage.
    pub fn create(storage: Arc<dyn Storage>, key: MasterKey, options: Options) -> Result<Self> {
        if storage.read_config()?.is_some() {
            return Err(Error::AlreadyExists(storage.location()));
        }
        storage.prepare()?;
        let config = ConfigFile::generate()?;
        let sealed = key.seal_message(&config.to_json()?)?;
        let repository = Self::assemble(storage, key, config, options, Integrity::empty(), ConfigState::Written);
        // The record before the copy: a copy without a record tells that the record was lost.
        repository.integrity.require();
        repository.save_integrity()?;
        repository.storage.write_side(CONFIG_COPY, &sealed)?;
        repository.storage.write_config(&sealed)?;
        Ok(repository)
    }

    /// Opens a repository and reads its index. Nothing is written: what is damaged is read from elsewhere where that is
    /// possible, told by [`problems`](Self::problems), and mended by [`settle`](Self::settle).
    pub fn open(storage: Arc<dyn Storage>, key: MasterKey, options: Options) -> Result<Self> {
        let integrity = Integrity::read(storage.as_ref(), &key);
        let (config, state) = config_file::read(storage.as_ref(), &key, &integrity)?;
        let repository = Self::assemble(storage, key, config, options, integrity, state);
        repository.reload_index()?;
        Ok(repository)
    }

    fn assemble(
        storage: Arc<dyn Storage>,
        key: MasterKey,
        config: ConfigFile,
        options: Options,
        integrity: Integrity,
        state: ConfigState,
    ) -> Self {
        Self {
            storage,
            key,
            config,
            options,
            index: RwLock::default(),
            index_files: Mutex::default(),
            integrity,
            known_packs: KnownPacks::default(),
            gate: Arc::default(),
            adopted: Mutex::new(false),
            config_state: Mutex::new(state),
        }
    }

    /// Writes again what was found damaged when the repository was opened and is known from elsewhere: the config file, and
    /// an index file for packs that no good one names. The damaged files are set aside. To be called when the repository
    /// may be written.
    pub fn settle(&self) -> Result<()> {
        let _adding = self.gate().enter();
        self.settle_index()?;
        self.integrity.require_file();
        self.save_integrity()?;
        // Last, since a copy of the config without a record tells that the record was lost.
        self.settle_config()
    }

    /// The master key of a repository, by a password that one of its key files wraps. A damaged key file keeps none of the
    /// others from being tried.
    pub fn unlock(storage: &dyn Storage, password: &str) -> Result<MasterKey> {
        let mut damaged = None;
        for (id, _) in storage.list(FileKind::Key)? {
            match read_key_file(storage, &id).and_then(|file| file.unwrap_key(password)) {
                Err(Error::WrongKey) => {}
                Err(error @ Error::Damaged { .. }) => damaged = Some(error),
                outcome => return outcome,
            }
        }
        Err(damaged.unwrap_or(Error::WrongKey))
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

    /// Entered by whoever adds data, and alone by a collection.
    pub(super) fn gate(&self) -> &Arc<Gate> {
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

    /// Moves a key file that nobody can use out of the repository: restic stops at it, and opens with no other one either.
    pub fn set_key_file_aside(&self, id: &Id) -> Result<()> {
        self.storage.set_aside(FileKind::Key, id)
    }

    /// One key file. One on which no password can be tried is damaged.
    pub fn key_file(&self, id: &Id) -> Result<KeyFile> {
        read_key_file(self.storage.as_ref(), id)
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
        let (id, sealed) = self.seal_unpacked(json)?;
        self.storage.write(kind, &id, &sealed)?;
        Ok(id)
    }

    /// An unpacked file as it lies in the storage, and its name.
    fn seal_unpacked(&self, json: &[u8]) -> Result<(Id, Vec<u8>)> {
        let sealed = self.key.seal_message(&compression::encode_unpacked(json)?)?;
        Ok((Id::of(&sealed), sealed))
    }

    // Snapshots

    /// One snapshot.
    pub fn load_snapshot(&self, id: &Id) -> Result<Snapshot> {
        let json = self.load_unpacked(FileKind::Snapshot, id)?;
        serde_json::from_slice(&json).map_err(|error| Error::damaged(format!("snapshot {id}"), error))
    }

    /// A snapshot's file, and its name.
    pub(super) fn seal_snapshot(&self, snapshot: &Snapshot) -> Result<(Id, Vec<u8>)> {
        let json = serde_json::to_vec(snapshot).map_err(|error| Error::damaged("a new snapshot", error))?;
        self.seal_unpacked(&json)
    }

    /// Writes a snapshot. Everything that it refers to must be durable before: packs, then index.
    pub fn save_snapshot(&self, snapshot: &Snapshot) -> Result<Id> {
        let (id, sealed) = self.seal_snapshot(snapshot)?;
        self.storage.write(FileKind::Snapshot, &id, &sealed)?;
        Ok(id)
    }

    /// All snapshots, oldest first. One that cannot be read is an error.
    pub fn snapshots(&self) -> Result<Vec<(Id, Snapshot)>> {
        let found = self.find_snapshots()?;
        match found.unreadable.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(found.readable),
        }
    }

    /// All snapshots, those that can be read apart from those that cannot.
    pub fn find_snapshots(&self) -> Result<FoundSnapshots> {
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        for (id, _) in self.storage.list(FileKind::Snapshot)? {
            match self.load_snapshot(&id) {
                Ok(snapshot) => readable.push((id, snapshot)),
                Err(error) => unreadable.push((id, error)),
            }
        }
        readable.sort_by_key(|(id, snapshot)| (snapshot.time, *id));
        unreadable.sort_by_key(|(id, _)| *id);
        Ok(FoundSnapshots { readable, unreadable })
    }

    /// Removes a snapshot; one that is gone already is no error, so that an interrupted deletion can be asked for again. Its
    /// data stays until a collection.
    pub fn forget(&self, id: &Id) -> Result<()> {
        match self.storage.remove(FileKind::Snapshot, id) {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    /// Removes snapshots as [`forget`](Self::forget) does, and waits for the disk once for all of them.
    pub fn forget_all(&self, ids: &[Id]) -> Result<()> {
        self.storage.remove_all(FileKind::Snapshot, ids)
    }

    // Blobs

    /// Where a blob lies.
    pub fn find_blob(&self, kind: BlobKind, id: &Id) -> Result<Location> {
        self.index().find(kind, id).ok_or(Error::BlobMissing { kind, id: *id })
    }

    /// The content of a blob, its hash checked. When one place is damaged and there is another, that one is taken. What
    /// could not be read is remembered: no backup counts on it any more.
    pub fn load_blob(&self, kind: BlobKind, id: &Id) -> Result<Vec<u8>> {
        match self.load_blob_anywhere(kind, id) {
            // Another program may have moved it since the index was read.
            Err(Error::NotFound { .. } | Error::BlobMissing { .. }) if self.sync_index()? => {
                self.load_blob_anywhere(kind, id)
            }
            outcome => outcome,
        }
    }

    fn load_blob_anywhere(&self, kind: BlobKind, id: &Id) -> Result<Vec<u8>> {
        let mut first = None;
        let locations = self.index().find_all(kind, id);
        for location in locations {
            // Twice, since a disk may stumble once.
            match self.load_blob_at(id, &location).or_else(|_| self.load_blob_at(id, &location)) {
                Ok(content) => return Ok(content),
                Err(error) => {
                    self.report_unreadable(&location, &error);
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.unwrap_or(Error::BlobMissing { kind, id: *id }))
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
    let damaged = |problem: &dyn std::fmt::Display| Error::damaged(format!("key file {id}"), problem);
    let file: KeyFile = serde_json::from_slice(&json).map_err(|error| damaged(&error))?;
    if file.is_usable() { Ok(file) } else { Err(damaged(&"no password can be tried on it")) }
}
