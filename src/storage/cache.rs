//! Keeping near what is read again and again from afar.

use std::sync::Arc;

use super::layered::Layer;
use crate::repository::{FileKind, Id, Result, Storage};

/// Copies of index files and snapshots, which every opening of a vault reads, in another storage.
///
/// Such a file is named by the hash of its content and never changes, so a copy is good for as long as it is what its name says;
/// that is looked at each time. Which files there are only the storage itself tells.
pub struct Cache {
    near: Arc<dyn Storage>,
}

impl Cache {
    /// Copies are kept in `near`.
    pub fn new(near: Arc<dyn Storage>) -> Self {
        Self { near }
    }
}

fn is_kept(kind: FileKind) -> bool {
    matches!(kind, FileKind::Index | FileKind::Snapshot)
}

impl Layer for Cache {
    fn read(&self, kind: FileKind, id: &Id, far: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        if !is_kept(kind) {
            return far();
        }
        if let Ok(content) = self.near.read(kind, id)
            && Id::of(&content) == *id
        {
            return Ok(content);
        }
        let content = far()?;
        if Id::of(&content) == *id
            && let Err(error) = self.near.write(kind, id, &content)
        {
            tracing::debug!(%kind, %id, %error, "a copy of a file was not kept");
        }
        Ok(content)
    }

    fn forget(&self, kind: FileKind, ids: &[Id]) {
        if is_kept(kind)
            && let Err(error) = self.near.remove_all(kind, ids)
        {
            tracing::debug!(%kind, %error, "copies of removed files stay");
        }
    }
}
