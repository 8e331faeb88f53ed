//! Whether a folder is the data directory of a server.

use super::address::Address;
use super::server::Server;
use crate::domain::Invalid;
use crate::engine::drivers::Fault;
use rustix::process::{Flock, FlockType, fcntl_getlk};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A file that each data directory has, and that a server keeps locked.
const LOCKED: &str = "aria_log_control";

/// Where the system says what this machine is called.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// The data directory of a server, in its one spelling. On this machine the server itself says where that is; one that has another
/// name, as in a container, may know the folder by another path, and then some server has to be at work there.
pub(super) fn check(given: &Path, address: &Address, server: &Server) -> Result<PathBuf, Fault> {
    let shown = given.display();
    let refuse = |rule: String| Fault::from(Invalid::value("Path", rule));
    if !given.is_absolute() {
        return Err(refuse(format!("must be an absolute path; it is {shown}")));
    }
    let told = |error: &io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Fault::of_io(format_args!("The data directory {shown} cannot be read"), error)
        }
        _ => refuse(format!("must be the server's data directory; {shown}: {error}")),
    };
    let path = given.canonicalize().map_err(|error| told(&error))?;
    std::fs::read_dir(&path).map_err(|error| told(&error))?;
    let locked = File::open(path.join(LOCKED)).map_err(|error| told(&error))?;
    let place = address.place();
    let hostname = std::fs::read_to_string(HOSTNAME).unwrap_or_default();
    if hostname.trim() == server.hostname {
        let own = Path::new(&server.data_dir);
        if own.canonicalize().is_ok_and(|own| own == path) {
            return Ok(path);
        }
        let own = own.display();
        return Err(refuse(format!(
            "must be the data directory of the server at {place}, which is {own}; it is {shown}"
        )));
    }
    let held = fcntl_getlk(&locked, &Flock::from(FlockType::WriteLock)).map_err(|error| told(&error.into()))?;
    if held.is_none() {
        return Err(refuse(format!(
            "must be the data directory of the server at {place}; no server is at work in {shown}"
        )));
    }
    Ok(path)
}

/// Refuses a data directory that shares a folder with the engine's own.
pub(super) fn keep_apart(path: &Path, engine: &Path) -> Result<(), Fault> {
    if path.starts_with(engine) || engine.starts_with(path) {
        let rule = format!("must lie neither inside nor above the engine's data directory; it is {}", path.display());
        return Err(Invalid::value("Path", rule).into());
    }
    Ok(())
}
