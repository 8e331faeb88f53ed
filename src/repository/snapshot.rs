//! Snapshots: the roots of what was backed up.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::Id;

/// A file in `snapshots/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was made, in the time of whoever asked for it.
    pub time: DateTime<FixedOffset>,
    /// The snapshot that it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Id>,
    /// The root folder.
    pub tree: Id,
    /// The absolute paths that were backed up.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The machine.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// The user.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The user's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The group's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// Free marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// What wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_version: Option<String>,
    /// What the backup did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

/// What a backup did, with restic's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// When it began, by the wall clock of the machine that read the source.
    pub backup_start: DateTime<FixedOffset>,
    /// When it ended, by the same clock.
    pub backup_end: DateTime<FixedOffset>,
    /// Files that the parent did not have.
    #[serde(default)]
    pub files_new: u64,
    /// Files that the parent had otherwise.
    #[serde(default)]
    pub files_changed: u64,
    /// Files that were not read again.
    #[serde(default)]
    pub files_unmodified: u64,
    /// Folders that the parent did not have.
    #[serde(default)]
    pub dirs_new: u64,
    /// Folders that the parent had otherwise.
    #[serde(default)]
    pub dirs_changed: u64,
    /// Folders that are as in the parent.
    #[serde(default)]
    pub dirs_unmodified: u64,
    /// Data blobs added.
    #[serde(default)]
    pub data_blobs: u64,
    /// Tree blobs added.
    #[serde(default)]
    pub tree_blobs: u64,
    /// Bytes added, before compression.
    #[serde(default)]
    pub data_added: u64,
    /// Bytes added, as stored.
    #[serde(default)]
    pub data_added_packed: u64,
    /// Files in the snapshot.
    #[serde(default)]
    pub total_files_processed: u64,
    /// Bytes in the snapshot.
    #[serde(default)]
    pub total_bytes_processed: u64,
}
