//! The suite of drivers over volumes in files.

use crate::domain::types::Location;
use crate::domain::types::ebs::FACTS;
use crate::domain::{Resource, Scope, Secret, Tags};
use crate::engine::drivers::Driver;
use crate::engine::drivers::conformance::{Content, World, run};
use crate::engine::drivers::ebs::Ebs;
use crate::engine::drivers::storage_gateway::StorageGateway;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Items lie in the image in slots of this size: the length of the name, the name, the length of the content, the content.
const SLOT: u64 = 4 << 20;
const SLOTS: u64 = 5;

/// A volume whose image holds items.
pub(super) struct Slots {
    pub(super) folder: tempfile::TempDir,
    driver: &'static dyn Driver,
}

impl Slots {
    pub(super) fn new(driver: &'static dyn Driver) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Less than a segment.
        File::create(folder.path().join("image")).unwrap().set_len(SLOT * SLOTS + 5).unwrap();
        Self { folder, driver }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("image")
    }

    fn slots(path: &Path) -> BTreeMap<Vec<u8>, (u64, Vec<u8>)> {
        let file = File::open(path).unwrap();
        let number = |at: u64| {
            let mut bytes = [0; 8];
            file.read_exact_at(&mut bytes, at).unwrap();
            u64::from_le_bytes(bytes)
        };
        let text = |at: u64, length: u64| {
            let mut bytes = vec![0; length as usize];
            file.read_exact_at(&mut bytes, at).unwrap();
            bytes
        };
        let used = (0..SLOTS).map(|slot| slot * SLOT).filter(|at| number(*at) > 0);
        used.map(|at| {
            let name = text(at + 8, number(at) - 1);
            let content = at + 8 + name.len() as u64;
            (name, (at, text(content + 8, number(content))))
        })
        .collect()
    }

    fn write(&self, bytes: &[u8], at: u64) {
        OpenOptions::new().write(true).open(self.path()).unwrap().write_all_at(bytes, at).unwrap();
    }
}

impl World for Slots {
    fn driver(&self) -> &dyn Driver {
        self.driver
    }

    fn resource(&self) -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let facts = self.driver.facts();
        let location = Location::at_path(self.path().to_str().unwrap());
        let id = if facts.name == FACTS.name { "vol-1" } else { "sgw-1/vol-1" };
        Resource {
            arn: facts.arn(&scope, id).unwrap(),
            scope,
            resource_type: facts.resource_type(),
            name: "volume".to_owned(),
            location,
            tags: Tags::new(),
        }
    }

    fn put(&self, name: &[u8], content: &[u8]) {
        let taken = Self::slots(&self.path());
        let free = || (0..SLOTS).map(|slot| slot * SLOT).find(|at| taken.values().all(|(used, _)| used != at));
        let at = taken.get(name).map(|(at, _)| *at).or_else(free).unwrap();
        let bytes = [&(name.len() as u64 + 1).to_le_bytes()[..], name, &(content.len() as u64).to_le_bytes(), content];
        self.write(&bytes.concat(), at);
    }

    fn remove(&self, name: &[u8]) {
        let (at, _) = Self::slots(&self.path())[name];
        self.write(&vec![0; SLOT as usize], at);
    }

    fn deny(&self) -> bool {
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o000)).unwrap();
        !rustix::process::geteuid().is_root()
    }

    fn vanish(&self) {
        fs::remove_file(self.path()).unwrap();
    }

    fn content(&self, at: &Location) -> Content {
        Self::slots(at.path().unwrap()).into_iter().map(|(name, (_, content))| (name, content)).collect()
    }

    fn hostile(&self) -> Vec<&'static [u8]> {
        vec![b"", b"..", b"a\nb", b"\xff\xfe"]
    }

    fn clear(&self, at: &Location) {
        fs::remove_file(at.path().unwrap()).unwrap();
    }

    fn secret(&self) -> Option<Secret> {
        None
    }
}

#[test]
fn the_drivers_of_volumes_conform() {
    run(|| Slots::new(&Ebs));
    run(|| Slots::new(&StorageGateway));
}
