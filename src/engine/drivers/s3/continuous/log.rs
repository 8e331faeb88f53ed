//! The log of a bucket: its entries, and the names of its pieces.

use super::versions::Version;
use crate::domain::Time;
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

/// The file of a piece that has its entries, one a line.
pub(super) const ENTRIES: &str = "entries.jsonl";

/// How a piece is named after the end of its listing: a folder for each hour, and one for the piece in it.
const ENDED: &str = "%Y-%m-%dT%H/%M-%S";

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Change {
    /// A version came.
    Put,
    /// A delete marker came.
    DeleteMarker,
    /// All its versions were removed for good.
    Removed,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) change: Change,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version_id: Option<String>,
    /// As the store tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<Time>,
    /// From when on it counts, where not from [`Self::last_modified`] on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Time>,
    /// In bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    /// The file beside this one that has the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
}

impl Entry {
    pub(super) fn of(version: &Version, since: Option<Time>) -> Self {
        Self {
            key: version.key.clone(),
            change: if version.is_marker { Change::DeleteMarker } else { Change::Put },
            version_id: Some(version.id.clone()),
            last_modified: Some(version.modified),
            since,
            size: (!version.is_marker).then_some(version.size),
            content: None,
        }
    }

    pub(super) fn removed(key: &str, since: Time) -> Self {
        let (version_id, last_modified, size, content) = (None, None, None, None);
        Self {
            key: key.to_owned(),
            change: Change::Removed,
            version_id,
            last_modified,
            since: Some(since),
            size,
            content,
        }
    }

    /// From when on it counts.
    pub(super) fn at(&self) -> Time {
        self.since.or(self.last_modified).unwrap_or_default()
    }
}

/// Behind which name the pieces lie whose listings had not ended at a time.
pub(super) fn name_at(time: Time) -> String {
    time.format(ENDED).to_string()
}

/// The name of the next piece, of a listing that ended then. Names grow, whatever the store's clock does.
pub(super) fn name_behind(last: &str, ended: Time) -> String {
    let numbered = |ended: &str, number: u32| format!("{ended}-{number:04}");
    let new = numbered(&name_at(ended), 1);
    if *new > *last {
        return new;
    }
    let (before, number) = last.rsplit_once('-').unwrap_or((last, ""));
    numbered(before, number.parse::<u32>().map_or(1, |number| number.saturating_add(1)))
}

/// When the listing of a piece with this name had ended; none for what is no piece.
pub(super) fn ended(name: &str) -> Option<Time> {
    let (ended, _) = name.rsplit_once('-')?;
    NaiveDateTime::parse_from_str(ended, ENDED).ok().map(|time| time.and_utc())
}
