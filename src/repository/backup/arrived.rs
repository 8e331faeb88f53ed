//! Contents of files that came before the walk, which wait here for it to ask for them by their paths.
//!
//! What waits is the ids of their pieces, as much as the index holds of them anyway.

use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

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

    /// Nothing came. No file may be under way.
    pub(super) fn forget(&self) {
        let mut state = self.state.lock();
        state.contents.clear();
        state.whole = 0;
    }

    /// Lets go whoever waits.
    pub(super) fn abort(&self) {
        self.state.lock().aborted = true;
        self.changed.notify_all();
    }

    /// Waits until so many files are stored; an error when the backup was aborted.
    pub(super) fn wait_for(&self, files: u64) -> Result<()> {
        let mut state = self.state.lock();
        while state.whole < files && !state.aborted {
            self.changed.wait(&mut state);
        }
        if state.aborted { Err(Error::Cancelled) } else { Ok(()) }
    }
}
