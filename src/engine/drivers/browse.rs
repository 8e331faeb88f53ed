//! Showing what lies in a recovery point as files, where its snapshot has those only within something else.

use crate::engine::drivers::{Fault, Inside};
use crate::repository::{ItemPath, Node};

/// Lists what a driver restores by items though no item of the snapshot is one of them, as the files in a volume.
pub trait Browse: Sync {
    /// At most `limit` items of a folder, those that follow the name `after`, sorted by the bytes of their names.
    /// [`Fault::Gone`] where there is no such folder.
    fn page(
        &self,
        content: &Inside<'_>,
        folder: &ItemPath,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Listing, Fault>;
}

/// A page of a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// The items.
    pub items: Vec<Shown>,
    /// Whether more follow.
    pub more: bool,
    /// Why there is nothing to show, in words.
    pub note: Option<String>,
}

/// An item of a folder.
#[derive(Debug)]
pub struct Shown {
    /// What is known of it.
    pub node: Node,
    /// Whether no more is known of it than its name and kind.
    pub is_unread: bool,
    /// What is to be said of it beside that.
    pub note: Option<String>,
}
