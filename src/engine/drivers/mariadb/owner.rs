//! As whom programs work on files that were restored.
//!
//! What is in such files was written by others, and a server reads all of it: so none runs as root, who could do anything with what is
//! wrong in them. It runs as whom the files belong to. Root's own files are given to another user for that time: `mysql`, else `nobody`.

use crate::engine::drivers::child::{Program, User};
use rustix::fs::{Dir, FileType, Gid, Mode, OFlags, Uid, fchown, fstat, openat};
use rustix::process::geteuid;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The users of a server, or of nothing.
const STAND_INS: [&str; 2] = ["mysql", "nobody"];

/// Where users are named.
const USERS: &str = "/etc/passwd";

/// How what is given is opened: itself, and nothing that it leads to.
const ACCESS: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Who works on files of this owner; nothing where that is us. Root's are worked on by root only where the machine has none of the users
/// that could stand in: without one nothing could be restored there at all.
pub(super) fn worker((uid, gid): (u32, u32)) -> Option<User> {
    if !geteuid().is_root() {
        return None;
    }
    if uid != 0 {
        return Some(User { uid, gid });
    }
    let users = fs::read_to_string(USERS).unwrap_or_default();
    STAND_INS.iter().find_map(|name| User::named(name, &users)).filter(|user| user.uid != 0)
}

/// Whether what has this worker runs as root.
pub(super) fn is_root(worker: Option<User>) -> bool {
    worker.is_none() && geteuid().is_root()
}

/// A server that runs as a worker. Where there is none and we are root, it has to be told that this is meant.
pub(super) fn served_by(program: Program, worker: Option<User>) -> Program {
    match worker {
        Some(user) => program.run_by(user),
        None if is_root(worker) => program.arg("--user=root"),
        None => program,
    }
}

/// Who works on a scratch folder, to whom it belongs from then on.
pub(super) fn take_over(folder: &Path) -> io::Result<Option<User>> {
    let found = fs::metadata(folder)?;
    let worker = worker((found.uid(), found.gid()));
    if let Some(user) = worker.filter(|_| found.uid() == 0) {
        give_all(folder, 0, user)?;
    }
    Ok(worker)
}

/// Whether a user comes to a folder through those above it. What other rights than those of modes say counts as a no.
pub(super) fn reaches(user: User, folder: &Path) -> bool {
    folder.ancestors().skip(1).all(|above| {
        fs::metadata(above).is_ok_and(|found| {
            let bit = if found.uid() == user.uid {
                0o100
            } else if found.gid() == user.gid {
                0o010
            } else {
                0o001
            };
            found.mode() & bit != 0
        })
    })
}

/// Gives a folder and what of it belongs to `from` to another user.
pub(super) fn give_all(folder: &Path, from: u32, to: User) -> io::Result<()> {
    let opened = rustix::fs::open(folder, ACCESS, Mode::empty())?;
    give_below(&opened, from, to)?;
    own(&opened, from, to)
}

/// Gives what is `from`'s below a folder to another user.
pub(super) fn give(folder: &Path, from: u32, to: User) -> io::Result<()> {
    give_below(&rustix::fs::open(folder, ACCESS & !OFlags::NOFOLLOW, Mode::empty())?, from, to)
}

/// From one folder to the next, and never by a path: whoever owns what is below may put a link in the place of a folder meanwhile.
fn give_below(folder: &OwnedFd, from: u32, to: User) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_data = matches!(entry.file_type(), FileType::RegularFile | FileType::Directory | FileType::Unknown);
        if [c".", c".."].contains(&name) || !is_data {
            continue;
        }
        let opened = openat(folder, name, ACCESS, Mode::empty())?;
        if FileType::from_raw_mode(fstat(&opened)?.st_mode).is_dir() {
            give_below(&opened, from, to)?;
        }
        own(&opened, from, to)?;
    }
    Ok(())
}

/// Gives one file or folder; a file that has another name elsewhere may be somebody's there.
fn own(opened: &OwnedFd, from: u32, to: User) -> io::Result<()> {
    let found = fstat(opened)?;
    let is_folder = FileType::from_raw_mode(found.st_mode).is_dir();
    if found.st_uid == from && (is_folder || found.st_nlink == 1) {
        fchown(opened, Some(Uid::from_raw(to.uid)), Some(Gid::from_raw(to.gid)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_folder_is_reached_through_all_that_is_above_it() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a/b");
        fs::create_dir_all(&folder).unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let other = User { uid: 4_000_000, gid: 4_000_000 };
        for (modes, reaches_it) in [([0o711, 0o701], true), ([0o711, 0o710], false), ([0o700, 0o711], false)] {
            set(above.path(), modes[0]);
            set(&above.path().join("a"), modes[1]);
            assert_eq!(reaches(other, &folder), reaches_it, "{modes:?}");
        }
        let us = User { uid: geteuid().as_raw(), gid: 4_000_000 };
        assert!(reaches(us, &folder));
    }

    #[test]
    fn nobody_works_as_root_and_each_owner_as_oneself() {
        let is_root = geteuid().is_root();
        assert_eq!(worker((7, 8)), is_root.then_some(User { uid: 7, gid: 8 }));
        assert!(worker((0, 0)).is_none_or(|user| is_root && user.uid != 0));
    }

    #[test]
    fn what_is_given_is_what_was_there_and_nothing_that_lies_elsewhere_too() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("data/shop")).unwrap();
        for name in ["data/shop/t.ibd", "data/ibdata1", "precious"] {
            fs::write(path(name), "x").unwrap();
        }
        fs::hard_link(path("precious"), path("data/linked")).unwrap();
        std::os::unix::fs::symlink(path("precious"), path("data/planted")).unwrap();
        give_all(&path("data"), 0, User { uid: 7, gid: 8 }).unwrap();
        let owner = |name: &str| fs::metadata(path(name)).map(|found| (found.uid(), found.gid())).unwrap();
        for name in ["data", "data/shop", "data/shop/t.ibd", "data/ibdata1"] {
            assert_eq!(owner(name), (7, 8), "{name}");
        }
        assert_eq!((owner("precious").0, owner("data/planted").0), (0, 0));
    }
}
