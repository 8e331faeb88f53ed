//! The superblock: how large everything is, where it lies, and by which features it may be read.

use super::checksum::crc32c;
use super::damaged;
use crate::engine::drivers::volume::files::bytes::{le16, le32, taken};
use std::io;

/// Where it lies, from the beginning of the file system, and how long it is.
pub(super) const AT: u64 = 1024;
pub(super) const LENGTH: usize = 1024;

/// Features without which a file system cannot be read, that are read here.
pub(super) const RECOVER: u32 = 0x4;
const META_BG: u32 = 0x10;
const WIDE: u32 = 0x80;
const CSUM_SEED: u32 = 0x2000;
const READ: u32 =
    0x2 | RECOVER | META_BG | 0x40 | WIDE | 0x100 | 0x200 | 0x400 | CSUM_SEED | 0x4000 | 0x8000 | 0x3_0000;

/// What is known of further ones.
const REFUSED: &[(u32, &str)] = &[
    (0x1, "compressed files (compression)"),
    (0x8, "the journal of another file system (journal_dev)"),
    (0x1000, "data in folders (dirdata)"),
];

/// Features that say how it is laid out, without which it can be read.
const SPARSE_SUPER2: u32 = 0x200;
const SPARSE_SUPER: u32 = 0x1;
const METADATA_CSUM: u32 = 0x400;

/// Its state: unmounted cleanly, and with errors.
const IS_CLEAN: u16 = 1;
const HAS_ERRORS: u16 = 2;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Superblock {
    pub(super) block_size: u32,
    pub(super) blocks: u64,
    pub(super) inodes: u32,
    pub(super) inode_size: u16,
    pub(super) label: String,
    /// Whether its journal is to be replayed.
    pub(super) needs_recovery: bool,
    /// Whether it says of itself that it has errors, or was in use and has no journal that mends what that left.
    pub(super) is_unclean: bool,
    /// The inode of its journal; 0 for none.
    pub(super) journal: u32,
    /// With what the sums of its metadata begin, if it has such.
    pub(super) seed: Option<u32>,
    first_block: u32,
    blocks_per_group: u32,
    inodes_per_group: u32,
    descriptor_size: u16,
    /// From which block of descriptors on they lie in their own groups.
    first_meta_group: u64,
    compatible: u32,
    read_only: u32,
    backup_groups: [u32; 2],
}

impl Superblock {
    /// Reads one; refuses what is not read here, and what says of itself what cannot be. `room` is how many bytes it lies in.
    pub(super) fn parse(bytes: &[u8; LENGTH], room: u64) -> io::Result<Self> {
        let word = |at| le32(bytes, at);
        let is_dynamic = word(0x4c) > 0;
        let (incompatible, read_only, state) = (word(0x60), word(0x64), le16(bytes, 0x3a));
        check_features(incompatible)?;
        let has_sums = read_only & METADATA_CSUM != 0;
        if has_sums && crc32c(u32::MAX, &bytes[..0x3fc]) != word(0x3fc) {
            return Err(of_superblock("its checksum is wrong"));
        }
        let block_size = 1024_u32.checked_shl(word(0x18)).filter(|size| word(0x18) <= 6 && *size <= 65_536);
        let block_size = block_size.ok_or_else(|| of_superblock("no block has such a size"))?;
        let is_wide = incompatible & WIDE != 0;
        let blocks = u64::from(word(4)) | if is_wide { u64::from(word(0x150)) << 32 } else { 0 };
        if blocks == 0 || blocks.checked_mul(block_size.into()).is_none_or(|size| size > room) {
            let why = format!("it says that it has {blocks} blocks of {block_size} bytes, and lies in {room} bytes");
            return Err(of_superblock(&why));
        }
        let first_meta_group = if incompatible & META_BG != 0 { word(0x104).into() } else { u64::MAX };
        let uuid: [u8; 16] = taken(bytes, 0x68);
        let own_seed = (incompatible & CSUM_SEED != 0).then(|| word(0x270));
        let label: [u8; 16] = taken(bytes, 0x78);
        let label = label.split(|byte| *byte == 0).next().unwrap_or_default();
        let found = Self {
            block_size,
            blocks,
            inodes: word(0),
            inode_size: if is_dynamic { le16(bytes, 0x58) } else { 128 },
            label: String::from_utf8_lossy(label).into_owned(),
            needs_recovery: incompatible & RECOVER != 0,
            is_unclean: state & HAS_ERRORS != 0 || state & IS_CLEAN == 0 && incompatible & RECOVER == 0,
            journal: word(0xe0),
            seed: has_sums.then(|| own_seed.unwrap_or_else(|| crc32c(u32::MAX, &uuid))),
            first_block: word(0x14),
            blocks_per_group: word(0x20),
            inodes_per_group: word(0x28),
            descriptor_size: if is_wide { le16(bytes, 0xfe) } else { 32 },
            first_meta_group,
            compatible: word(0x5c),
            read_only,
            backup_groups: [word(0x24c), word(0x250)],
        };
        found.checked()
    }

    fn checked(self) -> io::Result<Self> {
        let is_inode = self.inode_size.is_power_of_two() && (128..=self.block_size).contains(&self.inode_size.into());
        let is_descriptor = self.descriptor_size.is_power_of_two() && (32..=1024).contains(&self.descriptor_size);
        let wrong = match () {
            () if !is_inode => "no inode has such a size",
            () if !is_descriptor => "no descriptor of a group has such a size",
            () if self.blocks_per_group == 0 || self.inodes_per_group == 0 => "its groups are empty",
            () if u64::from(self.first_block) >= self.blocks => "it begins behind its end",
            () => return Ok(self),
        };
        Err(of_superblock(wrong))
    }

    /// The byte at which the descriptor of an inode's group lies, its length, and which of the group's inodes it is.
    pub(super) fn place_of(&self, inode: u32) -> io::Result<(u64, u16, u32)> {
        if inode == 0 || inode > self.inodes {
            return Err(damaged(format_args!("there is no inode {inode}")));
        }
        let (group, nth) = ((inode - 1) / self.inodes_per_group, (inode - 1) % self.inodes_per_group);
        if self.start_of(group) >= self.blocks {
            return Err(damaged(format_args!("inode {inode} lies in a group behind its end")));
        }
        let size = u64::from(self.descriptor_size);
        let in_block = u64::from(self.block_size) / size;
        let block = self.block_of_descriptors(u64::from(group) / in_block, in_block);
        let at = u128::from(block) * u128::from(self.block_size) + u128::from(u64::from(group) % in_block * size);
        let at = u64::try_from(at).map_err(|_| damaged("a group lies behind its end"))?;
        Ok((at, self.descriptor_size, nth))
    }

    fn start_of(&self, group: u32) -> u64 {
        u64::from(self.first_block) + u64::from(group) * u64::from(self.blocks_per_group)
    }

    /// Where a block of descriptors lies, of which each has so many.
    fn block_of_descriptors(&self, nth: u64, in_block: u64) -> u64 {
        let own = AT / u64::from(self.block_size);
        if nth < self.first_meta_group {
            return own + nth + 1;
        }
        let group = u32::try_from(nth * in_block).unwrap_or(u32::MAX);
        let mut behind = u64::from(self.has_superblock(group));
        // With small blocks and the first of them counted as 0, a block lies before the superblock.
        behind += u64::from(self.block_size == 1024 && group == 0 && self.first_block == 0);
        self.start_of(group) + behind
    }

    /// Whether a group begins with a superblock, if only a second one.
    fn has_superblock(&self, group: u32) -> bool {
        if group == 0 {
            return true;
        }
        if self.compatible & SPARSE_SUPER2 != 0 {
            return self.backup_groups.contains(&group);
        }
        let is_power_of = |base: u32| {
            let mut rest = group;
            while rest.is_multiple_of(base) {
                rest /= base;
            }
            rest == 1
        };
        self.read_only & SPARSE_SUPER == 0 || group == 1 || [3, 5, 7].into_iter().any(is_power_of)
    }
}

fn of_superblock(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("its superblock is damaged: {why}"))
}

fn check_features(incompatible: u32) -> io::Result<()> {
    let unread = incompatible & !READ;
    if unread == 0 {
        return Ok(());
    }
    let bit = unread & unread.wrapping_neg();
    let known = REFUSED.iter().find(|(flag, _)| *flag == bit);
    let what = known.map_or_else(|| format!("the feature {bit:#x}"), |(_, name)| (*name).to_owned());
    Err(io::Error::new(io::ErrorKind::Unsupported, format!("it has {what}, and such a one is not read here")))
}
