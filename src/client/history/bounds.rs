//! How much is kept.

use chrono::Duration;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// A job that was created longer ago leaves.
    pub age: Duration,
    /// The file grows no larger, in bytes, all contexts together.
    pub bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { age: Duration::days(400), bytes: 64 << 20 }
    }
}
