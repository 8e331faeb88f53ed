//! Inodes: what the file system knows of a file beside its name.

use super::blocks::Blocks;
use super::checksum::crc32c;
use super::damaged;
use super::superblock::Superblock;
use crate::engine::drivers::volume::files::bytes::{le16, le32, taken};
use crate::repository::{NodeKind, Timestamp};
use std::io;

/// Flags of an inode.
const ENCRYPTED: u32 = 0x800;
const EXTENTS: u32 = 0x8_0000;
const INLINE_DATA: u32 = 0x1000_0000;

/// See the module.
pub(super) struct Inode {
    bytes: Vec<u8>,
    pub(super) kind: NodeKind,
    pub(super) size: u64,
    /// With what the sums of its own blocks begin, where they have such.
    pub(super) seed: Option<u32>,
}

impl Inode {
    /// Reads one. `NotFound` of one that is not in use.
    pub(super) fn read(blocks: &Blocks, superblock: &Superblock, number: u32) -> io::Result<Self> {
        let (at, length, nth) = superblock.place_of(number)?;
        let mut descriptor = vec![0; length.into()];
        blocks.read_at(at, &mut descriptor)?;
        let high = if length >= 64 { u64::from(le32(&descriptor, 0x28)) << 32 } else { 0 };
        let table = u64::from(le32(&descriptor, 8)) | high;
        let within = u64::from(nth) * u64::from(superblock.inode_size);
        blocks.check(table, within / blocks.size() + 1)?;
        let mut bytes = vec![0; superblock.inode_size.into()];
        blocks.read_at(table * blocks.size() + within, &mut bytes)?;
        Self::parse(bytes, superblock.seed, number)
    }

    fn parse(bytes: Vec<u8>, seed: Option<u32>, number: u32) -> io::Result<Self> {
        let kind = match le16(&bytes, 0) >> 12 {
            0x1 => NodeKind::Fifo,
            0x2 => NodeKind::CharacterDevice,
            0x4 => NodeKind::Directory,
            0x6 => NodeKind::BlockDevice,
            0x8 => NodeKind::File,
            0xa => NodeKind::Symlink,
            0xc => NodeKind::Socket,
            _ => NodeKind::Other,
        };
        let high = if matches!(kind, NodeKind::File | NodeKind::Directory) { le32(&bytes, 0x6c) } else { 0 };
        let size = u64::from(le32(&bytes, 4)) | u64::from(high) << 32;
        let generation: [u8; 4] = taken(&bytes, 0x64);
        let seed = seed.map(|seed| crc32c(crc32c(seed, &number.to_le_bytes()), &generation));
        let inode = Self { bytes, kind, size, seed };
        if seed.is_some_and(|seed| !inode.has_sum(seed)) {
            return Err(damaged(format_args!("the checksum of inode {number} is wrong")));
        }
        if inode.links() == 0 {
            return Err(damaged(format_args!("inode {number}, which a name leads to, was deleted")));
        }
        Ok(inode)
    }

    fn has_sum(&self, seed: u32) -> bool {
        let (low, high) = (le16(&self.bytes, 0x7c), le16(&self.bytes, 0x82));
        let mut bytes = self.bytes.clone();
        bytes[0x7c..0x7e].fill(0);
        let is_long = self.extra() >= 4 && bytes.len() > 0x84;
        if is_long {
            bytes[0x82..0x84].fill(0);
        }
        let sum = crc32c(seed, &bytes);
        if is_long { sum == u32::from(low) | u32::from(high) << 16 } else { sum as u16 == low }
    }

    /// How many bytes of it beyond the first 128 are fields.
    fn extra(&self) -> usize {
        if self.bytes.len() > 128 { usize::from(le16(&self.bytes, 0x80)).min(self.bytes.len() - 128) } else { 0 }
    }

    /// As it has them: where it has an access list, those of the group are the most that the list gives anyone.
    pub(super) fn permissions(&self) -> u32 {
        u32::from(le16(&self.bytes, 0)) & 0o7777
    }

    pub(super) fn owner(&self) -> u32 {
        u32::from(le16(&self.bytes, 2)) | u32::from(le16(&self.bytes, 0x78)) << 16
    }

    pub(super) fn group(&self) -> u32 {
        u32::from(le16(&self.bytes, 0x18)) | u32::from(le16(&self.bytes, 0x7a)) << 16
    }

    pub(super) fn links(&self) -> u16 {
        le16(&self.bytes, 0x1a)
    }

    /// When its content changed: with parts of seconds, and beyond 2038, where the inode has room for them.
    pub(super) fn modified(&self) -> Timestamp {
        let seconds = i64::from(le32(&self.bytes, 0x10) as i32);
        if self.extra() < 0x8c - 128 {
            return Timestamp::new(seconds, 0);
        }
        let more = le32(&self.bytes, 0x88);
        let nanoseconds = Some(more >> 2).filter(|nanoseconds| *nanoseconds < 1_000_000_000);
        Timestamp::new(seconds + (i64::from(more & 3) << 32), nanoseconds.unwrap_or(0))
    }

    /// The number of a device, as Linux has it.
    pub(super) fn device(&self) -> u64 {
        let (old, new) = (self.map(0), self.map(1));
        let (major, minor) = if old != 0 {
            (old >> 8 & 0xff, old & 0xff)
        } else {
            (new >> 8 & 0xfff, new & 0xff | new >> 12 & 0xf_ff00)
        };
        rustix::fs::makedev(major, minor)
    }

    /// The sixty bytes in which it says where its content lies, or has it.
    pub(super) fn body(&self) -> [u8; 60] {
        taken(&self.bytes, 0x28)
    }

    fn map(&self, nth: usize) -> u32 {
        le32(&self.bytes, 0x28 + 4 * nth)
    }

    /// What is behind its fields: the attributes that it has itself.
    pub(super) fn attributes(&self) -> &[u8] {
        self.bytes.get(128 + self.extra()..).filter(|_| self.extra() > 0).unwrap_or_default()
    }

    /// How many bytes of the disk its content takes, as it says.
    pub(super) fn room(&self) -> u64 {
        if self.is_inline() {
            return self.size;
        }
        let sectors = u64::from(le32(&self.bytes, 0x1c)) | u64::from(le16(&self.bytes, 0x74)) << 32;
        // In a huge file they are blocks; then its size says enough.
        let is_huge = le32(&self.bytes, 0x20) & 0x4_0000 != 0;
        if is_huge { self.size } else { (sectors * 512).min(self.size) }
    }

    pub(super) fn has_extents(&self) -> bool {
        self.has(EXTENTS)
    }

    pub(super) fn is_inline(&self) -> bool {
        self.has(INLINE_DATA)
    }

    /// Whether a link has its target in place of the map.
    pub(super) fn is_short_link(&self) -> bool {
        // Blocks that it has are those of its attributes.
        (1..60).contains(&self.size) && !self.has_extents() && !self.is_inline()
    }

    /// The block of its attributes, beside those that it has itself; 0 for none.
    pub(super) fn attribute_block(&self) -> u64 {
        u64::from(le32(&self.bytes, 0x68)) | u64::from(le16(&self.bytes, 0x76)) << 32
    }

    /// Refuses what can be listed and not read.
    pub(super) fn check_readable(&self) -> io::Result<()> {
        if self.has(ENCRYPTED) {
            return Err(io::Error::other("it is encrypted, and its key is not in the volume"));
        }
        Ok(())
    }

    fn has(&self, flag: u32) -> bool {
        le32(&self.bytes, 0x20) & flag != 0
    }
}
