//! The versions of a bucket: key by key in the order of their bytes, those of each key from the newest to the oldest.

use crate::domain::Time;
use crate::engine::drivers::Fault;
use crate::engine::drivers::s3::client::{Client, VersionMarker};
use crate::engine::drivers::s3::told::time_of;
use crate::repository::Control;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::EncodingType;
use serde::{Deserialize, Serialize};
use std::collections::{HashSet, VecDeque};
use std::io;

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) modified: Time,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_marker: bool,
    /// In bytes.
    #[serde(default)]
    pub(super) size: u64,
    /// Whether the store says that it is the newest of its key.
    #[serde(skip)]
    pub(super) is_latest: bool,
}

impl Version {
    /// Whether it is the same one. An object from before the bucket kept versions has the id `null`, as another may later.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.modified == other.modified
    }
}

/// Why versions could not be listed.
#[derive(Debug)]
pub(super) enum Unlisted {
    /// The store has an order of its own: it is to be listed whole and sorted.
    OutOfOrder,
    Fault(Fault),
}

impl From<Fault> for Unlisted {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Goes through the versions of a bucket.
pub(super) struct Versions<'a> {
    client: &'a Client,
    bucket: &'a str,
    control: &'a Control,
    /// How the keys begin.
    prefix: Option<&'a str>,
    /// Where the next page begins.
    marker: VersionMarker,
    is_last: bool,
    waiting: VecDeque<Version>,
    /// The key that was told last.
    last: Option<String>,
}

impl<'a> Versions<'a> {
    /// In the order of the store, which must be that of bytes.
    pub(super) fn listed(client: &'a Client, bucket: &'a str, control: &'a Control) -> Self {
        let (marker, waiting) = (VersionMarker::default(), VecDeque::new());
        Self { client, bucket, control, prefix: None, marker, is_last: false, waiting, last: None }
    }

    /// Whether a version is listed still.
    pub(super) fn has(client: &'a Client, bucket: &'a str, key: &'a str, id: &str) -> Result<bool, Fault> {
        let control = Control::new();
        let mut all = Versions { prefix: Some(key), ..Versions::listed(client, bucket, &control) };
        while !all.is_last {
            all.turn()?;
            if all.waiting.drain(..).any(|version| version.key == key && version.id == id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same of a store that has an order of its own: all are held in memory.
    pub(super) fn sorted(client: &'a Client, bucket: &'a str, control: &'a Control) -> Result<Self, Fault> {
        let mut all = Self::listed(client, bucket, control);
        while !all.is_last {
            all.turn()?;
        }
        all.waiting.make_contiguous().sort_by(|left, right| left.key.cmp(&right.key));
        Ok(all)
    }

    /// The versions of the next key; nothing after the last.
    pub(super) fn next_key(&mut self) -> Result<Option<Vec<Version>>, Unlisted> {
        loop {
            let count = match self.waiting.front() {
                Some(first) => self.waiting.iter().take_while(|version| version.key == first.key).count(),
                None => 0,
            };
            // The next page may begin with more of the same key.
            if count == self.waiting.len() && !self.is_last {
                self.turn()?;
                continue;
            }
            let versions = newest_first(self.waiting.drain(..count).collect());
            let Some(first) = versions.first() else { return Ok(None) };
            if self.last.as_ref().is_some_and(|last| *last >= first.key) {
                return Err(Unlisted::OutOfOrder);
            }
            self.last = Some(first.key.clone());
            return Ok(Some(versions));
        }
    }

    fn turn(&mut self) -> Result<(), Fault> {
        if self.control.is_cancelled() {
            return Err(Fault::of_io("The bucket cannot be listed", &io::ErrorKind::Interrupted.into()));
        }
        let (page, order) = self.client.list_versions(self.bucket, self.prefix, &self.marker)?;
        let next = next_marker(&page)?;
        self.is_last = next.is_none();
        if let Some(next) = next {
            if next == self.marker {
                return Err(Fault::Failed(format!("The listing of the versions of {} comes no further.", self.bucket)));
            }
            self.marker = next;
        }
        self.waiting.extend(read(&page, &order));
        Ok(())
    }
}

/// Where the next page begins; nothing after the last.
fn next_marker(page: &ListObjectVersionsOutput) -> Result<Option<VersionMarker>, Fault> {
    if page.is_truncated() != Some(true) {
        return Ok(None);
    }
    let Some(key) = page.next_key_marker() else {
        return Err(Fault::Unsupported {
            found: "A store that breaks a listing of versions off without telling how it goes on".to_owned(),
            needs: "one with ListObjectVersions".to_owned(),
        });
    };
    let key = decoded(page, key).unwrap_or_else(|| key.to_owned());
    Ok(Some(VersionMarker { key: Some(key), id: page.next_version_id_marker().map(str::to_owned) }))
}

/// What a page has, in the order in which it tells it. A key that is no text cannot be asked for and is left out.
fn read(page: &ListObjectVersionsOutput, order: &[bool]) -> Vec<Version> {
    let objects: Vec<Option<Version>> = page
        .versions()
        .iter()
        .map(|version| {
            Some(Version {
                key: decoded(page, version.key()?)?,
                id: version.version_id().unwrap_or("null").to_owned(),
                modified: time_of(version.last_modified()?)?,
                is_marker: false,
                size: version.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                is_latest: version.is_latest() == Some(true),
            })
        })
        .collect();
    let markers: Vec<Option<Version>> = page
        .delete_markers()
        .iter()
        .map(|marker| {
            Some(Version {
                key: decoded(page, marker.key()?)?,
                id: marker.version_id().unwrap_or("null").to_owned(),
                modified: time_of(marker.last_modified()?)?,
                is_marker: true,
                size: 0,
                is_latest: marker.is_latest() == Some(true),
            })
        })
        .collect();
    let is_told = order.iter().filter(|is_marker| **is_marker).count() == markers.len()
        && order.len() == objects.len() + markers.len();
    // Some stores tell all versions, and behind them all markers.
    let is_mixed = is_told && !order.is_sorted();
    let (mut objects, mut markers) = (objects.into_iter(), markers.into_iter());
    let mut all: Vec<Version> = Vec::new();
    if is_mixed {
        let next = |is_marker: &bool| if *is_marker { markers.next() } else { objects.next() };
        all.extend(order.iter().filter_map(next).flatten());
    } else {
        all.extend(objects.chain(markers).flatten());
        all.sort_by_key(|version| std::cmp::Reverse(version.modified));
    }
    all.sort_by(|left, right| left.key.cmp(&right.key));
    all
}

/// A key as it is. Not every store writes it as it was asked to.
fn decoded(page: &ListObjectVersionsOutput, key: &str) -> Option<String> {
    if page.encoding_type() != Some(&EncodingType::Url) {
        return Some(key.to_owned());
    }
    String::from_utf8(crate::engine::drivers::s3::listing::decode(key)).ok()
}

/// The versions of one key as the store tells them, each once. Of those that bear one time only the store knows which is the newest.
fn newest_first(mut versions: Vec<Version>) -> Vec<Version> {
    versions.sort_by_key(|version| !version.is_latest);
    let mut known = HashSet::new();
    versions.retain(|version| known.insert((version.id.clone(), version.modified)));
    versions
}
