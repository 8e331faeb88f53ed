//! The storage format: restic repositories of version 2, written and read with our own code.
//!
//! Everything here is synchronous; what runs in parallel does so on threads of its own. Time is always given by the
//! caller. The layers, from below: [`Storage`] holds files; [`MasterKey`] seals them; [`pack`] and [`index`] place blobs
//! in them; [`Node`] and [`Tree`] describe folders; [`Snapshot`] names a root; [`Repository`] puts them together.

mod addition;
mod backup;
mod check;
mod chunker;
mod collect;
mod compression;
mod config_file;
mod control;
pub mod crash_point;
pub mod crypto;
pub mod durable_files;
mod entries;
mod error;
mod hard_links;
mod id;
pub mod index;
mod index_files;
mod index_format;
mod integrity;
pub mod item_path;
mod key_file;
mod local_source;
mod local_storage;
mod lock;
mod losses;
mod node;
mod open_folder;
mod opened;
pub mod pack;
mod quoting;
mod references;
#[allow(clippy::module_inception)]
mod repository;
mod restore;
mod room;
mod snapshot;
mod source;
mod storage;
mod timestamp;
mod tree;

pub use backup::{Adoption, BackupOutcome, BackupRequest, Copies, Prepared};
pub use check::{CheckOutcome, Problem};
pub use chunker::{Chunker, ChunkerParameters};
pub use collect::{CollectOutcome, CollectRequest, Moves, NoteMoves, RepackRule};
pub use config_file::ConfigFile;
pub use control::{Control, Progress};
pub use crypto::MasterKey;
pub use entries::Entries;
pub use error::{Error, Result};
pub use id::{Id, InvalidId};
pub use index::{Index, Location};
pub use index_format::{BlobKind, IndexBlob, IndexFile, IndexPack};
pub use integrity::{Examined, LostBlob};
pub use item_path::{InvalidItemPath, ItemPath};
pub use key_file::KeyFile;
pub use local_source::LocalSource;
pub use local_storage::LocalStorage;
pub use lock::RepositoryLock;
pub use losses::{LossWalk, LostItem, LostItems};
pub use node::{ExtendedAttribute, Node, NodeKind};
pub use open_folder::{Identity, OpenFolder};
pub use pack::{FinishedPack, PackBuilder};
pub use quoting::{quote as quote_name, unquote as unquote_name};
pub use repository::{FoundSnapshots, Options, Repository};
pub use restore::{Failure, RestoreOutcome, RestoreRequest, RestoreSize};
pub use room::Room;
pub use snapshot::{Snapshot, Summary};
pub use source::{
    Child, Children, Cut, Estimate, FileState, Issue, IssueKind, Note, Piece, SourceItem, SourceReader, TreeSource,
};
pub use storage::{FileKind, Stamp, Storage};
pub use timestamp::Timestamp;
pub use tree::{Tree, TreeReader, TreeWriter};
