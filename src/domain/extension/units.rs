//! The units of the organization, for whoever owns its data directory.

use crate::domain::{ParentId, RootId, UnitId};
use serde::{Deserialize, Serialize};

/// `POST /_vaultdeck/units`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AddUnit {
    /// What it lies in.
    pub parent_id: ParentId,
    /// Its name.
    pub name: String,
}

/// `POST /_vaultdeck/units/ID`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RenameUnit {
    /// Its name from now on.
    pub name: String,
}

/// `POST /_vaultdeck/accounts/ID/move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MoveAccount {
    /// What it lies in from now on.
    pub parent_id: ParentId,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnitView {
    /// Its id.
    pub id: UnitId,
    /// What it lies in.
    pub parent_id: ParentId,
    /// Its name.
    pub name: String,
    /// The names of the units down to it, with slashes.
    pub path: String,
}

/// The answer of `GET /_vaultdeck/units`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Units {
    /// The organization's id.
    pub organization_id: String,
    /// Its root.
    pub root_id: RootId,
    /// All units, in the order in which they were made.
    pub units: Vec<UnitView>,
}
