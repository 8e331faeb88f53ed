//! The id of a vault: names come back, ids do not.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of a vault, which no other vault ever had: not even one of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VaultId(String);

impl VaultId {
    /// A new one.
    pub fn draw() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for VaultId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for VaultId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
