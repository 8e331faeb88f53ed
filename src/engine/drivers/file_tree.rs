//! EFS: a file system is a folder of this machine.

use crate::domain::Resource;
use crate::engine::drivers::{Driver, OpenedSource};
use crate::repository::LocalSource;
use std::io;
use std::path::PathBuf;

/// The driver of folders.
///
/// There is no snapshot under it: a file that does not stay still while it is read is stored as it was read, and told.
pub struct FileTree;

impl Driver for FileTree {
    fn open(&self, resource: &Resource) -> io::Result<OpenedSource> {
        let root = PathBuf::from(&resource.path);
        let source = LocalSource::new(&root)?;
        Ok(OpenedSource { identity: source.identity(), tree: Box::new(source), root })
    }
}
