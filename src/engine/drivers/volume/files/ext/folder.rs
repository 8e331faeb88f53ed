//! What folders have in them, read one block after the other. One with an index is read so too: to who does not know it, its
//! blocks look like those of entries that are not in use.

use super::damaged;
use crate::engine::drivers::volume::files::bytes::{le16, le32};
use std::io;

/// The entries in a block of a folder, or in what a small folder has in its inode: the inode of each and its name.
pub(super) fn entries(block: &[u8], found: &mut dyn FnMut(u32, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut rest = block;
    while !rest.is_empty() {
        let (inode, length) = (le32(rest, 0), length_of(le16(rest, 4), block.len()));
        let name_length = usize::from(rest.get(6).copied().unwrap_or_default());
        let fits = length >= 8 && length.is_multiple_of(4) && length <= rest.len() && 8 + name_length <= length;
        if !fits {
            return Err(damaged("an entry of the folder is longer than its room, or shorter than itself"));
        }
        let name = &rest[8..8 + name_length];
        if inode != 0 && name != b"." && name != b".." {
            found(inode, name)?;
        }
        rest = &rest[length..];
    }
    Ok(())
}

/// How long an entry says it is: the largest blocks have more bytes than the number holds, and its two lowest bits are free.
fn length_of(told: u16, block: usize) -> usize {
    match usize::from(told) {
        0 | 0xffff if block >= 0x1_0000 => block,
        told => told & 0xfffc | (told & 3) << 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(inode: u32, length: u16, name: &[u8]) -> Vec<u8> {
        let mut entry = [&inode.to_le_bytes()[..], &length.to_le_bytes(), &[name.len() as u8, 0], name].concat();
        entry.resize(usize::from(length & !3).max(8), 0);
        entry
    }

    fn names(block: &[u8]) -> io::Result<Vec<(u32, Vec<u8>)>> {
        let mut found = Vec::new();
        entries(block, &mut |inode, name| {
            found.push((inode, name.to_vec()));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn what_is_in_use_is_told_and_the_rest_is_not() {
        let block = [entry(2, 12, b"."), entry(2, 12, b".."), entry(11, 16, b"a\xff"), entry(0, 24, b"gone")].concat();
        assert_eq!(names(&block).unwrap(), [(11, b"a\xff".to_vec())]);
    }

    #[test]
    fn an_entry_that_leaves_its_block_or_does_not_go_on_is_an_error() {
        for broken in [entry(11, 4, b""), entry(11, 0, b"x"), entry(11, 13, b"x"), entry(11, 12, b"abcde")] {
            assert!(names(&broken).is_err());
        }
        let mut beyond = entry(11, 12, b"abc");
        beyond[4] = 16;
        assert!(names(&beyond).is_err());
    }

    #[test]
    fn the_largest_blocks_have_entries_that_fill_them() {
        let mut block = entry(11, 12, b"abc");
        block.resize(0x1_0000, 0);
        for told in [0_u16, 0xffff] {
            block[4..6].copy_from_slice(&told.to_le_bytes());
            assert_eq!(names(&block).unwrap(), [(11, b"abc".to_vec())], "{told}");
        }
        assert_eq!(length_of(0xfff5, 0x1_0000), 0x1_fff4);
    }
}
