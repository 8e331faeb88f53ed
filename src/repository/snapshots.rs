//! The snapshots of a repository, and how files of JSON are sealed.

use super::{Error, FileKind, Id, Repository, Result, Snapshot, compression};
use std::collections::BTreeSet;

/// The snapshots of a repository.
#[derive(Debug)]
pub struct FoundSnapshots {
    /// Those that can be read, oldest first.
    pub readable: Vec<(Id, Snapshot)>,
    /// Those that cannot, with what is wrong, by their ids.
    pub unreadable: Vec<(Id, Error)>,
}

impl Repository {
    /// The content of an unpacked file, its name checked.
    pub fn load_unpacked(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        let mut sealed = self.storage.read(kind, id)?;
        let damaged = |problem: &dyn std::fmt::Display| Error::damaged(format!("{kind} {id}"), problem);
        if Id::of(&sealed) != *id {
            return Err(damaged(&"its bytes are not those that its name says"));
        }
        let content = self.key.open(&mut sealed).map_err(|error| damaged(&error))?;
        compression::decode_unpacked(content).map_err(|problem| damaged(&problem))
    }

    /// Writes an unpacked file.
    pub fn save_unpacked(&self, kind: FileKind, json: &[u8]) -> Result<Id> {
        let (id, sealed) = self.seal_unpacked(json)?;
        self.storage.write(kind, &id, &sealed)?;
        Ok(id)
    }

    /// An unpacked file as it lies in the storage, and its name.
    fn seal_unpacked(&self, json: &[u8]) -> Result<(Id, Vec<u8>)> {
        let sealed = self.key.seal_message(&compression::encode_unpacked(json)?)?;
        Ok((Id::of(&sealed), sealed))
    }

    /// One snapshot.
    pub fn load_snapshot(&self, id: &Id) -> Result<Snapshot> {
        let json = self.load_unpacked(FileKind::Snapshot, id)?;
        let snapshot: Snapshot =
            serde_json::from_slice(&json).map_err(|error| Error::damaged(format!("snapshot {id}"), error))?;
        self.snapshot_trees.remember(*id, snapshot.tree);
        Ok(snapshot)
    }

    /// A snapshot's file, and its name.
    pub(super) fn seal_snapshot(&self, snapshot: &Snapshot) -> Result<(Id, Vec<u8>)> {
        let json = serde_json::to_vec(snapshot).map_err(|error| Error::damaged("a new snapshot", error))?;
        self.seal_unpacked(&json)
    }

    /// Writes a snapshot. Everything that it refers to must be durable before: packs, then index.
    pub fn save_snapshot(&self, snapshot: &Snapshot) -> Result<Id> {
        let (id, sealed) = self.seal_snapshot(snapshot)?;
        self.storage.write(FileKind::Snapshot, &id, &sealed)?;
        Ok(id)
    }

    /// All snapshots, oldest first. One that cannot be read is an error.
    pub fn snapshots(&self) -> Result<Vec<(Id, Snapshot)>> {
        let found = self.find_snapshots()?;
        match found.unreadable.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(found.readable),
        }
    }

    /// All snapshots, those that can be read apart from those that cannot.
    pub fn find_snapshots(&self) -> Result<FoundSnapshots> {
        self.find_snapshots_except(&BTreeSet::new())
    }

    /// The same without these, which are not read.
    pub fn find_snapshots_except(&self, known: &BTreeSet<Id>) -> Result<FoundSnapshots> {
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        let listed = self.storage.list(FileKind::Snapshot)?;
        for (id, _) in listed.into_iter().filter(|(id, _)| !known.contains(id)) {
            match self.load_snapshot(&id) {
                Ok(snapshot) => readable.push((id, snapshot)),
                Err(error) => unreadable.push((id, error)),
            }
        }
        readable.sort_by_key(|(id, snapshot)| (snapshot.time, *id));
        unreadable.sort_by_key(|(id, _)| *id);
        Ok(FoundSnapshots { readable, unreadable })
    }

    /// Removes a snapshot; one that is gone already is no error, so that an interrupted deletion can be asked for again. Its
    /// data stays until a collection.
    pub fn forget(&self, id: &Id) -> Result<()> {
        match self.storage.remove(FileKind::Snapshot, id) {
            Ok(()) | Err(Error::NotFound { .. }) => {
                self.snapshot_trees.forget(id);
                Ok(())
            }
            other => other,
        }
    }

    /// Removes snapshots as [`forget`](Self::forget) does, and waits for the disk once for all of them. Whether a collection may
    /// have something to give back by that: it has not where for each of them another snapshot of the very same tree is there.
    pub fn forget_all(&self, ids: &[Id]) -> Result<bool> {
        self.storage.remove_all(FileKind::Snapshot, ids)?;
        // All of them first: none of them holds anything any more.
        let trees: BTreeSet<Option<Id>> = ids.iter().map(|id| self.snapshot_trees.forget(id)).collect();
        Ok(!trees.iter().all(|tree| tree.is_some_and(|tree| self.is_held(&tree))))
    }
}
