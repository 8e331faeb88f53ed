//! A repository in a local folder, in restic's layout.

mod names;
mod storage;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RenameFlags, Stat, renameat_with};
use rustix::io::Errno;

use super::durable_files::{
    Folders, NewFile, make_folder, open_folder, parent, remove_files, sync_above, sync_folder, write_files,
};
use super::open_folder::OpenFolder;
use super::room::{Claim, Room};
use super::{Error, FileKind, Id, Result, Stamp};
use names::{SIDE, place, temporary_name};

/// A folder that holds `config`, `data/00` to `data/ff`, `index/`, `keys/`, `locks/` and `snapshots/`, and beside them
/// `vaultdeck/`: the program's own files, and in `vaultdeck/damaged/` what was damaged and set aside.
///
/// The folder is opened once and is its descriptor from then on: whatever comes to lie at its path, nothing but this folder is
/// read or written. Each file is opened below it and never through a link.
///
/// Files appear by rename after their bytes are on the disk, and the folder is synced after that: a crash leaves a
/// whole file or none. Folders have mode 0700, files 0400, as restic's; those in `vaultdeck/`, which are written again, 0600.
#[derive(Debug)]
pub struct LocalStorage {
    root: PathBuf,
    folder: OnceLock<OpenFolder>,
    read_only: bool,
    room: Option<Arc<dyn Room>>,
}

/// Names of a folder are asked for in portions of this many bytes.
const LISTING: usize = 8 << 10;
/// Where among the program's own files what was damaged is put.
const DAMAGED: &str = "damaged";
/// The modes of files: a repository's are never changed, a side file is written again.
const WRITTEN_ONCE: u32 = 0o400;
const WRITTEN_AGAIN: u32 = 0o600;

impl LocalStorage {
    /// The folder at `root`; nothing is touched yet. It is opened when it is first needed, and made by
    /// [`prepare`](super::Storage::prepare).
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), folder: OnceLock::new(), read_only: false, room: None }
    }

    /// The same, but that nothing is ever written: who tries is told what a read-only file system says, also where this one
    /// would let it be written.
    pub fn read_only(root: impl Into<PathBuf>) -> Self {
        Self::new(root).refusing_writes()
    }

    /// A folder that was judged and opened.
    pub fn in_folder(folder: OpenFolder) -> Self {
        Self { root: folder.path().to_owned(), folder: folder.into(), read_only: false, room: None }
    }

    /// The same, but that nothing is ever written.
    pub fn refusing_writes(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// The same on a disk on which somebody deals out the room.
    pub fn on_shared_disk(self, room: Arc<dyn Room>) -> Self {
        Self { room: Some(room), ..self }
    }

    /// Refuses to do `action` with a file of a storage that is read-only.
    fn refuse(&self, action: &'static str, path: &Path) -> Result<()> {
        if self.read_only {
            return Err(self.failed(action, path)(io::ErrorKind::ReadOnlyFilesystem.into()));
        }
        Ok(())
    }

    /// The error of an action with what lies at a path below the root.
    fn failed(&self, action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
        let path = if path.as_os_str().is_empty() { self.root.clone() } else { self.root.join(path) };
        move |source| Error::Storage { action, path: path.clone(), source }
    }

    /// Asks for room for a file; what is kept for it until it is written.
    fn ask_for_room(&self, kind: FileKind, path: &Path, bytes: usize) -> Result<Option<Claim<'_>>> {
        let Some(room) = self.room.as_deref() else { return Ok(None) };
        match kind {
            FileKind::Pack => Claim::on(room, bytes as u64).map(Some).map_err(self.failed("write", path)),
            FileKind::Lock | FileKind::Key => {
                room.make_way(bytes as u64);
                Ok(None)
            }
            // Those of a backup are part of what it must leave room for, and a collection asks by itself.
            FileKind::Index | FileKind::Snapshot => Ok(None),
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file lies.
    pub fn path(&self, kind: FileKind, id: &Id) -> PathBuf {
        self.root.join(place(kind, id))
    }

    /// The open folder.
    fn folder(&self) -> io::Result<&OpenFolder> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder);
        }
        let opened = OpenFolder::open(&self.root.canonicalize()?)?;
        Ok(self.folder.get_or_init(|| opened))
    }

    /// Opens a file of a kind, to read it or to look at it.
    fn open(&self, kind: FileKind, id: &Id, access: OFlags) -> Result<OwnedFd> {
        let path = place(kind, id);
        match self.folder().and_then(|folder| folder.open_below(&path, access, Mode::empty())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound { kind, id: *id }),
            opened => opened.map_err(self.failed("read", &path)),
        }
    }

    /// The whole content of a file, where there is one.
    fn read_if_there(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let read = || -> io::Result<Vec<u8>> { whole(self.folder()?.open_below(path, OFlags::RDONLY, Mode::empty())?) };
        match read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            content => content.map(Some).map_err(self.failed("read", path)),
        }
    }

    fn write_durably<'a>(
        &self,
        files: impl IntoIterator<Item = (PathBuf, &'a [u8])>,
        mode: u32,
        folders: Folders,
    ) -> Result<()> {
        self.refuse("write", Path::new(""))?;
        let new =
            |(path, content): (PathBuf, &'a [u8])| Ok(NewFile { temporary: temporary_name(&path)?, path, content });
        let files = files.into_iter().map(new).collect::<Result<Vec<_>>>()?;
        let folder = self.folder().map_err(self.failed("write", Path::new("")))?;
        write_files(folder, &files, mode, folders).map_err(|(path, source)| self.failed("write", &path)(source))
    }

    fn remove_durably(&self, paths: &[PathBuf]) -> Result<usize> {
        let folder = self.folder().map_err(self.failed("remove", Path::new("")))?;
        remove_files(folder, paths).map_err(|(path, source)| self.failed("remove", &path)(source))
    }

    /// Moves a file to `vaultdeck/damaged/NAME`, or where that is taken already, to a name with a number; which it was.
    fn move_aside(&self, path: &Path, name: &str) -> Result<String> {
        self.refuse("set aside", path)?;
        let damaged = Path::new(SIDE).join(DAMAGED);
        let set_aside = || -> io::Result<String> {
            let root = self.folder()?;
            make_folder(root, &damaged)?;
            let (from, to) = (open_folder(root, parent(path))?, open_folder(root, &damaged)?);
            let own_name = path.file_name().unwrap_or_default();
            let mut target = name.to_owned();
            let mut number = 0;
            // Another thread may set a file of the same name aside: neither is to take the other's place.
            while let Err(error) = rename_to_free(&from, own_name, &to, &target) {
                if error.kind() != io::ErrorKind::AlreadyExists {
                    return Err(error);
                }
                number += 1;
                target = format!("{name}.{number}");
            }
            [damaged.as_path(), parent(path)].iter().try_for_each(|folder| sync_folder(root, folder))?;
            sync_above(root, &damaged)?;
            Ok(target)
        };
        set_aside().map_err(self.failed("set aside", path))
    }

    /// Calls `visit` with each entry of a folder and the folder; whether it is there.
    fn visit(&self, path: &Path, mut visit: impl FnMut(&OwnedFd, &OsStr) -> io::Result<()>) -> Result<bool> {
        let mut visit_all = || -> io::Result<()> {
            let folder = open_folder(self.folder()?, path)?;
            let mut buffer = [MaybeUninit::uninit(); LISTING];
            // The folder was opened for this.
            let mut entries = RawDir::new(&folder, &mut buffer);
            while let Some(entry) = entries.next() {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if !matches!(name, b"." | b"..") {
                    visit(&folder, OsStr::from_bytes(name))?;
                }
            }
            Ok(())
        };
        match visit_all() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            outcome => outcome.map(|()| true).map_err(self.failed("list", path)),
        }
    }
}

fn whole(file: OwnedFd) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::from(file).read_to_end(&mut content)?;
    Ok(content)
}

fn is_file(status: &Stat) -> bool {
    FileType::from_raw_mode(status.st_mode) == FileType::RegularFile
}

/// Gives a file a name in another folder that nothing has there.
fn rename_to_free(from: &OwnedFd, own_name: &OsStr, to: &OwnedFd, name: &str) -> io::Result<()> {
    match renameat_with(from, own_name, to, name, RenameFlags::NOREPLACE) {
        // The file system does not know how.
        Err(Errno::INVAL | Errno::NOSYS) if is_taken(to, name.as_ref())? => Err(Errno::EXIST.into()),
        Err(Errno::INVAL | Errno::NOSYS) => Ok(rustix::fs::renameat(from, own_name, to, name)?),
        renamed => Ok(renamed?),
    }
}

/// Whether anything has a name in a folder.
fn is_taken(folder: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The time of the last change of the inode moves with every write, rename and change of times, and cannot be set.
fn stamp_of(status: &Stat) -> Stamp {
    let mut facts = Vec::with_capacity(40);
    let times = [status.st_mtime, status.st_mtime_nsec as i64, status.st_ctime, status.st_ctime_nsec as i64];
    for time in times {
        facts.extend_from_slice(&time.to_le_bytes());
    }
    facts.extend_from_slice(&status.st_ino.to_le_bytes());
    let mark = Id::of(&facts).as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    Stamp { size: status.st_size as u64, mark }
}

#[cfg(test)]
mod tests;
