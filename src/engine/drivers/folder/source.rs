//! Reading a folder.

use super::path_of;
use super::root::SourceRoot;
use super::snapshot::{Held, Taken, Way, hidden_at};
use crate::domain::{Arn, Consistency, PointDetails};
use crate::engine::drivers::{BackupCx, Fault, PointFacts, Source};
use crate::repository::{BackupOutcome, Identity, LocalSource, OpenFolder, TreeSource};
use std::path::{Path, PathBuf};

/// A folder that is open for a backup. What is read of it is closed before its snapshot goes.
struct Folder {
    tree: LocalSource,
    taken: Option<Taken>,
    path: PathBuf,
    /// The folder itself, whatever is read.
    identity: Identity,
    /// What was seen of it before.
    before: SourceRoot,
    /// Why there is no snapshot, where there should have been one.
    lacks: Option<String>,
    /// What else there is to say of the recovery point.
    details: PointDetails,
}

/// Opens the folder of a resource, if it is still the one that was registered.
pub(in crate::engine::drivers) fn open(cx: &BackupCx<'_>, details: PointDetails) -> Result<Box<dyn Source>, Fault> {
    let resource = &cx.of.resource;
    let path = path_of(&resource.location)?;
    let unreadable = |e| Fault::of_io(format_args!("The file system cannot be read at {}", path.display()), &e);
    let identity = OpenFolder::open(path).map_err(unreadable)?.identity();
    let before = SourceRoot::of(cx.of.mark.as_ref());
    before.expect(resource, identity).map_err(Fault::Failed)?;
    let Held { taken, lacks } = Way::of(&resource.location)?.take(path, id_of(&resource.arn))?;
    let tree = match &taken {
        Some(taken) => LocalSource::of_copy(path, identity.device, taken.folder()),
        None => LocalSource::new(path),
    };
    let tree = tree.map_err(unreadable)?.without(hidden_at(path));
    Ok(Box::new(Folder { tree, taken, path: path.to_owned(), identity, before, lacks, details }))
}

/// What a snapshot of a resource is called after.
fn id_of(arn: &Arn) -> &str {
    arn.resource().rsplit('/').next().unwrap_or_default()
}

impl Source for Folder {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        &self.path
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let Self { tree, taken, identity, before, lacks, mut details, .. } = *self;
        let consistency = if taken.is_some() { Consistency::Crash } else { Consistency::None };
        details.extend([consistency.detail()]);
        drop(tree);
        // The point is as good as it would be without it.
        let left = match taken.map(Taken::remove) {
            Some(Err(fault)) => Some(format!("the snapshot that was read could not be removed: {fault}")),
            _ => None,
        };
        let lacks: Vec<String> =
            before.shrunk(outcome).map(str::to_owned).into_iter().chain(lacks).chain(left).collect();
        Ok(PointFacts {
            lacks: (!lacks.is_empty()).then(|| lacks.join("; ")),
            details,
            mark: Some(before.after(identity, outcome).mark()),
            ..PointFacts::default()
        })
    }
}
