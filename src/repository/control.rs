//! What an operation tells the outside while it runs, and how it is stopped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Error, Result};

/// Shared by whoever runs an operation and whoever watches or stops it.
#[derive(Debug, Default)]
pub struct Control {
    cancelled: AtomicBool,
    /// How far it is.
    pub progress: Progress,
}

/// Counters, kept in memory only.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files that will be handled, as far as known now.
    pub files_total: AtomicU64,
    /// Files handled.
    pub files_done: AtomicU64,
    /// Bytes that will be handled, as far as known now.
    pub bytes_total: AtomicU64,
    /// Bytes handled (read, found unchanged, restored, checked).
    pub bytes_done: AtomicU64,
}

impl Control {
    /// A control of an operation that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the operation to stop soon.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether it was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// An error when it was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

impl Progress {
    /// Adds to what is to be done.
    pub fn expect(&self, files: u64, bytes: u64) {
        self.files_total.fetch_add(files, Ordering::Relaxed);
        self.bytes_total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// All is done: what was expected was only an estimate.
    pub fn complete(&self) {
        self.files_total.store(self.files_done.load(Ordering::Relaxed), Ordering::Relaxed);
        self.bytes_total.store(self.bytes_done.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Adds to what is done.
    pub fn advance(&self, files: u64, bytes: u64) {
        self.files_done.fetch_add(files, Ordering::Relaxed);
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }
}
