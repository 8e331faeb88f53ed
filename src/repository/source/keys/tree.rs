//! The tree of a store, range by range.

use parking_lot::Mutex;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::names;
use super::range::{self, Range, folder};
use super::ranges::{self, Cuts, Sizes};
use super::store::{KeyItem, KeyStore};
use crate::repository::Control;
use crate::repository::source::{Child, Children, Estimate, SourceItem, SourceReader, TreeSource};

/// A store as a tree. It holds the beginnings of all ranges and the keys of one.
pub struct KeyTree<S> {
    store: S,
    root: PathBuf,
    /// The first key of each range, in their order.
    starts: Vec<Vec<u8>>,
    /// The ranges' folders by their names, each with the number of its start.
    folders: Vec<(Vec<u8>, usize)>,
    estimate: Estimate,
    /// The range whose folders are asked for.
    loaded: Mutex<Option<(usize, Arc<Range>)>>,
}

/// What a path in the tree is.
enum Place<'p> {
    /// The root, or a folder above it.
    Root,
    /// The folder of a range.
    Range(usize),
    /// An item in a range, by its names below the range's folder.
    In(usize, Vec<&'p [u8]>),
    /// Nothing that this tree has.
    Nowhere,
}

impl<S: KeyStore> KeyTree<S> {
    /// The tree of a store below `root`, an absolute path that is only a name in the snapshot. Reads through all keys once;
    /// an interruption is an error of that kind.
    pub fn new(store: S, root: PathBuf, control: &Control) -> io::Result<Self> {
        Self::with_sizes(store, root, Sizes::FROZEN, control)
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    fn with_sizes(store: S, root: PathBuf, sizes: Sizes, control: &Control) -> io::Result<Self> {
        let mut cuts = Cuts::new(sizes);
        let mut estimate = Estimate::default();
        for item in store.keys(b"") {
            let KeyItem { key, item } = item?;
            if control.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            cuts.push(&key)?;
            estimate.files += 1;
            estimate.bytes += item.node.size;
        }
        let starts = cuts.finish();
        let mut folders: Vec<(Vec<u8>, usize)> =
            starts.iter().enumerate().map(|(number, start)| (ranges::name_of(start), number)).collect();
        folders.sort_unstable();
        Ok(Self { store, root, starts, folders, estimate, loaded: Mutex::default() })
    }

    fn place<'p>(&self, path: &'p Path) -> Place<'p> {
        let Ok(below) = path.strip_prefix(&self.root) else {
            return if self.root.starts_with(path) { Place::Root } else { Place::Nowhere };
        };
        let mut names = below.iter().map(OsStr::as_bytes);
        let Some(folder) = names.next() else { return Place::Root };
        let Ok(found) = self.folders.binary_search_by(|(name, _)| name.as_slice().cmp(folder)) else {
            return Place::Nowhere;
        };
        let number = self.folders[found].1;
        let names: Vec<&[u8]> = names.collect();
        if names.is_empty() { Place::Range(number) } else { Place::In(number, names) }
    }

    /// The key of a path.
    fn key(&self, path: &Path) -> io::Result<Vec<u8>> {
        let key = match self.place(path) {
            Place::In(_, names) => names::key_of(names.into_iter()),
            _ => None,
        };
        key.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// What the store says about a key now.
    fn look(&self, key: &[u8]) -> io::Result<Option<SourceItem>> {
        let first = self.store.keys(key).next().transpose()?;
        Ok(first.filter(|first| first.key == key).map(|first| first.item))
    }

    /// The range of this number, loaded unless it is the one that was asked for last.
    fn range(&self, number: usize) -> io::Result<Arc<Range>> {
        let mut loaded = self.loaded.lock();
        if let Some((_, range)) = loaded.as_ref().filter(|(held, _)| *held == number) {
            return Ok(Arc::clone(range));
        }
        // Never two at once.
        *loaded = None;
        let until = self.starts.get(number + 1);
        let keys = self.store.keys(&self.starts[number]);
        let range = Arc::new(Range::load(keys, until.map(Vec::as_slice))?);
        *loaded = Some((number, Arc::clone(&range)));
        Ok(range)
    }
}

impl<S: KeyStore> TreeSource for KeyTree<S> {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        match self.place(path) {
            Place::Root | Place::Range(_) => Ok(folder()),
            Place::Nowhere => Err(io::ErrorKind::NotFound.into()),
            Place::In(number, names) => {
                // First the folders: a file beside one of its name has another name.
                if self.range(number)?.has_folder(&names) {
                    return Ok(folder());
                }
                let item = names::key_of(names.into_iter()).map(|key| self.look(&key)).transpose()?.flatten();
                item.ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }

    fn children(&self, path: &Path) -> io::Result<Children<'_>> {
        match self.place(path) {
            // A range that cannot be loaded breaks the root's listing off, which ends the backup: thousands of keys are not
            // to be missing for a line that was dead for a moment.
            Place::Root => Ok(Box::new(self.folders.iter().map(|(name, number)| {
                self.range(*number)?;
                Ok(Child { name: OsString::from_vec(name.clone()), item: Some(folder()) })
            }))),
            Place::Range(number) => Ok(Box::new(range::children(self.range(number)?, &[]))),
            Place::In(number, names) => Ok(Box::new(range::children(self.range(number)?, &names))),
            Place::Nowhere => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.store.open(&self.key(path)?)
    }

    fn expect(&self, path: &Path, size: u64) {
        if let Ok(key) = self.key(path) {
            self.store.expect(&key, size);
        }
    }

    fn is_listed(&self, path: &Path) -> io::Result<bool> {
        match self.key(path) {
            Ok(key) => Ok(self.look(&key)?.is_some()),
            Err(_) => Ok(true),
        }
    }

    fn estimate(&self, root: &Path, _control: &Control) -> Option<Estimate> {
        self.root.starts_with(root).then_some(self.estimate)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
