//! A folder of this machine as a source.

mod folders;
mod metadata;
mod reader;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat};
use rustix::io::Errno;

use self::folders::Folders;
use self::metadata::{Owners, read_extended_attributes};
use self::reader::LocalReader;
use super::open_folder::{Identity, OpenFolder};
use super::source::{Child, Children, Estimate, SourceItem, SourceReader, TreeSource};
use super::{Control, Node, NodeKind};

/// Names of a folder are asked for in portions of this many bytes.
const LISTING: usize = 32 << 10;

/// Files and folders as this machine has them. Other file systems mounted below a root are not entered.
///
/// The root is opened once, without following any link on the way to it, and everything below it by descriptors from there:
/// so nobody can lead a backup elsewhere by putting a link in a folder's place before it or while it runs, and a tree may be
/// deeper than the longest path of the system.
pub struct LocalSource {
    root: PathBuf,
    folders: Folders,
    identity: Identity,
    /// The number of the file system that its items are told to lie on.
    device: u64,
    hidden: Option<Hidden>,
    owners: Owners,
}

/// Folders that are passed over in silence: those with such a name and such a number.
#[derive(Debug, Clone, Copy)]
pub struct Hidden {
    /// What their names begin with.
    pub prefix: &'static str,
    /// The numbers that they may have; a folder of that name with another number is like any other.
    pub inodes: [u64; 2],
}

/// Where an item lies: the path of its folder below the root, and its name in it.
struct Below<'p> {
    folder: &'p [u8],
    name: &'p OsStr,
}

impl LocalSource {
    /// A source that stays on the file system of `root`, the absolute path of a folder with no link on the way to it.
    ///
    /// The names of owners are those of `/etc/passwd` and `/etc/group` at this moment.
    pub fn new(root: &Path) -> io::Result<Self> {
        let opened = OpenFolder::open(root)?;
        Ok(Self::of(opened.path().to_owned(), opened.identity().device, opened))
    }

    /// A source of the tree at `root` as `held` has it, a copy of that tree which nobody changes: its items are told by their paths
    /// below `root`, and to lie on the file system with the number `device`, as they did.
    pub fn of_copy(root: &Path, device: u64, held: &Path) -> io::Result<Self> {
        Ok(Self::of(root.to_owned(), device, OpenFolder::open(held)?))
    }

    /// The same, for which some folders are not there.
    pub fn without(self, hidden: Option<Hidden>) -> Self {
        Self { hidden, ..self }
    }

    fn of(root: PathBuf, device: u64, opened: OpenFolder) -> Self {
        let identity = opened.identity();
        Self { root, folders: Folders::new(opened), identity, device, hidden: None, owners: Owners::of_this_machine() }
    }

    /// Which folder the root is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// A path below the root, as names with slashes between them; empty for the root itself, and nothing for any other path.
    fn below<'p>(&self, path: &'p Path) -> Option<&'p [u8]> {
        let below = path.as_os_str().as_bytes().strip_prefix(self.root.as_os_str().as_bytes())?;
        match below.strip_prefix(b"/") {
            Some(below) => Some(below),
            None if below.is_empty() || self.root.as_os_str() == "/" => Some(below),
            None => None,
        }
    }

    fn locate<'p>(&self, path: &'p Path) -> io::Result<Below<'p>> {
        let below = self.below(path).filter(|below| !below.is_empty());
        let below = below.ok_or_else(|| io::Error::other(format!("{} is not below the root", path.display())))?;
        let (folder, name) = match below.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&below[..slash], &below[slash + 1..]),
            None => (&b""[..], below),
        };
        Ok(Below { folder, name: OsStr::from_bytes(name) })
    }

    /// The item of an open folder: the root, or one above it.
    fn item_of(&self, folder: BorrowedFd<'_>) -> io::Result<SourceItem> {
        let status = rustix::fs::fstat(folder)?;
        let mut item = SourceItem { node: self.node(&status), ..SourceItem::default() };
        read_extended_attributes(
            &by_descriptor(folder, OsStr::new(".")),
            &mut item.node.extended_attributes,
            &mut item.problems,
        );
        Ok(item)
    }

    fn node(&self, status: &Stat) -> Node {
        let mut node = self.owners.node(status);
        if status.st_dev == self.identity.device {
            node.device_id = self.device;
        }
        node
    }

    fn is_foreign(&self, status: &Stat) -> bool {
        FileType::from_raw_mode(status.st_mode) == FileType::Directory && status.st_dev != self.identity.device
    }

    fn is_hidden(&self, folder: &OwnedFd, name: &OsStr) -> bool {
        let Some(hidden) = self.hidden.filter(|hidden| name.as_bytes().starts_with(hidden.prefix.as_bytes())) else {
            return false;
        };
        rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|status| {
            FileType::from_raw_mode(status.st_mode) == FileType::Directory && hidden.inodes.contains(&status.st_ino)
        })
    }
}

impl TreeSource for LocalSource {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        match self.below(path) {
            Some([]) => return self.item_of(self.folders.root().as_fd()),
            Some(_) => {}
            None => return self.item_of(OpenFolder::look(path)?.as_fd()),
        }
        let Below { folder, name } = self.locate(path)?;
        let folder = self.folders.open(folder)?;
        let status = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let mut node = self.node(&status);
        let mut problems = Vec::new();
        if node.kind == NodeKind::Symlink {
            match rustix::fs::readlinkat(&folder, name, Vec::new()) {
                Ok(target) => node.link_target = target.into_bytes(),
                Err(error) => problems.push(error.into()),
            }
        }
        read_extended_attributes(&by_descriptor(folder.as_fd(), name), &mut node.extended_attributes, &mut problems);
        let not_entered =
            self.is_foreign(&status).then(|| "another file system is mounted here; it was not entered".into());
        Ok(SourceItem { node, not_entered, problems, ..SourceItem::default() })
    }

    /// The folder's names are read at once, for a folder gives them in no order; the items are looked at one by one.
    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let below = self.below(folder).ok_or_else(|| io::Error::other("it is not below the root"))?;
        // A descriptor remembers how far it was listed, so a kept one is not listed itself.
        let listed = rustix::fs::openat(
            &*self.folders.open(below)?,
            ".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let mut names: Vec<OsString> = Vec::new();
        for_each_name(&listed, |name, _| names.push(name.to_owned()))?;
        names.retain(|name| !self.is_hidden(&listed, name));
        names.sort_unstable();
        names.dedup();
        Ok(Box::new(names.into_iter().map(|name| Ok(Child::named(name)))))
    }

    /// Opens a file without waiting for a pipe's writer, and (where allowed) without touching the time of its last reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        let Below { folder, name } = self.locate(path)?;
        let folder = self.folders.open(folder)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match rustix::fs::openat(&folder, name, flags | OFlags::NOATIME, Mode::empty()) {
            Err(Errno::PERM) => rustix::fs::openat(&folder, name, flags, Mode::empty()),
            outcome => outcome,
        };
        Ok(Box::new(LocalReader::new(opened?)?))
    }

    fn estimate(&self, root: &Path, control: &Control) -> Option<Estimate> {
        let mut estimate = Estimate::default();
        let mut folders = vec![self.below(root)?.to_vec()];
        while let Some(below) = folders.pop() {
            // What cannot be opened or listed is met again by the walk, which says so.
            let Ok(folder) = self.folders.open_anew(&below) else { continue };
            let mut look = |name: &OsStr, kind: FileType| {
                // Links, pipes and the like are not counted, and folders have no content of their own.
                if control.is_cancelled()
                    || !matches!(kind, FileType::RegularFile | FileType::Directory | FileType::Unknown)
                {
                    return;
                }
                let Ok(status) = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
                match FileType::from_raw_mode(status.st_mode) {
                    FileType::RegularFile => {
                        estimate.files += 1;
                        estimate.bytes += status.st_size.max(0) as u64;
                    }
                    FileType::Directory if !self.is_foreign(&status) => folders.push(join(&below, name)),
                    _ => {}
                }
            };
            let _ = for_each_name(&folder, &mut look);
            if control.is_cancelled() {
                return None;
            }
        }
        Some(estimate)
    }
}

/// Calls `visit` with each name in an open folder and what the folder says that it is.
fn for_each_name(folder: &OwnedFd, mut visit: impl FnMut(&OsStr, FileType)) -> Result<(), Errno> {
    let mut buffer = Vec::with_capacity(LISTING);
    let mut entries = RawDir::new(folder, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            visit(OsStr::from_bytes(name), entry.file_type());
        }
    }
    Ok(())
}

fn join(folder: &[u8], name: &OsStr) -> Vec<u8> {
    let mut path = folder.to_vec();
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name.as_bytes());
    path
}

/// A path to a name in an open folder, for the calls that take no descriptor. The folder is pinned by it.
fn by_descriptor(folder: BorrowedFd<'_>, name: &OsStr) -> Vec<u8> {
    let mut path = format!("/proc/self/fd/{}/", folder.as_raw_fd()).into_bytes();
    path.extend_from_slice(name.as_bytes());
    path
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::{FileExt, PermissionsExt};

    use super::*;
    use crate::repository::Piece;

    /// Reads a file piece by piece, as lengths of data (positive) and holes (negative).
    fn pieces(source: &LocalSource, path: &Path) -> Vec<i64> {
        let mut reader = source.open(path).unwrap();
        let mut buffer = vec![0; 1 << 20];
        let mut pieces = Vec::new();
        loop {
            match reader.read(&mut buffer).unwrap() {
                Piece::Data(length) => pieces.push(length as i64),
                Piece::Hole(length) => pieces.push(-(length as i64)),
                Piece::AsBefore(_) => panic!("nobody told it of a parent"),
                Piece::End => return pieces,
            }
        }
    }

    #[test]
    fn data_is_read_and_holes_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::create(&path).unwrap();
        file.write_all_at(&[1; 4096], 1 << 20).unwrap();
        file.set_len(3 << 20).unwrap();
        let source = LocalSource::new(folder.path()).unwrap();
        assert_eq!(pieces(&source, &path), [-(1 << 20), 4096, -((2 << 20) - 4096)]);
        file.set_len(0).unwrap();
        assert_eq!(pieces(&source, &path), [] as [i64; 0]);
        file.write_all_at(b"abc", 0).unwrap();
        assert_eq!(pieces(&source, &path), [3]);
    }

    #[test]
    fn a_file_is_read_as_long_as_it_was_when_it_was_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, b"one").unwrap();
        let source = LocalSource::new(folder.path()).unwrap();
        let mut reader = source.open(&path).unwrap();
        let before = reader.state().unwrap();
        fs::write(&path, b"one two").unwrap();
        let mut buffer = [0; 100];
        assert_eq!(reader.read(&mut buffer).unwrap(), Piece::Data(3));
        assert_eq!(reader.read(&mut buffer).unwrap(), Piece::End);
        assert_ne!(reader.state().unwrap(), before);
    }

    #[test]
    fn a_file_that_claims_no_length_is_read_to_its_end() {
        let source = LocalSource::new(Path::new("/proc")).unwrap();
        let path = format!("/proc/{}/status", std::process::id());
        assert!(pieces(&source, Path::new(&path)).iter().sum::<i64>() > 100);
    }

    #[test]
    fn links_and_pipes_are_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let source = LocalSource::new(folder.path()).unwrap();
        let (link, pipe) = (folder.path().join("link"), folder.path().join("pipe"));
        std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(source.open(&link).is_err());
        assert!(source.open(&pipe).is_err(), "and it did not wait for a writer");
    }

    #[test]
    fn a_folder_that_was_swapped_for_a_link_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
        fs::create_dir_all(root.join("inner")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), b"secret").unwrap();
        let source = LocalSource::new(&root).unwrap();
        fs::remove_dir(root.join("inner")).unwrap();
        std::os::unix::fs::symlink(&outside, root.join("inner")).unwrap();
        assert!(source.children(&root.join("inner")).is_err());
        assert!(source.open(&root.join("inner/secret")).is_err());
    }

    #[test]
    fn another_file_system_is_not_entered() {
        let source = LocalSource::new(Path::new("/")).unwrap();
        let item = source.item(Path::new("/proc")).unwrap();
        assert!(item.node.is_directory() && item.not_entered.is_some());
        assert!(source.item(Path::new("/")).unwrap().not_entered.is_none());
    }

    #[test]
    fn a_copy_is_told_as_what_it_is_a_copy_of() {
        let folder = tempfile::tempdir().unwrap();
        let (live, held) = (folder.path().join("live"), folder.path().join("held"));
        fs::create_dir_all(live.join("sub")).unwrap();
        fs::create_dir_all(held.join("sub")).unwrap();
        fs::create_dir_all(held.join(".kept-1/x")).unwrap();
        fs::create_dir_all(held.join(".kept-2/x")).unwrap();
        fs::write(held.join("sub/file"), b"as it was").unwrap();
        fs::write(live.join("sub/file"), b"changed meanwhile").unwrap();
        let number = |name: &str| rustix::fs::stat(held.join(name)).unwrap().st_ino;
        let hidden = Hidden { prefix: ".kept-", inodes: [number(".kept-1"), 0] };
        let source = LocalSource::of_copy(&live, 77, &held).unwrap().without(Some(hidden));

        let names = |path: &Path| {
            let children = source.children(path).unwrap();
            children.map(|child| child.unwrap().name.into_string().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names(&live), [".kept-2", "sub"], "one of the name with another number is like any other");
        let file = source.item(&live.join("sub/file")).unwrap();
        assert_eq!((file.node.size, file.node.device_id), (9, 77));
        assert_eq!(source.item(&live).unwrap().node.device_id, 77);
        assert_eq!(source.item(&live.join("sub")).unwrap().not_entered, None);
    }

    #[test]
    fn a_node_has_the_metadata_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"12345").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4711)).unwrap();
        fs::hard_link(&path, folder.path().join("again")).unwrap();
        let node = LocalSource::new(folder.path()).unwrap().item(&path).unwrap().node;
        assert_eq!((node.kind, node.permissions, node.size, node.links), (NodeKind::File, 0o4711, 5, 2));
        assert_eq!(node.accessed, node.modified);
        if node.uid == 0 {
            assert_eq!((node.user.as_str(), node.group.as_str()), ("root", "root"));
        }
    }
}
