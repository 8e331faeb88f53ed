//! What is kept of the shares of a vault, in the catalog and again in the vault's folder.

use crate::domain::sharing::KeptShare;
use serde::{Deserialize, Serialize};

/// The shares of a vault as they were last changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SharesRecord {
    /// How often they changed; it only grows, also when the last one is taken away.
    pub sequence: i64,
    /// Those that share the vault, by their ARNs.
    pub shares: Vec<KeptShare>,
}
