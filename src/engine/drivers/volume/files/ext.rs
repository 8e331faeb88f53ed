//! The files of ext2, ext3 and ext4. Its journal is read: what was committed there and is not in its place yet counts.

use super::FileSystem;
use super::disk::Window;
use crate::repository::{ItemPath, Listed, Node, NodeKind, Timestamp};
use ext4_view::{DirEntry, Ext4, Ext4Error, Ext4Read, File, FileType, Metadata};
use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::io;

/// The largest blocks that Linux makes.
const LARGEST_BLOCK: u64 = 64 << 10;
/// More groups than a file system of 64 TiB has of its smallest blocks and usual groups.
const MOST_GROUPS: u64 = 8 << 20;
/// No target of a link is longer.
const LONGEST_TARGET: u64 = 4096;
/// How much of a file is read at once.
const STEP: usize = 1 << 20;

/// What was last listed, with what is known of each name.
type Folder = Option<(ItemPath, HashMap<Vec<u8>, DirEntry>)>;

/// An open file system.
pub(super) struct Ext {
    inner: Ext4,
    /// A name is looked up in what was listed, for not every folder has an index of its names.
    last: RefCell<Folder>,
}

/// The window as the crate reads it.
struct Reader(Window);

impl Ext4Read for Reader {
    fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), Box<dyn Error + Send + Sync + 'static>> {
        Ok(self.0.read_at(at, buffer)?)
    }
}

fn failed(error: Ext4Error) -> io::Error {
    match error {
        Ext4Error::NotFound => io::ErrorKind::NotFound.into(),
        Ext4Error::NotADirectory => io::ErrorKind::NotADirectory.into(),
        Ext4Error::Encrypted => io::Error::other("it is encrypted, and its key is not in the volume"),
        other => io::Error::other(other.to_string()),
    }
}

impl Ext {
    pub(super) fn open(window: &Window) -> io::Result<Self> {
        check(window)?;
        let inner = Ext4::load(Box::new(Reader(window.clone()))).map_err(failed)?;
        Ok(Self { inner, last: RefCell::new(None) })
    }

    fn metadata(&self, path: &ItemPath) -> io::Result<Metadata> {
        self.inner.symlink_metadata(bytes(path).as_slice()).map_err(failed)
    }

    /// Makes what is in a folder known, unless it is.
    fn look_into(&self, folder: &ItemPath) -> io::Result<()> {
        if self.last.borrow().as_ref().is_some_and(|(known, _)| known == folder) {
            return Ok(());
        }
        // A link on the way would be followed by the crate.
        for depth in 0..=folder.components().len() {
            let upper = ItemPath::of_names(folder.components()[..depth].iter().cloned());
            if !self.metadata(&upper)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        let mut found = HashMap::new();
        for entry in self.inner.read_dir(bytes(folder).as_slice()).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().as_ref().to_vec();
            if name != b"." && name != b".." {
                found.insert(name, entry);
            }
            super::bound(found.len())?;
        }
        *self.last.borrow_mut() = Some((folder.clone(), found));
        Ok(())
    }

    fn node_of(&self, metadata: &Metadata, path: &ItemPath) -> io::Result<Node> {
        let modified = metadata.modified();
        let mut node = Node {
            kind: kind(metadata.file_type()),
            permissions: metadata.mode().into(),
            uid: metadata.uid(),
            gid: metadata.gid(),
            modified: Timestamp::new(modified.seconds(), modified.nanoseconds()),
            links: 1,
            ..Node::default()
        };
        match node.kind {
            NodeKind::File => node.size = metadata.len(),
            NodeKind::Symlink if metadata.len() > LONGEST_TARGET => {
                return Err(io::Error::other(format!("it leads to a path of {} bytes", metadata.len())));
            }
            NodeKind::Symlink => {
                let target = self.inner.read_link(bytes(path).as_slice()).map_err(failed)?;
                node.link_target = target.as_path().as_ref().to_vec();
            }
            _ => {}
        }
        Ok(node)
    }
}

/// A superblock that says what cannot be is refused before the crate takes memory for it.
fn check(window: &Window) -> io::Result<()> {
    let superblock: [u8; 1024] = window.peek(1024)?;
    let word = |at: usize| superblock[at..at + 4].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let corrupt = |what: String| Err(io::Error::other(format!("its superblock is damaged: {what}")));
    let block = 1024_u64.checked_shl(word(0x18) as u32).filter(|block| (1024..=LARGEST_BLOCK).contains(block));
    let Some(block) = block else { return corrupt("no block has such a size".to_owned()) };
    let high = if word(0x60) & 0x80 == 0 { 0 } else { word(0x150) };
    let blocks = word(0x4) | high << 32;
    if blocks == 0 || blocks.checked_mul(block).is_none_or(|size| size > window.length()) {
        return corrupt(format!(
            "it says that it has {blocks} blocks of {block} bytes, and lies in {} bytes",
            window.length()
        ));
    }
    if blocks / word(0x20).max(1) > MOST_GROUPS {
        return corrupt(format!("it has {} blocks in a group", word(0x20)));
    }
    Ok(())
}

/// A path as the crate takes it.
fn bytes(path: &ItemPath) -> Vec<u8> {
    let names = path.components().join(&b'/');
    [b"/".as_slice(), &names].concat()
}

fn kind(kind: FileType) -> NodeKind {
    match kind {
        FileType::BlockDevice => NodeKind::BlockDevice,
        FileType::CharacterDevice => NodeKind::CharacterDevice,
        FileType::Directory => NodeKind::Directory,
        FileType::Fifo => NodeKind::Fifo,
        FileType::Regular => NodeKind::File,
        FileType::Socket => NodeKind::Socket,
        FileType::Symlink => NodeKind::Symlink,
    }
}

impl FileSystem for Ext {
    fn label(&self) -> Option<String> {
        let label = self.inner.label().display().to_string();
        (!label.is_empty()).then_some(label)
    }

    fn root(&self) -> io::Result<Node> {
        let root = ItemPath::root();
        self.node_of(&self.metadata(&root)?, &root)
    }

    fn names(&self, folder: &ItemPath) -> io::Result<Vec<Listed>> {
        self.look_into(folder)?;
        let last = self.last.borrow();
        let names = last.iter().flat_map(|(_, found)| found.keys());
        Ok(names.map(|name| Listed { name: name.clone(), number: 0 }).collect())
    }

    fn node(&self, folder: &ItemPath, listed: &Listed) -> io::Result<Node> {
        self.look_into(folder)?;
        let last = self.last.borrow();
        let entry = last.as_ref().and_then(|(_, found)| found.get(&listed.name)).ok_or(io::ErrorKind::NotFound)?;
        self.node_of(&entry.metadata().map_err(failed)?, &folder.join(&listed.name))
    }

    /// The crate does not tell the numbers of devices.
    fn left_out(&self, node: &Node) -> Option<&'static str> {
        let is_device = matches!(node.kind, NodeKind::BlockDevice | NodeKind::CharacterDevice);
        is_device.then_some("devices")
    }

    fn read(&self, path: &ItemPath, _: &Node, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut file = self.inner.open(bytes(path).as_slice()).map_err(failed)?;
        let mut buffer = vec![0; STEP];
        loop {
            let length = fill(&mut file, &mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            take(&buffer[..length])?;
        }
    }

    fn caveat(&self) -> Option<&'static str> {
        Some(
            "Extended attributes of this file system are not restored, and each name of a file with several becomes a file.",
        )
    }
}

/// Reads until the buffer is full or the file ends, for the crate gives a block at a time.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_bytes(&mut buffer[filled..]).map_err(failed)? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}
