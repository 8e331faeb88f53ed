//! Giving restored items their owner, attributes, permissions and times.
//!
//! The order matters: a change of the owner takes set-user-id bits and capabilities away, a file that was made read-only
//! takes no attributes any more, and whatever comes last must be the times.

use std::os::fd::{AsRawFd as _, OwnedFd};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use crate::repository::restore::sink::MissingMetadata;
use crate::repository::{ExtendedAttribute, Node, Timestamp};

/// Set-user-id and set-group-id.
const SET_ID: u32 = 0o6000;

/// Notes what could not be set.
fn note(missing: &mut MissingMetadata, what: &str, outcome: rustix::io::Result<()>) {
    if let Err(error) = outcome {
        missing.faults.push(format!("{what} could not be set: {error}"));
    }
}

/// Gives an open file or folder everything that its node says.
pub(super) fn apply_to_open(descriptor: &OwnedFd, node: &Node) -> MissingMetadata {
    let mut missing = MissingMetadata::default();
    let owned = give_owner(node, &mut missing, |user, group| rustix::fs::fchown(descriptor, user, group));
    give_attributes(node, &mut missing, |attribute| {
        rustix::fs::fsetxattr(descriptor, attribute.name.as_str(), &attribute.value, XattrFlags::empty())
    });
    note(&mut missing, "the permissions", rustix::fs::fchmod(descriptor, permissions(node, owned)));
    note(&mut missing, "the times", rustix::fs::futimens(descriptor, &times(node)));
    missing
}

/// Gives a link, pipe or device, which are not opened, everything that its node says. It lies in `folder` by its name.
pub(super) fn apply_to_name(folder: &OwnedFd, node: &Node) -> MissingMetadata {
    let mut missing = MissingMetadata::default();
    let name = node.name.as_slice();
    let owned = give_owner(node, &mut missing, |user, group| {
        rustix::fs::chownat(folder, name, user, group, AtFlags::SYMLINK_NOFOLLOW)
    });
    give_attributes(node, &mut missing, |attribute| {
        // There is no call that takes a folder and a name. The folder is pinned by its descriptor, and the name is not followed.
        let mut path = format!("/proc/self/fd/{}/", folder.as_raw_fd()).into_bytes();
        path.extend_from_slice(name);
        rustix::fs::lsetxattr(path, attribute.name.as_str(), &attribute.value, XattrFlags::empty())
    });
    if node.kind != crate::repository::NodeKind::Symlink {
        note(&mut missing, "the permissions", change_mode(folder, name, permissions(node, owned)));
    }
    note(&mut missing, "the times", rustix::fs::utimensat(folder, name, &times(node), AtFlags::SYMLINK_NOFOLLOW));
    missing
}

/// Whether the item has its owner and group now. Who is not root can still give it a group of their own.
fn give_owner(
    node: &Node,
    missing: &mut MissingMetadata,
    chown: impl Fn(Option<Uid>, Option<Gid>) -> rustix::io::Result<()>,
) -> bool {
    // The largest number means "leave it" to the system, so nothing can belong to it.
    let user = (node.uid != u32::MAX).then(|| Uid::from_raw(node.uid));
    let group = (node.gid != u32::MAX).then(|| Gid::from_raw(node.gid));
    match chown(user, group) {
        Ok(()) => true,
        // A number that the user namespace does not map is refused as invalid.
        Err(Errno::PERM | Errno::INVAL) => {
            let _ = chown(None, group);
            missing.privileged = true;
            false
        }
        Err(error) => {
            note(missing, "the owner", Err(error));
            false
        }
    }
}

fn give_attributes(
    node: &Node,
    missing: &mut MissingMetadata,
    set: impl Fn(&ExtendedAttribute) -> rustix::io::Result<()>,
) {
    for attribute in &node.extended_attributes {
        match set(attribute) {
            Ok(()) => {}
            Err(Errno::PERM | Errno::ACCESS) if !attribute.name.starts_with("user.") => missing.privileged = true,
            Err(Errno::NOTSUP) if attribute.name.starts_with("security.") => missing.privileged = true,
            Err(error) => note(missing, &format!("the attribute {}", attribute.name), Err(error)),
        }
    }
}

/// The permissions; who could not become the owner's would lend their own rights through set-user-id.
fn permissions(node: &Node, owned: bool) -> Mode {
    let permissions = node.permissions & 0o7777;
    Mode::from_raw_mode(if owned { permissions } else { permissions & !SET_ID })
}

fn change_mode(folder: &OwnedFd, name: &[u8], mode: Mode) -> rustix::io::Result<()> {
    let item = rustix::fs::openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    if FileType::from_raw_mode(rustix::fs::fstat(&item)?.st_mode) == FileType::Symlink {
        return Err(Errno::LOOP);
    }
    rustix::fs::chmod(format!("/proc/self/fd/{}", item.as_raw_fd()), mode)
}

fn times(node: &Node) -> Timestamps {
    let moment = |time: Timestamp| Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds.into() };
    Timestamps { last_access: moment(node.accessed), last_modification: moment(node.modified) }
}
