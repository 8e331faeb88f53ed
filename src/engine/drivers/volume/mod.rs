//! Volumes: a raw image file, a block device of this machine, an export of an NBD server, or a unit of an iSCSI target, for the types
//! whose resources are volumes.
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

pub(super) use files::FilesOfVolume;
pub(super) use place::probe;
pub(super) use proof::{prove, scratch_place};
pub(super) use source::source;
pub(super) use target::{plan, target};

use crate::domain::types::location::{Location, Part};
use crate::domain::{Invalid, Secret};
use crate::engine::drivers::{Fault, Mark, folder};
use image::Image;
use image::file::FileImage;
use image::iscsi::{self, IscsiImage};
use image::nbd::{self, NbdImage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

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

/// Opens what lies at a location, with what its service asks for.
fn open(at: &Location, secret: Option<&Secret>) -> Result<Box<dyn Image>, Fault> {
    match (at.path(), at.part(Part::Url)) {
        (Some(path), _) => Ok(Box::new(FileImage::open(path)?)),
        (None, Some(url)) => url_of(url)?.open(secret),
        (None, None) => Err(Invalid::missing("Path").into()),
    }
}

/// A URL that leads to a volume.
enum Url {
    Nbd(nbd::Url),
    Iscsi(iscsi::Url),
}

/// The URL of a location, checked.
fn url_of(text: &str) -> Result<Url, Invalid> {
    let url = if iscsi::Url::is_one(text) {
        iscsi::Url::parse(text).map(Url::Iscsi)
    } else {
        nbd::Url::parse(text).map(Url::Nbd)
    };
    url.map_err(|rule| Invalid::value(Part::Url.name(), rule))
}

impl Url {
    fn open(&self, secret: Option<&Secret>) -> Result<Box<dyn Image>, Fault> {
        match self {
            Self::Nbd(_) if secret.is_some() => {
                Err(Invalid::value(Part::Url.name(), "leads to an NBD server, and NBD knows no passwords").into())
            }
            Self::Nbd(url) => Ok(Box::new(NbdImage::open(url)?)),
            Self::Iscsi(url) => Ok(Box::new(IscsiImage::open(url, secret)?)),
        }
    }

    /// The dirty bitmap that it names.
    fn bitmap(&self) -> Option<&str> {
        match self {
            Self::Nbd(url) => url.bitmap.as_deref(),
            Self::Iscsi(_) => None,
        }
    }
}

impl Display for Url {
    /// Its one spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nbd(url) => url.fmt(f),
            Self::Iscsi(url) => url.fmt(f),
        }
    }
}

/// `vol-` and 17 hexadecimal digits, as AWS's.
pub(super) fn new_id() -> Result<String, Fault> {
    folder::new_id("vol")
}
