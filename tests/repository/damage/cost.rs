//! What believing the disk costs where nothing is damaged, in counts.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vaultdeck::repository::{
    Control, LocalSource, LocalStorage, MasterKey, Repository, SourceItem, SourceReader, Timestamp, TreeSource,
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
    assert_eq!(writes, ["write snapshot"], "{calls:?}");
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
    let folders = vault.backup_of_folders();
    assert_eq!(storage.take()["read pack"], folders);
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

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.source.list(folder)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.source.open(path)
    }
}
