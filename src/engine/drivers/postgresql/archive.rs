//! The program whose archive comes, and how far that came.

use super::address::Address;
use super::incremental::{Base, Whole};
use super::manifest::Contents;
use super::programs::Programs;
use super::server::{Division, on_server};
use super::tree::Tree;
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Running;
use parking_lot::Mutex;
use std::time::Duration;

/// How long nothing may come: a checkpoint comes before the first byte.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Starts the program whose archive comes.
pub(super) struct Archiver {
    pub(super) programs: Programs,
    pub(super) address: Address,
    pub(super) secret: Option<Secret>,
}

impl Archiver {
    /// One that reads all of the cluster, or what changed since the backup of a manifest.
    pub(super) fn start(&self, since: Option<&[u8]>) -> Result<Running, Fault> {
        let arguments = ["-D", "-", "-F", "tar", "-X", "fetch", "-c", "fast", "-l", "vaultdeck", "-w"];
        let program = arguments.iter().fold(self.programs.pg_basebackup()?, |program, argument| program.arg(argument));
        let program = on_server(program, &self.address, self.secret.as_ref());
        let Some(manifest) = since else { return program.start(PATIENCE) };
        program.arg("--incremental=/dev/stdin").with_content(manifest)?.start(PATIENCE)
    }
}

/// What came once all of it did.
pub(super) struct Came {
    /// The program, whose end was not looked at yet.
    pub(super) program: Option<Running>,
    pub(super) tree: Tree,
    pub(super) manifest: Vec<u8>,
    /// What the files have that are named in the manifest.
    pub(super) contents: Contents,
    /// Why all of the cluster was read, if it was.
    pub(super) whole: Option<Whole>,
}

/// An archive that comes once, as far as it came.
pub(super) struct Archive {
    pub(super) archiver: Archiver,
    pub(super) division: Division,
    pub(super) state: Mutex<State>,
}

/// How far it came.
pub(super) struct State {
    /// The program whose archive is not read yet, and what it builds on.
    pub(super) coming: Option<(Running, Option<Box<Base>>)>,
    /// Why the archive came to no end.
    pub(super) broke_off: Option<Fault>,
    pub(super) came: Came,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::mpsc;

    #[test]
    fn nobody_waits_for_a_program_that_does_not_take_the_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'pg_basebackup (PostgreSQL) 18.6' || exec sleep 600\n";
        for name in ["psql", "pg_basebackup"] {
            fs::write(folder.path().join(name), script).unwrap();
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let programs = Programs::look(folder.path()).unwrap();
        let address = Address::parse("postgresql://me@db").unwrap();
        let (done, told) = mpsc::channel();
        // A program ends with the thread that started it.
        std::thread::spawn(move || {
            let archiver = Archiver { programs, address, secret: None };
            let running = archiver.start(Some(&vec![b' '; 1 << 20]));
            let _ = done.send(running.is_ok_and(|running| !running.has_ended()));
        });
        assert_eq!(told.recv_timeout(Duration::from_secs(60)), Ok(true), "a pipe holds less than that");
    }
}
