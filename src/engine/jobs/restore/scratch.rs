//! The folders of restore tests, and of restores that start a server to take something out of it: made for one job, gone with it, and
//! gone at the next start of the engine where it was killed.
//!
//! They lie in the data directory, which nobody but the engine's user may enter. What a program of another user has to reach lies in
//! [`SHARED`] where the engine is root, and everything where [`PLACE`] says.

use crate::domain::PointDetails;
use crate::domain::names::JobId;
use crate::engine::Engine;
use crate::engine::drivers::Proof;
use crate::engine::error::{Error, Result};
use crate::repository::OpenFolder;
use rustix::process::geteuid;
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names the folder in which tests have theirs, in place of the data directory.
const PLACE: &str = "VAULTDECK_SCRATCH";

/// Where those lie that other users have to enter.
const SHARED: &str = "/var/tmp";

/// What others may do there: go through, and see nothing.
const PASSABLE: u32 = 0o711;

/// How often a folder is emptied in which something dies yet.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The folder of one test. It goes when this is dropped.
pub(super) struct Scratch {
    above: PathBuf,
    path: PathBuf,
}

impl Scratch {
    /// Where the test of a job lies.
    pub(super) fn of(engine: &Engine, id: &JobId, proof: &dyn Proof) -> Self {
        let above = if proof.is_for_others() && geteuid().is_root() { shared(engine) } else { own(engine) };
        Self { path: above.join(id.as_str()), above }
    }

    /// Where a restore works that is no test, if it needs to: what it starts there may be another user's.
    pub(super) fn of_restore(engine: &Engine, id: &JobId) -> Self {
        let above = if geteuid().is_root() { shared(engine) } else { own(engine) };
        Self { path: above.join(id.as_str()), above }
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, empty: what an earlier attempt left goes first.
    pub(super) fn make(&self, proof: &dyn Proof) -> Result<()> {
        proof.clean(&self.path);
        self.make_empty().map(drop)
    }

    /// The same, where nothing was started in it.
    pub(super) fn make_empty(&self) -> Result<PathBuf> {
        check_place()?;
        self.remove()?;
        let failed = |error| Error::io(format!("make the scratch folder {}", self.path.display()), error);
        let mut left = TRIES;
        loop {
            match self.try_to_make() {
                // Another test took away the folder of all, since nothing was in it yet.
                Err(error) if error.kind() == ErrorKind::NotFound && left > 0 => left -= 1,
                made => return made.map(|()| self.path.clone()).map_err(failed),
            }
        }
    }

    fn try_to_make(&self) -> io::Result<()> {
        make_above(&self.above)?;
        DirBuilder::new().mode(PASSABLE).create(&self.path)?;
        // Whatever the process takes away from the modes of what it makes.
        fs::set_permissions(&self.path, Permissions::from_mode(PASSABLE))
    }

    /// Takes it away, with all that is in it.
    pub(super) fn remove(&self) -> Result<()> {
        let removed = remove(&self.above, self.path.file_name().unwrap_or_default());
        // The last one goes with the folder of all; others are in it otherwise.
        let _ = fs::remove_dir(&self.above);
        removed.map_err(|error| Error::io(format!("remove the scratch folder {}", self.path.display()), error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, "what was restored for a test is still there; it goes when the engine starts again");
        }
    }
}

impl Engine {
    /// Takes away what tests left that were killed with an earlier process.
    pub(crate) fn clear_scratch(&self) {
        for above in [own(self), shared(self)] {
            let Ok(entries) = fs::read_dir(&above) else { continue };
            if !is_ours(&above) {
                continue;
            }
            for entry in entries.filter_map(std::result::Result::ok) {
                let none = PointDetails::new();
                self.drivers
                    .0
                    .iter()
                    .filter_map(|driver| driver.proof(&none))
                    .for_each(|proof| proof.clean(&entry.path()));
                if let Err(error) = remove(&above, &entry.file_name()) {
                    tracing::warn!(path = %entry.path().display(), %error, "what a test left could not be removed");
                }
            }
            let _ = fs::remove_dir(&above);
        }
    }
}

/// The folder that was named, in its one spelling if it is there.
fn named() -> Option<PathBuf> {
    let named = std::env::var_os(PLACE).filter(|path| !path.is_empty()).map(PathBuf::from);
    named.map(|path| path.canonicalize().unwrap_or(path))
}

/// Refuses a place that was named and is none: what is restored does not go elsewhere then.
pub(super) fn check_place() -> Result<()> {
    named().map_or(Ok(()), |named| check_folder(&named).map_err(Error::invalid_request))
}

fn check_folder(named: &Path) -> std::result::Result<(), String> {
    if named.is_absolute() && named.is_dir() {
        return Ok(());
    }
    Err(format!(
        "The environment variable {PLACE} of the engine must name a folder that is there; it is {}",
        named.display()
    ))
}

/// Where the tests of an engine lie that nobody else takes part in.
fn own(engine: &Engine) -> PathBuf {
    named().map_or_else(|| engine.data_dir.scratch(), |named| named.join(name(engine)))
}

/// Where those lie that other users have to enter.
fn shared(engine: &Engine) -> PathBuf {
    named().unwrap_or_else(|| PathBuf::from(SHARED)).join(name(engine))
}

/// A name that no other engine has, though it may have its data directory at the same path, as in containers that share a place.
fn name(engine: &Engine) -> String {
    name_of(engine.data_dir.root())
}

fn name_of(root: &Path) -> String {
    let inode = fs::metadata(root).map_or(0, |found| found.ino());
    let digest = Sha256::new().chain_update(root.as_os_str().as_bytes()).chain_update(inode.to_be_bytes()).finalize();
    format!("vaultdeck-scratch-{}", &hex::encode(digest)[..16])
}

/// Makes the folder of all tests; one that is there has to be ours.
fn make_above(above: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(PASSABLE).create(above) {
        Ok(()) => fs::set_permissions(above, Permissions::from_mode(PASSABLE)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_ours(above) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(io::Error::new(ErrorKind::PermissionDenied, format!("{} belongs to somebody else", above.display())))
        }
        Err(error) => Err(error),
    }
}

/// Whether a folder is one that only we write into.
fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0)
}

/// Removes what has a name in a folder. Something that is being killed may write there yet.
fn remove(above: &Path, name: &OsStr) -> io::Result<()> {
    for _ in 1..TRIES {
        match try_to_remove(above, name) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
    try_to_remove(above, name)
}

fn try_to_remove(above: &Path, name: &OsStr) -> io::Result<()> {
    let above = match OpenFolder::open(above) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    match above.remove_all(name) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open_up(&above.path().join(name))?;
            above.remove_all(name)
        }
        outcome => outcome,
    }
}

/// Lets us into folders that were restored closed to their own owner.
fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_all_that_is_in_it_and_one_that_is_gone_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().canonicalize().unwrap();
        let name = OsStr::new("job");
        fs::create_dir_all(above.join("job/closed/deep")).unwrap();
        fs::write(above.join("job/closed/deep/file"), "x").unwrap();
        fs::set_permissions(above.join("job/closed"), Permissions::from_mode(0o000)).unwrap();
        remove(&above, name).unwrap();
        assert!(!above.join("job").exists());
        remove(&above, name).unwrap();
        remove(&above.join("absent"), name).unwrap();
    }

    #[test]
    fn a_place_that_is_not_there_is_refused_by_the_variables_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_folder(folder.path()).is_ok());
        for wrong in [folder.path().join("absent"), PathBuf::from(".")] {
            assert!(check_folder(&wrong).unwrap_err().contains("VAULTDECK_SCRATCH"));
        }
    }

    #[test]
    fn two_data_directories_of_one_path_have_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let (root, aside) = (folder.path().join("data"), folder.path().join("aside"));
        fs::create_dir(&root).unwrap();
        let first = name_of(&root);
        assert_eq!(name_of(&root), first);
        fs::rename(&root, &aside).unwrap();
        fs::create_dir(&root).unwrap();
        assert_ne!(name_of(&root), first);
    }

    #[test]
    fn the_folder_of_all_tests_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().join("scratch");
        make_above(&above).unwrap();
        make_above(&above).unwrap();
        assert!(is_ours(&above));
        fs::set_permissions(&above, Permissions::from_mode(0o777)).unwrap();
        assert!(make_above(&above).unwrap_err().to_string().contains("belongs to somebody else"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(!is_ours(&link));
    }
}
