//! A source that counts what is read, and misbehaves where a test wants it to.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use vaultdeck::repository::{Children, FileState, LocalSource, Piece, SourceItem, SourceReader, TreeSource};

/// What happens when a file is opened or read.
pub type Trouble = Box<dyn Fn(&Path, Moment) -> io::Result<()> + Send + Sync>;

/// When trouble may come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Look,
    List,
    Open,
    /// After so many bytes.
    Read(u64),
}

pub struct Watched {
    source: LocalSource,
    trouble: Trouble,
    pub opened: Mutex<BTreeSet<PathBuf>>,
    pub bytes_read: std::sync::Arc<AtomicU64>,
}

impl Watched {
    pub fn new(source: LocalSource) -> Self {
        Self::with_trouble(source, Box::new(|_, _| Ok(())))
    }

    pub fn with_trouble(source: LocalSource, trouble: Trouble) -> Self {
        Self { source, trouble, opened: Mutex::default(), bytes_read: std::sync::Arc::default() }
    }

    pub fn opened_names(&self) -> Vec<String> {
        let opened = self.opened.lock().unwrap();
        opened.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }
}

impl TreeSource for Watched {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        (self.trouble)(path, Moment::Look)?;
        self.source.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        (self.trouble)(folder, Moment::List)?;
        self.source.children(folder)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        (self.trouble)(path, Moment::Open)?;
        self.opened.lock().unwrap().insert(path.to_owned());
        let reader = self.source.open(path)?;
        Ok(Box::new(WatchedReader { reader, source: self, path: path.to_owned(), at: 0 }))
    }
}

struct WatchedReader<'a> {
    reader: Box<dyn SourceReader + 'a>,
    source: &'a Watched,
    path: PathBuf,
    at: u64,
}

impl SourceReader for WatchedReader<'_> {
    fn state(&mut self) -> io::Result<FileState> {
        self.reader.state()
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        (self.source.trouble)(&self.path, Moment::Read(self.at))?;
        let piece = self.reader.read(buffer)?;
        if let Piece::Data(length) = piece {
            self.at += length as u64;
            self.source.bytes_read.fetch_add(length as u64, Ordering::Relaxed);
        }
        Ok(piece)
    }
}
