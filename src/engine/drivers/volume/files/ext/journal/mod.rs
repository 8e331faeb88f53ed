//! The journal of ext3 and ext4: what it committed and what is not in its place yet, for an image of a machine that was
//! running. Nothing is written; it is remembered where in the journal each block lies that has a newer state there.
//!
//! As the system does it at the next mount: transactions count in their order, as far as each has its commit; a block that
//! was revoked later is not taken from before that, for something else may lie there since.

mod format;
#[cfg(test)]
mod tests;

use self::format::{Header, Kind, Tag};
use super::blocks::Blocks;
use super::checksum::crc32_big;
use super::inode::Inode;
use super::replayed::{Copy, Replayed};
use super::superblock::Superblock;
use super::{damaged, map};
use crate::engine::drivers::volume::files::bytes::{be32, be64, le16, le32};
use std::collections::HashMap;
use std::io;

/// The most blocks of a journal: the largest that is made by default has a quarter of them.
const MOST_BLOCKS: u64 = 1 << 20;
/// The most revocations that are remembered.
const MOST_REVOKED: usize = 4 << 20;

/// Reads the journal of a file system that needs it.
pub(super) fn replay(blocks: &Blocks, superblock: &Superblock) -> io::Result<Replayed> {
    let unsupported = |why: &str| Err(io::Error::new(io::ErrorKind::Unsupported, why));
    if superblock.journal == 0 {
        return unsupported("it was in use, and its journal lies on another device");
    }
    let inode = Inode::read(blocks, superblock, superblock.journal)?;
    let length = inode.size / blocks.size();
    if length > MOST_BLOCKS {
        return unsupported("it was in use, and its journal is larger than is read here");
    }
    let mut places = Vec::new();
    map::runs(blocks, &inode, length, &mut |run| {
        let from = run.from.ok_or_else(|| damaged("its journal has a hole"))?;
        let before = places.last().map_or(0, |(at, _, count)| at + count);
        places.push((before, from, run.count));
        Ok(())
    })?;
    let log = Log { blocks, places };
    let header = Header::parse(&log.block(0)?, length)?;
    if header.start == 0 {
        return Ok(Replayed::default());
    }
    let mut scan = Scan::new(&header);
    let end = scan.carry_out(&log)?;
    if header.has_fast_commits && log.has_fast_commit(&header, end)? {
        return unsupported("it was in use, and its journal has fast commits, which are not read here");
    }
    scan.settle(&log)
}

/// The blocks of a journal.
struct Log<'a> {
    blocks: &'a Blocks,
    /// Its blocks, and where they lie in the file system.
    places: Vec<(u64, u64, u64)>,
}

impl Log<'_> {
    fn place(&self, number: u32) -> io::Result<u64> {
        let number = u64::from(number);
        let after = self.places.partition_point(|(at, ..)| *at <= number);
        let found = after.checked_sub(1).and_then(|nth| self.places.get(nth));
        let found = found.filter(|(at, _, count)| number - at < *count);
        let (at, from, _) = found.ok_or_else(|| damaged("its journal is shorter than it says"))?;
        Ok(from + (number - at))
    }

    fn block(&self, number: u32) -> io::Result<Vec<u8>> {
        self.blocks.block(self.place(number)?)
    }

    /// Whether a fast commit follows the last transaction.
    fn has_fast_commit(&self, header: &Header, sequence: u32) -> io::Result<bool> {
        let first = self.block(header.last + 1)?;
        Ok(le16(&first, 0) == 9 && le32(&first, 8) == sequence)
    }
}

/// The newest state of a block that was met.
#[derive(Debug, Clone, Copy)]
struct Newest {
    number: u32,
    sequence: u32,
    tag: Tag,
}

/// What the log was found to have.
struct Scan<'a> {
    header: &'a Header,
    newest: HashMap<u64, Newest>,
    /// Blocks that were revoked, and in which transaction at last.
    revoked: HashMap<u64, u32>,
    /// What the present transaction has, which counts when its commit is met.
    pending: Vec<(Tag, u32)>,
    pending_revoked: Vec<u64>,
    /// Blocks passed so far.
    passed: u64,
    /// The sum of the present transaction, where commits have one.
    sum: u32,
    has_seen_sum: bool,
}

impl<'a> Scan<'a> {
    fn new(header: &'a Header) -> Self {
        Self {
            header,
            newest: HashMap::new(),
            revoked: HashMap::new(),
            pending: Vec::new(),
            pending_revoked: Vec::new(),
            passed: 0,
            sum: u32::MAX,
            has_seen_sum: false,
        }
    }

    /// The block behind another, at whose end the log goes on at its beginning; none when it was passed once.
    fn next(&mut self, number: u32) -> Option<u32> {
        self.passed += 1;
        let next = if number + 1 < self.header.last { number + 1 } else { self.header.first };
        (self.passed < u64::from(self.header.last - self.header.first)).then_some(next)
    }

    /// Reads the log up to the first transaction that has no commit, whose number is told.
    fn carry_out(&mut self, log: &Log<'_>) -> io::Result<u32> {
        let (mut number, mut sequence) = (self.header.start, self.header.sequence);
        // A wrong sum is damage, or what an earlier round of the log left; that was committed before the last transaction.
        let (mut is_doubtful, mut last_time) = (false, 0);
        loop {
            let block = log.block(number)?;
            let Some(kind) = Header::kind(&block, sequence) else { return Ok(sequence) };
            match kind {
                Kind::Other => return Ok(sequence),
                Kind::Descriptor => {
                    is_doubtful |= !self.header.is_whole(&block);
                    let Some(last) = self.descriptor(log, &block, number)? else { return Ok(sequence) };
                    number = last;
                }
                Kind::Revocations if self.header.is_whole(&block) => {
                    self.pending_revoked.extend(self.header.revoked(&block)?);
                    if self.revoked.len() + self.pending_revoked.len() > MOST_REVOKED {
                        return Err(damaged("its journal revokes more blocks than it has room for"));
                    }
                }
                Kind::Revocations => is_doubtful = true,
                Kind::Commit => {
                    let time = be64(&block, 48);
                    let is_whole = self.header.is_committed(&block) && self.has_old_sum(&block);
                    // What is doubtful before a commit is no end of the log, however commits are written.
                    let ends = time < last_time || !is_doubtful && self.header.is_async;
                    if is_doubtful || !is_whole {
                        let wrong = || Err(damaged("a checksum in its journal is wrong"));
                        return if ends { Ok(sequence) } else { wrong() };
                    }
                    last_time = time;
                    self.commit(sequence);
                    sequence = sequence.wrapping_add(1);
                }
            }
            let Some(next) = self.next(number) else { return Ok(sequence) };
            number = next;
        }
    }

    /// Passes the blocks that a descriptor tells of, up to the last one of them; none where the log does not have them.
    fn descriptor(&mut self, log: &Log<'_>, block: &[u8], mut number: u32) -> io::Result<Option<u32>> {
        if self.header.has_old_sums {
            self.sum = crc32_big(self.sum, block);
        }
        for tag in self.header.tags(block) {
            let Some(next) = self.next(number) else { return Ok(None) };
            number = next;
            if self.header.has_old_sums {
                self.sum = crc32_big(self.sum, &log.block(number)?);
            }
            self.pending.push((tag, number));
        }
        Ok(Some(number))
    }

    /// Whether a commit's sum of its transaction is right. Those before the first that has one need none.
    fn has_old_sum(&mut self, block: &[u8]) -> bool {
        let sum = std::mem::replace(&mut self.sum, u32::MAX);
        if !self.header.has_old_sums {
            return true;
        }
        let (kind, told) = ((block[12], block[13]), be32(block, 16));
        if kind == (1, 4) && told == sum {
            self.has_seen_sum = true;
            return true;
        }
        kind == (0, 0) && told == 0 && !self.has_seen_sum
    }

    fn commit(&mut self, sequence: u32) {
        for (tag, number) in self.pending.drain(..) {
            self.newest.insert(tag.block, Newest { number, sequence, tag });
        }
        for block in self.pending_revoked.drain(..) {
            self.revoked.insert(block, sequence);
        }
    }

    /// What counts of it in the end.
    fn settle(mut self, log: &Log<'_>) -> io::Result<Replayed> {
        let revoked = std::mem::take(&mut self.revoked);
        // Numbers of transactions begin again at zero when they reach their end.
        let is_behind = |sequence: u32, other: u32| sequence.wrapping_sub(other).cast_signed() > 0;
        self.newest.retain(|block, newest| revoked.get(block).is_none_or(|in_| is_behind(newest.sequence, *in_)));
        let mut replayed = HashMap::with_capacity(self.newest.len());
        for (block, Newest { number, sequence, tag }) in self.newest {
            let lies_at = log.place(number)?;
            if self.header.has_sums() && !self.header.is_content(tag, sequence, &log.block(number)?) {
                return Err(damaged(format_args!("the checksum of block {block} in its journal is wrong")));
            }
            replayed.insert(block, Copy { block: lies_at, is_escaped: tag.is_escaped });
        }
        Ok(Replayed::new(replayed))
    }
}
