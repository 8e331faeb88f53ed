//! Files that appear whole and durable, one or many at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::crash_point;

/// How many files wait for the disk side by side.
const SIDE_BY_SIDE: usize = 8;

/// What happens where the folder of a new file is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folders {
    /// That is an error.
    Expected,
    /// It is made.
    Made,
}

/// A file that is to appear.
#[derive(Debug)]
pub struct NewFile<'a> {
    /// Where it will be. What is there is replaced.
    pub path: PathBuf,
    /// Where its bytes are until they are durable: a name in the same folder that nobody else uses.
    pub temporary: PathBuf,
    /// Its bytes.
    pub content: &'a [u8],
}

/// Writes files so that each is there whole or not at all, and all of them are durable when this returns.
///
/// The bytes of all of them are durable before the first gets its name, and the names are before this returns. Files wait for
/// the disk side by side, for what waits together a file system makes durable together: many files cost little more time than
/// one. A failure tells which file; of the others some may be there, and no temporary name is left.
pub fn write_files(files: &[NewFile<'_>], mode: u32, folders: Folders) -> Result<(), (PathBuf, io::Error)> {
    let failed = |file: &NewFile<'_>, error| (file.path.clone(), error);
    let mut temporaries = Temporaries(Vec::with_capacity(files.len()));
    let mut open = Vec::with_capacity(files.len());
    for file in files {
        let mut opened = create(file, folders).map_err(|error| failed(file, error))?;
        temporaries.0.push(&file.temporary);
        let filled = opened.write_all(file.content).and_then(|()| opened.set_permissions(Permissions::from_mode(mode)));
        filled.map_err(|error| failed(file, error))?;
        open.push(opened);
    }
    sync_all(&open).map_err(|(at, error)| failed(&files[at], error))?;
    drop(open);
    let mut named: Vec<&Path> = Vec::new();
    for file in files {
        fs::rename(&file.temporary, &file.path).map_err(|error| failed(file, error))?;
        named.extend(file.path.parent());
    }
    temporaries.0.clear();
    sync_folders(named)
}

/// Removes files, all durably when this returns; those that are not there are passed over. A failure tells which file; of the
/// others some may be gone.
pub fn remove_files(paths: &[PathBuf]) -> Result<(), (PathBuf, io::Error)> {
    let mut folders: Vec<&Path> = Vec::new();
    for path in paths {
        match fs::remove_file(path) {
            Ok(()) => folders.extend(path.parent()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((path.clone(), error)),
        }
    }
    sync_folders(folders)
}

/// Syncs each of these folders once.
fn sync_folders(mut folders: Vec<&Path>) -> Result<(), (PathBuf, io::Error)> {
    folders.sort_unstable();
    folders.dedup();
    folders.into_iter().try_for_each(|folder| sync_folder(folder).map_err(|error| (folder.to_owned(), error)))
}

/// Temporary files that go when something fails.
struct Temporaries<'a>(Vec<&'a Path>);

impl Drop for Temporaries<'_> {
    fn drop(&mut self) {
        for path in &self.0 {
            // The failure before is what counts; a leftover is removed at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes the temporary file of a new one.
fn create(file: &NewFile<'_>, folders: Folders) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file.temporary);
    match (create(), file.path.parent()) {
        (Err(error), Some(parent)) if folders == Folders::Made && error.kind() == io::ErrorKind::NotFound => {
            create_folder(parent)?;
            parent.parent().map_or(Ok(()), sync_folder)?;
            create()
        }
        (created, _) => created,
    }
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
                failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert((at, error));
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
    failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Makes a folder and those above it, for nobody else's eyes.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names in a folder durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    crash_point::waits_for_disk("folder");
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files<'a>(folder: &Path, names: &[&str], content: &'a [u8]) -> Vec<NewFile<'a>> {
        let file = |name: &&str| NewFile {
            path: folder.join(name),
            temporary: folder.join(format!("{name}-temporary")),
            content,
        };
        names.iter().map(file).collect()
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
        write_files(&files(folder.path(), &wanted, b"content"), 0o400, Folders::Expected).unwrap();
        assert_eq!(names(folder.path()), wanted);
        for name in wanted {
            let path = folder.path().join(name);
            assert_eq!(fs::read(&path).unwrap(), b"content");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        }
        write_files(&[], 0o400, Folders::Expected).unwrap();
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_no_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/in-the-way")).unwrap();
        let (path, _) =
            write_files(&files(folder.path(), &["a", "b", "c"], b"x"), 0o400, Folders::Expected).unwrap_err();
        assert_eq!(path, folder.path().join("b"));
        assert!(names(folder.path()).iter().all(|name| !name.contains("temporary")), "{:?}", names(folder.path()));
    }

    #[test]
    fn files_are_removed_and_those_that_are_gone_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        write_files(&files(folder.path(), &["a", "b", "c"], b"x"), 0o400, Folders::Expected).unwrap();
        let paths: Vec<PathBuf> = ["a", "gone", "c"].iter().map(|name| folder.path().join(name)).collect();
        remove_files(&paths).unwrap();
        assert_eq!(names(folder.path()), ["b"]);
        remove_files(&paths).unwrap();
        assert_eq!(remove_files(&[folder.path().to_owned()]).unwrap_err().0, folder.path());
    }

    #[test]
    fn what_lies_at_the_temporary_name_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a-temporary"), "another's").unwrap();
        assert!(write_files(&files(folder.path(), &["a"], b"x"), 0o400, Folders::Expected).is_err());
        assert_eq!(names(folder.path()), ["a-temporary"]);
    }
}
