//! How notifications get to their targets.

use crate::domain::Time;
use serde::{Deserialize, Serialize};

/// How notifications get to one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeliveryStatus {
    /// The target's name in the config.
    pub target: String,
    /// How many events wait for it.
    pub waiting: u64,
    /// When the oldest of them happened.
    pub oldest: Option<Time>,
    /// How often it failed in a row.
    pub failures: u32,
    /// Why it failed last, if it did not take anything since.
    pub last_error: Option<String>,
}
