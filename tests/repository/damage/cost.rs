//! What believing the disk costs where nothing is damaged, in counts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vaultdeck::repository::{
    BackupRequest, Children, ChunkerParameters, Control, LocalSource, LocalStorage, MasterKey, Prepared, Repository,
    SourceItem, SourceReader, Timestamp, TreeSource,
};

use super::{Vault, options};
use crate::support::counted::Counted;

#[test]
fn an_unchanged_backup_looks_at_each_pack_twice_and_reads_only_folders() {
    let mut vault = Vault::new();
    vault.backup_of_folders();
    let storage = Counted::new(Arc::new(LocalStorage::new(vault.path())));
    let key = MasterKey::from_bytes(&vault.repository.key().to_bytes());
    vault.repository = Arc::new(Repository::open(storage.clone(), key, options()).unwrap());
    assert_eq!(storage.take()["list pack"], 1, "one list of the packs when the vault is opened");
    let packs = vault.files("data").len() as u64;
    let folders = vault.backup_of_folders();

    let calls = storage.take();

    // A pack of folders that only an earlier snapshot needs is not looked at.
    assert!((2..=2 * packs).contains(&calls["stamp pack"]) && calls["stamp pack"].is_multiple_of(2), "{calls:?}");
    assert_eq!(calls["list index file"], 2, "{calls:?}");
    assert_eq!(calls["read pack"], folders, "each folder of the parent, and no pack: {calls:?}");
    assert_eq!(calls.get("list pack"), None, "{calls:?}");
    let writes: Vec<_> = calls.keys().filter(|call| call.starts_with("write")).collect();
    assert_eq!(writes, ["write-all snapshot"], "{calls:?}");
}

#[test]
fn a_commit_of_many_backups_writes_one_index_file_one_record_and_the_snapshots_together() {
    let mut vault = Vault::new();
    vault.backup_of_folders();
    let storage = Counted::new(Arc::new(LocalStorage::new(vault.path())));
    let key = MasterKey::from_bytes(&vault.repository.key().to_bytes());
    let repository = Repository::open(storage.clone(), key, options()).unwrap();
    let mut prepared = Vec::new();
    for number in 0..10 {
        let folder = vault.source().join(format!("new-{number}"));
        super::write(&folder, "file", 100 + number, 20_000);
        let request = BackupRequest {
            paths: vec![folder.clone()],
            parent: None,
            time: "2026-11-23T05:00:00Z".parse().unwrap(),
            started: std::time::SystemTime::now(),
            hostname: "test".into(),
            username: "tester".into(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        prepared.push(repository.prepare(&LocalSource::new(&folder).unwrap(), &request, &Control::new()).unwrap());
    }
    storage.take();
    let all: Vec<&Prepared> = prepared.iter().collect();

    assert_eq!(repository.commit(&all).unwrap(), [true; 10]);

    let calls = storage.take();
    let writes: Vec<(&str, u64)> = calls
        .iter()
        .filter(|(call, _)| call.starts_with("write"))
        .map(|(call, count)| (call.as_str(), *count))
        .collect();
    assert_eq!(writes, [("write index file", 1), ("write-all snapshot", 1), ("write-side integrity", 1)]);
}

#[test]
fn what_was_written_is_never_read_again_to_prove_it() {
    let mut vault = Vault::new();
    vault.backup_of_folders();
    let storage = Counted::new(Arc::new(LocalStorage::new(vault.path())));
    let key = MasterKey::from_bytes(&vault.repository.key().to_bytes());
    vault.repository = Arc::new(Repository::open(storage.clone(), key, options()).unwrap());
    super::write(&vault.source(), "new", 77, 200_000);
    storage.take();
    let folders = vault.backup_of_folders();
    let calls = storage.take();
    assert_eq!(calls["read pack"], folders, "{calls:?}");
    assert_eq!(calls["write-side integrity"], 1, "{calls:?}");
}

#[test]
fn a_pack_that_somebody_touched_is_read_once() {
    let mut vault = Vault::new();
    vault.backup_of_folders();
    let (_, pack) = vault.packs();
    super::change(&pack, |_| {});
    let storage = Counted::new(Arc::new(LocalStorage::new(vault.path())));
    let key = MasterKey::from_bytes(&vault.repository.key().to_bytes());
    vault.repository = Arc::new(Repository::open(storage.clone(), key, options()).unwrap());
    storage.take();
    let folders = vault.backup_of_folders();
    assert_eq!(storage.take()["read pack"], folders + 1);
    vault.backup_of_folders();
    assert_eq!(storage.take().get("read pack"), None, "its folders were just read");
}

impl Vault {
    /// Backs up, and answers how many folders there are.
    fn backup_of_folders(&mut self) -> u64 {
        let request = super::request(&self.source(), self.snapshots.last().copied(), self.snapshots.len());
        let source = Still { source: LocalSource::new(&self.source()).unwrap(), root: self.source() };
        let outcome = self.repository.backup(&source, &request, &Control::new()).unwrap();
        self.snapshots.push(outcome.snapshot);
        // The root of the snapshot, which no node names, is one more.
        outcome.directories + 1
    }
}

/// A source whose folders above the root never change, whatever other tests do there.
struct Still {
    source: LocalSource,
    root: PathBuf,
}

impl TreeSource for Still {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        let mut item = self.source.item(path)?;
        if path != self.root && self.root.starts_with(path) {
            let never = Timestamp::default();
            (item.node.modified, item.node.accessed, item.node.changed, item.node.links) = (never, never, never, 1);
        }
        Ok(item)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        self.source.children(folder)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.source.open(path)
    }
}
