//! Who adds data, side by side, and a collection, which is alone.
//!
//! What a backup found to be there already must not be deleted before its snapshot refers to it. Between the end of its
//! walk and its snapshot a backup may be handed from thread to thread, so what is held is no guard of a thread.

use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;

/// The gate of one open repository.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    adding: usize,
    collecting: bool,
}

/// Held by whoever adds data, until it is referred to.
#[derive(Debug)]
pub(super) struct Adding(Arc<Gate>);

/// Held by a collection.
#[derive(Debug)]
pub(super) struct Collecting<'a>(&'a Gate);

impl Gate {
    /// Lets in whoever adds data, after a collection that is under way.
    pub(super) fn enter(self: &Arc<Self>) -> Adding {
        let mut state = self.state();
        while state.collecting {
            self.changed.wait(&mut state);
        }
        state.adding += 1;
        Adding(Arc::clone(self))
    }

    /// Lets a collection in, if nobody adds data.
    pub(super) fn try_alone(&self) -> Option<Collecting<'_>> {
        let mut state = self.state();
        if state.collecting || state.adding > 0 {
            return None;
        }
        state.collecting = true;
        Some(Collecting(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Drop for Adding {
    fn drop(&mut self) {
        self.0.state().adding -= 1;
    }
}

impl Drop for Collecting<'_> {
    fn drop(&mut self) {
        self.0.state().collecting = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_is_alone_and_who_adds_data_waits_for_its_end() {
        let gate = Arc::new(Gate::default());
        let (first, second) = (gate.enter(), gate.enter());
        assert!(gate.try_alone().is_none());
        drop(first);
        assert!(gate.try_alone().is_none());
        drop(second);
        let alone = gate.try_alone().unwrap();
        assert!(gate.try_alone().is_none());
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let adding = gate.enter();
                sender.send(()).unwrap();
                drop(adding);
            });
            assert!(receiver.recv_timeout(std::time::Duration::from_millis(50)).is_err());
            drop(alone);
            receiver.recv().unwrap();
        });
        drop(gate.try_alone().unwrap());
    }
}
