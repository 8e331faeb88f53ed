//! Sparing a storage: so many calls at once, and so many bytes a second.

use parking_lot::{Condvar, Mutex};
use std::time::{Duration, Instant};

use super::layered::{Call, Layer};
use crate::repository::Result;

/// Lets only so many calls through at once, and bytes no faster than at a rate; who is over it waits.
pub struct Limit {
    /// How many more calls may be made now.
    free: Mutex<usize>,
    freed: Condvar,
    bytes_a_second: Option<u64>,
    /// When what was moved so far will have gone through at the rate.
    through: Mutex<Instant>,
    wait: Box<dyn Fn(Duration) + Send + Sync>,
}

impl Limit {
    /// At most `parallel` calls at once, at least one, and where a rate is given no more than so many bytes a second; `wait`
    /// lets a time go by.
    pub fn new(parallel: usize, bytes_a_second: Option<u64>, wait: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self {
            free: Mutex::new(parallel.max(1)),
            freed: Condvar::new(),
            bytes_a_second: bytes_a_second.map(|rate| rate.max(1)),
            through: Mutex::new(Instant::now()),
            wait: Box::new(wait),
        }
    }

    fn begin(&self) -> Passed<'_> {
        let mut free = self.free.lock();
        while *free == 0 {
            self.freed.wait(&mut free);
        }
        *free -= 1;
        Passed(self)
    }
}

/// A call that is being made.
struct Passed<'a>(&'a Limit);

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}

impl Layer for Limit {
    fn carry_out<T>(&self, _call: Call, mut run: impl FnMut() -> Result<T>) -> Result<T> {
        let _passed = self.begin();
        run()
    }

    fn moved(&self, bytes: usize) {
        let Some(rate) = self.bytes_a_second else { return };
        let takes = Duration::from_secs_f64(bytes as f64 / rate as f64);
        let now = Instant::now();
        let due = {
            let mut through = self.through.lock();
            let due = through.saturating_duration_since(now);
            *through = now.max(*through) + takes;
            due
        };
        if !due.is_zero() {
            (self.wait)(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn so_many_calls_pass_at_once_and_no_more() {
        let limit = Limit::new(3, None, |_| ());
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    limit.carry_out(Call::Repeatable, || {
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(5));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    })
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn bytes_over_the_rate_are_waited_for() {
        let waited: Arc<Mutex<Vec<f64>>> = Arc::default();
        let pauses = Arc::clone(&waited);
        let limit = Limit::new(1, Some(1000), move |pause| pauses.lock().push(pause.as_secs_f64()));
        for _ in 0..3 {
            limit.moved(60_000);
        }
        // The first pays for nobody; each after it for all before, less the time that went by.
        let waited = waited.lock();
        let near = |found: f64, expected: f64| (expected - 5.0..=expected).contains(&found);
        assert!(matches!(**waited, [second, third] if near(second, 60.0) && near(third, 120.0)), "{waited:?}");
    }
}
