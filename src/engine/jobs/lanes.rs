//! How many jobs that make recovery points work side by side.
//!
//! By a simulated clock all jobs of a moment begin in one transaction. Those for which no lane is free wait in line here, not each
//! in a thread of its own: whoever is done in a lane takes the next one into it.

use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;

/// So many lanes, and what waits for one.
#[derive(Debug)]
pub struct Lanes<W> {
    count: usize,
    state: Mutex<State<W>>,
}

#[derive(Debug)]
struct State<W> {
    /// How many lanes are taken. All of them are while anything waits.
    taken: usize,
    waiting: VecDeque<W>,
}

impl<W> Lanes<W> {
    /// This many.
    pub fn new(count: usize) -> Self {
        Self { count: count.max(1), state: Mutex::new(State { taken: 0, waiting: VecDeque::new() }) }
    }

    /// Takes a lane for the work and gives it back, to be done by the caller; with none free the work waits in line, and whoever
    /// leaves a lane does it.
    pub fn enter(&self, work: W) -> Option<W> {
        let mut state = self.state();
        if state.taken == self.count {
            state.waiting.push_back(work);
            return None;
        }
        state.taken += 1;
        Some(work)
    }

    /// The work in a lane is done: the next in line, in the same lane, or none, and the lane is free.
    pub fn next(&self) -> Option<W> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.taken -= 1;
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_than_there_are_lanes_work_at_a_time_and_all_come_to_it() {
        let (lanes, inside, done) = (Lanes::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for number in 0..20 {
                let Some(first) = lanes.enter(number) else { continue };
                let (lanes, inside, done) = (&lanes, &inside, &done);
                scope.spawn(move || {
                    let mut next = Some(first);
                    while next.is_some() {
                        assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                        next = lanes.next();
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 20);
        assert_eq!(lanes.state().taken, 0, "each lane was left");
    }

    #[test]
    fn what_waits_comes_in_its_order_and_a_lane_that_nobody_wants_is_free() {
        let lanes = Lanes::new(1);
        assert_eq!(lanes.enter("first"), Some("first"));
        assert_eq!((lanes.enter("second"), lanes.enter("third")), (None, None));
        assert_eq!((lanes.next(), lanes.next(), lanes.next()), (Some("second"), Some("third"), None));
        assert_eq!(lanes.enter("fourth"), Some("fourth"));
    }
}
