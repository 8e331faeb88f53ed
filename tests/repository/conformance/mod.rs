//! What every storage of a vault must do, asked of each that there is: in a folder, in memory, failing, and in every layer.
//!
//! A new storage is a new row in [`STORAGES`]: the suite tells whether it keeps the contract of [`Storage`].

mod files;
mod sides;
mod writers;

use std::sync::Arc;
use std::time::Duration;

use vaultdeck::repository::{Id, LocalStorage, Storage};
use vaultdeck::storage::{Cache, Layered, Limit, Retry};

use crate::support::faulty::{Faults, FaultyStorage};

/// An empty storage, prepared, and what must live as long as it does.
struct Place {
    storage: Arc<dyn Storage>,
    folders: Vec<tempfile::TempDir>,
}

/// A name, and how one is made.
type Maker = (&'static str, fn() -> Place);

/// Every storage that there is, by a name.
const STORAGES: [Maker; 8] = [
    ("local", local),
    ("local, reached by descriptor", in_folder),
    ("memory", memory),
    ("memory, failing, tried again", || around(failing(), retry())),
    ("local, limited", || around(local(), Limit::new(2, Some(1 << 30), std::thread::sleep))),
    ("memory, with a cache in a folder", cached),
    ("memory, failing, with a cache, tried again, limited", || {
        let inner = around(around(failing(), retry()), Limit::new(3, None, |_| ()));
        with_cache(inner)
    }),
    ("local, tried again", || around(local(), retry())),
];

/// Asks the same of each.
fn each(check: impl Fn(&str, &dyn Storage)) {
    for (name, make) in STORAGES {
        let place = make();
        check(name, place.storage.as_ref());
    }
}

fn local() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(LocalStorage::new(folder.path().join("vault")));
    prepared(storage, vec![folder])
}

fn in_folder() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let opened = vaultdeck::repository::OpenFolder::open(&path).unwrap();
    prepared(Arc::new(LocalStorage::in_folder(opened)), vec![folder])
}

fn memory() -> Place {
    prepared(FaultyStorage::new(1), Vec::new())
}

/// Of the reads one in five fails and one in five comes short; of the writes one in fifty fails, for a batch of many is only
/// written when none of them does.
fn failing() -> Place {
    let storage = FaultyStorage::new(7);
    storage.set_faults(Faults { read_errors: 0.2, short_reads: 0.2, write_errors: 0.02, ..Faults::default() });
    prepared(storage, Vec::new())
}

fn retry() -> Retry {
    Retry::new(40, Duration::ZERO, |_| ())
}

fn around(place: Place, layer: impl vaultdeck::storage::Layer + 'static) -> Place {
    Place { storage: Arc::new(Layered::new(place.storage, layer)), folders: place.folders }
}

fn cached() -> Place {
    with_cache(memory())
}

fn with_cache(mut far: Place) -> Place {
    let near = local();
    far.folders.extend(near.folders);
    around(far, Cache::new(near.storage))
}

fn prepared(storage: Arc<dyn Storage>, folders: Vec<tempfile::TempDir>) -> Place {
    storage.prepare().unwrap();
    storage.prepare_side("points").unwrap();
    Place { storage, folders }
}

/// Content of a length, and the name that it gives its file.
fn file(seed: u8, length: usize) -> (Id, Vec<u8>) {
    let content = crate::support::tree::noise(u64::from(seed) + 1, length);
    (Id::of(&content), content)
}
