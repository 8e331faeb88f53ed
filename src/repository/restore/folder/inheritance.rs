//! Access control lists that a folder passes on to what is made in it.
//!
//! A folder with a default list gives it to each new file and folder in it: restored files would be open to people for whom
//! they were never meant. What the target passes on is taken away before anything is made in it; a list that was stored comes
//! back with the attributes of its folder, after everything in it is there.

use std::os::fd::{AsRawFd as _, OwnedFd};

use rustix::io::Errno;

/// Who may do what with an item.
const ACCESS: &str = "system.posix_acl_access";
/// What a folder passes on.
const DEFAULT: &str = "system.posix_acl_default";

/// Takes both lists from a folder of the target. Whether it still passes one on, since it belongs to somebody else.
pub(super) fn end(folder: &OwnedFd) -> bool {
    // Without a list of its own it has its permissions, which are set in the end like everything else.
    let _ = rustix::fs::fremovexattr(folder, ACCESS);
    match rustix::fs::fremovexattr(folder, DEFAULT) {
        // Who is not the owner is refused even where there is nothing to remove.
        Err(Errno::PERM | Errno::ACCESS | Errno::ROFS) => {
            rustix::fs::fgetxattr(folder, DEFAULT, &mut [0_u8; 0]).is_ok()
        }
        _ => false,
    }
}

/// Takes from a new file what it inherited.
pub(super) fn disown(file: &OwnedFd) -> rustix::io::Result<()> {
    none_is_fine(rustix::fs::fremovexattr(file, ACCESS))
}

/// Takes from a new pipe, socket or device what it inherited.
pub(super) fn disown_name(folder: &OwnedFd, name: &[u8]) -> rustix::io::Result<()> {
    let mut path = format!("/proc/self/fd/{}/", folder.as_raw_fd()).into_bytes();
    path.extend_from_slice(name);
    none_is_fine(rustix::fs::lremovexattr(path, ACCESS))
}

fn none_is_fine(outcome: rustix::io::Result<()>) -> rustix::io::Result<()> {
    match outcome {
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        outcome => outcome,
    }
}
