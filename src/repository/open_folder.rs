//! A folder that is reached without following a link, and from then on is its descriptor.
//!
//! A path is only a text. Between the moment in which it is judged and the one in which it is used, whoever may write in one
//! of the folders on the way can put a symbolic link in a folder's place, and the same text leads elsewhere. So the way is
//! walked here name by name from `/`, each name opened in the descriptor of the one before and never through a link. Paths
//! are made canonical when they are first told; a link on the way later means that something has changed, and is refused.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags};
use rustix::io::Errno;

/// Which file or folder it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The number of its file system. Another one may come out after a restart of the machine.
    pub device: u64,
    /// Its number in the file system.
    pub inode: u64,
}

impl Identity {
    /// The identity of an open file or folder.
    pub fn of(descriptor: impl AsFd) -> rustix::io::Result<Self> {
        let status = rustix::fs::fstat(descriptor)?;
        Ok(Self { device: status.st_dev, inode: status.st_ino })
    }
}

/// An open folder: its descriptor, the path that led to it, and which one it is.
#[derive(Debug)]
pub struct OpenFolder {
    path: PathBuf,
    descriptor: OwnedFd,
    identity: Identity,
}

/// What happens to a name that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// It is an error.
    Refuse,
    /// The folder is made.
    Make,
    /// The way ends above it.
    Stop,
}

impl OpenFolder {
    /// Opens the folder at an absolute path for reading. An error names the first part of the path that is a link, no folder,
    /// or not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::walk(path, OFlags::RDONLY, Absent::Refuse)
    }

    /// Opens the folder at an absolute path only to look at it and at what is in it, which needs no right to list it.
    pub fn look(path: &Path) -> io::Result<Self> {
        Self::walk(path, OFlags::PATH, Absent::Refuse)
    }

    /// Opens the folder at an absolute path, and makes it and those above it that are not there.
    pub fn open_or_make(path: &Path) -> io::Result<Self> {
        Self::walk(path, OFlags::RDONLY, Absent::Make)
    }

    /// The folder itself, or the innermost one above it that is there, to look at. Its path tells which one it is.
    pub fn nearest(path: &Path) -> io::Result<Self> {
        Self::walk(path, OFlags::PATH, Absent::Stop)
    }

    /// The path that led to it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which folder it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> io::Result<bool> {
        let listed = open_name(&self.descriptor, OsStr::new("."), OFlags::RDONLY)?;
        let mut buffer = [MaybeUninit::uninit(); 1024];
        let mut entries = RawDir::new(listed, &mut buffer);
        while let Some(entry) = entries.next() {
            if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How many bytes anybody may still write to its file system.
    pub fn free_space(&self) -> io::Result<u64> {
        let facts = rustix::fs::fstatvfs(&self.descriptor)?;
        Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
    }

    /// Opens what lies at a path of names below it, in one call to the system. Neither the way nor its end may be a link: the
    /// error names the part that is one.
    pub(super) fn open_below(&self, path: &Path, access: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        match open_below(self.as_fd(), path.as_os_str(), access, mode) {
            Err(Errno::LOOP | Errno::NOTDIR) => Err(self.explain_below(path)),
            opened => Ok(opened?),
        }
    }

    /// Which part of a path below it keeps from being opened, and why.
    fn explain_below(&self, path: &Path) -> io::Error {
        let mut here = self.path.clone();
        let mut folder: Option<OwnedFd> = None;
        for name in path {
            here.push(name);
            let above = folder.as_ref().map_or(self.as_fd(), OwnedFd::as_fd);
            match open_name(above, name, OFlags::PATH) {
                Ok(opened) => folder = Some(opened),
                Err(error) => return explain(above, name, &here, true, error),
            }
        }
        Errno::LOOP.into()
    }

    /// Its descriptor alone.
    pub fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }

    fn walk(path: &Path, access: OFlags, absent: Absent) -> io::Result<Self> {
        let names = names(path)?;
        // Nearly always the way is as it was told, and one call to the system walks it as strictly. Whatever it is refused for,
        // the walk name by name says what it is, or makes what is not there.
        if let Ok(descriptor) = open_at_once(path, access) {
            return Self::opened(names.iter().fold(PathBuf::from("/"), |here, name| here.join(name)), descriptor);
        }
        let mut here = PathBuf::from("/");
        let first = if names.is_empty() { access } else { OFlags::PATH };
        let mut descriptor = rustix::fs::open("/", first | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        for (number, name) in names.iter().enumerate() {
            let last = number + 1 == names.len();
            let access = if last { access } else { OFlags::PATH };
            let opened = match open_name(&descriptor, name, access) {
                Err(Errno::NOENT) if absent == Absent::Stop => break,
                Err(Errno::NOENT) if absent == Absent::Make => {
                    make_name(&descriptor, name).and_then(|()| open_name(&descriptor, name, access))
                }
                opened => opened,
            };
            here.push(name);
            descriptor = opened.map_err(|error| explain(&descriptor, name, &here, last, error))?;
        }
        Self::opened(here, descriptor)
    }

    /// What was opened at a path.
    pub(super) fn opened(path: PathBuf, descriptor: OwnedFd) -> io::Result<Self> {
        let identity = Identity::of(&descriptor)?;
        Ok(Self { path, descriptor, identity })
    }
}

impl AsFd for OpenFolder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// The names of an absolute path that says nothing but names.
fn names(path: &Path) -> io::Result<Vec<&OsStr>> {
    let invalid = |rule| io::Error::new(io::ErrorKind::InvalidInput, format!("{} {rule}", path.display()));
    if !path.is_absolute() {
        return Err(invalid("is not an absolute path"));
    }
    let named = path.components().filter(|part| !matches!(part, Component::RootDir)).map(|part| match part {
        Component::Normal(name) => Ok(name),
        _ => Err(invalid("must not hold ..")),
    });
    named.collect()
}

/// Opens a folder by its absolute path in one call to the system; no name on the way, nor the last one, may be a link.
fn open_at_once(path: &Path, access: OFlags) -> Result<OwnedFd, Errno> {
    let flags = access | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat2(rustix::fs::CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

/// Opens a folder by its name in another one, never through a link.
pub(super) fn open_name(folder: impl AsFd, name: &OsStr, access: OFlags) -> Result<OwnedFd, Errno> {
    let flags = access | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty())
}

/// Opens a file or a folder by its path below a folder, in one call to the system; no name on the way, nor the last one, may
/// be a link.
pub(super) fn open_below(folder: BorrowedFd<'_>, path: &OsStr, access: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
    match rustix::fs::openat2(folder, path, flags, mode, resolve) {
        // An old kernel, or a container that forbids the call.
        Err(Errno::NOSYS | Errno::PERM) => walk_below(folder, path, access, mode),
        outcome => outcome,
    }
}

/// The same, name by name.
fn walk_below(folder: BorrowedFd<'_>, path: &OsStr, access: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let mut opened: Option<OwnedFd> = None;
    let mut names = path.as_bytes().split(|byte| *byte == b'/').map(OsStr::from_bytes).peekable();
    while let Some(name) = names.next() {
        let here = opened.as_ref().map_or(folder, OwnedFd::as_fd);
        opened = Some(match names.peek() {
            Some(_) => open_name(here, name, OFlags::PATH)?,
            None => rustix::fs::openat(here, name, access | OFlags::NOFOLLOW | OFlags::CLOEXEC, mode)?,
        });
    }
    opened.ok_or(Errno::NOENT)
}

/// Makes a folder; somebody else who makes it at the same time is as good.
fn make_name(folder: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::mkdirat(folder, name, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
        Err(Errno::EXIST) => Ok(()),
        outcome => outcome,
    }
}

/// Names the part of the way that cannot be walked, and what it is.
pub(super) fn explain(folder: impl AsFd, name: &OsStr, path: &Path, last: bool, error: Errno) -> io::Error {
    if !matches!(error, Errno::NOTDIR | Errno::LOOP) {
        let error = io::Error::from(error);
        return if last { error } else { io::Error::new(error.kind(), format!("{}: {error}", path.display())) };
    }
    let status = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
    let is_link = status.is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::Symlink);
    let what = if is_link { "is a symbolic link now, and links are not followed here" } else { "is not a folder" };
    io::Error::new(io::ErrorKind::NotADirectory, format!("{} {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        (folder, path)
    }

    #[test]
    fn a_folder_is_opened_with_its_identity() {
        let (_guard, root) = folder();
        fs::create_dir_all(root.join("a/b")).unwrap();
        let opened = OpenFolder::open(&root.join("a/b")).unwrap();
        let status = fs::metadata(root.join("a/b")).unwrap();
        assert_eq!(opened.identity(), Identity { device: status.dev(), inode: status.ino() });
        assert!(opened.is_empty().unwrap());
        fs::write(root.join("a/b/x"), "").unwrap();
        assert!(!opened.is_empty().unwrap());
        assert!(opened.free_space().unwrap() > 0);
    }

    #[test]
    fn a_link_at_any_level_is_refused_by_name() {
        let (_guard, root) = folder();
        fs::create_dir_all(root.join("real/b/c")).unwrap();
        for level in ["a", "a/b", "a/b/c"] {
            let _ = fs::remove_dir_all(root.join("a"));
            let _ = fs::remove_file(root.join("a"));
            let link = root.join(level);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(root.join(level.replacen('a', "real", 1)), &link).unwrap();
            for outcome in [OpenFolder::open(&root.join("a/b/c")), OpenFolder::open_or_make(&root.join("a/b/c/new"))] {
                let error = outcome.unwrap_err();
                let expected = format!("{} is a symbolic link now", link.display());
                assert!(error.to_string().starts_with(&expected), "{error}");
            }
            assert!(!root.join("real/b/c/new").exists());
        }
    }

    #[test]
    fn both_ways_below_lead_to_the_same_and_refuse_links_at_any_level() {
        let (_guard, root) = folder();
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        fs::write(root.join("a/b/file"), "").unwrap();
        symlink("b", root.join("a/link")).unwrap();
        symlink("file", root.join("a/b/name")).unwrap();
        let opened = OpenFolder::open(&root).unwrap();
        for open in [open_below, walk_below] {
            for path in ["a/b/c", "a/b/file"] {
                let below = open(opened.as_fd(), path.as_ref(), OFlags::RDONLY, Mode::empty()).unwrap();
                let status = fs::metadata(root.join(path)).unwrap();
                let expected = Identity { device: status.dev(), inode: status.ino() };
                assert_eq!(Identity::of(&below).unwrap(), expected);
            }
            for path in ["a/link", "a/link/c", "a/b/name"] {
                let refused = open(opened.as_fd(), path.as_ref(), OFlags::RDONLY, Mode::empty());
                assert!(matches!(refused, Err(Errno::LOOP | Errno::NOTDIR)), "{path}");
            }
        }
        for (path, link) in [("a/link", "a/link"), ("a/link/c", "a/link"), ("a/b/name", "a/b/name")] {
            let error = opened.open_below(path.as_ref(), OFlags::RDONLY, Mode::empty()).unwrap_err();
            let expected = format!("{} is a symbolic link now", root.join(link).display());
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn folders_that_are_not_there_are_made_or_passed_over_as_asked() {
        let (_guard, root) = folder();
        let path = root.join("x/y");
        assert_eq!(OpenFolder::open(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(OpenFolder::nearest(&path).unwrap().path(), root);
        assert_eq!(OpenFolder::open_or_make(&path).unwrap().path(), path);
        assert_eq!(OpenFolder::nearest(&path).unwrap().path(), path);
    }

    #[test]
    fn what_is_no_folder_or_no_plain_path_is_refused() {
        let (_guard, root) = folder();
        fs::write(root.join("file"), "").unwrap();
        let refused = |path: PathBuf| OpenFolder::open(&path).unwrap_err().to_string();
        assert!(refused(root.join("file")).ends_with("file is not a folder"));
        assert!(refused(root.join("file/x")).ends_with("file is not a folder"));
        assert!(refused(root.join("..")).ends_with("must not hold .."));
        assert!(refused("relative".into()).ends_with("is not an absolute path"));
    }
}
