//! Files that lie in memory before they are read: the small ones of a driver, each of which is known whole.

use crate::domain::PointDetails;
use crate::engine::drivers::feed::{Feed, Files};
use crate::engine::drivers::{Fault, PointFacts, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

/// Files by their names, in the order in which they come.
pub(super) struct Documents {
    files: std::vec::IntoIter<(String, Vec<u8>)>,
    content: Cursor<Vec<u8>>,
}

/// The tree of such files below `root`.
pub(super) fn tree(root: &str, files: Vec<(String, Vec<u8>)>) -> Feed<Documents> {
    let size = files.iter().map(|(_, content)| content.len() as u64).sum();
    Feed::new(root, size, Documents { files: files.into_iter(), content: Cursor::default() })
}

impl Files for Documents {
    fn next(&mut self, _: &Control) -> Result<Option<PathBuf>, Fault> {
        Ok(self.files.next().map(|(name, content)| {
            self.content = Cursor::new(content);
            PathBuf::from(name)
        }))
    }

    fn read(&mut self, buffer: &mut [u8], _: &Control) -> Result<usize, Fault> {
        self.content.read(buffer).map_err(|error| Fault::of_io("A document cannot be read", &error))
    }
}

/// Documents of the engine's own as what a backup reads, with what there is to say of the recovery point.
pub(in crate::engine) fn source(root: &str, files: Vec<(String, Vec<u8>)>, details: PointDetails) -> Box<dyn Source> {
    Box::new(Own { tree: tree(root, files), details })
}

struct Own {
    tree: Feed<Documents>,
    details: PointDetails,
}

impl Source for Own {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        self.tree.root()
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        self.tree.into_files()?;
        whole(outcome)?;
        Ok(PointFacts { details: self.details, ..PointFacts::default() })
    }
}

/// Refuses a backup in which a document is missing.
pub(super) fn whole(outcome: &BackupOutcome) -> Result<(), Fault> {
    match outcome.issues.first() {
        None => Ok(()),
        Some(issue) => Err(Fault::Failed(format!("{} is not in the backup: {}", issue.path.display(), issue.reason))),
    }
}
