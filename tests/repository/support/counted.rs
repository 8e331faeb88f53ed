//! A storage that counts what is asked of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use vaultdeck::repository::{FileKind, Id, Properties, Result, Stamp, Storage};

/// What was asked, and how often: `list index file`, `stamp pack`, `read-side integrity`, …
pub type Calls = BTreeMap<String, u64>;
type Watch = Box<dyn FnMut() + Send>;

pub struct Counted {
    storage: Arc<dyn Storage>,
    calls: Mutex<Calls>,
    blind: bool,
    watch: Mutex<Option<Watch>>,
    /// Bytes of ranges that were read.
    pub bytes: AtomicU64,
}

impl Counted {
    pub fn new(storage: Arc<dyn Storage>) -> Arc<Self> {
        Arc::new(Self {
            storage,
            calls: Mutex::default(),
            blind: false,
            watch: Mutex::default(),
            bytes: AtomicU64::default(),
        })
    }

    /// A storage on which a file looks untouched as long as its length is the same: bytes change on the medium, and nothing
    /// but reading shows it.
    pub fn blind(storage: Arc<dyn Storage>) -> Arc<Self> {
        Arc::new(Self {
            storage,
            calls: Mutex::default(),
            blind: true,
            watch: Mutex::default(),
            bytes: AtomicU64::default(),
        })
    }

    /// Has this called before each range of a pack is read.
    pub fn watch(&self, watch: impl FnMut() + Send + 'static) {
        *self.watch.lock().unwrap() = Some(Box::new(watch));
    }

    /// The calls since the last time.
    pub fn take(&self) -> Calls {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn count(&self, action: &str, what: impl std::fmt::Display) {
        *self.calls.lock().unwrap().entry(format!("{action} {what}")).or_default() += 1;
    }
}

impl Storage for Counted {
    fn location(&self) -> String {
        self.storage.location()
    }
    fn properties(&self) -> Properties {
        self.storage.properties()
    }
    fn prepare(&self) -> Result<()> {
        self.storage.prepare()
    }
    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>> {
        self.count("list", kind);
        self.storage.list(kind)
    }
    fn read(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        self.count("read", kind);
        self.storage.read(kind, id)
    }
    fn read_range(&self, kind: FileKind, id: &Id, offset: u64, length: usize) -> Result<Vec<u8>> {
        self.count("read", kind);
        // What it calls may read here too.
        let watch = self.watch.lock().unwrap().take();
        if let Some(mut watch) = watch {
            watch();
            self.watch.lock().unwrap().get_or_insert(watch);
        }
        self.bytes.fetch_add(length as u64, Ordering::SeqCst);
        self.storage.read_range(kind, id, offset, length)
    }
    fn size(&self, kind: FileKind, id: &Id) -> Result<u64> {
        self.count("size", kind);
        self.storage.size(kind, id)
    }
    fn stamp(&self, kind: FileKind, id: &Id) -> Result<Stamp> {
        self.count("stamp", kind);
        if self.blind {
            return self.storage.size(kind, id).map(|size| Stamp { size, mark: 0 });
        }
        self.storage.stamp(kind, id)
    }
    fn write(&self, kind: FileKind, id: &Id, content: &[u8]) -> Result<()> {
        self.count("write", kind);
        self.storage.write(kind, id, content)
    }
    fn write_all(&self, kind: FileKind, files: &[(Id, Vec<u8>)]) -> Result<()> {
        self.count("write-all", kind);
        self.storage.write_all(kind, files)
    }
    fn make_durable(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.count("sync", kind);
        self.storage.make_durable(kind, id)
    }
    fn remove(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.count("remove", kind);
        self.storage.remove(kind, id)
    }
    fn remove_all(&self, kind: FileKind, ids: &[Id]) -> Result<()> {
        self.count("remove-all", kind);
        self.storage.remove_all(kind, ids)
    }
    fn read_config(&self) -> Result<Option<Vec<u8>>> {
        self.count("read", "config");
        self.storage.read_config()
    }
    fn write_config(&self, content: &[u8]) -> Result<()> {
        self.count("write", "config");
        self.storage.write_config(content)
    }
    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.count("set-aside", kind);
        self.storage.set_aside(kind, id)
    }
    fn set_config_aside(&self) -> Result<()> {
        self.count("set-aside", "config");
        self.storage.set_config_aside()
    }
    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.count("read-side", name);
        self.storage.read_side(name)
    }
    fn write_side(&self, name: &str, content: &[u8]) -> Result<()> {
        self.count("write-side", name);
        self.storage.write_side(name, content)
    }
    fn list_side(&self, folder: &str) -> Result<Option<Vec<String>>> {
        self.count("list-side", folder);
        self.storage.list_side(folder)
    }
    fn write_side_all(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        self.count("write-side-all", files.len());
        self.storage.write_side_all(files)
    }
    fn remove_side_all(&self, names: &[String]) -> Result<()> {
        self.count("remove-side-all", names.len());
        self.storage.remove_side_all(names)
    }
    fn set_side_aside(&self, name: &str) -> Result<Option<String>> {
        self.count("set-aside", name);
        self.storage.set_side_aside(name)
    }
    fn remove_leftovers(&self) -> Result<()> {
        self.storage.remove_leftovers()
    }
}
