//! What the blocks of a journal are.

use crate::engine::drivers::volume::files::bytes::{be16, be32, be64};
use crate::engine::drivers::volume::files::ext::checksum::{crc32c, crc32c_without};
use crate::engine::drivers::volume::files::ext::{blocks, damaged};
use std::io;

/// Features.
const COMPATIBLE_SUM: u32 = 0x1;
const REVOKE: u32 = 0x1;
const WIDE: u32 = 0x2;
const ASYNC_COMMIT: u32 = 0x4;
const SUM_2: u32 = 0x8;
const SUM_3: u32 = 0x10;
const FAST_COMMIT: u32 = 0x20;

/// Of a block in a descriptor: its first bytes were those of a journal's block; it has no UUID of its own; it is the last.
const ESCAPED: u32 = 1;
const SAME_UUID: u32 = 2;
const LAST: u32 = 8;

/// How many blocks a journal has at least, those for fast commits not counted.
const SMALLEST: u32 = 1024;

/// The superblock of a journal.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// Its blocks from the first to the one behind the last that go round.
    pub(super) first: u32,
    pub(super) last: u32,
    /// Where the log begins, and with which transaction; 0 where nothing is in it.
    pub(super) start: u32,
    pub(super) sequence: u32,
    /// Whether there may be fast commits behind those that go round.
    pub(super) has_fast_commits: bool,
    /// Whether a commit may be written before what it commits, which its sum shows then.
    pub(super) is_async: bool,
    /// Whether commits have a sum of all that they commit.
    pub(super) has_old_sums: bool,
    /// Whether descriptors have their third form, with a whole sum for each block.
    is_third: bool,
    /// Whether numbers of blocks have 64 bits.
    is_wide: bool,
    /// With what sums begin, where all its blocks have them.
    seed: Option<u32>,
}

/// A block of the file system that is in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) block: u64,
    pub(super) is_escaped: bool,
    /// The sum of its content, or what of it there is room for.
    sum: u32,
}

/// What a block of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Descriptor,
    Commit,
    Revocations,
    /// A superblock, or nothing that is known.
    Other,
}

impl Header {
    /// Reads one; refuses features that are not known, and what cannot be. `length` is how many blocks the journal has.
    pub(super) fn parse(block: &[u8], length: u64) -> io::Result<Self> {
        let is_second = be32(block, 4) == 4;
        if !block.starts_with(&blocks::MAGIC) || !(is_second || be32(block, 4) == 3) {
            return Err(damaged("its journal has no superblock"));
        }
        let feature = |at| if is_second { be32(block, at) } else { 0 };
        let (compatible, incompatible) = (feature(0x24), feature(0x28));
        let unread = incompatible & !(REVOKE | WIDE | ASYNC_COMMIT | SUM_2 | SUM_3 | FAST_COMMIT);
        if unread != 0 {
            let why = format!("its journal has the feature {unread:#x}, and such a one is not read here");
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        let has_sums = incompatible & (SUM_2 | SUM_3) != 0;
        let own_sum = || crc32c_without(u32::MAX, &block[..1024], 0xfc) == be32(block, 0xfc);
        if has_sums && (block[0x50] != 4 || !own_sum()) {
            return Err(damaged("the checksum of its journal's superblock is wrong"));
        }
        let has_fast_commits = incompatible & FAST_COMMIT != 0;
        let fast = match be32(block, 0x54) {
            _ if !has_fast_commits => 0,
            0 => 256,
            count => count,
        };
        let (first, most, start) = (be32(block, 0x14), be32(block, 0x10), be32(block, 0x1c));
        let last = most.saturating_sub(fast);
        // Of a smaller one the kernel takes no room for fast commits, and others do.
        if has_fast_commits && last < SMALLEST {
            let why = "its journal has fast commits and is smaller than such a one may be";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        let is_wrong = be32(block, 0xc) as usize != block.len() || u64::from(most) > length || first == 0;
        if is_wrong || first >= last || start != 0 && !(first..last).contains(&start) {
            return Err(damaged("its journal's superblock says what cannot be"));
        }
        Ok(Self {
            first,
            last,
            start,
            sequence: be32(block, 0x18),
            has_fast_commits,
            is_async: incompatible & ASYNC_COMMIT != 0,
            has_old_sums: compatible & COMPATIBLE_SUM != 0 && !has_sums,
            is_third: incompatible & SUM_3 != 0,
            is_wide: incompatible & WIDE != 0,
            seed: has_sums.then(|| crc32c(u32::MAX, &block[0x30..0x40])),
        })
    }

    /// What a block is, if it is one of a transaction.
    pub(super) fn kind(block: &[u8], sequence: u32) -> Option<Kind> {
        let is_one = block.starts_with(&blocks::MAGIC) && be32(block, 8) == sequence;
        is_one.then(|| match be32(block, 4) {
            1 => Kind::Descriptor,
            2 => Kind::Commit,
            5 => Kind::Revocations,
            _ => Kind::Other,
        })
    }

    /// Whether the sum at the end of a descriptor or of revocations is right.
    pub(super) fn is_whole(&self, block: &[u8]) -> bool {
        let at = block.len() - 4;
        self.seed.is_none_or(|seed| crc32c_without(seed, block, at) == be32(block, at))
    }

    /// Whether the sum of a commit is right.
    pub(super) fn is_committed(&self, block: &[u8]) -> bool {
        self.seed.is_none_or(|seed| crc32c_without(seed, block, 16) == be32(block, 16))
    }

    /// Whether the content of a block is what was written. Not all forms can tell.
    pub(super) fn is_content(&self, tag: Tag, sequence: u32, content: &[u8]) -> bool {
        let Some(seed) = self.seed else { return true };
        let sum = crc32c(crc32c(seed, &sequence.to_be_bytes()), content);
        if self.is_third { sum == tag.sum } else { sum & 0xffff == tag.sum }
    }

    /// Whether [`is_content`](Self::is_content) can tell anything.
    pub(super) fn has_sums(&self) -> bool {
        self.seed.is_some()
    }

    /// The blocks that a descriptor tells of, in the order in which they follow it.
    pub(super) fn tags(&self, block: &[u8]) -> Vec<Tag> {
        let has_sums = self.seed.is_some();
        let end = block.len() - 4 * usize::from(has_sums);
        let length = if self.is_third { 16 } else { 8 + 2 * usize::from(has_sums) + 4 * usize::from(self.is_wide) };
        let (mut at, mut tags) = (12, Vec::new());
        while at + length <= end {
            let (flags, sum) = if self.is_third {
                (be32(block, at + 4), be32(block, at + 12))
            } else {
                (be16(block, at + 6).into(), be16(block, at + 4).into())
            };
            let (low, high) = (u64::from(be32(block, at)), if self.is_wide { be32(block, at + 8) } else { 0 });
            tags.push(Tag { block: low | u64::from(high) << 32, is_escaped: flags & ESCAPED != 0, sum });
            if flags & LAST != 0 {
                break;
            }
            at += length + if flags & SAME_UUID == 0 { 16 } else { 0 };
        }
        tags
    }

    /// The blocks that are revoked.
    pub(super) fn revoked(&self, block: &[u8]) -> io::Result<Vec<u64>> {
        let end = block.len() - 4 * usize::from(self.seed.is_some());
        let used = be32(block, 12) as usize;
        if !(16..=end).contains(&used) {
            return Err(damaged("revocations of its journal are longer than their block"));
        }
        let each = if self.is_wide { 8 } else { 4 };
        let number = |bytes: &[u8]| if self.is_wide { be64(bytes, 0) } else { be32(bytes, 0).into() };
        Ok(block[16..used].chunks_exact(each).map(number).collect())
    }
}
