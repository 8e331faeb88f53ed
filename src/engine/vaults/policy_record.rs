//! What is kept of a vault's access policy, in the catalog and again in the vault's folder.

use serde::{Deserialize, Serialize};

/// The access policy of a vault as it was last changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PolicyRecord {
    /// How often it was changed; it only grows, also when the policy is taken away.
    pub sequence: i64,
    /// The policy, as it was put; none when it was taken away.
    pub policy: Option<String>,
}

impl PolicyRecord {
    /// The record that follows this one.
    pub fn followed_by(&self, policy: Option<&str>) -> Self {
        Self { sequence: self.sequence + 1, policy: policy.map(str::to_owned) }
    }
}
