//! A folder of this machine as a source.

use std::collections::HashMap;
use std::ffi::{CStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{Dir, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::source::{Estimate, FileState, Piece, SourceItem, SourceReader, TreeSource};
use super::{Control, ExtendedAttribute, Node, NodeKind, Timestamp};

/// Files and folders as this machine has them. Other file systems mounted below a root are not entered.
///
/// Below the root, files and folders are opened without following any link on the way, so that nobody who can write in the
/// tree can lead a backup out of it by swapping a folder for a link while it runs.
pub struct LocalSource {
    root: PathBuf,
    root_folder: Option<OwnedFd>,
    device: Option<u64>,
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl LocalSource {
    /// A source that stays on the file system of `root`.
    ///
    /// The names of owners are those of `/etc/passwd` and `/etc/group` at this moment.
    pub fn new(root: &Path) -> io::Result<Self> {
        let device = Some(fs::symlink_metadata(root)?.dev());
        // A root that is a file, or may not be opened, is met again as what it is.
        let flags = OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC;
        let root_folder = rustix::fs::open(root, flags, Mode::empty()).ok();
        let (users, groups) = (names("/etc/passwd"), names("/etc/group"));
        Ok(Self { root: root.to_owned(), root_folder, device, users, groups })
    }

    /// Opens a path below the root without following links on the way; any other path without following one at its end.
    fn open_at(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if let (Some(root), Ok(below)) = (&self.root_folder, path.strip_prefix(&self.root)) {
            let below = if below.as_os_str().is_empty() { Path::new(".") } else { below };
            match rustix::fs::openat2(root, below, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
                // An old kernel, or a container that forbids the call.
                Err(Errno::NOSYS | Errno::PERM) => {}
                outcome => return outcome,
            }
        }
        rustix::fs::open(path, flags, Mode::empty())
    }

    /// Opens a file without waiting for a pipe's writer, and (where allowed) without touching the time of its last reading.
    fn open_quietly(&self, path: &Path) -> Result<OwnedFd, Errno> {
        match self.open_at(path, OFlags::NONBLOCK | OFlags::NOATIME) {
            Err(Errno::PERM) => self.open_at(path, OFlags::NONBLOCK),
            outcome => outcome,
        }
    }

    fn node(&self, path: &Path, metadata: &fs::Metadata, problems: &mut Vec<io::Error>) -> Node {
        let kind = kind(metadata.file_type());
        let is_device = matches!(kind, NodeKind::BlockDevice | NodeKind::CharacterDevice);
        let linkable = is_device || matches!(kind, NodeKind::File | NodeKind::Symlink);
        let state = state(metadata);
        let mut node = Node {
            kind,
            permissions: metadata.mode() & 0o7777,
            modified: state.modified,
            accessed: state.modified,
            changed: state.changed,
            uid: metadata.uid(),
            gid: metadata.gid(),
            user: self.users.get(&metadata.uid()).cloned().unwrap_or_default(),
            group: self.groups.get(&metadata.gid()).cloned().unwrap_or_default(),
            inode: metadata.ino(),
            device_id: metadata.dev(),
            size: if kind == NodeKind::File { metadata.len() } else { 0 },
            links: if linkable { metadata.nlink() } else { 0 },
            device: if is_device { metadata.rdev() } else { 0 },
            ..Node::default()
        };
        if kind == NodeKind::Symlink {
            match fs::read_link(path) {
                Ok(target) => node.link_target = target.into_os_string().into_vec(),
                Err(error) => problems.push(error),
            }
        }
        read_extended_attributes(path, &mut node.extended_attributes, problems);
        node
    }
}

impl TreeSource for LocalSource {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        let metadata = fs::symlink_metadata(path)?;
        let mut problems = Vec::new();
        let node = self.node(path, &metadata, &mut problems);
        let foreign = node.is_directory() && self.device.is_some_and(|device| device != metadata.dev());
        let not_entered = foreign.then(|| "another file system is mounted here; it was not entered".into());
        Ok(SourceItem { node, not_entered, problems })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::new(self.open_at(folder, OFlags::DIRECTORY)?)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name.to_vec()));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        let file = File::from(self.open_quietly(path)?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no longer a regular file"));
        }
        // Fewer blocks than bytes: there are holes. (Compression looks the same, and costs only a few questions more.)
        let holes = metadata.blocks() * 512 < metadata.len();
        Ok(Box::new(LocalReader { file, length: metadata.len(), at: 0, data_until: if holes { 0 } else { u64::MAX } }))
    }

    fn estimate(&self, root: &Path, control: &Control) -> Option<Estimate> {
        let mut estimate = Estimate::default();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if control.is_cancelled() {
                    return None;
                }
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_dir() && self.device.is_none_or(|device| device == metadata.dev()) {
                    folders.push(entry.path());
                } else if metadata.is_file() {
                    estimate.files += 1;
                    estimate.bytes += metadata.len();
                }
            }
        }
        Some(estimate)
    }
}

struct LocalReader {
    file: File,
    length: u64,
    at: u64,
    /// Up to here there is data and no hole.
    data_until: u64,
}

impl LocalReader {
    /// At the end of known data: finds out whether a hole begins here, and returns its length.
    fn hole_here(&mut self) -> io::Result<Option<u64>> {
        let data = match rustix::fs::seek(&self.file, rustix::fs::SeekFrom::Data(self.at)) {
            Ok(data) => data,
            Err(Errno::NXIO) => self.length,
            // This file system cannot tell: everything is data.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => {
                self.data_until = u64::MAX;
                self.file.seek(SeekFrom::Start(self.at))?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if data > self.at {
            let hole = data.min(self.length).saturating_sub(self.at);
            self.at += hole;
            return Ok(Some(hole).filter(|hole| *hole > 0));
        }
        self.data_until = match rustix::fs::seek(&self.file, rustix::fs::SeekFrom::Hole(self.at)) {
            Ok(hole) => hole,
            Err(Errno::NXIO) => self.length,
            Err(error) => return Err(error.into()),
        };
        self.file.seek(SeekFrom::Start(self.at))?;
        Ok(None)
    }
}

impl SourceReader for LocalReader {
    fn state(&mut self) -> io::Result<FileState> {
        Ok(state(&self.file.metadata()?))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        // A file that claims no length (as in /proc) is read to its end; any other up to its length when it was opened.
        let left = if self.length == 0 { u64::MAX } else { self.length - self.at.min(self.length) };
        if left == 0 {
            return Ok(Piece::End);
        }
        if self.length > 0
            && self.at >= self.data_until
            && let Some(hole) = self.hole_here()?
        {
            return Ok(Piece::Hole(hole));
        }
        let known = self.data_until.saturating_sub(self.at).max(1);
        let wanted = left.min(known).min(buffer.len() as u64) as usize;
        loop {
            match self.file.read(&mut buffer[..wanted]) {
                Ok(0) => return Ok(Piece::End),
                Ok(count) => {
                    self.at += count as u64;
                    return Ok(Piece::Data(count));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn state(metadata: &fs::Metadata) -> FileState {
    FileState {
        size: metadata.len(),
        modified: Timestamp::new(metadata.mtime(), metadata.mtime_nsec() as u32),
        changed: Timestamp::new(metadata.ctime(), metadata.ctime_nsec() as u32),
        inode: metadata.ino(),
    }
}

fn kind(kind: fs::FileType) -> NodeKind {
    if kind.is_file() {
        NodeKind::File
    } else if kind.is_dir() {
        NodeKind::Directory
    } else if kind.is_symlink() {
        NodeKind::Symlink
    } else if kind.is_block_device() {
        NodeKind::BlockDevice
    } else if kind.is_char_device() {
        NodeKind::CharacterDevice
    } else if kind.is_fifo() {
        NodeKind::Fifo
    } else if kind.is_socket() {
        NodeKind::Socket
    } else {
        NodeKind::Other
    }
}

/// Reads the extended attributes of an item, sorted by name. A file system without them has none.
fn read_extended_attributes(path: &Path, found: &mut Vec<ExtendedAttribute>, problems: &mut Vec<io::Error>) {
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
fn names(file: &str) -> HashMap<u32, String> {
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
    use std::os::unix::fs::{FileExt, PermissionsExt};

    use super::*;

    /// Reads a file piece by piece, as lengths of data (positive) and holes (negative).
    fn pieces(source: &LocalSource, path: &Path) -> Vec<i64> {
        let mut reader = source.open(path).unwrap();
        let mut buffer = vec![0; 1 << 20];
        let mut pieces = Vec::new();
        loop {
            match reader.read(&mut buffer).unwrap() {
                Piece::Data(length) => pieces.push(length as i64),
                Piece::Hole(length) => pieces.push(-(length as i64)),
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
        assert!(source.list(&root.join("inner")).is_err());
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
