//! Reading a folder.

use super::path_of;
use super::root::SourceRoot;
use crate::engine::drivers::{BackupCx, Fault, PointFacts, Source};
use crate::repository::{BackupOutcome, LocalSource, TreeSource};
use std::path::{Path, PathBuf};

/// A folder that is open for a backup.
struct Folder {
    tree: LocalSource,
    path: PathBuf,
    /// What was seen of it before.
    before: SourceRoot,
}

/// Opens the folder of a resource, if it is still the one that was registered.
pub(in crate::engine::drivers) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let path = path_of(&cx.of.resource.location)?;
    let unreadable = |e| Fault::of_io(format_args!("The file system cannot be read at {}", path.display()), &e);
    let tree = LocalSource::new(path).map_err(unreadable)?;
    let before = SourceRoot::of(cx.of.mark.as_ref());
    before.expect(&cx.of.resource, tree.identity()).map_err(Fault::Failed)?;
    Ok(Box::new(Folder { tree, path: path.to_owned(), before }))
}

impl Source for Folder {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        &self.path
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let after = self.before.after(self.tree.identity(), outcome);
        Ok(PointFacts { lacks: self.before.shrunk(outcome), mark: Some(after.mark()) })
    }
}
