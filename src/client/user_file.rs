//! A small JSON file of a user, which all dashboards and commands of theirs on this machine share: read as a whole, changed as
//! a whole by one process at a time, and never written over while it cannot be read.

use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file that is larger than this was not written by us.
const MOST_BYTES: u64 = 4 << 20;

/// The file, which need not exist.
#[derive(Debug, Clone)]
pub struct UserFile {
    path: PathBuf,
    /// What is in it, for errors: `the muted findings`.
    what: &'static str,
}

/// The file cannot be read or written. What is in it stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum UserFileError {
    /// The system refused.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What is in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is damaged, or of a newer version.
    #[error("{what} {}, line {line}, column {column}: {why}; mend the file or move it away", path.display())]
    Damaged {
        /// What is in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
        /// Why.
        why: String,
    },
}

impl UserFile {
    /// The file at `path`; `what` says what is in it.
    pub fn new(path: PathBuf, what: &'static str) -> Self {
        Self { path, what }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it; the default where there is no file.
    pub fn read<T: DeserializeOwned + Default>(&self) -> Result<T, UserFileError> {
        let mut text = String::new();
        match File::open(&self.path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
            Err(source) => return Err(self.failed(source)),
        }
        serde_json::from_str(&text).map_err(|error| UserFileError::Damaged {
            what: self.what,
            path: self.path.clone(),
            line: error.line(),
            column: error.column(),
            why: error.to_string(),
        })
    }

    /// Changes it as a whole, one process at a time.
    pub fn change<T, R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R, UserFileError>
    where
        T: Serialize + DeserializeOwned + Default,
    {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| self.failed(source))?;
        let lock = open(&self.path.with_extension("lock")).map_err(|source| self.failed(source))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|errno| self.failed(errno.into()))?;
        let mut all = self.read()?;
        let result = change(&mut all);
        self.write(&all).map_err(|source| self.failed(source))?;
        Ok(result)
    }

    fn write(&self, all: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(all)?;
        if text.len() as u64 > MOST_BYTES {
            return Err(io::Error::other(format!(
                "it would have more than {MOST_BYTES} bytes: take something out of it first"
            )));
        }
        let new = self.path.with_extension("new");
        let mut file = open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(new, &self.path)
    }

    fn failed(&self, source: io::Error) -> UserFileError {
        UserFileError::Io { what: self.what, path: self.path.clone(), source }
    }
}

/// An empty file that only its owner reads.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
