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
        self.changed.wait_while_for(&mut count, |count| *count <= seen, limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn who_waits_for_more_than_comes_waits_for_all_of_its_time() {
        let (commits, limit) = (Commits::default(), Duration::from_millis(300));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(limit / 10);
                commits.note();
            });
            let begun = Instant::now();
            commits.wait_for_more(1, limit);
            assert!(begun.elapsed() >= limit, "one is not more than one");
            commits.wait_for_more(0, Duration::from_mins(1));
            assert!(begun.elapsed() < Duration::from_secs(30), "one is more than none");
        });
    }
}
