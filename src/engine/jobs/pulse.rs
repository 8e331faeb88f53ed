//! The conductor's pulse: whether what makes things happen still does.
//!
//! Times here are [`Clocks::awake`](crate::engine::clock::Clocks::awake): a machine that was asleep is no reason to worry.

use parking_lot::{Mutex, MutexGuard};
use std::time::Duration;

/// After how long without a sign of life the conductor counts as stuck. It looks around every 20 seconds at least, and
/// who watches is to know within a minute.
pub const SILENCE: Duration = Duration::from_secs(40);

/// The signs of life of the conductor.
#[derive(Default)]
pub struct Pulse(Mutex<Signs>);

/// What is known of the conductor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    /// When it last gave a sign of life.
    pub last: Duration,
    /// What it was about to do then; empty when it was about to rest.
    pub step: &'static str,
    /// Why it could not do all that was due in its last turn.
    pub failure: Option<String>,
    /// How often a step panicked.
    pub panics: u64,
    /// What the last panic was.
    pub last_panic: Option<String>,
}

impl Pulse {
    /// A sign of life: `step` begins.
    pub fn beat(&self, now: Duration, step: &'static str) {
        let mut signs = self.lock();
        (signs.last, signs.step) = (now, step);
    }

    /// A turn is over.
    pub fn turned(&self, now: Duration, failure: Option<String>) {
        let mut signs = self.lock();
        (signs.last, signs.step, signs.failure) = (now, "", failure);
    }

    /// A step panicked.
    pub fn panicked(&self, what: String) {
        let mut signs = self.lock();
        signs.panics += 1;
        signs.last_panic = Some(what);
    }

    /// All that is known.
    pub fn signs(&self) -> Signs {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Signs> {
        self.0.lock()
    }
}
