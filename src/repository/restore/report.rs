//! What a restore did and what it could not do.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::repository::Error;
use crate::repository::item_path::ItemPath;

/// How many failures are kept by name; beyond it they are only counted.
const KEPT: usize = 10_000;

/// An item and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// The item's path from the root of what was restored, escaped as all item paths.
    pub path: String,
    /// What went wrong.
    pub reason: String,
}

/// What a restore did.
#[derive(Debug, Clone, Default)]
pub struct RestoreOutcome {
    /// Files, links, folders and all other items that are in the target now, complete.
    pub items: u64,
    /// Files among them, hard links not counted.
    pub files: u64,
    /// Bytes of content restored, holes included.
    pub bytes: u64,
    /// What is missing or incomplete in the target; at most ten thousand are listed.
    pub failures: Vec<Failure>,
    /// How many are missing or incomplete, listed or not.
    pub failed: u64,
    /// Items whose owner, or attributes that only root may set, could not be restored because we are not root.
    pub ownership_skipped: u64,
}

/// Collects the outcome from all threads.
#[derive(Default)]
pub(super) struct Report {
    failures: Mutex<Vec<Failure>>,
    failed: AtomicU64,
    items: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
    ownership_skipped: AtomicU64,
    fatal: Mutex<Option<Error>>,
}

impl Report {
    pub(super) fn failure(&self, path: &ItemPath, reason: impl std::fmt::Display) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut failures = self.failures.lock();
        if failures.len() < KEPT {
            failures.push(Failure { path: path.to_string(), reason: reason.to_string() });
        }
    }

    pub(super) fn item(&self) {
        self.items.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn file(&self) {
        self.item();
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn bytes(&self, count: u64) {
        self.bytes.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn ownership_skipped(&self) {
        self.ownership_skipped.fetch_add(1, Ordering::Relaxed);
    }

    /// Remembers what makes going on useless; the first one counts.
    pub(super) fn stop(&self, error: Error) {
        self.fatal.lock().get_or_insert(error);
    }

    pub(super) fn stopped(&self) -> bool {
        self.fatal.lock().is_some()
    }

    /// The outcome, or what stopped the restore.
    pub(super) fn finish(self) -> Result<RestoreOutcome, Error> {
        if let Some(error) = self.fatal.into_inner() {
            return Err(error);
        }
        let mut failures = self.failures.into_inner();
        failures.sort();
        Ok(RestoreOutcome {
            items: self.items.into_inner(),
            files: self.files.into_inner(),
            bytes: self.bytes.into_inner(),
            failures,
            failed: self.failed.into_inner(),
            ownership_skipped: self.ownership_skipped.into_inner(),
        })
    }
}
