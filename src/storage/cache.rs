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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::*;
    use crate::repository::LocalStorage;

    #[test]
    fn a_copy_is_read_instead_of_the_file_as_long_as_it_is_what_its_name_says() {
        let folder = tempfile::tempdir().unwrap();
        let near = Arc::new(LocalStorage::new(folder.path()));
        near.prepare().unwrap();
        let cache = Cache::new(Arc::clone(&near) as Arc<dyn Storage>);
        let (id, asked) = (Id::of(b"content"), Cell::new(0));
        let read = |kind| {
            let content = cache.read(kind, &id, || {
                asked.set(asked.get() + 1);
                Ok(b"content".to_vec())
            });
            assert_eq!(content.unwrap(), b"content");
            asked.take()
        };
        for kind in [FileKind::Index, FileKind::Snapshot] {
            assert_eq!([read(kind), read(kind)], [1, 0], "{kind}");
            let copy = near.path(kind, &id);
            fs::remove_file(&copy).unwrap();
            fs::write(&copy, b"damaged").unwrap();
            assert_eq!([read(kind), read(kind)], [1, 0], "{kind}: a damaged copy is replaced");
            cache.forget(kind, &[id]);
            assert!(near.list(kind).unwrap().is_empty(), "{kind}");
        }
        for kind in [FileKind::Pack, FileKind::Key, FileKind::Lock] {
            assert_eq!([read(kind), read(kind)], [1, 1], "{kind} is not kept");
        }
    }
}
