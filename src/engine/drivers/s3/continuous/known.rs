//! The list of a bucket's versions as a file: what is known of it.

use super::versions::Version;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// How the file of a list is called; behind it the name of the last piece of the log that it led to.
const NAME: &str = "listing";

/// A list that is read, key by key.
pub(super) struct Known {
    lines: io::Lines<BufReader<File>>,
    next: Option<Version>,
}

impl Known {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut known = Self { lines: BufReader::new(File::open(path)?).lines(), next: None };
        known.advance()?;
        Ok(known)
    }

    fn advance(&mut self) -> io::Result<()> {
        let line = self.lines.next().transpose()?;
        self.next = line.map(|line| serde_json::from_str(&line)).transpose().map_err(io::Error::other)?;
        Ok(())
    }

    /// The next key.
    pub(super) fn key(&self) -> Option<&str> {
        self.next.as_ref().map(|version| version.key.as_str())
    }

    /// The versions of the next key; none after the last.
    pub(super) fn next_key(&mut self) -> io::Result<Vec<Version>> {
        let mut versions: Vec<Version> = Vec::new();
        while let Some(next) = self.next.take() {
            if versions.first().is_some_and(|first| first.key != next.key) {
                self.next = Some(next);
                break;
            }
            versions.push(next);
            self.advance()?;
        }
        Ok(versions)
    }
}

/// Lines that are written, each a document.
pub(super) struct Lines(BufWriter<File>);

impl Lines {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(File::create(path)?)))
    }

    pub(super) fn write(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, line).map_err(io::Error::other)?;
        self.0.write_all(b"\n")
    }

    /// Makes sure that all of them are there also after the machine failed.
    pub(super) fn finish(self) -> io::Result<()> {
        self.0.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// The file of the list that the piece of the log with this name was made from; that from before the first piece without one.
pub(super) fn path(spool: &Path, piece: &str) -> PathBuf {
    if piece.is_empty() { spool.join(NAME) } else { spool.join(format!("{NAME}-{}", piece.replace('/', "-"))) }
}

/// Gives a file its name, also after the machine failed.
pub(super) fn settle(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
