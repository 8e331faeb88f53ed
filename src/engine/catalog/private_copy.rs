//! The catalog of a data directory that cannot be written: a copy in a folder that only this process's user can enter.
//!
//! The log goes with it: what was committed and not yet moved into the catalog's file is seen, and an older schema is
//! brought up to date in the copy. The folder is removed when the engine is closed; a process that is killed leaves it.

use crate::engine::error::{Error, Result};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const NAME: &str = "catalog.sqlite";

/// The folder of a copy.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    folder: PathBuf,
}

impl PrivateCopy {
    /// Copies a catalog and its log, the first time that there is room for them: where temporary files go, or else in
    /// memory, for the file system of the temporary files may be the one that became read-only.
    pub(super) fn make(catalog: &Path) -> Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let places = [Some(std::env::temp_dir()), runtime, Some(PathBuf::from("/dev/shm"))];
        Self::make_in(&places.into_iter().flatten().collect::<Vec<_>>(), catalog)
    }

    fn make_in(places: &[PathBuf], catalog: &Path) -> Result<Self> {
        let mut failed = Vec::new();
        for place in places {
            match Self::try_in(place, catalog) {
                Ok(copy) => return Ok(copy),
                Err(Failure::Reading(error)) => return Err(error),
                Err(Failure::Writing(error)) => failed.push(format!("{}: {error}", place.display())),
            }
        }
        Err(Error::DataDir(format!(
            "there is no place for a copy of the catalog {}, which cannot be used where it is: {} bytes are needed, and as \
             much again while it is in use ({}). Name a folder with room by TMPDIR",
            catalog.display(),
            size(catalog),
            failed.join("; ")
        )))
    }

    fn try_in(place: &Path, catalog: &Path) -> std::result::Result<Self, Failure> {
        let folder = place.join(format!("vaultdeck-{}", uuid::Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&folder).map_err(Failure::Writing)?;
        // From here on the folder goes when something fails.
        let copy = Self { folder };
        for end in ["", "-wal"] {
            let from = beside(catalog, end);
            let mut source = match File::open(&from) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound && !end.is_empty() => continue,
                Err(error) => return Err(Failure::Reading(Error::io(format!("read {}", from.display()), error))),
            };
            let to = beside(&copy.catalog(), end);
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
            let mut file = file.map_err(Failure::Writing)?;
            io::copy(&mut source, &mut file).map_err(Failure::Writing)?;
        }
        Ok(copy)
    }

    /// The copied catalog.
    pub(super) fn catalog(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "the private copy of the catalog could not be removed");
        }
    }
}

/// What went wrong with a copy: another place helps only when it was the place's fault.
enum Failure {
    Reading(Error),
    Writing(io::Error),
}

fn size(catalog: &Path) -> u64 {
    ["", "-wal"].iter().filter_map(|end| fs::metadata(beside(catalog, end)).ok()).map(|facts| facts.len()).sum()
}

fn beside(catalog: &Path, end: &str) -> PathBuf {
    let mut name = catalog.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn catalog(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join(NAME);
        fs::write(&path, [1; 3000]).unwrap();
        fs::write(beside(&path, "-wal"), [2; 1000]).unwrap();
        path
    }

    #[test]
    fn a_copy_is_private_has_the_log_and_goes_when_it_is_dropped() {
        let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let original = catalog(&folder);
        fs::set_permissions(&original, fs::Permissions::from_mode(0o444)).unwrap();
        let copy = PrivateCopy::make_in(&[place.path().join("missing"), place.path().to_owned()], &original).unwrap();
        assert_eq!(fs::read(copy.catalog()).unwrap(), [1; 3000]);
        assert_eq!(fs::read(beside(&copy.catalog(), "-wal")).unwrap(), [2; 1000]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&copy.folder), 0o700);
        assert_eq!((mode(&copy.catalog()), mode(&beside(&copy.catalog(), "-wal"))), (0o600, 0o600));
        drop(copy);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn without_a_place_the_size_and_the_way_out_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = PrivateCopy::make_in(&[folder.path().join("missing")], &catalog(&folder)).unwrap_err().to_string();
        assert!(error.contains("4000 bytes are needed") && error.contains("TMPDIR"), "{error}");
        assert!(error.contains("missing: No such file"), "{error}");
    }

    #[test]
    fn a_catalog_that_cannot_be_read_is_no_matter_of_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let place = tempfile::tempdir().unwrap();
        let error = PrivateCopy::make_in(&[place.path().to_owned()], &folder.path().join("gone")).unwrap_err();
        assert!(error.to_string().starts_with("read ") && error.to_string().contains("gone"), "{error}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
