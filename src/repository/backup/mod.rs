//! Backing up: from a source to a snapshot.
//!
//! What a source gives only once is stored first ([`arrivals`]). The calling thread walks the source ([`walker`]); [`run`] starts the others when there is something for them to do. Files
//! that are not as in the parent snapshot go through a bounded queue to workers, which read and cut them ([`reader`]), hash,
//! compress, seal and verify each piece and append it to the open pack ([`packing`](super::packing)). Full packs are written by
//! threads of their own. A folder's tree is stored as soon as all in it is ([`folder`]), so that only folders in work are in
//! memory.
//!
//! What is durable comes in this order: packs, index, snapshot ([`commit`](super::commit)). A crash leaves the last snapshot whole; packs
//! that were written before it are adopted by the next backup or transfer.

mod arrivals;
mod arrived;
mod cutters;
mod folder;
mod outcome;
mod prepared;
mod previous;
mod queue;
mod reader;
mod run;
mod session;
mod walker;
mod window;
mod work;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use chrono::{DateTime, FixedOffset};

pub use outcome::BackupOutcome;
pub use prepared::Prepared;

use super::addition::Adding;
use super::chunker::{Chunker, ChunkerParameters};
use super::packing::Adoption;
use super::source::TreeSource;
use super::{Control, Error, FileKind, Id, Repository, Result, Snapshot};
use previous::Previous;
use session::Session;

/// How often a backup looks through its source when packs that it counts on change meanwhile.
const PASSES: usize = 3;

/// What is to be backed up, and how.
#[derive(Debug, Clone)]
pub struct BackupRequest {
    /// The roots: absolute paths in the source.
    pub paths: Vec<PathBuf>,
    /// The snapshot to compare with: what did not change since is not read.
    pub parent: Option<Id>,
    /// The snapshot's time, in the caller's time.
    pub time: DateTime<FixedOffset>,
    /// Now by the clock that the source's times come from. Files that changed within two seconds of it are read again
    /// the next time, since a clock is only so fine.
    pub started: SystemTime,
    /// The snapshot's machine.
    pub hostname: String,
    /// The snapshot's user.
    pub username: String,
    /// The snapshot's marks.
    pub tags: Vec<String>,
    /// How files are cut. Must be the same each time for one source.
    pub chunker: ChunkerParameters,
}

impl Repository {
    /// Backs up a source and returns when the snapshot is durable.
    ///
    /// Items that cannot be read are listed in the outcome. An unreadable root, a failing storage and a cancellation are
    /// errors; then there is no snapshot, and what was written is found again by the next backup.
    pub fn backup(&self, source: &dyn TreeSource, request: &BackupRequest, control: &Control) -> Result<BackupOutcome> {
        let mut adopted = Adoption::default();
        for _ in 0..PASSES {
            let backup = self.prepare_with(source, request, control, &mut adopted)?;
            if self.commit(&[&backup])?.contains(&true) {
                return Ok(backup.outcome);
            }
            tracing::warn!("packs changed while a backup counted on them: it looks through the source once more");
        }
        Err(Error::damaged("the repository", format!("packs that a backup needs changed under it, {PASSES} times")))
    }

    /// Stores what a source holds, up to what [`commit`](Self::commit) does: there is no snapshot yet. Errors are those of
    /// [`backup`](Self::backup). Until it is committed or dropped, nothing can be collected.
    pub fn prepare(&self, source: &dyn TreeSource, request: &BackupRequest, control: &Control) -> Result<Prepared> {
        self.prepare_with(source, request, control, &mut Adoption::default())
    }

    /// The same for a source with one root, with which is compared what the parent has in this folder of its root.
    pub fn prepare_moved(
        &self,
        source: &dyn TreeSource,
        request: &BackupRequest,
        before: &OsStr,
        control: &Control,
    ) -> Result<Prepared> {
        self.prepare_compared(source, request, Some(before), control, &mut Adoption::default())
    }

    fn prepare_with(
        &self,
        source: &dyn TreeSource,
        request: &BackupRequest,
        control: &Control,
        adopted: &mut Adoption,
    ) -> Result<Prepared> {
        self.prepare_compared(source, request, None, control, adopted)
    }

    fn prepare_compared(
        &self,
        source: &dyn TreeSource,
        request: &BackupRequest,
        before: Option<&OsStr>,
        control: &Control,
        adopted: &mut Adoption,
    ) -> Result<Prepared> {
        let clock = Instant::now();
        control.check()?;
        let adding: Adding = self.gate().enter();
        let Pass { session, parent, tree } = self.store(source, request, before, control, adopted)?;
        control.check()?;
        let summary = session.summary(request.started, clock.elapsed());
        let snapshot = Snapshot {
            time: request.time,
            parent: request.parent.filter(|_| parent.is_some()),
            tree,
            paths: request.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
            hostname: request.hostname.clone(),
            username: request.username.clone(),
            uid: None,
            gid: None,
            tags: (!request.tags.is_empty()).then(|| request.tags.clone()),
            program_version: Some(concat!("vaultdeck ", env!("CARGO_PKG_VERSION")).into()),
            summary: Some(summary),
        };
        let snapshot = self.new_snapshot(snapshot, session.packing.packs(), adding)?;
        Ok(Prepared { outcome: session.outcome(snapshot.id(), tree, adopted.clone()), snapshot })
    }
}

/// A walk through the source of which everything is stored.
struct Pass<'a> {
    session: Session<'a>,
    parent: Option<Arc<Snapshot>>,
    tree: Id,
}

impl Repository {
    /// Stores what the source holds.
    fn store<'a>(
        &'a self,
        source: &'a dyn TreeSource,
        request: &BackupRequest,
        before: Option<&OsStr>,
        control: &'a Control,
        adopted: &mut Adoption,
    ) -> Result<Pass<'a>> {
        self.sync_index()?;
        self.examine_lost()?;
        adopted.merge(self.adopt_strays(control)?);
        let chunker = Chunker::new(request.chunker, self.chunker_seed()?)?;
        let session = Session::new(self, source, control, chunker);
        let parent = self.usable_parent(request, &session);
        let previous = Previous::new(self, parent.as_deref(), before);
        let tree = run::run(&session, &request.paths, previous, parent.as_deref())?;
        match self.retire_damaged() {
            Ok(retired) => session.packing.replace(retired),
            Err(error) => tracing::warn!(%error, "a damaged pack is still named by the index"),
        }
        if self.sync_index()? {
            self.settle_index()?;
        }
        Ok(Pass { session, parent, tree })
    }

    /// The parent's snapshot. One that cannot be read must not stop new backups: everything is read again.
    fn usable_parent(&self, request: &BackupRequest, session: &Session<'_>) -> Option<Arc<Snapshot>> {
        let is_there = |id: &Id| self.storage.size(FileKind::Snapshot, id).is_ok();
        let recent = |id: &Id| self.recent.snapshot(id, Instant::now()).filter(|_| is_there(id));
        let load = |id: Id| recent(&id).map_or_else(|| self.load_snapshot(&id).map(Arc::new), Ok);
        request.parent.map(load).transpose().unwrap_or_else(|error| {
            for path in &request.paths {
                session.note(path, format!("all in it is read again: {error}"));
            }
            None
        })
    }
}
