//! What is different between two recovery points, and where something is in all of them.

use crate::domain::{Arn, Time};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// The path of [`Found`].
pub const FIND: &str = "/_vaultdeck/find";

/// `GET /_vaultdeck/recovery-points/{arn}/changes?since={arn}&nextToken=…&maxResults=…`: what is different from another
/// recovery point of the same resource, in the order of the paths.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Changes {
    /// What is different. A page may have few, or none, and others follow it all the same.
    pub changes: Vec<ChangedItem>,
    /// Ask again with it for more.
    pub next_token: Option<String>,
}

/// One item that is not the same in both.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangedItem {
    /// Its path from the resource's root.
    pub path: String,
    /// What became of it.
    pub change: ItemChange,
    /// What it is, or was: `file`, `dir`, `symlink`, ….
    pub kind: String,
    /// How many bytes it had; none where it was not there or is no file.
    pub size_before: Option<u64>,
    /// How many it has.
    pub size_after: Option<u64>,
    /// When its content had last changed.
    pub modified_before: Option<Time>,
    /// When it has.
    pub modified_after: Option<Time>,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemChange {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// What it holds, what it is, or where it points changed.
    Changed,
    /// Only rights, owner, times or extended attributes changed.
    Metadata,
}

impl ItemChange {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Metadata => "metadata",
        }
    }
}

/// `GET /_vaultdeck/find?name=…&regex=true&resource=ARN|vault=NAME&nextToken=…`: the items of a name in all recovery points of
/// a resource or a vault of the caller's account and region, the newest point first.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Found {
    /// The recovery points that were looked through and hold some.
    pub recovery_points: Vec<PointMatches>,
    /// Those that could not be looked through, or not to their end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadPoint>,
    /// Ask again with it for more.
    pub next_token: Option<String>,
}

/// A recovery point that could not be looked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnreadPoint {
    /// The point.
    pub recovery_point_arn: Arn,
    /// Why.
    pub reason: String,
}

/// What a recovery point holds of it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PointMatches {
    /// The point.
    pub recovery_point_arn: Arn,
    /// Its resource: paths are from that one's root.
    pub resource_arn: Arn,
    /// What that is called, where it is known.
    pub resource_name: Option<String>,
    /// Its vault.
    pub backup_vault_name: String,
    /// When it was made.
    pub creation_date: Time,
    /// The items. Those of a point with very many may be told in more than one page.
    pub items: Vec<FoundItem>,
}

/// One item.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FoundItem {
    /// Its path from the resource's root.
    pub path: String,
    /// `file`, `dir`, `symlink`, ….
    pub kind: String,
    /// Its size in bytes; 0 for all but files.
    pub size: u64,
    /// When its content last changed.
    pub modified: Option<Time>,
}
