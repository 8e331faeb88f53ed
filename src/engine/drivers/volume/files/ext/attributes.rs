//! Extended attributes, in an inode and in a block beside it.

use super::damaged;
use crate::engine::drivers::volume::files::bytes::{le16, le32};
use std::io;

/// What attributes begin with.
const MAGIC: u32 = 0xea02_0000;
/// How long the header of a block of them is.
const HEADER: usize = 32;

/// An attribute's name: the number of its prefix, and the rest.
pub(super) type Name = (u8, &'static [u8]);

/// The value of an attribute among those of an inode.
pub(super) fn in_inode(bytes: &[u8], name: Name) -> io::Result<Option<&[u8]>> {
    let entries = bytes.get(4..).filter(|_| le32(bytes, 0) == MAGIC);
    entries.map_or(Ok(None), |entries| find(entries, entries, name))
}

/// The value of an attribute among those in a block.
pub(super) fn in_block(block: &[u8], name: Name) -> io::Result<Option<&[u8]>> {
    if le32(block, 0) != MAGIC {
        return Err(damaged("a block of attributes is none"));
    }
    find(block.get(HEADER..).unwrap_or_default(), block, name)
}

fn find<'a>(entries: &[u8], values: &'a [u8], wanted: Name) -> io::Result<Option<&'a [u8]>> {
    let wrong = || damaged("an attribute is longer than its room");
    let mut at = 0;
    while le32(entries, at) != 0 {
        let entry = entries.get(at..).filter(|entry| entry.len() >= 16).ok_or_else(wrong)?;
        let name = entry.get(16..16 + usize::from(entry[0])).ok_or_else(wrong)?;
        if (entry[1], name) == wanted {
            // One that is long may lie in an inode of its own, which is not looked into.
            let (from, length) = (usize::from(le16(entry, 2)), le32(entry, 8) as usize);
            let value = from.checked_add(length).and_then(|end| values.get(from..end));
            return value.filter(|_| le32(entry, 4) == 0).map(Some).ok_or_else(wrong);
        }
        at += 16 + name.len().next_multiple_of(4);
    }
    Ok(None)
}
