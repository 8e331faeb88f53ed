//! What the next backups compare with, as far as this process read or wrote it last: mostly they find all of it here.
//!
//! Both are known by the hash of what they are, so what is here is what was stored. Whether it still is there to be counted on
//! is another question, which a backup asks of the packs and not of this.

use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Id, Snapshot};

/// How many bytes of folders are kept. With more the oldest go, all at once.
const FOLDERS: usize = 4 << 20;
/// A folder that is larger is not kept.
const LARGEST_FOLDER: usize = 64 << 10;
/// How many snapshots are kept, one for each source that is backed up. With more all go at once.
const SNAPSHOTS: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Recent {
    folders: Mutex<Folders>,
    snapshots: Mutex<HashMap<Id, Arc<Snapshot>>>,
}

#[derive(Debug, Default)]
struct Folders {
    trees: HashMap<Id, Bytes>,
    bytes: usize,
}

impl Recent {
    /// The content of a folder's tree.
    pub(super) fn tree(&self, id: &Id) -> Option<Bytes> {
        self.folders.lock().trees.get(id).cloned()
    }

    /// A tree was read, and is what its name says.
    pub(super) fn keep_tree(&self, id: Id, json: &Bytes) {
        if json.len() > LARGEST_FOLDER {
            return;
        }
        let mut folders = self.folders.lock();
        if folders.bytes + json.len() > FOLDERS {
            *folders = Folders::default();
        }
        if folders.trees.insert(id, json.clone()).is_none() {
            folders.bytes += json.len();
        }
    }

    /// A snapshot.
    pub(super) fn snapshot(&self, id: &Id) -> Option<Arc<Snapshot>> {
        self.snapshots.lock().get(id).cloned()
    }

    /// A snapshot was written. Nothing will be compared any more with the one that it was compared with.
    pub(super) fn keep_snapshot(&self, id: Id, snapshot: &Arc<Snapshot>) {
        let mut snapshots = self.snapshots.lock();
        if let Some(parent) = &snapshot.parent {
            snapshots.remove(parent);
        }
        if snapshots.len() >= SNAPSHOTS {
            snapshots.clear();
        }
        snapshots.insert(id, Arc::clone(snapshot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> Id {
        Id::of(&number.to_le_bytes())
    }

    #[test]
    fn folders_are_kept_as_far_as_there_is_room_and_none_that_takes_it_all() {
        let recent = Recent::default();
        let folder = Bytes::from(vec![b'x'; LARGEST_FOLDER]);
        recent.keep_tree(id(0), &Bytes::from(vec![b'x'; LARGEST_FOLDER + 1]));
        assert_eq!(recent.tree(&id(0)), None);
        for number in 1..1000 {
            recent.keep_tree(id(number), &folder);
            recent.keep_tree(id(number), &folder);
            assert_eq!(recent.tree(&id(number)), Some(folder.clone()));
            let folders = recent.folders.lock();
            assert!(folders.bytes <= FOLDERS && folders.bytes == folders.trees.len() * LARGEST_FOLDER);
        }
        assert!(recent.tree(&id(999)).is_some() && recent.tree(&id(1)).is_none());
    }

    #[test]
    fn a_snapshot_takes_the_place_of_its_parent() {
        let snapshot = |parent| {
            let json = r#"{"time":"2026-11-23T05:00:00Z","tree":"0000000000000000000000000000000000000000000000000000000000000000"}"#;
            Arc::new(Snapshot { parent, ..serde_json::from_str(json).unwrap() })
        };
        let recent = Recent::default();
        recent.keep_snapshot(id(1), &snapshot(None));
        recent.keep_snapshot(id(2), &snapshot(Some(id(1))));
        assert!(recent.snapshot(&id(1)).is_none());
        assert_eq!(recent.snapshot(&id(2)).unwrap().parent, Some(id(1)));
        for number in 3..5000 {
            recent.keep_snapshot(id(number), &snapshot(None));
            assert!(recent.snapshots.lock().len() <= SNAPSHOTS);
        }
    }
}
