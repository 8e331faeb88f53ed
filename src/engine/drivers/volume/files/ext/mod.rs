//! The files of ext2, ext3 and ext4, read by ourselves. What its journal committed and has not put in its place yet counts
//! ([`journal`]); what was allocated and never written is zeros; and every number of the image may be a lie, so that each is
//! held against what it must fit into before it is followed.
//!
//! A feature that is not known here and without which Linux would not read a file system is refused by its name. Where it has
//! checksums, those of superblock, inodes, folders and extents must be right.

mod acl;
mod attributes;
mod blocks;
mod checksum;
mod folder;
mod inline;
mod inode;
mod journal;
mod map;
mod replayed;
mod superblock;
#[cfg(test)]
mod tests;

use self::blocks::Blocks;
use self::checksum::crc32c;
use self::inode::Inode;
use self::replayed::Replayed;
use self::superblock::{AT, LENGTH, Superblock};
use super::disk::Window;
use super::{FileSystem, Names, STEP};
use crate::engine::drivers::volume::files::bytes::{le16, le32};
use crate::repository::{ForeignItem, Node, NodeKind, Stretch, Take};
use std::fmt::Display;
use std::io;

/// The inode of the root.
const ROOT: u64 = 2;
/// No folder is read that is longer.
const LONGEST_FOLDER: u64 = 1 << 30;
/// No target of a link is longer.
const LONGEST_TARGET: u64 = 4096;

/// An open file system.
pub(super) struct Ext {
    superblock: Superblock,
    blocks: Blocks,
}

/// What says that something is not as it must be.
fn damaged(why: impl Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is damaged: {why}"))
}

impl Ext {
    pub(super) fn open(window: &Window) -> io::Result<Self> {
        let superblock = Superblock::parse(&window.peek::<LENGTH>(AT)?, window.length())?;
        let blocks = Blocks::new(window, &superblock, Replayed::default());
        if !superblock.needs_recovery {
            return Ok(Self { superblock, blocks });
        }
        let replayed = journal::replay(&blocks, &superblock)?;
        let blocks = Blocks::new(window, &superblock, replayed);
        // What the journal has of the superblock counts as well.
        let mut bytes = [0; LENGTH];
        blocks.read_at(AT, &mut bytes)?;
        let mut newer = Superblock::parse(&bytes, window.length())?;
        if newer.block_size != superblock.block_size {
            return Err(damaged("its journal changes the size of blocks"));
        }
        newer.is_unclean |= superblock.is_unclean;
        Ok(Self { blocks: blocks.of(&newer), superblock: newer })
    }

    fn inode(&self, number: u64) -> io::Result<Inode> {
        let number = u32::try_from(number).map_err(|_| damaged(format_args!("there is no inode {number}")))?;
        Inode::read(&self.blocks, &self.superblock, number)
    }

    /// Gives the content of a file, as long as it says.
    fn content(&self, inode: &Inode, take: &mut Take<'_>) -> io::Result<()> {
        inode.check_readable()?;
        if inode.is_inline() {
            return take(Stretch::Bytes(&inline::content(inode)?));
        }
        let (size, mut left, mut buffer) = (self.blocks.size(), inode.size, Vec::new());
        map::runs(&self.blocks, inode, inode.size.div_ceil(size), &mut |run| {
            let length = run.count.saturating_mul(size).min(left);
            left -= length;
            let Some(from) = run.from else { return take(Stretch::Zeros(length)) };
            let (mut at, end) = (from * size, from * size + length);
            while at < end {
                buffer.resize((end - at).min(STEP as u64) as usize, 0);
                self.blocks.read_at(at, &mut buffer)?;
                take(Stretch::Bytes(&buffer))?;
                at += buffer.len() as u64;
            }
            Ok(())
        })
    }

    fn target(&self, inode: &Inode) -> io::Result<Vec<u8>> {
        inode.check_readable()?;
        if inode.size > LONGEST_TARGET {
            return Err(damaged(format_args!("it leads to a path of {} bytes", inode.size)));
        }
        if inode.is_short_link() {
            return Ok(inode.body()[..inode.size as usize].to_vec());
        }
        let mut target = Vec::new();
        self.content(inode, &mut |piece| {
            match piece {
                Stretch::Bytes(bytes) => target.extend_from_slice(bytes),
                Stretch::Zeros(_) => return Err(damaged("the target of a link has a hole")),
            }
            Ok(())
        })?;
        Ok(target)
    }

    /// Looks at the checksum at the end of a block of a folder; whether there is one.
    fn check_folder(inode: &Inode, block: &[u8]) -> io::Result<bool> {
        let (entries, tail) = block.split_at(block.len() - 12);
        let is_tail = (le32(tail, 0), le16(tail, 4), tail[6], tail[7]) == (0, 12, 0, 0xde);
        match inode.seed {
            Some(seed) if is_tail && crc32c(seed, entries) != le32(tail, 8) => {
                Err(damaged("the checksum of a block of the folder is wrong"))
            }
            _ => Ok(is_tail),
        }
    }
}

impl FileSystem for Ext {
    fn label(&self) -> Option<String> {
        Some(self.superblock.label.clone()).filter(|label| !label.is_empty())
    }

    fn root(&self) -> u64 {
        ROOT
    }

    fn names(&self, folder: u64, names: &mut Names) -> io::Result<()> {
        let inode = self.inode(folder)?;
        if inode.kind != NodeKind::Directory {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        inode.check_readable()?;
        let mut found = |inode: u32, name: &[u8]| names.add(name.to_vec(), inode.into());
        if inode.is_inline() {
            // The first four bytes are the folder above.
            let (first, more) = inline::parts(&inode)?;
            folder::entries(&first[4..], &mut found)?;
            return folder::entries(more, &mut found);
        }
        if inode.size > LONGEST_FOLDER {
            return Err(damaged(format_args!("the folder says that it has {} bytes", inode.size)));
        }
        let size = self.blocks.size();
        map::runs(&self.blocks, &inode, inode.size.div_ceil(size), &mut |run| {
            let from = run.from.ok_or_else(|| damaged("the folder has a hole"))?;
            for block in from..from + run.count {
                let block = self.blocks.block(block)?;
                let is_summed = Self::check_folder(&inode, &block)?;
                // The blocks of an index have their sums elsewhere, and no names.
                folder::entries(&block, &mut |number, name| match inode.seed {
                    Some(_) if !is_summed => Err(damaged("a block of the folder has no checksum")),
                    _ => found(number, name),
                })?;
            }
            Ok(())
        })
    }

    fn item(&self, number: u64) -> io::Result<ForeignItem> {
        let inode = self.inode(number)?;
        let mut node = Node {
            kind: inode.kind,
            permissions: acl::permissions(&self.blocks, &inode)?,
            uid: inode.owner(),
            gid: inode.group(),
            modified: inode.modified(),
            accessed: inode.modified(),
            inode: number,
            links: inode.links().into(),
            ..Node::default()
        };
        match node.kind {
            NodeKind::File => {
                inode.check_readable()?;
                node.size = inode.size;
            }
            NodeKind::Symlink => node.link_target = self.target(&inode)?,
            NodeKind::BlockDevice | NodeKind::CharacterDevice => node.device = inode.device(),
            _ => {}
        }
        Ok(ForeignItem { node, room: inode.room(), left_out: None })
    }

    fn read(&self, number: u64, take: &mut Take<'_>) -> io::Result<()> {
        self.content(&self.inode(number)?, take)
    }

    fn caveat(&self) -> &'static str {
        if self.superblock.is_unclean {
            "The file system was not unmounted cleanly or has errors, and no journal mends that: files may be wrong, missing or \
             those of others. Restore the volume and check it with e2fsck to be sure. Extended attributes of ext are not \
             restored, access lists among them."
        } else {
            "Extended attributes of ext are not restored, access lists among them."
        }
    }
}
