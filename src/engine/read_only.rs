//! A data directory that can be read and not written: its file system was remounted read-only after an error, it is a
//! snapshot, or it belongs to somebody else.
//!
//! Whether it can be written is found out by writing, once, when it is opened ([`DataDir::open`]). One that cannot is
//! opened for reading only: the catalog is a private copy ([`Catalog::open_copy`]), the vaults' storage refuses every
//! write, no restic lock is taken, and of what the conductor does only restores that were asked for in this process.
//! Whatever would change the directory is an [`Error::ReadOnly`].
//!
//! A reader holds a shared lock on `engine.lock`, so no engine of this program writes while it reads. Where that file is
//! missing (a snapshot that was made before the first start has none), and against another machine that writes to the same
//! disk, nothing protects.
//!
//! [`DataDir::open`]: crate::engine::data_dir::DataDir::open
//! [`Catalog::open_copy`]: crate::engine::catalog::Catalog::open_copy
//! [`Error::ReadOnly`]: crate::engine::Error::ReadOnly

use rustix::io::Errno;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Made and removed to find out whether the directory can be written.
const PROBE: &str = ".probe";

/// Which directory cannot be written, and what the system says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOnly {
    directory: PathBuf,
    reason: String,
}

impl ReadOnly {
    /// `error` is what the system answered to a write into `directory`.
    pub fn new(directory: &Path, error: &io::Error) -> Self {
        let text = error.to_string();
        let reason = text.split(" (os error").next().unwrap_or(&text).to_owned();
        Self { directory: directory.to_owned(), reason }
    }

    /// Why the directory at `root` cannot be written, if it cannot. Nothing of it is kept open, and no lock is taken.
    pub fn found(root: &Path) -> Option<Self> {
        let error = probe(root).err().filter(forbids_writing)?;
        Some(Self::new(root, &error))
    }

    /// What the system says.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ReadOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (directory, reason) = (self.directory.display(), &self.reason);
        write!(
            f,
            "data directory {directory} is read-only ({reason}): it can be listed, checked and restored from, and "
        )?;
        f.write_str("nothing in it can be changed")
    }
}

/// Whether an error says that writing is not allowed here at all. That there is no room, or that the disk fails, is another
/// matter.
pub(crate) fn forbids_writing(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    [Errno::ROFS, Errno::ACCESS, Errno::PERM].iter().any(|errno| number == Some(errno.raw_os_error()))
}

/// Writes what an engine writes first.
fn probe(root: &Path) -> io::Result<()> {
    let path = root.join(PROBE);
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    match fs::remove_file(&path) {
        // Another process that asked the same was faster.
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for name in ["engine.lock", "catalog.sqlite"] {
        match OpenOptions::new().write(true).open(root.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_can_be_written_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("catalog.sqlite"), "kept").unwrap();
        assert_eq!(ReadOnly::found(folder.path()), None);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["catalog.sqlite"]);
        assert_eq!(fs::read(folder.path().join("catalog.sqlite")).unwrap(), b"kept");
    }

    #[test]
    fn only_what_forbids_writing_makes_a_directory_read_only() {
        for errno in [Errno::ROFS, Errno::ACCESS, Errno::PERM] {
            assert!(forbids_writing(&errno.into()), "{errno}");
        }
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::IO, Errno::NOENT] {
            assert!(!forbids_writing(&errno.into()), "{errno}");
        }
    }

    #[test]
    fn it_names_the_directory_and_what_the_system_said() {
        let told = ReadOnly::new(Path::new("/srv/data"), &Errno::ROFS.into()).to_string();
        assert!(told.starts_with("data directory /srv/data is read-only (Read-only file system): it can be"), "{told}");
    }
}
