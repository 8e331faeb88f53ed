//! Where the content of a file lies: extents, or the older maps of single blocks.

use super::blocks::Blocks;
use super::checksum::crc32c;
use super::damaged;
use super::inode::Inode;
use crate::engine::drivers::volume::files::bytes::{le16, le32};
use std::io;

/// No tree of extents is deeper.
const DEEPEST: u16 = 5;
/// The longest extent; longer ones are shorter by it, and were never written: they read as zeros.
const LONGEST: u16 = 32_768;

/// Blocks of a file that lie one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Where on the disk; nowhere what is zeros.
    pub(super) from: Option<u64>,
    /// How many blocks.
    pub(super) count: u64,
}

/// Tells where the first `end` blocks of a file lie, from its beginning to its end with no gap.
pub(super) fn runs(
    blocks: &Blocks,
    inode: &Inode,
    end: u64,
    tell: &mut dyn FnMut(Run) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = Out { blocks, next: 0, end, tell };
    let most = if inode.has_extents() { 1 << 32 } else { Pointers::most(blocks) };
    if end > most {
        return Err(damaged("it says that it is longer than such a file can be"));
    }
    if inode.has_extents() {
        extents(&mut out, inode, &inode.body(), None, (0, 1 << 32))?;
    } else {
        Pointers { per_block: blocks.size() / 4 }.all(&mut out, &inode.body())?;
    }
    out.reach(end)
}

/// What was told so far.
struct Out<'a> {
    blocks: &'a Blocks,
    next: u64,
    end: u64,
    tell: &'a mut dyn FnMut(Run) -> io::Result<()>,
}

impl Out<'_> {
    fn is_done(&self) -> bool {
        self.next >= self.end
    }

    /// Says that there is nothing up to a block.
    fn reach(&mut self, at: u64) -> io::Result<()> {
        let to = at.min(self.end);
        if to > self.next {
            let count = to - self.next;
            self.next = to;
            (self.tell)(Run { from: None, count })?;
        }
        Ok(())
    }

    /// Tells of blocks; `from` is nowhere for those that were never written.
    fn put(&mut self, at: u64, from: Option<u64>, count: u64) -> io::Result<()> {
        if at < self.next && !self.is_done() {
            return Err(damaged("its map tells the same block twice"));
        }
        if let Some(from) = from {
            self.blocks.check(from, count)?;
        }
        self.reach(at)?;
        let count = count.min(self.end.saturating_sub(at));
        if count > 0 {
            self.next = at + count;
            (self.tell)(Run { from, count })?;
        }
        Ok(())
    }
}

/// A node of a tree of extents, which tells of the blocks within a range. Each node below the first has something to tell and
/// begins behind what was told before it, so that even the worst tree comes to an end.
fn extents(out: &mut Out<'_>, inode: &Inode, node: &[u8], depth: Option<u16>, range: (u64, u64)) -> io::Result<()> {
    let wrong = |why: &str| Err(damaged(format_args!("its tree of extents is wrong: {why}")));
    let (count, most, own) = (usize::from(le16(node, 2)), usize::from(le16(node, 4)), le16(node, 6));
    if le16(node, 0) != 0xf30a || count > most || 12 + 12 * most > node.len() {
        return wrong("a node is none");
    }
    if own > DEEPEST || depth.is_some_and(|depth| depth != own) || depth.is_some() && count == 0 {
        return wrong("it has an impossible form");
    }
    let is_checked = |seed| crc32c(seed, &node[..12 + 12 * most]) == le32(node, 12 + 12 * most);
    if depth.is_some() && inode.seed.is_some_and(|seed| !is_checked(seed)) {
        return wrong("the checksum of a node is not its own");
    }
    let at_of = |nth: usize| if nth < count { le32(node, 12 + 12 * nth).into() } else { range.1 };
    for nth in 0..count {
        if out.is_done() {
            return Ok(());
        }
        let (entry, at, until) = (&node[12 + 12 * nth..], at_of(nth), at_of(nth + 1));
        if at < range.0 || until <= at || until > range.1 {
            return wrong("it is not in order");
        }
        if own > 0 {
            let child = out.blocks.block(u64::from(le32(entry, 4)) | u64::from(le16(entry, 8)) << 32)?;
            extents(out, inode, &child, Some(own - 1), (at, until))?;
            continue;
        }
        let (length, from) = (le16(entry, 4), u64::from(le32(entry, 8)) | u64::from(le16(entry, 6)) << 32);
        let is_written = length <= LONGEST;
        let length = if is_written { length } else { length - LONGEST };
        if length == 0 || at + u64::from(length) > until {
            return wrong("an extent is empty or reaches into the next one");
        }
        out.put(at, is_written.then_some(from), length.into())?;
    }
    Ok(())
}

/// Maps of single blocks: twelve in the inode, then those in a block of such, in a block of blocks of them, and once more.
struct Pointers {
    per_block: u64,
}

impl Pointers {
    fn most(blocks: &Blocks) -> u64 {
        let per_block = blocks.size() / 4;
        12 + per_block + per_block.pow(2) + per_block.pow(3)
    }

    fn all(&self, out: &mut Out<'_>, body: &[u8; 60]) -> io::Result<()> {
        Self::told(out, &body[..48], 0)?;
        let mut at = 12;
        for level in 1..=3 {
            let pointer = le32(body, 48 + 4 * (level as usize - 1));
            self.below(out, pointer, level, at)?;
            at += self.per_block.pow(level);
        }
        Ok(())
    }

    /// What a block of pointers tells that lies so many levels above what it leads to, from the file's block `at` on.
    fn below(&self, out: &mut Out<'_>, pointer: u32, level: u32, at: u64) -> io::Result<()> {
        if out.is_done() {
            return Ok(());
        }
        let span = self.per_block.pow(level);
        if pointer == 0 {
            return out.reach(at + span);
        }
        let block = out.blocks.block(pointer.into())?;
        if level == 1 {
            Self::told(out, &block, at)?;
            // Told at once even where nothing is, so that who takes it can refuse more.
            return out.reach(at + span);
        }
        let each = span / self.per_block;
        for (nth, pointer) in block.chunks_exact(4).enumerate() {
            self.below(out, le32(pointer, 0), level - 1, at + nth as u64 * each)?;
        }
        Ok(())
    }

    /// Pointers to blocks of the file, those that follow each other as one run.
    fn told(out: &mut Out<'_>, pointers: &[u8], at: u64) -> io::Result<()> {
        let wanted = out.end.saturating_sub(at).min(pointers.len() as u64 / 4);
        let pointer = |nth: u64| le32(pointers, 4 * nth as usize);
        let mut nth = 0;
        while nth < wanted {
            let (first, from) = (nth, pointer(nth));
            nth += 1;
            if from == 0 {
                continue;
            }
            while nth < wanted && u64::from(pointer(nth)) == u64::from(from) + (nth - first) {
                nth += 1;
            }
            out.put(at + first, Some(from.into()), nth - first)?;
        }
        Ok(())
    }
}
