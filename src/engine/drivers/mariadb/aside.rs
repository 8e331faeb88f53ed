//! What comes in between the pieces of another file, and has to wait until that has come: the log of the time of a backup. It
//! lies in a file without a name, which is gone with the engine, however that ends.

use rustix::fs::{Mode, OFlags, open};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};

/// A file that waits.
pub(super) struct Aside {
    file: File,
    length: u64,
}

impl Aside {
    /// An empty one, in the system's folder for such files.
    pub(super) fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir();
        let access = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = open(&folder, access, Mode::RUSR | Mode::WUSR).map_err(|error| failed(&error.into()))?;
        Ok(Self { file: file.into(), length: 0 })
    }

    /// How much it has.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).map_err(|error| failed(&error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// To be read from its beginning.
    pub(super) fn into_file(mut self) -> io::Result<File> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(self.file)
    }
}

fn failed(error: &io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    io::Error::other(format!(
        "the log of the time of the backup cannot be kept in {} (TMPDIR): {error}",
        folder.display()
    ))
}
