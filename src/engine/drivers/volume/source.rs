//! Reading a volume.

use super::description::Description;
use super::since::{self, Since};
use super::tree::VolumeTree;
use super::{Seen, open};
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{BackupOutcome, ItemPath, TreeSource};
use std::path::Path;

/// A volume that is open for a backup.
pub(super) struct Open {
    pub(super) tree: VolumeTree,
    /// What was seen of it before.
    pub(super) before: Option<Seen>,
}

/// Opens the volume of a resource.
pub(in crate::engine::drivers) fn source(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let at = &cx.of.resource.location;
    let image = open(at, cx.of.secret.as_ref())?;
    let size = image.size();
    let kept = image.dirty().map(|dirty| since::kept(dirty, size));
    let description = Description::new(size, at.to_string(), image.consistency(), kept);
    let root = ItemPath::root();
    let since = match (image.dirty(), cx.before) {
        (Some(dirty), Some(before)) => Since::of(&description, dirty, &before.inside(&root))?,
        _ => None,
    };
    let before = cx.of.mark.as_ref().and_then(Mark::read);
    Ok(Box::new(Open { tree: VolumeTree::new(image, description, since), before }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        Path::new("/")
    }

    /// A volume of which a part is missing is none: whatever could not be read fails the backup.
    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        if let Some(fault) = self.tree.fault() {
            return Err(fault);
        }
        if let Some(issue) = outcome.issues.first() {
            return Err(Fault::Failed(format!(
                "{} could not be stored: {}. Nothing of this backup is kept.",
                issue.path.display(),
                issue.reason
            )));
        }
        let size = self.tree.image().size();
        let shrank = self
            .before
            .is_some_and(|before| size < before.size)
            .then_some("the volume is smaller than it was at its last backup; if that is right, register it again");
        let image = self.tree.image();
        let changed = image.finish()?;
        let size_told = ("VolumeSize".to_owned(), size.to_string());
        let details = [image.consistency().detail(), size_told].into();
        Ok(PointFacts {
            lacks: changed.or(shrank).map(str::to_owned),
            details,
            mark: Some(Mark::of(&Seen { size })),
            ..PointFacts::default()
        })
    }
}
