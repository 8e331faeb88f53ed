//! Who can do an action to a vault.

use serde::{Deserialize, Serialize};

/// Somebody, and whether they can do an action to a vault; `GET /_vaultdeck/vaults/ACCOUNT/REGION/NAME/who-can/ACTION` answers
/// `{"Standings": […]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Standing {
    /// An ARN, or words for those that have none.
    pub principal: String,
    /// The action, by AWS's name.
    pub action: String,
    /// Whether they can.
    pub allowed: bool,
    /// Which statement, lock or hold decides it, or what else.
    pub because: String,
}

/// The answer of that route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Standings {
    /// Everybody who is known, and at the end whoever is not.
    pub standings: Vec<Standing>,
}
