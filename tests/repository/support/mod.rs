//! What the tests of the repository share.

pub mod counted;
pub mod faulty;
pub mod memory;
pub mod mounted;
pub mod restic;
pub mod tree;
pub mod wounds;

use std::path::Path;
use std::sync::Arc;

use vaultdeck::repository::{
    Control, Id, ItemPath, LocalStorage, MasterKey, Options, Repository, RestoreOutcome, RestoreRequest,
};

/// An empty repository of our own in `folder`, with a password for restic.
pub fn create(folder: &Path) -> Arc<Repository> {
    let storage = Arc::new(LocalStorage::new(folder));
    let repository = Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap();
    repository.add_key_file(restic::PASSWORD, "tester", "test", "2026-11-23T05:00:00Z".parse().unwrap()).unwrap();
    Arc::new(repository)
}

/// Opens a repository by the password that restic and [`create`] gave it.
pub fn open(folder: &Path) -> Arc<Repository> {
    let storage = Arc::new(LocalStorage::new(folder));
    let key = Repository::unlock(storage.as_ref(), restic::PASSWORD).unwrap();
    Arc::new(Repository::open(storage, key, Options::default()).unwrap())
}

/// The newest snapshot.
pub fn newest(repository: &Repository) -> Id {
    repository.snapshots().unwrap().last().unwrap().0
}

/// A request for all of a snapshot below the path that was backed up.
pub fn whole(snapshot: Id, source: &Path, target: &Path) -> RestoreRequest {
    RestoreRequest {
        snapshot,
        strip: ItemPath::from_path(source).unwrap(),
        items: Vec::new(),
        target: target.to_owned(),
        merge: false,
    }
}

/// Restores all of a snapshot.
pub fn restore(repository: &Repository, snapshot: Id, source: &Path, target: &Path) -> RestoreOutcome {
    repository.restore(&whole(snapshot, source, target), &Control::new()).unwrap()
}

/// Whether the tests run as root, which may make devices and give files away.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The files of a repository's folder (`data`, `index`, …), sorted.
pub fn files(repository: &Path, folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Changes a file in place, read-only or not.
pub fn damage(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = std::fs::read(path).unwrap();
    change(&mut content);
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}
