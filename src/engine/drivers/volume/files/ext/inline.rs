//! Content that an inode has in itself: sixty bytes in place of the map, and more as the attribute `system.data`.

use super::inode::Inode;
use super::{attributes, damaged};
use std::io;

/// The number of the prefix `system.`, and the rest of the name.
const NAME: (u8, &[u8]) = (7, b"data");

/// The two parts of it.
pub(super) fn parts(inode: &Inode) -> io::Result<([u8; 60], &[u8])> {
    let more = attributes::in_inode(inode.attributes(), NAME)?;
    let more = more.ok_or_else(|| damaged("what it has in its inode is not there"))?;
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
