//! A folder of this machine as the place that a restore writes to.

mod inheritance;
mod metadata;
mod sparse;
mod target;

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags, syncfs};
use rustix::io::Errno;

use self::sparse::write_with_holes;
use self::target::{Entered, Folder, Target};
use super::sink::{MissingMetadata, RandomSink, Refusal, Shape};
use crate::repository::item_path::ItemPath;
use crate::repository::open_folder::{Identity, OpenFolder};
use crate::repository::{Node, NodeKind};

/// Restores into a folder that was opened beforehand: nothing leads a write out of it.
pub(super) struct FolderSink {
    path: PathBuf,
    target: Target,
    /// Whether folders that are there are entered, and files and links in the way replaced.
    merge: bool,
}

impl FolderSink {
    pub(super) fn new(into: OpenFolder, merge: bool) -> Self {
        Self { path: into.path().to_owned(), target: Target::new(into), merge }
    }

    /// Makes something in a folder; when merging, what stands in its place goes first.
    fn in_place<T>(
        &self,
        here: &Arc<Folder>,
        name: &[u8],
        make: impl Fn(&OwnedFd) -> rustix::io::Result<T>,
    ) -> rustix::io::Result<(Arc<OwnedFd>, T)> {
        let place = self.target.descriptor(here)?;
        let made = match make(&place) {
            Err(Errno::EXIST) if self.merge => {
                self.target.clear(here, name)?;
                make(&place)?
            }
            made => made?,
        };
        Ok((place, made))
    }

    fn open_file(
        &self,
        folder: &Arc<Folder>,
        node: &Node,
        shape: Shape,
        made: &mut Option<Identity>,
    ) -> rustix::io::Result<OwnedFd> {
        let name = node.name.as_slice();
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if let Some(identity) = made {
            let descriptor = rustix::fs::openat(&self.target.descriptor(folder)?, name, flags, Mode::empty())?;
            return if Identity::of(&descriptor)? == *identity { Ok(descriptor) } else { Err(Errno::STALE) };
        }
        let (_, descriptor) = self.in_place(folder, name, |place| {
            rustix::fs::openat(place, name, flags | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)
        })?;
        *made = Some(Identity::of(&descriptor)?);
        if folder.passes_on() {
            inheritance::disown(&descriptor)?;
        }
        // One part makes the file as long as it is.
        if shape == Shape::Parts {
            rustix::fs::ftruncate(&descriptor, node.size)?;
        }
        Ok(descriptor)
    }
}

impl RandomSink for FolderSink {
    type Folder = Arc<Folder>;
    type File = Identity;
    type Open = Arc<OwnedFd>;

    fn place(&self) -> PathBuf {
        self.path.clone()
    }

    fn root(&self) -> Arc<Folder> {
        Arc::clone(self.target.root())
    }

    fn path(&self, folder: &Arc<Folder>) -> ItemPath {
        folder.path()
    }

    fn enter(&self, parent: &Arc<Folder>, name: &[u8]) -> Result<Arc<Folder>, Refusal> {
        match self.target.enter(parent, name) {
            Ok(Entered::Made(folder)) => Ok(folder),
            Ok(Entered::Found(folder)) if self.merge => Ok(folder),
            Ok(Entered::Found(_)) => Err(Refusal::Item("a folder of this name is already there".into())),
            Err(error) => Err(not_made(error)),
        }
    }

    fn open(
        &self,
        folder: &Arc<Folder>,
        node: &Node,
        shape: Shape,
        made: &mut Option<Identity>,
    ) -> Result<Arc<OwnedFd>, Refusal> {
        self.open_file(folder, node, shape, made).map(Arc::new).map_err(|error| match error {
            Errno::EXIST => Refusal::Item("something of this name is already there".into()),
            Errno::ISDIR => Refusal::Item("a folder of this name is already there".into()),
            Errno::LOOP | Errno::STALE => Refusal::Item("it was replaced in the target while it was restored".into()),
            Errno::NAMETOOLONG => {
                Refusal::Item(format!("the target's file system allows no name of {} bytes", node.name.len()))
            }
            error => not_written(error),
        })
    }

    fn write_at(&self, file: &Arc<OwnedFd>, content: &[u8], at: u64, size: u64) -> Result<(), Refusal> {
        write_with_holes(file, content, at, size).map_err(not_written)
    }

    fn discard(&self, folder: &Arc<Folder>, name: &[u8], made: Option<&Identity>) -> io::Result<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let is_ours = match made {
            None => self.merge,
            Some(made) => {
                let there = rustix::fs::openat(&self.target.descriptor(folder)?, name, flags, Mode::empty());
                there.is_ok_and(|there| Identity::of(&there).is_ok_and(|there| there == *made))
            }
        };
        if !is_ours {
            return Ok(());
        }
        match self.target.clear(folder, name) {
            Err(Errno::ISDIR) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    fn finish_file(&self, file: &Arc<OwnedFd>, node: &Node) -> MissingMetadata {
        metadata::apply_to_open(file, node)
    }

    fn make_special(&self, folder: &Arc<Folder>, node: &Node) -> Result<MissingMetadata, Refusal> {
        let is_device = matches!(node.kind, NodeKind::BlockDevice | NodeKind::CharacterDevice);
        let made = self.in_place(folder, &node.name, |place| match node.kind {
            NodeKind::Symlink => rustix::fs::symlinkat(node.link_target.as_slice(), place, node.name.as_slice()),
            kind => {
                let device = if is_device { node.device } else { 0 };
                rustix::fs::mknodat(place, node.name.as_slice(), file_type(kind), Mode::RUSR | Mode::WUSR, device)?;
                if folder.passes_on() { inheritance::disown_name(place, &node.name) } else { Ok(()) }
            }
        });
        match made {
            Ok((place, ())) => Ok(metadata::apply_to_name(&place, node)),
            Err(Errno::PERM) if is_device => {
                Err(Refusal::Item("it is a device, and only root with CAP_MKNOD may make one".into()))
            }
            Err(error) => Err(not_made(error)),
        }
    }

    fn link(&self, first: (&Arc<Folder>, &[u8]), further: (&Arc<Folder>, &[u8])) -> Result<(), Refusal> {
        let linked = self.target.descriptor(first.0).and_then(|from| {
            self.in_place(further.0, further.1, |to| {
                rustix::fs::linkat(&from, first.1, to, further.1, AtFlags::empty())
            })
        });
        linked.map(|_| ()).map_err(not_made)
    }

    fn finish_folder(&self, folder: &Arc<Folder>, node: &Node) -> Result<MissingMetadata, Refusal> {
        match self.target.descriptor(folder) {
            Ok(descriptor) => Ok(metadata::apply_to_open(&descriptor, node)),
            Err(error) => Err(Refusal::Item(format!("its metadata could not be set: {error}"))),
        }
    }

    /// Once for all: a call for each file would cost more than the whole restore. The descriptor was open before the first
    /// write, so a write that the disk refused behind our back is told here.
    fn sync(&self) -> io::Result<()> {
        let root = self.target.descriptor(self.target.root())?;
        Ok(syncfs(root)?)
    }
}

/// Why something could not be made; when the file system is full or takes nothing, nothing else could be either.
fn not_made(error: Errno) -> Refusal {
    match error {
        Errno::NOSPC | Errno::DQUOT | Errno::ROFS => Refusal::All(error.into()),
        Errno::EXIST => Refusal::Item("something of this name is already there".into()),
        Errno::LOOP | Errno::NOTDIR => Refusal::Item("something that is no folder is in its place".into()),
        error => Refusal::Item(format!("it could not be made: {error}")),
    }
}

fn not_written(error: Errno) -> Refusal {
    match error {
        Errno::NOSPC | Errno::DQUOT | Errno::ROFS => Refusal::All(error.into()),
        error => Refusal::Item(format!("it could not be written: {error}")),
    }
}

fn file_type(kind: NodeKind) -> rustix::fs::FileType {
    match kind {
        NodeKind::BlockDevice => rustix::fs::FileType::BlockDevice,
        NodeKind::CharacterDevice => rustix::fs::FileType::CharacterDevice,
        NodeKind::Socket => rustix::fs::FileType::Socket,
        _ => rustix::fs::FileType::Fifo,
    }
}
