//! What an item becomes, as a file that nobody but its owner may read, in a folder that was opened before: a database has more in it than
//! every user of this machine may know, and a name in a folder may be a link that somebody put there.

use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Running;
use rustix::fs::{AtFlags, Mode, OFlags, fsync, openat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::fd::OwnedFd;

/// A file that is made in a folder.
pub(in crate::engine::drivers) struct NewFile<'a> {
    pub(in crate::engine::drivers) folder: &'a OwnedFd,
    pub(in crate::engine::drivers) name: &'a str,
}

impl NewFile<'_> {
    /// What is said where it cannot be written.
    pub(in crate::engine::drivers) fn unwritten(&self, error: &io::Error) -> Fault {
        Fault::of_io(format_args!("The file {} cannot be written", self.name), error)
    }

    /// Takes away what an attempt made that was cut off.
    pub(in crate::engine::drivers) fn forget(&self) -> Result<(), Fault> {
        match unlinkat(self.folder, self.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.unwritten(&error.into())),
        }
    }

    /// Makes it, and has it written; nothing is left of one that could not be written.
    pub(in crate::engine::drivers) fn write(
        &self,
        write: impl FnOnce(&mut File) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let access = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(self.folder, self.name, access, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(opened.map_err(|error| self.unwritten(&error.into()))?);
        let synced = |file: File| file.sync_all().and_then(|()| Ok(fsync(self.folder)?));
        let written = write(&mut file).and_then(|()| synced(file).map_err(|error| self.unwritten(&error)));
        if written.is_err() {
            // What failed says more than that this failed too.
            let _ = self.forget();
        }
        written
    }

    /// Pours into it what a program writes, to the end of that.
    pub(in crate::engine::drivers) fn pour(&self, mut program: Running, into: &mut dyn Write) -> Result<(), Fault> {
        let mut buffer = vec![0; 256 << 10];
        loop {
            match program.read(&mut buffer) {
                Ok(0) => return program.finish().map(drop),
                Ok(read) => into.write_all(&buffer[..read]).map_err(|error| self.unwritten(&error))?,
                // Its end says why.
                Err(error) => return Err(program.finish().err().unwrap_or_else(|| self.unwritten(&error))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::OpenFolder;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_its_owners_alone_and_goes_through_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        let opened = OpenFolder::open(&at).unwrap().into_descriptor();
        let write = |name| {
            NewFile { folder: &opened, name }.write(|file| {
                file.write_all(b"x").unwrap();
                Ok(())
            })
        };
        write("new").unwrap();
        assert_eq!(std::fs::metadata(at.join("new")).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(at.join("precious"), "precious").unwrap();
        std::os::unix::fs::symlink(at.join("precious"), at.join("planted")).unwrap();
        assert!(write("planted").is_err());
        assert_eq!(std::fs::read_to_string(at.join("precious")).unwrap(), "precious");
        // One that was cut off goes, and not what a link leads to.
        NewFile { folder: &opened, name: "planted" }.forget().unwrap();
        assert!(!at.join("planted").exists() && at.join("precious").exists());
        let failed = NewFile { folder: &opened, name: "half" }.write(|_| Err(Fault::Failed("no".to_owned())));
        assert!(failed.is_err() && !at.join("half").exists());
    }
}
