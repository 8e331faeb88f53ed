//! What the next backup compares with, where this process has just read or written it.
//!
//! Both folders and snapshots are known by the hash of what they are, so what is here is what was stored. It is believed for
//! a minute: a backup that comes later reads what it compares with, and so finds what has become of it meanwhile. Under a
//! simulated clock many come within one.

use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Id, Snapshot};

/// How long what was read or written is believed.
const BELIEVED: Duration = Duration::from_mins(1);
/// How many bytes of folders are kept. With more all that were kept go at once.
const FOLDERS: usize = 4 << 20;
/// A folder that is larger is not kept.
const LARGEST_FOLDER: usize = 64 << 10;
/// How many snapshots are kept, one for each source that is backed up. With more all go at once.
const SNAPSHOTS: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Recent {
    folders: Mutex<Folders>,
    snapshots: Mutex<HashMap<Id, Believed<Arc<Snapshot>>>>,
}

#[derive(Debug, Default)]
struct Folders {
    trees: HashMap<Id, Believed<Bytes>>,
    bytes: usize,
}

/// Something, and when it was read or written.
#[derive(Debug)]
struct Believed<T> {
    what: T,
    since: Instant,
}

impl<T: Clone> Believed<T> {
    fn at(&self, now: Instant) -> Option<T> {
        (now.saturating_duration_since(self.since) < BELIEVED).then(|| self.what.clone())
    }
}

impl Recent {
    /// The content of a folder's tree, if it was read within the last minute.
    pub(super) fn tree(&self, id: &Id, now: Instant) -> Option<Bytes> {
        self.folders.lock().trees.get(id)?.at(now)
    }

    /// A tree was read, and is what its name says.
    pub(super) fn keep_tree(&self, id: Id, json: &Bytes, now: Instant) {
        if json.len() > LARGEST_FOLDER {
            return;
        }
        let mut folders = self.folders.lock();
        if folders.bytes + json.len() > FOLDERS {
            *folders = Folders::default();
        }
        if folders.trees.insert(id, Believed { what: json.clone(), since: now }).is_none() {
            folders.bytes += json.len();
        }
    }

    /// A snapshot, if it was written within the last minute.
    pub(super) fn snapshot(&self, id: &Id, now: Instant) -> Option<Arc<Snapshot>> {
        self.snapshots.lock().get(id)?.at(now)
    }

    /// A snapshot was written. Nothing will be compared any more with the one that it was compared with.
    pub(super) fn keep_snapshot(&self, id: Id, snapshot: &Arc<Snapshot>, now: Instant) {
        let mut snapshots = self.snapshots.lock();
        if let Some(parent) = &snapshot.parent {
            snapshots.remove(parent);
        }
        if snapshots.len() >= SNAPSHOTS {
            snapshots.clear();
        }
        snapshots.insert(id, Believed { what: Arc::clone(snapshot), since: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> Id {
        Id::of(&number.to_le_bytes())
    }

    fn snapshot(parent: Option<Id>) -> Arc<Snapshot> {
        let tree = "00".repeat(32);
        let json = serde_json::json!({ "time": "2026-11-23T05:00:00Z", "tree": tree });
        Arc::new(Snapshot { parent, ..serde_json::from_value(json).unwrap() })
    }

    #[test]
    fn folders_are_kept_as_far_as_there_is_room_and_none_that_takes_it_all() {
        let (recent, now) = (Recent::default(), Instant::now());
        let folder = Bytes::from(vec![b'x'; LARGEST_FOLDER]);
        recent.keep_tree(id(0), &Bytes::from(vec![b'x'; LARGEST_FOLDER + 1]), now);
        assert_eq!(recent.tree(&id(0), now), None);
        for number in 1..1000 {
            recent.keep_tree(id(number), &folder, now);
            recent.keep_tree(id(number), &folder, now);
            assert_eq!(recent.tree(&id(number), now), Some(folder.clone()));
            let folders = recent.folders.lock();
            assert!(folders.bytes <= FOLDERS && folders.bytes == folders.trees.len() * LARGEST_FOLDER);
        }
        assert!(recent.tree(&id(999), now).is_some() && recent.tree(&id(1), now).is_none());
    }

    #[test]
    fn a_snapshot_takes_the_place_of_its_parent() {
        let (recent, now) = (Recent::default(), Instant::now());
        recent.keep_snapshot(id(1), &snapshot(None), now);
        recent.keep_snapshot(id(2), &snapshot(Some(id(1))), now);
        assert!(recent.snapshot(&id(1), now).is_none());
        assert_eq!(recent.snapshot(&id(2), now).unwrap().parent, Some(id(1)));
        for number in 3..5000 {
            recent.keep_snapshot(id(number), &snapshot(None), now);
            assert!(recent.snapshots.lock().len() <= SNAPSHOTS);
        }
    }

    #[test]
    fn after_a_minute_nothing_is_believed_and_what_is_read_again_is() {
        let (recent, now) = (Recent::default(), Instant::now());
        let folder = Bytes::from_static(b"{}");
        recent.keep_tree(id(1), &folder, now);
        recent.keep_snapshot(id(2), &snapshot(None), now);
        let late = now + BELIEVED;
        let early = late.checked_sub(Duration::from_millis(1)).unwrap();
        assert!(recent.tree(&id(1), early).is_some() && recent.snapshot(&id(2), early).is_some());
        assert!(recent.tree(&id(1), late).is_none() && recent.snapshot(&id(2), late).is_none());
        recent.keep_tree(id(1), &folder, late);
        assert!(recent.tree(&id(1), late).is_some());
    }
}
