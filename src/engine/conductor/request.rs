//! What moving a simulated clock is asked for, and how one ends it.

use crate::domain::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where to move a simulated clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdvanceTo {
    /// So much forward.
    By(chrono::Duration),
    /// To this moment.
    At(Time),
}

/// The wish to end something that takes long, shared by who waits for it and who does it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks to end soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody has asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
