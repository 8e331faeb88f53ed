//! How many jobs that make recovery points work side by side.
//!
//! By a simulated clock all jobs of a moment begin in one transaction, and their threads take turns here.

use parking_lot::{Condvar, Mutex};

/// So many free lanes, and whoever waits for one.
#[derive(Debug)]
pub struct Lanes {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A lane that is taken until this is dropped.
#[derive(Debug)]
pub struct Lane<'a>(&'a Lanes);

impl Lanes {
    /// This many.
    pub fn new(count: usize) -> Self {
        Self { free: Mutex::new(count.max(1)), freed: Condvar::new() }
    }

    /// Takes a lane, once one is free.
    pub fn take(&self) -> Lane<'_> {
        let mut free = self.free.lock();
        self.freed.wait_while(&mut free, |free| *free == 0);
        *free -= 1;
        Lane(self)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
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
            for _ in 0..20 {
                scope.spawn(|| {
                    let _lane = lanes.take();
                    assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.into_inner(), 20);
    }
}
