//! How long a recovery point lives (reference §2.4).

use crate::domain::Time;
use serde::{Deserialize, Serialize};

/// The lifecycle of a rule, a job or a recovery point. `None` and `-1` mean never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Lifecycle {
    /// Days after creation at which the point moves to cold storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_to_cold_storage_after_days: Option<i64>,
    /// Days after creation at which the point is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_after_days: Option<i64>,
    /// EBS snapshot archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_in_to_archive_for_supported_resources: Option<bool>,
}

/// The moments at which a lifecycle acts on one recovery point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalculatedLifecycle {
    /// When it moves to cold storage.
    pub move_to_cold_storage_at: Option<Time>,
    /// The day after which it is deleted (within 8 hours).
    pub delete_at: Option<Time>,
}
