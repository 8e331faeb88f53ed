//! Files that come before the walk, from a source that gives each only once: their contents are stored as they come, and wait
//! here for the walk to ask for them by their paths.
//!
//! What waits is the ids of their pieces, as much as the index holds of them anyway.

use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::reader::Reader;
use super::session::Session;
use crate::repository::source::{Arrivals, FileState, Piece, SourceReader};
use crate::repository::{Error, Id, Node, Result};

/// The contents of files that came.
#[derive(Default)]
pub(super) struct Arrived {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    contents: HashMap<PathBuf, Content>,
    /// How many came whole.
    whole: u64,
    aborted: bool,
}

/// A content that is stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) pieces: Vec<Id>,
}

impl Arrived {
    /// A file of which the last piece is stored.
    pub(super) fn put(&self, path: PathBuf, node: Node) {
        let mut state = self.state.lock();
        state.contents.insert(path, Content { size: node.size, pieces: node.content });
        state.whole += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// What came of a file, if it came.
    pub(super) fn take(&self, path: &Path) -> Option<Content> {
        self.state.lock().contents.remove(path)
    }

    /// Lets go whoever waits.
    pub(super) fn abort(&self) {
        self.state.lock().aborted = true;
        self.changed.notify_all();
    }

    /// Waits until so many files are stored; an error when the backup was aborted.
    fn wait_for(&self, files: u64) -> Result<()> {
        let mut state = self.state.lock();
        while state.whole < files && !state.aborted {
            self.changed.wait(&mut state);
        }
        if state.aborted { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Stores all files that come, and returns when the last piece of the last one is.
pub(super) fn store(session: &Session<'_>, roots: &[PathBuf], mut arrivals: Box<dyn Arrivals + '_>) -> Result<()> {
    let mut reader = Reader::new(session);
    let mut files = 0;
    let root = || roots.first().cloned().unwrap_or_default();
    let broken = |source| session.control.check().err().unwrap_or_else(|| Error::Source { path: root(), source });
    while let Some(arrival) = arrivals.next().map_err(broken)? {
        session.control.check()?;
        reader.receive(arrival, &mut Coming(arrivals.as_mut()))?.map_err(broken)?;
        files += 1;
    }
    session.arrived.wait_for(files)
}

/// The file that came last.
struct Coming<'a, 'b>(&'a mut (dyn Arrivals + 'b));

impl SourceReader for Coming<'_, '_> {
    fn state(&mut self) -> io::Result<FileState> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        Ok(match self.0.read(buffer)? {
            0 => Piece::End,
            length => Piece::Data(length),
        })
    }
}
