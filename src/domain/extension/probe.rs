//! What registering a resource would find.

use crate::domain::types::Location;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use std::collections::BTreeMap;

/// The answer of `POST /_vaultdeck/resources/probe`, which takes the body of `POST /_vaultdeck/resources`, checks all that one checks,
/// and writes nothing.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceProbe {
    /// Where its data lies, in the spelling in which it would be kept.
    pub location: Location,
    /// What its service said of itself: its version, its size.
    pub facts: BTreeMap<String, String>,
    /// Whether it can be backed up continuously; absent for a type that never can.
    #[serde(default)]
    pub continuous: Option<ContinuousProbe>,
    /// The ARN that the same name has at this location already: registering would replace its tags and its secret.
    #[serde(default)]
    pub resource_arn: Option<String>,
}

/// Whether a resource can be backed up continuously.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContinuousProbe {
    /// Whether it can.
    pub possible: bool,
    /// What is missing where it cannot.
    #[serde(default)]
    pub missing: Option<String>,
}

impl From<Result<(), String>> for ContinuousProbe {
    fn from(can: Result<(), String>) -> Self {
        Self { possible: can.is_ok(), missing: can.err() }
    }
}
