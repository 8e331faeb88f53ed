//! A repository in a local folder, in restic's layout.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::durable_files::{Folders, NewFile, create_folder, remove_files, sync_folder, write_files};
use super::room::{Claim, Room};
use super::{Error, FileKind, Id, Result, Stamp, Storage, crypto};

/// A folder that holds `config`, `data/00` to `data/ff`, `index/`, `keys/`, `locks/` and `snapshots/`, and beside them
/// `vaultdeck/`: the program's own files, and in `vaultdeck/damaged/` what was damaged and set aside.
///
/// Files appear by rename after their bytes are on the disk, and the folder is synced after that: a crash leaves a
/// whole file or none. Folders have mode 0700, files 0400, as restic's.
#[derive(Debug)]
pub struct LocalStorage {
    root: PathBuf,
    read_only: bool,
    room: Option<Arc<dyn Room>>,
}

/// Marks the temporary files of this program, so that only they are ever cleaned up.
const TEMPORARY: &str = "-tmp-vaultdeck-";

impl LocalStorage {
    /// The folder at `root`; nothing is touched yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), read_only: false, room: None }
    }

    /// The same, but that nothing is ever written: who tries is told what a read-only file system says, also where this one
    /// would let it be written.
    pub fn read_only(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), read_only: true, room: None }
    }

    /// Refuses to do `action` with a file of a storage that is read-only.
    fn refuse(&self, action: &'static str, path: &Path) -> Result<()> {
        if self.read_only {
            let source = io::ErrorKind::ReadOnlyFilesystem.into();
            return Err(Error::Storage { action, path: path.to_owned(), source });
        }
        Ok(())
    }

    /// The same on a disk on which somebody deals out the room.
    pub fn on_shared_disk(root: impl Into<PathBuf>, room: Arc<dyn Room>) -> Self {
        Self { root: root.into(), read_only: false, room: Some(room) }
    }

    /// Asks for room for a file; what is kept for it until it is written.
    fn ask_for_room(&self, kind: FileKind, path: &Path, bytes: usize) -> Result<Option<Claim<'_>>> {
        let Some(room) = self.room.as_deref() else { return Ok(None) };
        match kind {
            FileKind::Pack => Claim::on(room, bytes as u64).map(Some).map_err(|source| Error::Storage {
                action: "write",
                path: path.to_owned(),
                source,
            }),
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
        let name = id.to_hex();
        let folder = self.root.join(kind.folder());
        if kind == FileKind::Pack { folder.join(&name[..2]).join(name) } else { folder.join(name) }
    }

    fn open(&self, kind: FileKind, id: &Id) -> Result<(File, PathBuf)> {
        let path = self.path(kind, id);
        match File::open(&path) {
            Ok(file) => Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound { kind, id: *id }),
            Err(source) => Err(Error::Storage { action: "read", path, source }),
        }
    }

    fn write_durably<'a>(&self, files: impl IntoIterator<Item = (PathBuf, &'a [u8])>) -> Result<()> {
        self.refuse("write", &self.root)?;
        let new =
            |(path, content): (PathBuf, &'a [u8])| Ok(NewFile { temporary: temporary_name(&path)?, path, content });
        let files = files.into_iter().map(new).collect::<Result<Vec<_>>>()?;
        write_files(&files, 0o400, Folders::Made).map_err(|(path, source)| Error::Storage {
            action: "write",
            path,
            source,
        })
    }

    fn side(&self) -> PathBuf {
        self.root.join("vaultdeck")
    }

    /// Moves a file to `vaultdeck/damaged/NAME`, or where that is taken already, to a name with a number.
    fn move_aside(&self, path: &Path, name: &str) -> Result<()> {
        self.refuse("set aside", path)?;
        let folder = self.side().join("damaged");
        let mut target = folder.join(name);
        let mut number = 0;
        while target.exists() {
            number += 1;
            target = folder.join(format!("{name}.{number}"));
        }
        create_folder(&folder)
            .and_then(|()| fs::rename(path, &target))
            .and_then(|()| sync_folder(&folder))
            .and_then(|()| sync_folder(&self.side()))
            .and_then(|()| path.parent().map_or(Ok(()), sync_folder))
            .map_err(|source| Error::Storage { action: "set aside", path: path.to_owned(), source })
    }

    fn pack_folders(&self) -> impl Iterator<Item = PathBuf> + '_ {
        (0..=u8::MAX).map(|number| self.root.join("data").join(format!("{number:02x}")))
    }

    fn folders(&self, kind: FileKind) -> Vec<PathBuf> {
        if kind == FileKind::Pack { self.pack_folders().collect() } else { vec![self.root.join(kind.folder())] }
    }

    /// Calls `visit` with the name of each file in a folder; a folder that is not there is empty.
    fn visit(folder: &Path, mut visit: impl FnMut(&fs::DirEntry) -> io::Result<()>) -> Result<()> {
        let failed = |source| Error::Storage { action: "list", path: folder.to_owned(), source };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            entry.and_then(|entry| visit(&entry)).map_err(failed)?;
        }
        Ok(())
    }
}

impl Storage for LocalStorage {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }

    fn prepare(&self) -> Result<()> {
        self.refuse("create", &self.root)?;
        let mut folders = vec![self.root.clone()];
        folders.extend(FileKind::ALL.map(|kind| self.root.join(kind.folder())));
        folders.extend(self.pack_folders());
        let failed = |path: &Path, source| Error::Storage { action: "create", path: path.to_owned(), source };
        for path in &folders {
            create_folder(path).map_err(|error| failed(path, error))?;
        }
        for path in [self.root.join("data"), self.root.clone()] {
            sync_folder(&path).map_err(|error| failed(&path, error))?;
        }
        if let Some(parent) = self.root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent).map_err(|error| failed(parent, error))?;
        }
        Ok(())
    }

    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>> {
        let mut found = Vec::new();
        for folder in self.folders(kind) {
            Self::visit(&folder, |entry| {
                let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { return Ok(()) };
                match entry.metadata() {
                    Ok(metadata) => found.push((id, metadata.len())),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn read(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        let path = self.path(kind, id);
        match fs::read(&path) {
            Ok(content) => Ok(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound { kind, id: *id }),
            Err(source) => Err(Error::Storage { action: "read", path, source }),
        }
    }

    fn read_range(&self, kind: FileKind, id: &Id, offset: u64, length: usize) -> Result<Vec<u8>> {
        let (file, path) = self.open(kind, id)?;
        let mut content = vec![0; length];
        match file.read_exact_at(&mut content, offset) {
            Ok(()) => Ok(content),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::damaged(format!("{kind} {id} ({})", path.display()), "it is shorter than its index says"))
            }
            Err(source) => Err(Error::Storage { action: "read", path, source }),
        }
    }

    fn size(&self, kind: FileKind, id: &Id) -> Result<u64> {
        let (file, path) = self.open(kind, id)?;
        let metadata = file.metadata().map_err(|source| Error::Storage { action: "read", path, source })?;
        Ok(metadata.len())
    }

    fn stamp(&self, kind: FileKind, id: &Id) -> Result<Stamp> {
        let path = self.path(kind, id);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(stamp_of(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound { kind, id: *id }),
            Err(source) => Err(Error::Storage { action: "read", path, source }),
        }
    }

    fn write(&self, kind: FileKind, id: &Id, content: &[u8]) -> Result<()> {
        let path = self.path(kind, id);
        let _claim = self.ask_for_room(kind, &path, content.len())?;
        self.write_durably([(path, content)])
    }

    fn write_all(&self, kind: FileKind, files: &[(Id, Vec<u8>)]) -> Result<()> {
        let bytes = files.iter().map(|(_, content)| content.len()).sum();
        let _claim = self.ask_for_room(kind, &self.root, bytes)?;
        self.write_durably(files.iter().map(|(id, content)| (self.path(kind, id), content.as_slice())))
    }

    fn make_durable(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.refuse("write", &self.path(kind, id))?;
        let (file, path) = self.open(kind, id)?;
        file.sync_all().and_then(|()| path.parent().map_or(Ok(()), sync_folder)).map_err(|source| Error::Storage {
            action: "write",
            path,
            source,
        })
    }

    fn remove(&self, kind: FileKind, id: &Id) -> Result<()> {
        let path = self.path(kind, id);
        self.refuse("remove", &path)?;
        let failed = |source| Error::Storage { action: "remove", path: path.clone(), source };
        match fs::remove_file(&path) {
            Ok(()) => path.parent().map_or(Ok(()), sync_folder).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound { kind, id: *id }),
            Err(error) => Err(failed(error)),
        }
    }

    fn remove_all(&self, kind: FileKind, ids: &[Id]) -> Result<()> {
        self.refuse("remove", &self.root.join(kind.folder()))?;
        let paths: Vec<PathBuf> = ids.iter().map(|id| self.path(kind, id)).collect();
        remove_files(&paths).map_err(|(path, source)| Error::Storage { action: "remove", path, source })
    }

    fn read_config(&self) -> Result<Option<Vec<u8>>> {
        read_if_there(self.root.join("config"))
    }

    fn write_config(&self, content: &[u8]) -> Result<()> {
        self.write_durably([(self.root.join("config"), content)])
    }

    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.move_aside(&self.path(kind, id), &format!("{}-{id}", kind.folder()))
    }

    fn set_config_aside(&self) -> Result<()> {
        self.move_aside(&self.root.join("config"), "config")
    }

    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        read_if_there(self.side().join(name))
    }

    fn write_side(&self, name: &str, content: &[u8]) -> Result<()> {
        if let Some(room) = &self.room {
            room.make_way(content.len() as u64);
        }
        self.write_durably([(self.side().join(name), content)])
    }

    fn remove_leftovers(&self) -> Result<()> {
        self.refuse("remove leftovers of", &self.root)?;
        let own = own_mark()?;
        let mut folders: Vec<_> = FileKind::ALL.into_iter().flat_map(|kind| self.folders(kind)).collect();
        folders.extend([self.root.clone(), self.side(), self.side().join("copies")]);
        for folder in folders {
            Self::visit(&folder, |entry| {
                let name = entry.file_name();
                let foreign = name
                    .to_str()
                    .and_then(|name| name.split_once(TEMPORARY))
                    .is_some_and(|(_, mark)| !mark.starts_with(own));
                if foreign {
                    fs::remove_file(entry.path())?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn read_if_there(path: PathBuf) -> Result<Option<Vec<u8>>> {
    match fs::read(&path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Storage { action: "read", path, source }),
    }
}

/// The time of the last change of the inode moves with every write, rename and change of times, and cannot be set.
fn stamp_of(metadata: &fs::Metadata) -> Stamp {
    let mut facts = Vec::with_capacity(40);
    let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
    for time in times {
        facts.extend_from_slice(&time.to_le_bytes());
    }
    facts.extend_from_slice(&metadata.ino().to_le_bytes());
    let mark = Id::of(&facts).as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    Stamp { size: metadata.len(), mark }
}

/// A mark that tells this process's temporary files from those of one that died, which may have had the same number.
fn own_mark() -> Result<&'static str> {
    static MARK: OnceLock<String> = OnceLock::new();
    if let Some(mark) = MARK.get() {
        return Ok(mark);
    }
    let mut bytes = [0; 8];
    crypto::random(&mut bytes)?;
    Ok(MARK.get_or_init(|| hex::encode(bytes)))
}

fn temporary_name(path: &Path) -> Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!("{TEMPORARY}{}-{}", own_mark()?, COUNT.fetch_add(1, Ordering::Relaxed)));
    Ok(name.into())
}

#[cfg(test)]
#[path = "local_storage_tests.rs"]
mod tests;
