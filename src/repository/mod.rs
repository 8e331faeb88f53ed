//! The storage format: restic repositories of version 2, written and read with our own code.
//!
//! Everything here is synchronous; what runs in parallel does so on threads of its own. Time is always given by the
//! caller. The layers, from below: [`Storage`] holds files; [`MasterKey`] seals them; [`pack`] and [`index`] place blobs
//! in them; [`Node`] and [`Tree`] describe folders; [`Snapshot`] names a root; [`Repository`] puts them together.

mod addition;
mod backup;
mod blob_kind;
mod blob_reader;
mod blobs;
mod check;
mod chunker;
mod collect;
mod commit;
mod compression;
mod config_file;
mod control;
pub mod crash_point;
pub mod crypto;
mod durable_files;
mod error;
pub mod explore;
mod file_kind;
mod folder_entries;
mod hard_links;
mod id;
pub mod index;
mod index_files;
mod index_format;
mod integrity;
pub mod item_path;
mod key_file;
mod key_files;
mod local_source;
mod local_storage;
mod lock;
mod losses;
mod node;
mod open_folder;
pub mod pack;
mod packing;
mod problem;
mod quoting;
mod recent;
mod restore;
mod room;
mod snapshot;
mod snapshot_entries;
mod snapshot_packs;
mod snapshot_trees;
mod snapshots;
mod source;
mod storage;
mod timestamp;
mod transfer;
mod tree;

pub use backup::{BackupOutcome, BackupRequest, Prepared};
pub use blob_kind::BlobKind;
pub use check::CheckOutcome;
pub use chunker::{Chunker, ChunkerParameters};
pub use collect::{CollectOutcome, CollectRequest, Moves, NoteMoves, RepackRule};
pub use commit::NewSnapshot;
pub use config_file::ConfigFile;
pub use control::{Control, Progress};
pub use crypto::MasterKey;
pub use error::{Error, Result};
pub use file_kind::FileKind;
pub use id::{Id, InvalidId};
pub use index::{Index, Location};
pub use index_format::{IndexBlob, IndexFile, IndexPack};
pub use integrity::{Examined, LostBlob};
pub use item_path::{InvalidItemPath, ItemPath};
pub use key_file::KeyFile;
pub use local_source::{Hidden, LocalSource};
pub use local_storage::LocalStorage;
pub use lock::RepositoryLock;
pub use losses::{LossWalk, LostItem, LostItems};
pub use node::{ExtendedAttribute, Node, NodeKind};
pub use open_folder::{Identity, OpenFolder};
pub use pack::{FinishedPack, PackBuilder};
pub use packing::{Adoption, Copies, NewData};
pub use problem::Problem;
pub use quoting::{quote as quote_name, unquote as unquote_name};
pub use restore::{
    Failure, ForeignItem, ForeignTree, Handle, Listed, MissingMetadata, Put, RandomSink, Refusal, RestoreOutcome,
    RestoreRequest, RestoreSize, Shape, StreamSink, Stretch, Take, Wanted, measure_foreign, restore_foreign,
};
pub use room::Room;
pub use snapshot::{Snapshot, Summary};
pub use snapshot_entries::SnapshotEntries;
pub use snapshots::FoundSnapshots;
pub use source::keys::{KeyItem, KeyStore, KeyTree, Keys, folders_below_key, key_of_item, places_of_key};
pub use source::{
    Arrival, Arrivals, Change, Child, Children, Cut, Estimate, FileState, Issue, IssueKind, Note, Overlay, Piece,
    ReadElsewhere, SourceItem, SourceReader, TreeSource,
};
pub use storage::{Properties, Retained, Stamp, Storage, check_side_name};
pub use timestamp::Timestamp;
pub use transfer::{TransferOutcome, TransferRequest, Transferred};
pub use tree::{Tree, TreeReader, TreeWriter};

use addition::Gate;
use config_file::{CONFIG_COPY, ConfigState};
use index_files::IndexFiles;
use integrity::Integrity;
use parking_lot::{Mutex, RwLock};
use recent::Recent;
use snapshot_packs::KnownPacks;
use snapshot_trees::SnapshotTrees;
use std::sync::Arc;

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
    index_files: Mutex<IndexFiles>,
    integrity: Integrity,
    known_packs: KnownPacks,
    snapshot_trees: SnapshotTrees,
    recent: Recent,
    gate: Arc<Gate>,
    /// Whether what a crash left was looked for since the repository was opened.
    adopted: Mutex<bool>,
    /// What stands in the config file is to be written again.
    config_state: Mutex<ConfigState>,
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
            snapshot_trees: SnapshotTrees::default(),
            recent: Recent::default(),
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
    fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// The key. Whoever has it can read everything.
    pub fn key(&self) -> &MasterKey {
        &self.key
    }

    // Keys

    // Unpacked files: index, snapshots, locks

    // Snapshots

    // Blobs

    /// The seed of the chunker for this repository; never 0, so that chunk sizes tell nothing about known files.
    pub fn chunker_seed(&self) -> Result<u64> {
        self.key.derive_seed("vaultdeck chunker seed 1")
    }
}
