//! The files of NTFS. Its log is not replayed: of a volume that was in use, what was written last may be missing, and it says so.

use super::FileSystem;
use super::disk::Window;
use crate::repository::{ItemPath, Listed, Node, NodeKind, Timestamp};
use ntfs::structured_values::{NtfsFileAttributeFlags, NtfsFileNamespace, NtfsVolumeFlags};
use ntfs::{
    KnownNtfsFileRecordNumber, Ntfs, NtfsAttribute, NtfsAttributeFlags, NtfsError, NtfsFile, NtfsReadSeek as _,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;

/// Records below this are the file system's own.
const FIRST_USER: u64 = 16;
/// NTFS counts hundreds of nanoseconds from 1601 on; so many of them before 1970.
const EPOCH: i128 = 116_444_736_000_000_000;
/// Where in an attribute it stands how much of it was ever written; what follows reads as zeros.
const INITIALIZED: u64 = 0x38;
/// Of how many folders it is known by which record.
const KNOWN: usize = 50_000;
/// How much of a file is read at once.
const STEP: usize = 1 << 20;

/// An open file system.
pub(super) struct NtfsFiles {
    inner: Ntfs,
    window: Window,
    label: Option<String>,
    is_dirty: bool,
    folders: RefCell<HashMap<ItemPath, u64>>,
}

fn failed(error: NtfsError) -> io::Error {
    match error {
        NtfsError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

impl NtfsFiles {
    pub(super) fn open(window: &Window) -> io::Result<Self> {
        let mut reader = window.clone();
        let inner = Ntfs::new(&mut reader).map_err(failed)?;
        if inner.size() > window.length() {
            let (says, has) = (inner.size(), window.length());
            return Err(io::Error::other(format!("it says that it has {says} bytes, and lies in {has}")));
        }
        let label = inner.volume_name(&mut reader).and_then(Result::ok).map(|name| name.name().to_string_lossy());
        let is_dirty = inner.volume_info(&mut reader).map_err(failed)?.flags().contains(NtfsVolumeFlags::IS_DIRTY);
        Ok(Self { inner, window: window.clone(), label, is_dirty, folders: RefCell::default() })
    }

    fn file(&self, number: u64) -> io::Result<NtfsFile<'_>> {
        self.inner.file(&mut self.window.clone(), number).map_err(failed)
    }

    /// The record of a folder.
    fn record_of(&self, folder: &ItemPath) -> io::Result<u64> {
        let Some((name, above)) = folder.components().split_last() else {
            return Ok(KnownNtfsFileRecordNumber::RootDirectory as u64);
        };
        if let Some(known) = self.folders.borrow().get(folder) {
            return Ok(*known);
        }
        let above = ItemPath::of_names(above.iter().cloned());
        let listed = self.names(&above)?.into_iter().find(|listed| listed.name == *name);
        let listed = listed.ok_or(io::ErrorKind::NotFound)?;
        if !self.node(&above, &listed)?.is_directory() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(listed.number)
    }

    /// How much of an attribute that lies in clusters was ever written.
    fn initialized(&self, attribute: &NtfsAttribute<'_, '_>) -> io::Result<u64> {
        let at = attribute.position().value().map_or(0, |at| at.get()) + INITIALIZED;
        let written = u64::from_le_bytes(self.window.peek(at)?);
        // The last two bytes of a sector are a check in a record; a file has less than 256 TiB, so that they are zeros here.
        Ok(if at % 512 == 504 { written & 0xffff_ffff_ffff } else { written })
    }
}

/// A name as bytes: UTF-8, with what is no UTF-16 in the same form.
fn bytes(units: impl Iterator<Item = u16>) -> Vec<u8> {
    let mut name = Vec::new();
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(letter) => name.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(half) => {
                let half = half.unpaired_surrogate();
                name.extend([0xe0 | (half >> 12) as u8, 0x80 | (half >> 6 & 0x3f) as u8, 0x80 | (half & 0x3f) as u8]);
            }
        }
    }
    name
}

fn time(timestamp: u64) -> Timestamp {
    let since = i128::from(timestamp) - EPOCH;
    Timestamp::new(since.div_euclid(10_000_000) as i64, since.rem_euclid(10_000_000) as u32 * 100)
}

impl FileSystem for NtfsFiles {
    fn label(&self) -> Option<String> {
        self.label.clone().filter(|label| !label.is_empty())
    }

    fn root(&self) -> io::Result<Node> {
        let number = KnownNtfsFileRecordNumber::RootDirectory as u64;
        self.node(&ItemPath::root(), &Listed { name: Vec::new(), number })
    }

    fn names(&self, folder: &ItemPath) -> io::Result<Vec<Listed>> {
        let mut reader = self.window.clone();
        let record = self.record_of(folder)?;
        let file = self.file(record)?;
        let index = file.directory_index(&mut reader).map_err(failed)?;
        let (mut entries, mut found) = (index.entries(), Vec::new());
        while let Some(entry) = entries.next(&mut reader) {
            let entry = entry.map_err(failed)?;
            let Some(name) = entry.key() else { continue };
            let (name, number) = (name.map_err(failed)?, entry.file_reference().file_record_number());
            // A second, short name of the same; and what the file system has for itself.
            if name.namespace() == NtfsFileNamespace::Dos || number < FIRST_USER {
                continue;
            }
            found.push(Listed { name: bytes(name.name().u16_iter()), number });
            super::bound(found.len())?;
        }
        Ok(found)
    }

    fn node(&self, folder: &ItemPath, listed: &Listed) -> io::Result<Node> {
        let file = self.file(listed.number)?;
        let info = file.info().map_err(failed)?;
        // NTFS has no owner and no mode of this system: what comes out of it is its new owner's alone.
        let (uid, gid) = (u32::MAX, u32::MAX);
        let modified = time(info.modification_time().nt_timestamp());
        let mut node =
            Node { uid, gid, modified, inode: listed.number, links: 1, permissions: 0o600, ..Node::default() };
        if info.file_attributes().contains(NtfsFileAttributeFlags::REPARSE_POINT) {
            node.kind = NodeKind::Other;
        } else if file.is_directory() {
            (node.kind, node.permissions) = (NodeKind::Directory, 0o700);
            let mut folders = self.folders.borrow_mut();
            if folders.len() >= KNOWN {
                folders.clear();
            }
            folders.insert(folder.join(&listed.name), listed.number);
        } else if let Some(data) = file.data(&mut self.window.clone(), "") {
            node.size = data.and_then(|data| Ok(data.to_attribute()?.value_length())).map_err(failed)?;
        }
        Ok(node)
    }

    fn left_out(&self, node: &Node) -> Option<&'static str> {
        (node.kind == NodeKind::Other).then_some("links and other reparse points of Windows")
    }

    fn read(&self, _: &ItemPath, node: &Node, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut reader = self.window.clone();
        let file = self.file(node.inode)?;
        let Some(data) = file.data(&mut reader, "") else { return Ok(()) };
        let data = data.map_err(failed)?;
        let attribute = data.to_attribute().map_err(failed)?;
        let size = attribute.value_length();
        let mut written = size;
        if attribute.flags().contains(NtfsAttributeFlags::ENCRYPTED) {
            return Err(io::Error::other("it is encrypted, and its key is not in the volume"));
        }
        if !attribute.is_resident() {
            if attribute.flags().contains(NtfsAttributeFlags::COMPRESSED) {
                return Err(io::Error::other("it is compressed by NTFS, which is not read here"));
            }
            written = self.initialized(&attribute)?.min(size);
        }
        let mut value = attribute.value(&mut reader).map_err(failed)?;
        let (mut at, mut buffer) = (0, vec![0; STEP]);
        while at < written {
            let wanted = (written - at).min(STEP as u64) as usize;
            value.read_exact(&mut reader, &mut buffer[..wanted]).map_err(failed)?;
            take(&buffer[..wanted])?;
            at += wanted as u64;
        }
        buffer.fill(0);
        while at < size {
            let wanted = (size - at).min(STEP as u64) as usize;
            take(&buffer[..wanted])?;
            at += wanted as u64;
        }
        Ok(())
    }

    fn caveat(&self) -> Option<&'static str> {
        Some(if self.is_dirty {
            "NTFS says of itself that it was in use: its log was not replayed. Access lists and further streams are not restored."
        } else {
            "Access lists and further streams of NTFS are not restored."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_utf_8_and_what_is_none_stays_distinct() {
        assert_eq!(bytes("a/é😀".encode_utf16()), "a/é😀".as_bytes());
        assert_eq!(bytes([0xd800, 0x61].into_iter()), [0xed, 0xa0, 0x80, 0x61]);
        assert_ne!(bytes([0xd800].into_iter()), bytes([0xd801].into_iter()));
    }

    #[test]
    fn times_are_told_from_1970_on() {
        assert_eq!(time(116_444_736_000_000_000), Timestamp::new(0, 0));
        assert_eq!(time(132_539_328_000_000_001), Timestamp::new(1_609_459_200, 100));
        assert_eq!(time(116_444_735_999_999_999), Timestamp::new(-1, 999_999_900));
    }
}
