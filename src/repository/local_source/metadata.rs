//! What the system says about an item, as a node.

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use crate::repository::source::FileState;
use crate::repository::{ExtendedAttribute, Node, NodeKind, Timestamp};

/// The names of owners, as they were when the source was opened.
pub(super) struct Owners {
    users: Arc<Names>,
    groups: Arc<Names>,
}

/// Names by their numbers.
type Names = HashMap<u32, String>;

/// The names of a file, and which state of it they were read from. They are read again when it has another one.
struct Read(Mutex<Option<(FileState, Arc<Names>)>>);

static USERS: Read = Read(Mutex::new(None));
static GROUPS: Read = Read(Mutex::new(None));

impl Read {
    fn names(&self, file: &str) -> Arc<Names> {
        // Asked before it is read: what changes meanwhile is read again the next time.
        let Ok(now) = rustix::fs::stat(file).map(|status| state(&status)) else { return Arc::default() };
        let mut read = self.0.lock();
        if let Some((_, names)) = read.as_ref().filter(|(before, _)| *before == now) {
            return Arc::clone(names);
        }
        let names = Arc::new(names(file));
        *read = Some((now, Arc::clone(&names)));
        names
    }
}

impl Owners {
    /// Those of `/etc/passwd` and `/etc/group`.
    pub(super) fn of_this_machine() -> Self {
        Self { users: USERS.names("/etc/passwd"), groups: GROUPS.names("/etc/group") }
    }

    /// The node of an item; its name, link target and attributes are yet to come.
    #[allow(clippy::useless_conversion, reason = "how wide the system's count of links is depends on the processor")]
    pub(super) fn node(&self, status: &Stat) -> Node {
        let kind = kind(status);
        let is_device = matches!(kind, NodeKind::BlockDevice | NodeKind::CharacterDevice);
        let linkable = is_device || matches!(kind, NodeKind::File | NodeKind::Symlink);
        let state = state(status);
        Node {
            kind,
            permissions: status.st_mode & 0o7777,
            modified: state.modified,
            accessed: state.modified,
            changed: state.changed,
            uid: status.st_uid,
            gid: status.st_gid,
            user: self.users.get(&status.st_uid).cloned().unwrap_or_default(),
            group: self.groups.get(&status.st_gid).cloned().unwrap_or_default(),
            inode: status.st_ino,
            device_id: status.st_dev,
            size: if kind == NodeKind::File { state.size } else { 0 },
            links: if linkable { u64::from(status.st_nlink) } else { 0 },
            device: if is_device { status.st_rdev } else { 0 },
            ..Node::default()
        }
    }
}

/// What tells one state of a file from another.
pub(super) fn state(status: &Stat) -> FileState {
    FileState {
        size: status.st_size.max(0) as u64,
        modified: Timestamp::new(status.st_mtime, status.st_mtime_nsec as u32),
        changed: Timestamp::new(status.st_ctime, status.st_ctime_nsec as u32),
        inode: status.st_ino,
    }
}

fn kind(status: &Stat) -> NodeKind {
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => NodeKind::File,
        FileType::Directory => NodeKind::Directory,
        FileType::Symlink => NodeKind::Symlink,
        FileType::BlockDevice => NodeKind::BlockDevice,
        FileType::CharacterDevice => NodeKind::CharacterDevice,
        FileType::Fifo => NodeKind::Fifo,
        FileType::Socket => NodeKind::Socket,
        FileType::Unknown => NodeKind::Other,
    }
}

/// Reads the extended attributes of an item, sorted by name. A file system without them has none.
pub(super) fn read_extended_attributes(path: &[u8], found: &mut Vec<ExtendedAttribute>, problems: &mut Vec<io::Error>) {
    let list = match read_growing(|buffer| rustix::fs::llistxattr(path, buffer)) {
        Ok(list) => list,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return,
        Err(error) => return problems.push(error.into()),
    };
    for name in list.split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        let Ok(text) = name.to_str() else {
            let name = name.to_string_lossy();
            problems.push(io::Error::other(format!("extended attribute {name:?}: its name is not text")));
            continue;
        };
        match read_growing(|buffer| rustix::fs::lgetxattr(path, name, buffer)) {
            Ok(value) => found.push(ExtendedAttribute { name: text.into(), value }),
            // Removed between listing and reading.
            Err(Errno::NODATA) => {}
            Err(error) => {
                let error = io::Error::from(error);
                problems.push(io::Error::new(error.kind(), format!("extended attribute {text}: {error}")));
            }
        }
    }
    found.sort_unstable_by(|left, right| left.name.cmp(&right.name));
}

/// Calls with a larger buffer until the answer fits; 64 KiB is the kernel's own limit.
fn read_growing(mut call: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut small = [0; 256];
    match call(&mut small) {
        Err(Errno::RANGE) => {}
        outcome => return outcome.map(|length| small[..length].to_vec()),
    }
    let mut large = vec![0; 64 << 10];
    let length = call(&mut large)?;
    large.truncate(length);
    Ok(large)
}

/// Numbers and names from a file in the form of `/etc/passwd`. Without the file there are only numbers.
fn names(file: &str) -> Names {
    let content = fs::read(file).unwrap_or_default();
    let mut names = HashMap::new();
    for line in content.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b':').map(|field| std::ffi::OsStr::from_bytes(field).to_str());
        if let (Some(Some(name)), Some(_), Some(Some(number))) = (fields.next(), fields.next(), fields.next())
            && let Ok(number) = number.parse()
        {
            names.entry(number).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_again_when_their_file_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwd");
        let file = path.to_str().unwrap();
        let read = Read(Mutex::new(None));
        let name = || read.names(file).get(&7).cloned();
        assert_eq!(name(), None, "there is no such file");
        fs::write(file, "one:x:7:7\n").unwrap();
        assert_eq!(name().as_deref(), Some("one"));
        assert!(Arc::ptr_eq(&read.names(file), &read.names(file)), "it was read once");
        fs::write(folder.path().join("new"), "two:x:7:7\n").unwrap();
        fs::rename(folder.path().join("new"), file).unwrap();
        assert_eq!(name().as_deref(), Some("two"), "as those who change it do");
        fs::remove_file(file).unwrap();
        assert_eq!(name(), None);
    }
}
