//! The folder as a [`Storage`].

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::names::{SIDE, folders, is_leftover, is_temporary, own_mark, pack_folders, place, side};
use super::{DAMAGED, LocalStorage, WRITTEN_AGAIN, WRITTEN_ONCE, is_file, stamp_of, whole};
use crate::repository::durable_files::{
    Folders, SIDE_BY_SIDE, make_folder, open_folder, parent, sync_above, sync_folder,
};
use crate::repository::open_folder::OpenFolder;
use crate::repository::storage::check_side_name;
use crate::repository::{Error, FileKind, Id, Properties, Result, Stamp, Storage};

impl Storage for LocalStorage {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn properties(&self) -> Properties {
        Properties { atomic_write: true, hidden_until_whole: true, max_parallel: SIDE_BY_SIDE, object_lock: false }
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }

    fn confirm_place(&self) -> Result<()> {
        let moved = |problem: String| Error::Moved { path: self.root.clone(), problem };
        let opened = self.folder().map_err(self.failed("read", Path::new("")))?;
        match OpenFolder::look(opened.path()) {
            Ok(there) if there.identity() == opened.identity() => Ok(()),
            Ok(_) => Err(moved("another folder lies there now".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(moved("it was moved away".to_owned())),
            Err(error) => Err(moved(error.to_string())),
        }
    }

    fn prepare(&self) -> Result<()> {
        self.refuse("create", Path::new(""))?;
        if self.folder.get().is_none() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.root);
            made.map_err(self.failed("create", Path::new("")))?;
        }
        let root = self.folder().map_err(self.failed("create", Path::new("")))?;
        for path in FileKind::ALL.map(|kind| PathBuf::from(kind.folder())).into_iter().chain(pack_folders()) {
            make_folder(root, &path).map_err(self.failed("create", &path))?;
        }
        for path in ["data", ""].map(Path::new) {
            sync_folder(root, path).map_err(self.failed("create", path))?;
        }
        // The folder may have been renamed since it was opened: what is synced is the one that it lies in now.
        let above = rustix::fs::openat(root, "..", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        above.and_then(rustix::fs::fsync).map_err(|error| self.failed("create", Path::new(".."))(error.into()))
    }

    fn has_folder(&self, kind: FileKind) -> Result<bool> {
        let path = Path::new(kind.folder());
        match self.folder().and_then(|folder| open_folder(folder, path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            opened => opened.map(|_| true).map_err(self.failed("list", path)),
        }
    }

    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>> {
        let mut found = Vec::new();
        for folder in folders(kind) {
            self.visit(&folder, |folder, name| {
                let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { return Ok(()) };
                match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(status) => found.push((id, status.st_size as u64)),
                    Err(Errno::NOENT) => {}
                    Err(error) => return Err(error.into()),
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn ids(&self, kind: FileKind) -> Result<Vec<Id>> {
        let mut found = Vec::new();
        for folder in folders(kind) {
            self.visit(&folder, |_, name| {
                found.extend(name.to_str().and_then(|name| name.parse::<Id>().ok()));
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn read(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        whole(self.open(kind, id, OFlags::RDONLY)?).map_err(self.failed("read", &place(kind, id)))
    }

    fn read_range(&self, kind: FileKind, id: &Id, offset: u64, length: usize) -> Result<Vec<u8>> {
        let file = File::from(self.open(kind, id, OFlags::RDONLY)?);
        let mut content = vec![0; length];
        match file.read_exact_at(&mut content, offset) {
            Ok(()) => Ok(content),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let what = format!("{kind} {id} ({})", self.path(kind, id).display());
                Err(Error::damaged(what, "it is shorter than its index says"))
            }
            Err(error) => Err(self.failed("read", &place(kind, id))(error)),
        }
    }

    fn size(&self, kind: FileKind, id: &Id) -> Result<u64> {
        self.stamp(kind, id).map(|stamp| stamp.size)
    }

    fn stamp(&self, kind: FileKind, id: &Id) -> Result<Stamp> {
        let status = rustix::fs::fstat(self.open(kind, id, OFlags::PATH)?);
        status.map(|status| stamp_of(&status)).map_err(|error| self.failed("read", &place(kind, id))(error.into()))
    }

    fn write(&self, kind: FileKind, id: &Id, content: &[u8]) -> Result<()> {
        let path = place(kind, id);
        let _claim = self.ask_for_room(kind, &path, content.len())?;
        self.write_durably([(path, content)], WRITTEN_ONCE, Folders::Made)
    }

    fn write_all(&self, kind: FileKind, files: &[(Id, Vec<u8>)]) -> Result<()> {
        let bytes = files.iter().map(|(_, content)| content.len()).sum();
        let _claim = self.ask_for_room(kind, Path::new(""), bytes)?;
        let files = files.iter().map(|(id, content)| (place(kind, id), content.as_slice()));
        self.write_durably(files, WRITTEN_ONCE, Folders::Made)
    }

    fn make_durable(&self, kind: FileKind, id: &Id) -> Result<()> {
        let path = place(kind, id);
        self.refuse("write", &path)?;
        let file = File::from(self.open(kind, id, OFlags::RDONLY)?);
        let sync = || file.sync_all().and_then(|()| sync_folder(self.folder()?, parent(&path)));
        sync().map_err(self.failed("write", &path))
    }

    fn remove(&self, kind: FileKind, id: &Id) -> Result<()> {
        let path = place(kind, id);
        self.refuse("remove", &path)?;
        match self.remove_durably(&[path])? {
            0 => Err(Error::NotFound { kind, id: *id }),
            _ => Ok(()),
        }
    }

    fn remove_all(&self, kind: FileKind, ids: &[Id]) -> Result<()> {
        self.refuse("remove", Path::new(kind.folder()))?;
        let paths: Vec<PathBuf> = ids.iter().map(|id| place(kind, id)).collect();
        self.remove_durably(&paths).map(drop)
    }

    fn read_config(&self) -> Result<Option<Vec<u8>>> {
        self.read_if_there(Path::new("config"))
    }

    fn write_config(&self, content: &[u8]) -> Result<()> {
        self.write_durably([(PathBuf::from("config"), content)], WRITTEN_ONCE, Folders::Made)
    }

    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.move_aside(&place(kind, id), &format!("{}-{id}", kind.folder())).map(drop)
    }

    fn set_config_aside(&self) -> Result<()> {
        self.move_aside(Path::new("config"), "config").map(drop)
    }

    fn prepare_side(&self, folder: &str) -> Result<()> {
        check_side_name(folder)?;
        let path = side(folder);
        self.refuse("create", &path)?;
        let make = || {
            let root = self.folder()?;
            make_folder(root, &path)?;
            sync_above(root, &path)
        };
        make().map_err(self.failed("create", &path))
    }

    fn list_side(&self, folder: &str) -> Result<Option<Vec<String>>> {
        check_side_name(folder)?;
        let mut names = Vec::new();
        let is_there = self.visit(&side(folder), |folder, name| {
            let Some(name) = name.to_str().filter(|name| !is_temporary(name) && check_side_name(name).is_ok()) else {
                return Ok(());
            };
            match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(status) if is_file(&status) => names.push(name.to_owned()),
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(())
        })?;
        Ok(is_there.then_some(names))
    }

    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        check_side_name(name)?;
        self.read_if_there(&side(name))
    }

    fn write_side(&self, name: &str, content: &[u8]) -> Result<()> {
        check_side_name(name)?;
        if let Some(room) = &self.room {
            room.make_way(content.len() as u64);
        }
        self.write_durably([(side(name), content)], WRITTEN_AGAIN, Folders::Made)
    }

    fn write_side_all(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        files.iter().try_for_each(|(name, _)| check_side_name(name))?;
        // A folder of many such files that is gone was taken away with those in it: that is not passed over.
        let files = files.iter().map(|(name, content)| (side(name), content.as_slice()));
        self.write_durably(files, WRITTEN_AGAIN, Folders::Expected)
    }

    fn remove_side_all(&self, names: &[String]) -> Result<()> {
        names.iter().try_for_each(|name| check_side_name(name))?;
        self.refuse("remove", Path::new(SIDE))?;
        let paths: Vec<PathBuf> = names.iter().map(|name| side(name)).collect();
        self.remove_durably(&paths).map(drop)
    }

    fn set_side_aside(&self, name: &str) -> Result<Option<String>> {
        check_side_name(name)?;
        let path = side(name);
        let last = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match self.move_aside(&path, &last) {
            Ok(moved) => Ok(Some(format!("{DAMAGED}/{moved}"))),
            Err(Error::Storage { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove_leftovers(&self) -> Result<()> {
        self.refuse("remove leftovers of", Path::new(""))?;
        let own = own_mark()?;
        let mut all: Vec<_> = FileKind::ALL.into_iter().flat_map(folders).collect();
        all.extend([PathBuf::new(), PathBuf::from(SIDE), side("copies"), side("points")]);
        for folder in all {
            self.visit(&folder, |folder, name| {
                if !is_leftover(name, own) {
                    return Ok(());
                }
                match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
                    Ok(()) | Err(Errno::NOENT) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            })?;
        }
        Ok(())
    }
}
