//! What drivers share whose resources are folders of this machine: which folder may be one, how it is read, whether a
//! registered path still leads to it, and where a restore may write.

mod place;
pub(super) mod root;
pub(super) mod source;
pub(super) mod vacancy;

use crate::domain::Invalid;
use crate::domain::types::location::Location;
use crate::engine::drivers::{Fault, ProbeCx, Probed};
use root::SourceRoot;
use std::path::Path;

/// Looks at the folder that `resource add` was given.
pub(super) fn probe(cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
    let path = place::check_source(path_of(cx.at)?, cx.data_dir)?;
    let root = SourceRoot::look(Path::new(&path)).map_err(|e| Invalid::value("Path", format!("{path}: {e}")))?;
    Ok(Probed { location: Location::at_path(path), mark: Some(root.mark()) })
}

/// The path of a location that has one.
pub(super) fn path_of(location: &Location) -> Result<&Path, Fault> {
    location.path().ok_or_else(|| Invalid::missing("Path").into())
}
