//! Folders of this machine as a world for the suite of drivers, whatever driver they are for.

use super::{Content, World};
use crate::domain::types::Location;
use crate::domain::types::location::Part;
use crate::domain::{Resource, Scope, Secret, Tags};
use crate::engine::drivers::Driver;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A folder that is registered with a driver.
pub struct Folder {
    driver: &'static dyn Driver,
    location: Location,
    folder: tempfile::TempDir,
}

impl Folder {
    /// A new one; `parts` are those of its location beside its path.
    pub fn new(driver: &'static dyn Driver, parts: &[(Part, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().canonicalize().unwrap().join("source");
        std::fs::create_dir(&source).unwrap();
        let path = Location::at_path(source.to_str().unwrap());
        let location = parts.iter().fold(path, |location, (part, value)| location.with(*part, Some(value)));
        Self { driver, location, folder }
    }

    /// The folder that is backed up.
    pub fn source(&self) -> PathBuf {
        self.location.path().unwrap().to_owned()
    }

    /// A folder beside it.
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }
}

impl World for Folder {
    fn driver(&self) -> &dyn Driver {
        self.driver
    }

    fn resource(&self) -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        Resource {
            arn: self.driver.facts().arn(&scope, &self.driver.new_id("folder", &self.location).unwrap()).unwrap(),
            scope,
            resource_type: self.driver.facts().resource_type(),
            name: "folder".to_owned(),
            location: self.location.clone(),
            tags: Tags::new(),
        }
    }

    fn put(&self, name: &[u8], content: &[u8]) {
        std::fs::write(self.source().join(OsStr::from_bytes(name)), content).unwrap();
    }

    fn remove(&self, name: &[u8]) {
        std::fs::remove_file(self.source().join(OsStr::from_bytes(name))).unwrap();
    }

    fn deny(&self) -> bool {
        std::fs::set_permissions(self.source(), std::fs::Permissions::from_mode(0o000)).unwrap();
        let denied = !rustix::process::geteuid().is_root();
        if !denied {
            std::fs::set_permissions(self.source(), std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        denied
    }

    fn vanish(&self) {
        std::fs::remove_dir_all(self.source()).unwrap();
    }

    fn content(&self, at: &Location) -> Content {
        let entries = std::fs::read_dir(at.path().unwrap()).unwrap().map(Result::unwrap);
        entries.map(|entry| (entry.file_name().into_vec(), std::fs::read(entry.path()).unwrap())).collect()
    }

    fn hostile(&self) -> Vec<&'static [u8]> {
        vec![b"-rf", b"...", b" ", b"a\nb", b"\xff\xfe", b"\x1b[2J", b"a\\b", b"*", "e\u{301}".as_bytes()]
    }

    fn clear(&self, at: &Location) {
        std::fs::remove_dir_all(at.path().unwrap()).unwrap();
    }

    fn secret(&self) -> Option<Secret> {
        None
    }
}
