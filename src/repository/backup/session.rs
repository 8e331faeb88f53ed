//! One backup while it runs: what the walker, the workers and the writers share.

use parking_lot::Mutex;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, Utc};

use super::arrived::Arrived;
use super::cutters::Cutters;
use super::folder::{Folder, Place};
use super::outcome::BackupOutcome;
use super::queue::Queue;
use super::work::{FileJob, PieceJob};
use crate::repository::chunker::Chunker;
use crate::repository::hard_links::HardLinks;
use crate::repository::packing::{Adoption, Encoder, Packing};
use crate::repository::source::{Issue, Note, TreeSource};
use crate::repository::{BlobKind, Control, Error, Id, Node, Repository, Result, Summary};

pub(super) struct Session<'a> {
    pub(super) repository: &'a Repository,
    pub(super) source: &'a dyn TreeSource,
    pub(super) control: &'a Control,
    pub(super) cutters: Cutters,
    pub(super) queue: Queue<FileJob, PieceJob>,
    pub(super) arrived: Arrived,
    pub(super) counts: Counts,
    pub(super) packing: Packing<'a>,
    hard_links: HardLinks,
    failure: Mutex<Option<Error>>,
    root: Mutex<Option<Id>>,
    issues: Mutex<Vec<Issue>>,
    notes: Mutex<Vec<Note>>,
}

/// Counters of one backup.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) files_new: AtomicU64,
    pub(super) files_changed: AtomicU64,
    pub(super) files_unmodified: AtomicU64,
    pub(super) directories_new: AtomicU64,
    pub(super) directories_changed: AtomicU64,
    pub(super) directories_unmodified: AtomicU64,
    pub(super) bytes_total: AtomicU64,
    pub(super) bytes_read: AtomicU64,
    /// Names below the roots.
    pub(super) items: AtomicU64,
}

pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl<'a> Session<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        source: &'a dyn TreeSource,
        control: &'a Control,
        chunker: Chunker,
    ) -> Self {
        Self {
            repository,
            source,
            control,
            cutters: Cutters::new(chunker),
            queue: Queue::new(repository.options().workers.max(1)),
            arrived: Arrived::default(),
            counts: Counts::default(),
            packing: Packing::new(repository),
            hard_links: HardLinks::default(),
            failure: Mutex::default(),
            root: Mutex::default(),
            issues: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// Whether there is anything to do for other threads than the walker's.
    pub(super) fn needs_help(&self) -> bool {
        self.queue.has_files() || self.packing.has_any()
    }

    /// The root folder, or why there is none.
    pub(super) fn finish(&self) -> Result<Id> {
        match self.failure.lock().take() {
            Some(error) => Err(error),
            None => self.root.lock().take().ok_or(Error::Cancelled),
        }
    }

    /// Stops the backup. The first reason is the one that is reported.
    pub(super) fn fail(&self, error: Error) {
        let mut failure = self.failure.lock();
        // Whoever is stopped by another's failure reports a cancellation.
        if failure.as_ref().is_none_or(|first| first.is_cancelled() && !self.control.is_cancelled()) {
            *failure = Some(error);
        }
        drop(failure);
        self.queue.abort();
        self.arrived.abort();
    }

    /// Fills a place. A folder that is whole by that is stored, and then the one above it, as far up as it goes.
    pub(super) fn deliver(&self, encoder: &mut Encoder, place: &Place, mut node: Option<Node>) -> Result<()> {
        if let Some(node) = &mut node {
            self.hard_links.settle(node);
        }
        let tree = place.folder.deliver(place.slot, node);
        self.complete(encoder, place.folder.clone(), tree)
    }

    /// Stores a folder's tree, if it is whole, and delivers its node.
    pub(super) fn complete(
        &self,
        encoder: &mut Encoder,
        mut folder: Arc<Folder>,
        mut tree: Option<Vec<u8>>,
    ) -> Result<()> {
        while let Some(json) = tree {
            let id = self.packing.save(encoder, BlobKind::Tree, &json)?;
            drop(json);
            let Some(place) = folder.place.clone() else {
                *self.root.lock() = Some(id);
                return Ok(());
            };
            let counter = match folder.before {
                None => &self.counts.directories_new,
                Some(before) if before == id => &self.counts.directories_unmodified,
                Some(_) => &self.counts.directories_changed,
            };
            add(counter, 1);
            let node = Node { subtree: Some(id), ..folder.node.clone() };
            tree = place.folder.deliver(place.slot, Some(node));
            folder = place.folder;
        }
        Ok(())
    }

    pub(super) fn issue(&self, path: &Path, error: &std::io::Error) {
        self.issues.lock().push(Issue::new(path, error));
    }

    pub(super) fn missing(&self, path: &Path, reason: impl Into<String>) {
        self.issues.lock().push(Issue::missing(path, reason));
    }

    /// Says why an item is not stored. One that is gone was deleted meanwhile, which is no fault; one that its folder names
    /// and that cannot be found all the same is there for somebody.
    pub(super) fn not_stored(&self, path: &Path, error: &std::io::Error) {
        if error.kind() != ErrorKind::NotFound {
            self.issue(path, error);
        } else if self.is_listed(path) {
            self.missing(path, format!("its folder names it, and it cannot be found: {error}"));
        } else {
            self.note(path, "it vanished before it could be read");
        }
    }

    /// Whether the item's folder names it, asked anew.
    pub(super) fn is_listed(&self, path: &Path) -> bool {
        self.source.is_listed(path).unwrap_or_else(|error| error.kind() != ErrorKind::NotFound)
    }

    pub(super) fn note(&self, path: &Path, text: impl Into<String>) {
        self.notes.lock().push(Note { path: path.to_owned(), text: text.into() });
    }

    pub(super) fn summary(&self, started: SystemTime, elapsed: Duration) -> Summary {
        let (counts, stored) = (&self.counts, self.packing.stored());
        Summary {
            backup_start: wall_time(started),
            backup_end: wall_time(started + elapsed),
            files_new: get(&counts.files_new),
            files_changed: get(&counts.files_changed),
            files_unmodified: get(&counts.files_unmodified),
            dirs_new: get(&counts.directories_new),
            dirs_changed: get(&counts.directories_changed),
            dirs_unmodified: get(&counts.directories_unmodified),
            data_blobs: stored.data_blobs,
            tree_blobs: stored.tree_blobs,
            data_added: stored.content,
            data_added_packed: stored.packed,
            total_files_processed: get(&counts.files_new) + get(&counts.files_changed) + get(&counts.files_unmodified),
            total_bytes_processed: get(&counts.bytes_total),
        }
    }

    pub(super) fn outcome(&self, snapshot: Id, tree: Id, adopted: Adoption) -> BackupOutcome {
        let counts = &self.counts;
        let mut issues = std::mem::take(&mut *self.issues.lock());
        issues.sort_by(|left, right| left.path.cmp(&right.path));
        let mut notes = std::mem::take(&mut *self.notes.lock());
        notes.sort_by(|left, right| left.path.cmp(&right.path));
        let directories = [&counts.directories_new, &counts.directories_changed, &counts.directories_unmodified];
        BackupOutcome {
            snapshot,
            tree,
            files_new: get(&counts.files_new),
            files_changed: get(&counts.files_changed),
            files_unmodified: get(&counts.files_unmodified),
            directories: directories.into_iter().map(get).sum(),
            items: get(&counts.items),
            bytes_total: get(&counts.bytes_total),
            bytes_read: get(&counts.bytes_read),
            bytes_added: self.packing.stored().written,
            new_data: self.packing.stored().data,
            issues,
            notes,
            adopted,
        }
    }
}

/// A wall-clock time for a snapshot's summary.
fn wall_time(time: SystemTime) -> DateTime<FixedOffset> {
    DateTime::<Utc>::from(time).fixed_offset()
}
