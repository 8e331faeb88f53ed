//! Volumes: a raw image file, a block device of this machine, or an export of an NBD server, for the types whose resources are
//! volumes.
//!
//! A recovery point holds what [`layout`] says, and plain restic with `dd` makes the volume of it again:
//!
//! ```text
//! restic restore latest --target out && cd out
//! for segment in segments/*/*.seg; do
//!     number=$(basename "$segment" .seg)
//!     dd if="$segment" of=../volume.img bs=64M seek=$((10#$number)) conv=notrunc status=none
//! done
//! truncate -s "$(sed -n 's/.*"VolumeSize": \([0-9]*\).*/\1/p' volume.json)" ../volume.img
//! ```
//!
//! All of a volume is read at each backup but its holes, for no time of a file tells which part of it changed; what is stored
//! already is not stored again. Only a bitmap of changes saves the reading (`since`).

mod bits;
mod description;
mod device;
mod files;
mod image;
mod layout;
mod place;
mod proof;
mod since;
mod source;
#[cfg(test)]
mod suite_tests;
mod target;
#[cfg(test)]
mod tests;
mod tree;

pub(super) use files::entries;
pub(super) use place::probe;
pub(super) use proof::{prove, scratch_place};
pub(super) use source::source;
pub(super) use target::{plan, target};

use crate::domain::Invalid;
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::{Fault, Mark, folder};
use image::Image;
use image::file::FileImage;
use image::nbd::{NbdImage, Url};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was seen of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Its size in bytes.
    #[serde(rename = "Size")]
    size: u64,
}

/// What is worth telling of a volume.
pub(super) fn told(mark: &Mark) -> BTreeMap<String, String> {
    mark.told(&[("Size", "SizeBytes")])
}

/// Opens what lies at a location.
fn open(at: &Location) -> Result<Box<dyn Image>, Fault> {
    match (at.path(), at.part(Part::Url)) {
        (Some(path), _) => Ok(Box::new(FileImage::open(path)?)),
        (None, Some(url)) => Ok(Box::new(NbdImage::open(&url_of(url)?)?)),
        (None, None) => Err(Invalid::missing("Path").into()),
    }
}

/// The URL of a location, checked.
fn url_of(text: &str) -> Result<Url, Invalid> {
    Url::parse(text).map_err(|rule| Invalid::value(Part::Url.name(), rule))
}

/// `vol-` and 17 hexadecimal digits, as AWS's.
pub(super) fn new_id() -> Result<String, Fault> {
    folder::new_id("vol")
}
