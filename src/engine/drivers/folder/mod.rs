//! What drivers share whose resources are folders of this machine: which folder may be one, how it is held still and read, whether
//! a registered path still leads to it, and where a restore may write.

mod mounts;
mod place;
pub(super) mod root;
mod snapshot;
pub(super) mod source;
pub(super) mod target;
pub(super) mod vacancy;

use crate::domain::Invalid;
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::{Fault, ProbeCx, Probed};
use crate::engine::keys::random;
use root::SourceRoot;
use snapshot::Way;
use std::path::Path;

/// Looks at the folder that `resource add` was given.
pub(super) fn probe(cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
    let way = Way::of(cx.at)?;
    let path = place::check_source(path_of(cx.at)?, cx.data_dir)?;
    let root = SourceRoot::look(Path::new(&path)).map_err(|e| Invalid::value("Path", format!("{path}: {e}")))?;
    way.try_out(Path::new(&path))?;
    let location = Location::at_path(path).with(Part::Snapshot, cx.at.part(Part::Snapshot));
    Ok(Probed { location, mark: Some(root.mark()) })
}

/// The path of a location that has one.
pub(super) fn path_of(location: &Location) -> Result<&Path, Fault> {
    location.path().ok_or_else(|| Invalid::missing("Path").into())
}

/// An id as AWS gives file systems: what it begins with, and 17 hexadecimal digits.
pub(super) fn new_id(begin: &str) -> Result<String, Fault> {
    let mut bytes = [0; 9];
    random(&mut bytes).map_err(|e| Fault::Failed(e.to_string()))?;
    Ok(format!("{begin}-{}", &hex::encode(bytes)[..17]))
}
