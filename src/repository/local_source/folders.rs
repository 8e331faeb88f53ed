//! The folders below a source's root, by descriptor: few are open at once, and none is reached through a link.

use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::repository::open_folder::{OpenFolder, open_below, open_name};

/// How many folders are kept open: mostly those that the walk is in, and some that workers read from.
const KEPT: usize = 64;
/// The longest path that one call to the system takes; a longer one is walked in parts.
const LONGEST_PATH: usize = 4095;

/// The folders of a source, by their paths below its root: names with slashes between them.
pub(super) struct Folders {
    root: Arc<OwnedFd>,
    /// Those that were used last come first.
    kept: Mutex<Kept>,
}

/// Open folders by their paths.
type Kept = VecDeque<(Box<[u8]>, Arc<OwnedFd>)>;

impl Folders {
    pub(super) fn new(root: OpenFolder) -> Self {
        Self { root: Arc::new(root.into_descriptor()), kept: Mutex::default() }
    }

    /// The root's descriptor.
    pub(super) fn root(&self) -> &Arc<OwnedFd> {
        &self.root
    }

    /// A folder that is open, or is opened now and kept for a while.
    pub(super) fn open(&self, below: &[u8]) -> Result<Arc<OwnedFd>, Errno> {
        if below.is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        if let Some(found) = self.find(below) {
            return Ok(found);
        }
        let opened = Arc::new(self.open_anew(below)?);
        let mut kept = self.kept();
        kept.truncate(KEPT - 1);
        kept.push_front((below.into(), Arc::clone(&opened)));
        Ok(opened)
    }

    /// Opens a folder for the caller alone.
    pub(super) fn open_anew(&self, below: &[u8]) -> Result<OwnedFd, Errno> {
        let (mut folder, mut rest) = self.nearest(below);
        loop {
            if rest.is_empty() {
                return open_name(&folder, OsStr::new("."), OFlags::RDONLY);
            }
            let (part, after) = split(rest);
            if after.is_empty() {
                return open_folder_below(&folder, part, OFlags::RDONLY);
            }
            folder = Arc::new(open_folder_below(&folder, part, OFlags::PATH)?);
            rest = after;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock()
    }

    fn find(&self, below: &[u8]) -> Option<Arc<OwnedFd>> {
        let mut kept = self.kept();
        let number = kept.iter().position(|(path, _)| **path == *below)?;
        if number > 0 {
            let entry = kept.remove(number)?;
            kept.push_front(entry);
        }
        kept.front().map(|(_, folder)| Arc::clone(folder))
    }

    /// The innermost open folder on the way, and what is left of the way.
    fn nearest<'p>(&self, below: &'p [u8]) -> (Arc<OwnedFd>, &'p [u8]) {
        let mut nearest = (Arc::clone(&self.root), below);
        for (path, folder) in self.kept().iter() {
            if let Some(rest) = below.strip_prefix(&**path)
                && let Some(rest) = rest.strip_prefix(b"/").or(rest.is_empty().then_some(rest))
                && rest.len() < nearest.1.len()
            {
                nearest = (Arc::clone(folder), rest);
                // Mostly it is the folder that was opened last, and none is nearer.
                if !rest.contains(&b'/') {
                    break;
                }
            }
        }
        nearest
    }
}

/// The first part of a path that one call takes, and the rest.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    if path.len() <= LONGEST_PATH {
        return (path, &[]);
    }
    // No name is as long as that, so there is a slash.
    let end = path[..LONGEST_PATH].iter().rposition(|byte| *byte == b'/').unwrap_or(LONGEST_PATH);
    (&path[..end], path.get(end + 1..).unwrap_or_default())
}

/// Opens a folder by its path below another one; no name on the way may be a link.
fn open_folder_below(folder: &OwnedFd, path: &[u8], access: OFlags) -> Result<OwnedFd, Errno> {
    open_below(folder.as_fd(), OsStr::from_bytes(path), access | OFlags::DIRECTORY, Mode::empty())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::repository::Identity;

    fn folders(root: &Path) -> Folders {
        Folders::new(OpenFolder::open(&root.canonicalize().unwrap()).unwrap())
    }

    #[test]
    fn few_folders_stay_open_and_each_is_found_again() {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(root.path());
        let mut path = String::new();
        for number in 0..3 * KEPT {
            path = if path.is_empty() { "d".into() } else { format!("{path}/d") };
            fs::create_dir(root.path().join(&path)).unwrap();
            folders.open(path.as_bytes()).unwrap();
            assert!(folders.kept().len() <= KEPT, "{number}");
        }
        let deepest = Identity::of(&*folders.open(path.as_bytes()).unwrap()).unwrap();
        drop(folders.open(b"d").unwrap());
        assert_eq!(Identity::of(folders.open_anew(path.as_bytes()).unwrap()).unwrap(), deepest);
    }

    #[test]
    fn a_long_path_is_split_between_names() {
        assert_eq!(split(b"a/b"), (&b"a/b"[..], &b""[..]));
        let long = vec!["n".repeat(99); 100].join("/");
        let (first, rest) = split(long.as_bytes());
        assert!(first.len() <= LONGEST_PATH && first.len() > LONGEST_PATH - 200);
        assert_eq!([first, b"/", rest].concat(), long.as_bytes());
        assert!(!rest.starts_with(b"/") && !first.ends_with(b"/"));
    }
}
