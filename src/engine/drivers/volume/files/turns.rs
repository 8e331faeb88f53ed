//! Taking turns: of what takes much memory, so many are done at once, and others wait a while.

use parking_lot::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// See the module.
pub(super) struct Turns {
    left: Mutex<usize>,
    freed: Condvar,
}

impl Turns {
    /// So many at once.
    pub(super) const fn new(most: usize) -> Self {
        Self { left: Mutex::new(most), freed: Condvar::new() }
    }

    /// A turn, which ends when it is dropped; nothing when none is free for that long.
    pub(super) fn take(&self, wait: Duration) -> Option<Turn<'_>> {
        let until = Instant::now() + wait;
        let mut left = self.left.lock();
        while *left == 0 {
            if self.freed.wait_until(&mut left, until).timed_out() {
                return None;
            }
        }
        *left -= 1;
        Some(Turn(self))
    }
}

/// A turn.
pub(super) struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.left.lock() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_have_a_turn_and_who_waits_gets_the_next_one() {
        let turns = Turns::new(2);
        let (first, _second) = (turns.take(Duration::ZERO).unwrap(), turns.take(Duration::ZERO).unwrap());
        assert!(turns.take(Duration::from_millis(1)).is_none());
        std::thread::scope(|threads| {
            let waits = threads.spawn(|| turns.take(Duration::from_secs(60)).is_some());
            drop(first);
            assert!(waits.join().unwrap());
        });
        assert!(turns.take(Duration::ZERO).is_some());
    }
}
