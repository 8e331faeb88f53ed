//! Items that exist only in the memory of a test, told by their folder's listing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use vaultdeck::repository::{
    Child, Children, Cut, ExtendedAttribute, FileState, KeyItem, KeyStore, Keys, Node, NodeKind, Piece, SourceItem,
    SourceReader, Timestamp, TreeSource,
};

/// A file of memory.
#[derive(Clone, Default)]
pub struct MemoryFile {
    pub content: Vec<u8>,
    pub cut: Cut,
    pub unchanged: bool,
    pub modified: Timestamp,
    /// What only who opens it is told.
    pub told: Option<Vec<ExtendedAttribute>>,
    /// From where to where it is what the parent snapshot has, if it has the file.
    pub as_before: Vec<Range<u64>>,
}

/// Folders and files by their paths; folders are there by what is in them.
#[derive(Default)]
pub struct MemorySource {
    pub files: BTreeMap<PathBuf, MemoryFile>,
    /// Names that a listing gives besides, in the order in which they are here.
    pub strange: Vec<(PathBuf, OsString)>,
    /// Folders whose listing breaks off after so many items.
    pub breaking: BTreeMap<PathBuf, usize>,
    pub opened: Mutex<Vec<PathBuf>>,
    /// What was asked for by its path, for its listing had not told it.
    pub looked: Mutex<Vec<PathBuf>>,
}

impl MemorySource {
    pub fn of(files: &[(&str, &[u8])]) -> Self {
        let file = |content: &[u8]| MemoryFile { content: content.to_vec(), ..MemoryFile::default() };
        let files = files.iter().map(|(path, content)| (PathBuf::from(path), file(content))).collect();
        Self { files, ..Self::default() }
    }

    pub fn file(&mut self, path: &str) -> &mut MemoryFile {
        self.files.entry(path.into()).or_default()
    }

    fn at(&self, path: &Path) -> Option<SourceItem> {
        if let Some(file) = self.files.get(path) {
            let node = Node {
                kind: NodeKind::File,
                permissions: 0o640,
                size: file.content.len() as u64,
                modified: file.modified,
                accessed: file.modified,
                changed: file.modified,
                ..Node::default()
            };
            let (cut, unchanged_since_parent) = (file.cut, file.unchanged);
            let attributes_when_opened = file.told.is_some();
            return Some(SourceItem {
                node,
                cut,
                unchanged_since_parent,
                attributes_when_opened,
                ..SourceItem::default()
            });
        }
        let is_folder = self.files.keys().any(|file| file.starts_with(path));
        let node = Node { kind: NodeKind::Directory, permissions: 0o750, ..Node::default() };
        is_folder.then(|| SourceItem { node, ..SourceItem::default() })
    }
}

impl TreeSource for MemorySource {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.looked.lock().unwrap().push(path.to_owned());
        self.at(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let mut names: Vec<OsString> = self
            .files
            .keys()
            .filter_map(|file| Some(file.strip_prefix(folder).ok()?.iter().next()?.to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names.extend(self.strange.iter().filter(|(place, _)| place == folder).map(|(_, name)| name.clone()));
        let folder = folder.to_owned();
        let end = self.breaking.get(&folder).copied();
        Ok(Box::new(names.into_iter().enumerate().map(move |(number, name)| {
            if end == Some(number) {
                return Err(io::Error::other("the line went dead"));
            }
            let item = Some(self.at(&folder.join(&name)).unwrap_or_default());
            Ok(Child { name, item })
        })))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.opened.lock().unwrap().push(path.to_owned());
        let file = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryReader {
            content: &file.content,
            modified: file.modified,
            told: file.told.as_deref(),
            at: 0,
            as_before: &file.as_before,
            has_parent: false,
        }))
    }
}

/// Keys with their contents, as an object store has them.
#[derive(Default)]
pub struct MemoryStore {
    pub keys: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Keys that were listed and whose content was not asked for yet; and the most that there ever were.
    pub waiting: AtomicI64,
    pub most_waiting: AtomicI64,
    pub opened: Mutex<Vec<Vec<u8>>>,
}

impl KeyStore for MemoryStore {
    fn keys(&self, from: &[u8]) -> Keys<'_> {
        Box::new(self.keys.range(from.to_vec()..).map(|(key, content)| {
            let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_waiting.fetch_max(waiting, Ordering::SeqCst);
            let node = Node { size: content.len() as u64, permissions: 0o600, ..Node::default() };
            Ok(KeyItem { key: key.clone(), item: SourceItem { node, ..SourceItem::default() } })
        }))
    }

    fn open(&self, key: &[u8]) -> io::Result<Box<dyn SourceReader + '_>> {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.opened.lock().unwrap().push(key.to_vec());
        let content = self.keys.get(key).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryReader {
            content,
            modified: Timestamp::default(),
            told: None,
            at: 0,
            as_before: &[],
            has_parent: false,
        }))
    }
}

/// Reads a content.
struct MemoryReader<'a> {
    content: &'a [u8],
    modified: Timestamp,
    told: Option<&'a [ExtendedAttribute]>,
    at: usize,
    as_before: &'a [Range<u64>],
    has_parent: bool,
}

impl SourceReader for MemoryReader<'_> {
    fn state(&mut self) -> io::Result<FileState> {
        let size = self.content.len() as u64;
        Ok(FileState { size, modified: self.modified, changed: self.modified, inode: 0 })
    }

    fn parent_is_stored(&mut self) {
        self.has_parent = true;
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        let at = self.at as u64;
        let as_before = self.as_before.iter().filter(|range| self.has_parent && range.end > at);
        let next = as_before.min_by_key(|range| range.start);
        if let Some(range) = next.filter(|range| range.start <= at) {
            self.at = range.end as usize;
            return Ok(Piece::AsBefore(range.end - at));
        }
        let until = next.map_or(self.content.len(), |range| range.start as usize);
        let rest = self.content.get(self.at..until).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if length == 0 {
            return Ok(Piece::End);
        }
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(Piece::Data(length))
    }

    fn attributes(&mut self) -> Option<Vec<ExtendedAttribute>> {
        self.told.map(<[_]>::to_vec)
    }
}
