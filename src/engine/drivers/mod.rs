//! Drivers: how the data of each resource type is read for a backup. One file per data service.

mod file_tree;

pub use file_tree::FileTree;

use crate::domain::{Resource, ResourceType};
use crate::repository::{Identity, TreeSource};
use std::path::PathBuf;

/// Reads the resources of one type.
pub trait Driver: Send + Sync {
    /// Opens a source that is consistent as far as the data service can make it so.
    fn open(&self, resource: &Resource) -> std::io::Result<OpenedSource>;
}

/// A resource, ready to be read. Dropping it closes it.
pub struct OpenedSource {
    /// What is walked and read.
    pub tree: Box<dyn TreeSource>,
    /// The path in it that is the resource's root.
    pub root: PathBuf,
    /// Which folder that is.
    pub identity: Identity,
}

/// The driver of a type; none when the engine does not carry that type yet.
pub fn of(resource_type: &ResourceType) -> Option<&'static dyn Driver> {
    match resource_type {
        ResourceType::Efs => Some(&FileTree),
        _ => None,
    }
}
