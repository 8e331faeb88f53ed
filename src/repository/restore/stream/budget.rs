//! How much content may be in memory at once.

use parking_lot::{Condvar, Mutex, MutexGuard};

/// Bytes that are held, of those that may be.
pub(super) struct Budget {
    limit: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    held: usize,
    closed: bool,
}

/// The right to hold so many bytes, as long as it lives.
pub(super) struct Permit<'b> {
    budget: &'b Budget,
    bytes: usize,
}

/// Closes a budget when it goes.
pub(super) struct Closing<'b>(&'b Budget);

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), freed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The right to hold so many bytes, if it can be had now. More than all of it is given to one alone.
    pub(super) fn try_take(&self, bytes: usize) -> Option<Permit<'_>> {
        let mut state = self.state();
        self.take_from(&mut state, bytes)
    }

    /// The same, waiting for it; nothing when nobody wants any bytes any more.
    pub(super) fn take(&self, bytes: usize) -> Option<Permit<'_>> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if let Some(permit) = self.take_from(&mut state, bytes) {
                return Some(permit);
            }
            self.freed.wait(&mut state);
        }
    }

    fn take_from(&self, state: &mut State, bytes: usize) -> Option<Permit<'_>> {
        if state.held > 0 && state.held + bytes > self.limit {
            return None;
        }
        state.held += bytes;
        Some(Permit { budget: self, bytes })
    }

    pub(super) fn close_when_done(&self) -> Closing<'_> {
        Closing(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.state().held -= self.bytes;
        self.budget.freed.notify_all();
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_held_than_may_be_and_one_large_piece_alone() {
        let budget = Budget::new(10);
        let first = budget.try_take(6).unwrap();
        assert!(budget.try_take(5).is_none());
        let second = budget.try_take(4).unwrap();
        drop(first);
        assert!(budget.try_take(20).is_none());
        drop(second);
        let large = budget.try_take(20).unwrap();
        assert!(budget.try_take(1).is_none());
        drop(large);
        assert!(budget.try_take(10).is_some());
    }

    #[test]
    fn who_waits_is_let_go_when_the_others_are_done() {
        let budget = Budget::new(1);
        let held = budget.try_take(1).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.take(1).is_none());
            drop(budget.close_when_done());
            assert!(waiting.join().unwrap());
        });
        drop(held);
    }
}
