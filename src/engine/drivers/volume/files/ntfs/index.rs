//! What folders have in them. Their blocks are read one after the other, not as the tree that they are: each name stands in one
//! of them, and a tree that leads into itself leads nowhere.

use super::damaged;
use super::record::{NUMBER, mend};
use crate::engine::drivers::volume::files::Names;
use crate::engine::drivers::volume::files::bytes::{le16, le32, le64, taken};
use std::io;

/// Records below this are the file system's own.
const FIRST_USER: u64 = 16;
/// The kind of name that is a second, short one.
const DOS: u8 = 2;
/// Of an entry: it is the last, and has no name.
const LAST: u16 = 2;

/// The names in the root of a folder's index, and how large its blocks are.
pub(super) fn root(value: &[u8], names: &mut Names) -> io::Result<usize> {
    let block = le32(value, 8) as usize;
    if !block.is_power_of_two() || !(512..=64 << 10).contains(&block) {
        return Err(damaged("no block of a folder has such a size"));
    }
    entries(value.get(16..).unwrap_or_default(), names)?;
    Ok(block)
}

/// Whether by the root of a folder's index there are blocks beside it.
pub(super) fn is_large(value: &[u8]) -> bool {
    le32(value, 16 + 12) & 1 != 0
}

/// The names in a block.
pub(super) fn block(bytes: &mut [u8], names: &mut Names) -> io::Result<()> {
    mend(bytes, b"INDX")?;
    entries(&bytes[24..], names)
}

/// The names behind a header, from which all is counted.
fn entries(node: &[u8], names: &mut Names) -> io::Result<()> {
    let wrong = || damaged("an entry of the folder is longer than its room, or shorter than itself");
    let (at, end) = (le32(node, 0) as usize, le32(node, 4) as usize);
    let mut rest = node.get(at..end).ok_or_else(wrong)?;
    while !rest.is_empty() {
        let (length, flags) = (usize::from(le16(rest, 8)), le16(rest, 12));
        if length < 16 || length > rest.len() {
            return Err(wrong());
        }
        if flags & LAST != 0 {
            return Ok(());
        }
        let (entry, behind) = rest.split_at(length);
        let [name_length, kind] = taken(entry, 16 + 0x40);
        let name = entry.get(16 + 0x42..16 + 0x42 + 2 * usize::from(name_length)).ok_or_else(wrong)?;
        let reference = le64(entry, 0);
        if kind != DOS && reference & NUMBER >= FIRST_USER {
            names.add(as_bytes(name), reference)?;
        }
        rest = behind;
    }
    Err(wrong())
}

/// A name as bytes: UTF-8, with what is no UTF-16 in the same form.
pub(super) fn as_bytes(name: &[u8]) -> Vec<u8> {
    let units = name.chunks_exact(2).map(|unit| le16(unit, 0));
    let mut bytes = Vec::new();
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(letter) => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(half) => {
                let half = half.unpaired_surrogate();
                bytes.extend([0xe0 | (half >> 12) as u8, 0x80 | (half >> 6 & 0x3f) as u8, 0x80 | (half & 0x3f) as u8]);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_utf_8_and_what_is_none_stays_distinct() {
        let named = |units: &[u16]| as_bytes(&units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>());
        let text: Vec<u16> = "a/é😀".encode_utf16().collect();
        assert_eq!(named(&text), "a/é😀".as_bytes());
        assert_eq!(named(&[0xd800, 0x61]), [0xed, 0xa0, 0x80, 0x61]);
        assert_ne!(named(&[0xd800]), named(&[0xd801]));
    }
}
