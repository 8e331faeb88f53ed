//! Files that appear whole and durable, one or many at a time, below a folder that is open.
//!
//! Each folder is opened by its path below the root, never through a link, and what is made, renamed or removed in it is so by
//! its name in that descriptor.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::crash_point;
use super::open_folder::OpenFolder;

/// How many files wait for the disk side by side.
pub(super) const SIDE_BY_SIDE: usize = 8;

/// What happens where the folder of a new file is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folders {
    /// That is an error.
    Expected,
    /// It is made.
    Made,
}

/// A file that is to appear.
#[derive(Debug)]
pub(super) struct NewFile<'a> {
    /// Where it will be below the root. What is there is replaced.
    pub path: PathBuf,
    /// Its name until its bytes are durable, which nobody else uses in its folder.
    pub temporary: String,
    /// Its bytes.
    pub content: &'a [u8],
}

/// Writes files so that each is there whole or not at all, and all of them are durable when this returns.
///
/// The bytes of all of them are durable before the first gets its name, and the names are before this returns. Files wait for
/// the disk side by side, for what waits together a file system makes durable together: many files cost little more time than
/// one. A failure tells which file; of the others some may be there, and no temporary name is left.
pub(super) fn write_files(
    root: &OpenFolder,
    files: &[NewFile<'_>],
    mode: u32,
    folders: Folders,
) -> Result<(), (PathBuf, io::Error)> {
    let failed = |file: &NewFile<'_>, error| (file.path.clone(), error);
    let mut opened = OpenFolders::below(root);
    let mut temporaries = Temporaries(Vec::with_capacity(files.len()));
    let mut open = Vec::with_capacity(files.len());
    for file in files {
        let folder = opened.of(&file.path, folders).map_err(|error| failed(file, error))?;
        let mut created = create(&folder, &file.temporary, mode).map_err(|error| failed(file, error))?;
        temporaries.0.push((folder, &file.temporary));
        created.write_all(file.content).and_then(|()| set_mode(&created, mode)).map_err(|error| failed(file, error))?;
        open.push(created);
    }
    sync_all(&open).map_err(|(at, error)| failed(&files[at], error))?;
    drop(open);
    for (file, (folder, temporary)) in files.iter().zip(&temporaries.0) {
        let name = file.path.file_name().unwrap_or_default();
        rustix::fs::renameat(folder, *temporary, folder, name).map_err(|error| failed(file, error.into()))?;
    }
    temporaries.0.clear();
    opened.sync()
}

/// Removes files below a root, all durably when this returns, and tells how many there were; those that are not there are
/// passed over. A failure tells which file; of the others some may be gone.
pub(super) fn remove_files(root: &OpenFolder, paths: &[PathBuf]) -> Result<usize, (PathBuf, io::Error)> {
    let (mut opened, mut changed) = (OpenFolders::below(root), OpenFolders::below(root));
    let mut removed = 0;
    for path in paths {
        let mut remove = || -> io::Result<()> {
            let folder = opened.of(path, Folders::Expected)?;
            rustix::fs::unlinkat(&folder, path.file_name().unwrap_or_default(), AtFlags::empty())?;
            changed.open.insert(parent(path).to_owned(), folder);
            Ok(())
        };
        match remove() {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((path.clone(), error)),
        }
    }
    changed.sync()?;
    Ok(removed)
}

/// The folders of some files, each opened once.
struct OpenFolders<'a> {
    root: &'a OpenFolder,
    open: BTreeMap<PathBuf, Arc<OwnedFd>>,
}

impl<'a> OpenFolders<'a> {
    fn below(root: &'a OpenFolder) -> Self {
        Self { root, open: BTreeMap::new() }
    }

    /// The folder of the file at a path below the root.
    fn of(&mut self, path: &Path, folders: Folders) -> io::Result<Arc<OwnedFd>> {
        let path = parent(path);
        if let Some(folder) = self.open.get(path) {
            return Ok(Arc::clone(folder));
        }
        let opened = match open_folder(self.root, path) {
            Err(error) if folders == Folders::Made && error.kind() == io::ErrorKind::NotFound => {
                make_folder(self.root, path)?;
                sync_above(self.root, path)?;
                open_folder(self.root, path)
            }
            opened => opened,
        };
        let folder = Arc::new(opened?);
        self.open.insert(path.to_owned(), Arc::clone(&folder));
        Ok(folder)
    }

    /// Makes the names in all of them durable.
    fn sync(&self) -> Result<(), (PathBuf, io::Error)> {
        self.open.iter().try_for_each(|(path, folder)| sync(folder).map_err(|error| (path.clone(), error)))
    }
}

/// The folder of a file; the root's is the root.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Makes the name of a folder durable, and those of all above it: a folder may have been made with what it lies in.
pub(super) fn sync_above(root: &OpenFolder, folder: &Path) -> io::Result<()> {
    // The last of them is the root.
    parent(folder).ancestors().try_for_each(|above| sync_folder(root, above))
}

/// Opens a folder by its path below a root.
pub(super) fn open_folder(root: &OpenFolder, path: &Path) -> io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    root.open_below(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
}

/// Temporary files that go when something fails.
struct Temporaries<'a>(Vec<(Arc<OwnedFd>, &'a str)>);

impl Drop for Temporaries<'_> {
    fn drop(&mut self) {
        for (folder, name) in &self.0 {
            // The failure before is what counts; a leftover is removed at the next start.
            let _ = rustix::fs::unlinkat(folder, *name, AtFlags::empty());
        }
    }
}

/// Makes the temporary file of a new one. Who makes a file may write it, whatever its mode.
fn create(folder: &OwnedFd, name: &str, mode: u32) -> io::Result<File> {
    let access = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(folder, name, access, Mode::from_raw_mode(mode))?))
}

/// Gives a new file its mode where it has not got it: the process may mask more than usual.
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    let found = file.metadata()?.permissions().mode() & 0o7777;
    if found == mode { Ok(()) } else { file.set_permissions(Permissions::from_mode(mode)) }
}

/// Waits until the bytes of all these files are durable; the place of one that failed.
fn sync_all(files: &[File]) -> Result<(), (usize, io::Error)> {
    crash_point::waits_for_disk("files");
    if let [file] = files {
        return file.sync_all().map_err(|error| (0, error));
    }
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let work = || {
        while let Some((at, file)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, files.get(at)?)))
        {
            if let Err(error) = file.sync_all() {
                failure.lock().get_or_insert((at, error));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..SIDE_BY_SIDE.min(files.len()) {
            // Where the system gives no more threads, this one does it all.
            let _ = thread::Builder::new().name("sync".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
    failure.into_inner().map_or(Ok(()), Err)
}

/// Makes a folder below a root and those above it, for nobody else's eyes; those that are there stay.
pub(super) fn make_folder(root: &OpenFolder, path: &Path) -> io::Result<()> {
    let mut here = PathBuf::new();
    for name in path {
        let above = open_folder(root, &here)?;
        make_name(&above, name)?;
        here.push(name);
    }
    Ok(())
}

fn make_name(folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    match rustix::fs::mkdirat(folder, name, Mode::RWXU) {
        Err(Errno::EXIST) => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Makes the names in a folder below a root durable.
pub(super) fn sync_folder(root: &OpenFolder, path: &Path) -> io::Result<()> {
    sync(&open_folder(root, path)?)
}

fn sync(folder: &OwnedFd) -> io::Result<()> {
    crash_point::waits_for_disk("folder");
    Ok(rustix::fs::fsync(folder)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn files<'a>(names: &[&str], content: &'a [u8]) -> Vec<NewFile<'a>> {
        let file = |name: &&str| NewFile { path: PathBuf::from(name), temporary: format!("{name}-temporary"), content };
        names.iter().map(file).collect()
    }

    fn root(folder: &tempfile::TempDir) -> OpenFolder {
        OpenFolder::open(&folder.path().canonicalize().unwrap()).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn many_files_appear_whole_with_their_mode() {
        let folder = tempfile::tempdir().unwrap();
        let wanted: Vec<String> = (10..40).map(|number| format!("{number}")).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        write_files(&root(&folder), &files(&wanted, b"content"), 0o400, Folders::Expected).unwrap();
        assert_eq!(names(folder.path()), wanted);
        for name in wanted {
            let path = folder.path().join(name);
            assert_eq!(fs::read(&path).unwrap(), b"content");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        }
        write_files(&root(&folder), &[], 0o400, Folders::Expected).unwrap();
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_no_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/in-the-way")).unwrap();
        let (path, _) =
            write_files(&root(&folder), &files(&["a", "b", "c"], b"x"), 0o400, Folders::Expected).unwrap_err();
        assert_eq!(path, Path::new("b"));
        assert!(names(folder.path()).iter().all(|name| !name.contains("temporary")), "{:?}", names(folder.path()));
    }

    #[test]
    fn files_are_removed_and_those_that_are_gone_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        write_files(&root(&folder), &files(&["a", "b", "c"], b"x"), 0o400, Folders::Expected).unwrap();
        let paths: Vec<PathBuf> = ["a", "gone", "c", "no/folder"].map(PathBuf::from).to_vec();
        assert_eq!(remove_files(&root(&folder), &paths).unwrap(), 2);
        assert_eq!(names(folder.path()), ["b"]);
        assert_eq!(remove_files(&root(&folder), &paths).unwrap(), 0);
        fs::create_dir(folder.path().join("d")).unwrap();
        assert_eq!(remove_files(&root(&folder), &["d".into()]).unwrap_err().0, Path::new("d"));
    }

    #[test]
    fn what_lies_at_the_temporary_name_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a-temporary"), "another's").unwrap();
        assert!(write_files(&root(&folder), &files(&["a"], b"x"), 0o400, Folders::Expected).is_err());
        assert_eq!(names(folder.path()), ["a-temporary"]);
    }

    #[test]
    fn no_folder_is_reached_through_a_link_nor_made_behind_one() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(elsewhere.path().join("kept"), "x").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("link")).unwrap();
        let root = root(&folder);
        for path in ["link/new", "link/made/new"] {
            let file = NewFile { path: path.into(), temporary: "temporary".into(), content: b"x" };
            let (_, error) = write_files(&root, &[file], 0o400, Folders::Made).unwrap_err();
            assert!(error.to_string().contains("link is a symbolic link now"), "{error}");
        }
        assert!(remove_files(&root, &["link/kept".into()]).is_err());
        assert_eq!(names(elsewhere.path()), ["kept"]);
    }
}
