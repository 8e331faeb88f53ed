//! Content that an inode has in itself: sixty bytes in place of the map, and more as the attribute `system.data`.

use super::damaged;
use super::inode::Inode;
use crate::engine::drivers::volume::files::bytes::{le16, le32};
use std::io;

/// What attributes in an inode begin with.
const MAGIC: u32 = 0xea02_0000;
/// The number of the prefix `system.`, and the rest of the name.
const NAME: (u8, &[u8]) = (7, b"data");

/// The two parts of it.
pub(super) fn parts(inode: &Inode) -> io::Result<([u8; 60], &[u8])> {
    let more = attribute(inode.attributes()).ok_or_else(|| damaged("what it has in its inode is not there"))?;
    Ok((inode.body(), more))
}

/// The content of a file or the target of a link.
pub(super) fn content(inode: &Inode) -> io::Result<Vec<u8>> {
    let (first, more) = parts(inode)?;
    let mut content = [first.as_slice(), more].concat();
    let short = || damaged(format_args!("it has {} bytes, and says {}", content.len(), inode.size));
    let size = usize::try_from(inode.size).ok().filter(|size| *size <= content.len()).ok_or_else(short)?;
    content.truncate(size);
    Ok(content)
}

/// The value of the attribute among those of an inode.
fn attribute(bytes: &[u8]) -> Option<&[u8]> {
    let entries = bytes.get(4..).filter(|_| le32(bytes, 0) == MAGIC)?;
    let mut at = 0;
    while le32(entries, at) != 0 {
        let name_length = usize::from(*entries.get(at)?);
        let name = (*entries.get(at + 1)?, entries.get(at + 16..at + 16 + name_length)?);
        if name == NAME && le32(entries, at + 4) == 0 {
            let (from, length) = (usize::from(le16(entries, at + 2)), le32(entries, at + 8) as usize);
            return entries.get(from..from.checked_add(length)?);
        }
        at += 16 + name_length.next_multiple_of(4);
    }
    None
}
