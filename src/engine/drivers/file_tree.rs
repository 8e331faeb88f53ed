//! EFS: a file system is a folder of this machine.

use crate::domain::Resource;
use crate::engine::drivers::{Driver, OpenedSource};
use crate::repository::LocalSource;
use std::io;
use std::path::PathBuf;

/// The driver of folders.
///
/// There is no snapshot under it: a file that changes while it is read is stored as it was read, and noted.
pub struct FileTree;

impl Driver for FileTree {
    fn open(&self, resource: &Resource) -> io::Result<OpenedSource> {
        let root = PathBuf::from(&resource.path);
        if !std::fs::metadata(&root)?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"));
        }
        Ok(OpenedSource { tree: Box::new(LocalSource::new(&root)?), root })
    }
}
