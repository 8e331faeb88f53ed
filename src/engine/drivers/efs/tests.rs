//! The suite of drivers over folders.

use super::{Efs, FACTS};
use crate::domain::types::Location;
use crate::domain::{Resource, Scope, Secret, Tags};
use crate::engine::drivers::Driver;
use crate::engine::drivers::conformance::{Content, World, run};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("source")).unwrap();
        Self(folder)
    }

    fn source(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("source")
    }
}

impl World for Folder {
    fn driver(&self) -> &dyn Driver {
        &Efs
    }

    fn resource(&self) -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        Resource {
            arn: FACTS.arn(&scope, "fs-1").unwrap(),
            scope,
            resource_type: FACTS.resource_type(),
            name: "folder".to_owned(),
            location: Location::at_path(self.source().to_str().unwrap()),
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

#[test]
fn the_driver_of_folders_conforms() {
    run(Folder::new);
}
