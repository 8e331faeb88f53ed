//! Whoever waits for the catalog to change: told after every transaction that wrote, whatever it wrote.

use parking_lot::{Condvar, Mutex};
use std::time::Duration;

/// Counts the transactions that wrote.
#[derive(Default)]
pub struct Commits {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Commits {
    /// A transaction has written.
    pub(super) fn note(&self) {
        *self.count.lock() += 1;
        self.changed.notify_all();
    }

    /// How many transactions wrote since the catalog was opened.
    pub fn count(&self) -> u64 {
        *self.count.lock()
    }

    /// Waits until more than `seen` have written, or for `limit`.
    pub fn wait_for_more(&self, seen: u64, limit: Duration) {
        let mut count = self.count.lock();
        if *count <= seen {
            self.changed.wait_for(&mut count, limit);
        }
    }
}
