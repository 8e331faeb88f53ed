//! The folder that is restored into, reached only through descriptors.
//!
//! No path is ever handed to the system: each folder is opened by its name in its parent's descriptor and never through a
//! symbolic link, so a link in the target, planted before or during the restore or by the snapshot itself, cannot lead a
//! write out of it. Descriptors are few: a folder that was not used for a while is closed and opened again when needed,
//! and must then be the same one.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::inheritance;
use crate::repository::item_path::ItemPath;
use crate::repository::open_folder::{Identity, OpenFolder};
use crate::repository::restore::run::lock;

/// How many folders are kept open.
const OPEN_FOLDERS: usize = 192;

/// A folder of the target.
pub(in crate::repository::restore) struct Folder {
    parent: Option<Arc<Folder>>,
    name: Vec<u8>,
    identity: Identity,
    /// Whether what is made in it gets access rights that nobody stored.
    passes_on: bool,
    descriptor: Mutex<Option<Arc<OwnedFd>>>,
}

impl Folder {
    /// Its path below the target.
    pub(super) fn path(&self) -> ItemPath {
        let mut names = Vec::new();
        let mut folder = Some(self);
        while let Some(here) = folder {
            if here.parent.is_some() {
                names.push(here.name.as_slice());
            }
            folder = here.parent.as_deref();
        }
        ItemPath::of_names(names.into_iter().rev().map(<[u8]>::to_vec))
    }

    /// Whether what is made in it inherits access rights, which must be taken away again.
    pub(super) fn passes_on(&self) -> bool {
        self.passes_on
    }

    /// Its name in its parent; `None` for the target itself.
    pub(super) fn place(&self) -> Option<(&Arc<Folder>, &[u8])> {
        self.parent.as_ref().map(|parent| (parent, self.name.as_slice()))
    }
}

impl Drop for Folder {
    /// Folders that end together are let go one after the other: a tree can be deeper than the stack.
    fn drop(&mut self) {
        let mut above = self.parent.take();
        while let Some(mut folder) = above.and_then(Arc::into_inner) {
            above = folder.parent.take();
        }
    }
}

/// What a folder's name meets in the target.
pub(super) enum Entered {
    /// It was not there and was made.
    Made(Arc<Folder>),
    /// It was there.
    Found(Arc<Folder>),
}

/// The folder that is restored into.
pub(super) struct Target {
    root: Arc<Folder>,
    open: Mutex<VecDeque<Weak<Folder>>>,
}

impl Target {
    /// The target in an open folder.
    pub(super) fn new(folder: OpenFolder) -> Self {
        let identity = folder.identity();
        let descriptor = folder.into_descriptor();
        let root = Arc::new(Folder {
            parent: None,
            name: Vec::new(),
            identity,
            passes_on: inheritance::end(&descriptor),
            descriptor: Mutex::new(Some(Arc::new(descriptor))),
        });
        Self { root, open: Mutex::new(VecDeque::new()) }
    }

    /// The target itself.
    pub(super) fn root(&self) -> &Arc<Folder> {
        &self.root
    }

    /// The descriptor of a folder.
    pub(super) fn descriptor(&self, folder: &Arc<Folder>) -> rustix::io::Result<Arc<OwnedFd>> {
        if let Some(descriptor) = lock(&folder.descriptor).as_ref() {
            return Ok(Arc::clone(descriptor));
        }
        // The way up is walked in a loop, not by recursion: a tree can be deeper than the stack.
        let mut closed = vec![folder];
        let mut descriptor = loop {
            let Some((parent, _)) = closed.last().and_then(|folder| folder.place()) else {
                return Err(Errno::BADF);
            };
            if let Some(descriptor) = lock(&parent.descriptor).as_ref() {
                break Arc::clone(descriptor);
            }
            closed.push(parent);
        };
        while let Some(here) = closed.pop() {
            let opened = open_folder(&descriptor, &here.name)?;
            if Identity::of(&opened)? != here.identity {
                return Err(Errno::STALE);
            }
            descriptor = self.keep(here, opened);
        }
        Ok(descriptor)
    }

    /// Opens the folder of this name, and makes it if nothing is there; anything else in its place is an error.
    pub(super) fn enter(&self, parent: &Arc<Folder>, name: &[u8]) -> rustix::io::Result<Entered> {
        let place = self.descriptor(parent)?;
        let made = match rustix::fs::mkdirat(&place, name, Mode::RWXU) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(error),
        };
        let descriptor = open_folder(&place, name)?;
        let folder = Arc::new(Folder {
            parent: Some(Arc::clone(parent)),
            name: name.to_vec(),
            identity: Identity::of(&descriptor)?,
            // A new folder in one that passes nothing on has nothing to pass on itself.
            passes_on: (parent.passes_on || !made) && inheritance::end(&descriptor),
            descriptor: Mutex::new(None),
        });
        self.keep(&folder, descriptor);
        Ok(if made { Entered::Made(folder) } else { Entered::Found(folder) })
    }

    /// Takes away what stands where an item is to be made: files, links and the like, never a folder.
    pub(super) fn clear(&self, parent: &Arc<Folder>, name: &[u8]) -> rustix::io::Result<()> {
        let place = self.descriptor(parent)?;
        match rustix::fs::statat(&place, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) if FileType::from_raw_mode(status.st_mode) == FileType::Directory => Err(Errno::ISDIR),
            Ok(_) => rustix::fs::unlinkat(&place, name, AtFlags::empty()),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Remembers a folder's open descriptor, and closes the one that was opened longest ago when they are many.
    fn keep(&self, folder: &Arc<Folder>, descriptor: OwnedFd) -> Arc<OwnedFd> {
        let descriptor = Arc::new(descriptor);
        *lock(&folder.descriptor) = Some(Arc::clone(&descriptor));
        let mut open = lock(&self.open);
        open.push_back(Arc::downgrade(folder));
        while open.len() > OPEN_FOLDERS {
            if let Some(oldest) = open.pop_front().and_then(|folder| folder.upgrade()) {
                lock(&oldest.descriptor).take();
            }
        }
        descriptor
    }
}

/// Opens a folder by its name in another one, never through a symbolic link.
fn open_folder(place: &OwnedFd, name: &[u8]) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::openat(place, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_deeper_than_the_stack_are_let_go() {
        let mut parent = None;
        for _ in 0..200_000 {
            let identity = Identity { device: 0, inode: 0 };
            let folder = Folder { parent, name: Vec::new(), identity, passes_on: false, descriptor: Mutex::default() };
            parent = Some(Arc::new(folder));
        }
        drop(parent);
    }
}
