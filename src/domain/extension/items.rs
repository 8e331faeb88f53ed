//! What a recovery point holds.

use crate::domain::{PointDetails, Time};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// What the path of [`Items`] begins with; the recovery point's ARN follows, encoded.
pub const RECOVERY_POINTS: &str = "/_vaultdeck/recovery-points/";

/// `GET /_vaultdeck/recovery-points/{arn}/items?path=/…&nextToken=…&maxResults=…`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Items {
    /// The folder's entries, sorted by name; `path` is from the resource's root, `/` for the root itself.
    pub items: Vec<Item>,
    /// What could not be read when the point was made: path and reason. Only on the first page.
    #[serde(default)]
    pub missing: Vec<MissingItem>,
    /// What was backed up and cannot be restored any more: path and reason. Only on the first page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<MissingItem>,
    /// What the driver said of the point when it was made, such as how consistent it is. Only on the first page.
    #[serde(default, skip_serializing_if = "PointDetails::is_empty")]
    pub details: PointDetails,
    /// Of a continuous one: the moment from which each of its bases can be restored, the oldest first. Only on the first page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<Time>,
    /// Why nothing of it can be shown, in words.
    pub note: Option<String>,
    /// Ask again with it for more.
    pub next_token: Option<String>,
}

/// One entry of a folder in a recovery point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    /// Its name; bytes that are not UTF-8 as `\xNN`, and a backslash as `\\`.
    pub name: String,
    /// `file`, `dir`, `symlink`, `fifo`, `socket`, `chardev`, `dev`.
    pub kind: String,
    /// Its size in bytes; 0 for all but files.
    pub size: u64,
    /// Unix permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// When its content last changed.
    pub modified: Option<Time>,
    /// Where a symlink points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_target: Option<String>,
    /// What is to be said of it beside that, such as which file system a partition has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that a backup could not read, or that a restore could not bring back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MissingItem {
    /// Its path from the resource's root.
    pub path: String,
    /// Why.
    pub reason: String,
}
