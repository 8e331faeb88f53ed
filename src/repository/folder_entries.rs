//! What is done with the names in an open folder: never through a link, and never outside of it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::crash_point;
use super::open_folder::{OpenFolder, explain, open_name};

impl OpenFolder {
    /// Opens the folder of a name in it.
    pub fn child(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.path().join(single(name)?);
        match open_name(self, name, OFlags::RDONLY) {
            Ok(descriptor) => Self::opened(path, descriptor),
            Err(error) => Err(explain(self, name, &path, true, error)),
        }
    }

    /// Opens the folder of a name in it, which is made for nobody else's eyes where it is not there.
    pub fn make_child(&self, name: &OsStr) -> io::Result<Self> {
        match rustix::fs::mkdirat(self, single(name)?, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => self.child(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes away what others than its owner may do in it.
    pub fn close_to_others(&self) -> io::Result<()> {
        let mode = rustix::fs::fstat(self)?.st_mode;
        if mode & 0o077 != 0 {
            rustix::fs::fchmod(self, Mode::RWXU)?;
        }
        Ok(())
    }

    /// Whether anything has this name in it, be it a folder or not.
    pub fn holds(&self, name: &OsStr) -> io::Result<bool> {
        match rustix::fs::statat(self, single(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The names of the folders in it, sorted; a link is none of them.
    pub fn folders(&self) -> io::Result<Vec<OsString>> {
        let mut folders = Vec::new();
        for name in self.names()? {
            match rustix::fs::statat(self, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(status) if FileType::from_raw_mode(status.st_mode) == FileType::Directory => folders.push(name),
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        folders.sort();
        Ok(folders)
    }

    /// Every name in it.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(self)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    /// Gives what has a name in it a name in another folder, whatever it is. Durable once both are synced.
    pub fn rename(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(self, single(name)?, to, single(new)?)?)
    }

    /// Removes what has a name in it, with all that is in it; what is not there is fine.
    pub fn remove_all(&self, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(self, single(name)?, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
        let folder = self.child(name)?;
        folder.names()?.iter().try_for_each(|inner| folder.remove_all(inner))?;
        match rustix::fs::unlinkat(self, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOENT) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// Makes the names in it durable.
    pub fn sync(&self) -> io::Result<()> {
        crash_point::waits_for_disk("folder");
        Ok(rustix::fs::fsync(self)?)
    }
}

/// One name and nothing else.
fn single(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not a name", name.display())));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<OsString> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn folders_are_made_entered_listed_renamed_and_removed_and_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let root = OpenFolder::open(&path).unwrap();
        let a = root.make_child("a".as_ref()).unwrap();
        assert_eq!(a.path(), path.join("a"));
        assert_eq!(root.make_child("a".as_ref()).unwrap().identity(), a.identity());
        fs::create_dir_all(path.join("a/b/c")).unwrap();
        fs::write(path.join("a/file"), "").unwrap();
        symlink(path.join("a"), path.join("link")).unwrap();

        assert_eq!(root.folders().unwrap(), ["a"]);
        for refused in [root.child("link".as_ref()), root.make_child("link".as_ref())] {
            assert!(refused.unwrap_err().to_string().contains("link is a symbolic link now"));
        }
        assert!(root.holds("link".as_ref()).unwrap() && !root.holds("b".as_ref()).unwrap());
        for name in ["", ".", "..", "a/b"] {
            assert!(root.child(name.as_ref()).is_err() && root.remove_all(name.as_ref()).is_err(), "{name}");
        }

        symlink(&path, path.join("a/b/up")).unwrap();
        a.rename("b".as_ref(), &root, "moved".as_ref()).unwrap();
        root.sync().unwrap();
        root.remove_all("moved".as_ref()).unwrap();
        root.remove_all("moved".as_ref()).unwrap();
        root.remove_all("link".as_ref()).unwrap();
        assert_eq!((names(&path), names(&path.join("a"))), (vec!["a".into()], vec!["file".into()]));
    }
}
