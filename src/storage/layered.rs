//! A storage with something around each of its calls.

use std::sync::Arc;
use std::time::SystemTime;

use crate::repository::{Error, FileKind, Id, Properties, Result, Retained, Stamp, Storage};

/// What is asked of a storage, as far as it matters to what is put around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Something that can be asked any number of times: it looks, reads, or leaves the same behind each time.
    Repeatable,
    /// Something whose second answer would not tell what the first one did.
    Once,
}

/// What is put around a storage. What a layer does not say otherwise is passed on.
pub trait Layer: Send + Sync {
    /// Carries out a call: `run` once, later, or again.
    fn carry_out<T>(&self, _call: Call, mut run: impl FnMut() -> Result<T>) -> Result<T> {
        run()
    }

    /// So many bytes are about to be sent, or were received.
    fn moved(&self, _bytes: usize) {}

    /// A whole file, which `far` reads.
    fn read(&self, _kind: FileKind, _id: &Id, far: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        far()
    }

    /// These files of a kind are removed, or may be.
    fn forget(&self, _kind: FileKind, _ids: &[Id]) {}
}

/// A storage in a layer.
pub struct Layered<L> {
    storage: Arc<dyn Storage>,
    layer: L,
}

impl<L: Layer> Layered<L> {
    /// Puts a layer around a storage.
    pub fn new(storage: Arc<dyn Storage>, layer: L) -> Self {
        Self { storage, layer }
    }

    fn again<T>(&self, run: impl FnMut() -> Result<T>) -> Result<T> {
        self.layer.carry_out(Call::Repeatable, run)
    }

    /// Carries out a removal: when it is tried again and the file is not there, the first time had taken it.
    fn removal(&self, mut run: impl FnMut() -> Result<()>) -> Result<()> {
        let mut tried = false;
        self.again(|| match (run(), std::mem::replace(&mut tried, true)) {
            (Err(Error::NotFound { .. }), true) => Ok(()),
            (outcome, _) => outcome,
        })
    }

    fn sent(&self, contents: impl Iterator<Item = usize>) {
        self.layer.moved(contents.sum());
    }
}

impl<L: Layer> Storage for Layered<L> {
    fn location(&self) -> String {
        self.storage.location()
    }

    fn properties(&self) -> Properties {
        self.storage.properties()
    }

    fn is_read_only(&self) -> bool {
        self.storage.is_read_only()
    }

    fn confirm_place(&self) -> Result<()> {
        self.again(|| self.storage.confirm_place())
    }

    fn prepare(&self) -> Result<()> {
        self.again(|| self.storage.prepare())
    }

    fn has_folder(&self, kind: FileKind) -> Result<bool> {
        self.again(|| self.storage.has_folder(kind))
    }

    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>> {
        self.again(|| self.storage.list(kind))
    }

    fn ids(&self, kind: FileKind) -> Result<Vec<Id>> {
        self.again(|| self.storage.ids(kind))
    }

    fn read(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        self.layer.read(kind, id, || {
            let content = self.again(|| self.storage.read(kind, id))?;
            self.layer.moved(content.len());
            Ok(content)
        })
    }

    fn read_range(&self, kind: FileKind, id: &Id, offset: u64, length: usize) -> Result<Vec<u8>> {
        let content = self.again(|| match self.storage.read_range(kind, id, offset, length)? {
            content if content.len() == length => Ok(content),
            short => Err(Error::Storage {
                action: "read",
                path: format!("{} ({kind} {id})", self.storage.location()).into(),
                source: std::io::Error::new(
                    std::io::ErrorKind::UnexpectedEof,
                    format!("{} bytes came of {length}", short.len()),
                ),
            }),
        })?;
        self.layer.moved(content.len());
        Ok(content)
    }

    fn size(&self, kind: FileKind, id: &Id) -> Result<u64> {
        self.again(|| self.storage.size(kind, id))
    }

    fn stamp(&self, kind: FileKind, id: &Id) -> Result<Stamp> {
        self.again(|| self.storage.stamp(kind, id))
    }

    fn write(&self, kind: FileKind, id: &Id, content: &[u8]) -> Result<()> {
        self.sent([content.len()].into_iter());
        self.again(|| self.storage.write(kind, id, content))
    }

    fn write_all(&self, kind: FileKind, files: &[(Id, Vec<u8>)]) -> Result<()> {
        self.sent(files.iter().map(|(_, content)| content.len()));
        self.again(|| self.storage.write_all(kind, files))
    }

    fn make_durable(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.again(|| self.storage.make_durable(kind, id))
    }

    fn remove(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.layer.forget(kind, std::slice::from_ref(id));
        self.removal(|| self.storage.remove(kind, id))
    }

    fn remove_all(&self, kind: FileKind, ids: &[Id]) -> Result<()> {
        self.layer.forget(kind, ids);
        self.again(|| self.storage.remove_all(kind, ids))
    }

    fn retain(&self, kind: FileKind, id: &Id, until: SystemTime) -> Result<Retained> {
        self.again(|| self.storage.retain(kind, id, until))
    }

    fn read_config(&self) -> Result<Option<Vec<u8>>> {
        self.again(|| self.storage.read_config())
    }

    fn write_config(&self, content: &[u8]) -> Result<()> {
        self.sent([content.len()].into_iter());
        self.again(|| self.storage.write_config(content))
    }

    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.layer.forget(kind, std::slice::from_ref(id));
        self.layer.carry_out(Call::Once, || self.storage.set_aside(kind, id))
    }

    fn set_config_aside(&self) -> Result<()> {
        self.layer.carry_out(Call::Once, || self.storage.set_config_aside())
    }

    fn prepare_side(&self, folder: &str) -> Result<()> {
        self.again(|| self.storage.prepare_side(folder))
    }

    fn list_side(&self, folder: &str) -> Result<Option<Vec<String>>> {
        self.again(|| self.storage.list_side(folder))
    }

    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let content = self.again(|| self.storage.read_side(name))?;
        self.layer.moved(content.as_ref().map_or(0, Vec::len));
        Ok(content)
    }

    fn write_side(&self, name: &str, content: &[u8]) -> Result<()> {
        self.sent([content.len()].into_iter());
        self.again(|| self.storage.write_side(name, content))
    }

    fn write_side_all(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        self.sent(files.iter().map(|(_, content)| content.len()));
        self.again(|| self.storage.write_side_all(files))
    }

    fn remove_side_all(&self, names: &[String]) -> Result<()> {
        self.again(|| self.storage.remove_side_all(names))
    }

    fn set_side_aside(&self, name: &str) -> Result<Option<String>> {
        self.layer.carry_out(Call::Once, || self.storage.set_side_aside(name))
    }

    fn remove_leftovers(&self) -> Result<()> {
        self.again(|| self.storage.remove_leftovers())
    }
}
