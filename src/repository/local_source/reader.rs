//! Reading a file of this machine, holes left out.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;

use rustix::io::Errno;

use super::metadata::state;
use crate::repository::source::{FileState, Piece, SourceReader};

/// An open file, read as long as it was when it was opened.
pub(super) struct LocalReader {
    file: File,
    length: u64,
    at: u64,
    /// Up to here there is data and no hole.
    data_until: u64,
}

impl LocalReader {
    /// The reader of a file; anything but a regular file is refused.
    pub(super) fn new(file: OwnedFd) -> io::Result<Self> {
        let file = File::from(file);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no longer a regular file"));
        }
        // Fewer blocks than bytes: there are holes. (Compression looks the same, and costs only a few questions more.)
        let holes = metadata.blocks() * 512 < metadata.len();
        Ok(Self { file, length: metadata.len(), at: 0, data_until: if holes { 0 } else { u64::MAX } })
    }

    /// At the end of known data: finds out whether a hole begins here, and returns its length.
    fn hole_here(&mut self) -> io::Result<Option<u64>> {
        let data = match rustix::fs::seek(&self.file, rustix::fs::SeekFrom::Data(self.at)) {
            Ok(data) => data,
            Err(Errno::NXIO) => self.length,
            // This file system cannot tell: everything is data.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => {
                self.data_until = u64::MAX;
                self.file.seek(SeekFrom::Start(self.at))?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if data > self.at {
            let hole = data.min(self.length).saturating_sub(self.at);
            self.at += hole;
            return Ok(Some(hole).filter(|hole| *hole > 0));
        }
        self.data_until = match rustix::fs::seek(&self.file, rustix::fs::SeekFrom::Hole(self.at)) {
            Ok(hole) => hole,
            Err(Errno::NXIO) => self.length,
            Err(error) => return Err(error.into()),
        };
        self.file.seek(SeekFrom::Start(self.at))?;
        Ok(None)
    }
}

impl SourceReader for LocalReader {
    fn state(&mut self) -> io::Result<FileState> {
        let status = rustix::fs::fstat(&self.file)?;
        Ok(state(&status))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        // A file that claims no length (as in /proc) is read to its end; any other up to its length when it was opened.
        let left = if self.length == 0 { u64::MAX } else { self.length - self.at.min(self.length) };
        if left == 0 {
            return Ok(Piece::End);
        }
        if self.length > 0
            && self.at >= self.data_until
            && let Some(hole) = self.hole_here()?
        {
            return Ok(Piece::Hole(hole));
        }
        let known = self.data_until.saturating_sub(self.at).max(1);
        let wanted = left.min(known).min(buffer.len() as u64) as usize;
        loop {
            match self.file.read(&mut buffer[..wanted]) {
                Ok(0) => return Ok(Piece::End),
                Ok(count) => {
                    self.at += count as u64;
                    return Ok(Piece::Data(count));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
