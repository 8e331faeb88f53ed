//! Who works in a vault: many side by side, or one alone. Nobody ever waits here.
//!
//! Jobs, checks and deletions pass side by side; a collection, and the deletion of the vault, want to be alone. Who finds
//! the way barred is told so at once and comes again: were one to wait here, it would hold up whatever it holds itself,
//! and that may be the turn of the conductor, with the jobs of all other vaults behind it.
//!
//! A vault in which there is always some job would never be left alone, so a collection can be next in line: then no new
//! work passes, and what is inside comes to its end.

use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;

/// The gate of one vault. It is the same one however often the vault is opened and closed.
#[derive(Debug, Default)]
pub struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many work side by side.
    inside: usize,
    /// Whether one is alone.
    alone: bool,
    /// Whether somebody who wants to be alone is next.
    claimed: bool,
}

/// Held by work that others may do side by side.
#[derive(Debug)]
pub struct Pass(Arc<Gate>);

/// Held by work that must be alone.
#[derive(Debug)]
pub struct Alone(Arc<Gate>);

impl Gate {
    /// Passes for new work, unless somebody is alone inside or next in line to be.
    pub fn try_enter(self: &Arc<Self>) -> Option<Pass> {
        let mut state = self.state();
        if state.alone || state.claimed {
            return None;
        }
        state.inside += 1;
        Some(Pass(Arc::clone(self)))
    }

    /// Passes for the end of work that has begun, and for what takes a moment: only who is alone inside keeps it out.
    pub fn try_reenter(self: &Arc<Self>) -> Option<Pass> {
        let mut state = self.state();
        if state.alone {
            return None;
        }
        state.inside += 1;
        Some(Pass(Arc::clone(self)))
    }

    /// Passes alone, if nobody is inside.
    pub fn try_alone(self: &Arc<Self>) -> Option<Alone> {
        let mut state = self.state();
        if state.alone || state.inside > 0 {
            return None;
        }
        state.alone = true;
        Some(Alone(Arc::clone(self)))
    }

    /// From now on, or no longer, new work stays outside until somebody has been alone.
    pub fn claim(&self, claimed: bool) {
        self.state().claimed = claimed;
    }

    /// Whether somebody is alone inside.
    pub fn is_held(&self) -> bool {
        self.state().alone
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Pass {
    /// The gate that was passed.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.0)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.state().alone = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_pass_side_by_side_and_one_alone_only_when_nobody_is_inside() {
        let gate = Arc::new(Gate::default());
        let (first, second) = (gate.try_enter().unwrap(), gate.try_enter().unwrap());
        assert!(gate.try_alone().is_none());
        drop(first);
        assert!(gate.try_alone().is_none());
        drop(second);
        let alone = gate.try_alone().unwrap();
        assert!(gate.is_held());
        assert!(gate.try_enter().is_none() && gate.try_reenter().is_none() && gate.try_alone().is_none());
        drop(alone);
        assert!(gate.try_enter().is_some());
    }

    #[test]
    fn who_is_next_in_line_keeps_new_work_out_and_lets_begun_work_end() {
        let gate = Arc::new(Gate::default());
        let begun = gate.try_enter().unwrap();
        gate.claim(true);
        assert!(gate.try_enter().is_none());
        let end = gate.try_reenter().unwrap();
        drop((begun, end));
        drop(gate.try_alone().unwrap());
        assert!(gate.try_enter().is_none(), "the claim lasts until it is given up");
        gate.claim(false);
        assert!(gate.try_enter().is_some());
    }
}
