//! A program of the user's that holds a file system still: LVM, a storage array, a virtual machine's host.
//!
//! It is run as `PROGRAM create ID FOLDER`, writes one line, the absolute path at which the folder lies as it was at one moment,
//! and ends with 0. After the reading `PROGRAM remove ID FOLDER` takes that away. That is also run before each `create`, for what a
//! killed engine may have left: it ends with 0 where there is nothing to remove. `ID` stays the same for a resource. It runs as the
//! engine's user, with no input, in an environment of its own, and may be silent for at most five minutes.

use super::{PATIENCE, Remover, Taken};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Program;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What a program holds.
pub(super) struct Snapshot {
    program: PathBuf,
    id: String,
    folder: PathBuf,
}

/// Has a program hold a folder.
pub(super) fn take(program: &Path, folder: &Path, id: &str) -> Result<Taken, Fault> {
    let snapshot = Snapshot { program: program.to_owned(), id: id.to_owned(), folder: folder.to_owned() };
    snapshot.run("remove")?;
    let written = snapshot.run("create");
    // Whatever fails from here on removes it, also what a program made that then failed.
    let mut taken = Taken { folder: folder.to_owned(), remover: Some(Remover::Program(snapshot)) };
    taken.folder = told(program, &written?)?;
    Ok(taken)
}

/// The folder that a program wrote.
fn told(program: &Path, written: &[u8]) -> Result<PathBuf, Fault> {
    let shown = program.display();
    let line = written.strip_suffix(b"\n").unwrap_or(written);
    let path = Path::new(OsStr::from_bytes(line));
    if !path.is_absolute() || line.contains(&b'\n') {
        return Err(Fault::Failed(format!("{shown} create must write one line, the absolute path of a folder.")));
    }
    let unusable = |e| Fault::of_io(format_args!("{shown} create wrote {}", path.display()), &e);
    let path = path.canonicalize().map_err(unusable)?;
    if path.is_dir() {
        Ok(path)
    } else {
        Err(Fault::Failed(format!("{shown} create wrote {}, which is no folder.", path.display())))
    }
}

impl Snapshot {
    fn run(&self, what: &str) -> Result<Vec<u8>, Fault> {
        let program = Program::at(&self.program)?.arg(what).arg(&self.id).arg(&self.folder);
        Ok(program.run(PATIENCE)?.output)
    }

    pub(super) fn remove(self) -> Result<(), Fault> {
        self.run("remove").map(drop)
    }
}
