//! Access lists, as far as they say what the group may do: the lists themselves are not restored.

use super::attributes::{self, Name};
use super::blocks::Blocks;
use super::damaged;
use super::inode::Inode;
use crate::engine::drivers::volume::files::bytes::{le16, le32};
use crate::engine::drivers::volume::files::disk::is_of_store;
use crate::repository::NodeKind;
use std::io;

/// `system.posix_acl_access`, which has a number of its own.
const ACCESS: Name = (2, b"");
/// Who an entry is of: a user or a group, by their numbers; the group of the file; the most that all of these get.
const USER: u16 = 2;
const GROUP: u16 = 8;
const OWNING_GROUP: u16 = 4;
const MASK: u16 = 0x10;

/// The permissions of an item that comes back without its list. With one, what stands where the group's are is the most that
/// anybody in the list gets: the group itself may get less, and gets nothing where that cannot be told.
pub(super) fn permissions(blocks: &Blocks, inode: &Inode) -> io::Result<u32> {
    let told = inode.permissions();
    if inode.kind == NodeKind::Symlink {
        return Ok(told);
    }
    match group_of_list(blocks, inode) {
        Ok(None) => Ok(told),
        Ok(Some(rights)) => Ok(told & !0o070 | rights << 3),
        Err(error) if is_of_store(&error) => Err(error),
        Err(_) => Ok(told & !0o070),
    }
}

/// What the list gives the group of the file; nothing where there is no list.
fn group_of_list(blocks: &Blocks, inode: &Inode) -> io::Result<Option<u32>> {
    if let Some(list) = attributes::in_inode(inode.attributes(), ACCESS)? {
        return group(list).map(Some);
    }
    let at = inode.attribute_block();
    if at == 0 {
        return Ok(None);
    }
    attributes::in_block(&blocks.block(at)?, ACCESS)?.map(group).transpose()
}

fn group(list: &[u8]) -> io::Result<u32> {
    let wrong = || damaged("an access list is not one");
    let mut rest = list.get(4..).filter(|_| le32(list, 0) == 1).ok_or_else(wrong)?;
    let (mut group, mut mask) = (None, 7);
    while !rest.is_empty() {
        let (tag, rights) = (le16(rest, 0), u32::from(le16(rest, 2)) & 7);
        match tag {
            OWNING_GROUP => group = Some(rights),
            MASK => mask = rights,
            _ => {}
        }
        rest = rest.get(if matches!(tag, USER | GROUP) { 8 } else { 4 }..).ok_or_else(wrong)?;
    }
    group.map(|rights| rights & mask).ok_or_else(wrong)
}
