//! A file that is put together of what a recovery point has of it and of the pages that changed.

use super::super::tree::PIECE;
use super::{Changes, Old};
use crate::engine::drivers::crc32c::{difference, joined, longer, without_end};
use crate::repository::Id;
use std::io::{self, Read};
use std::ops::Range;

/// A file that is put together, from its beginning to its end.
pub(in super::super) struct Rebuilt {
    old: Old,
    changes: Changes,
    /// How much of the old file counts.
    counts: u64,
    /// The first of the pages that did not come yet.
    next: usize,
    /// Up to where it is put together.
    at: u64,
    /// What was put together last, and how much of it was given.
    piece: Vec<u8>,
    given: usize,
    /// By what the sum of that which counts of the old file changes.
    patched: u32,
    /// The sum of what is behind that, and how long it is so far.
    behind: (u32, u64),
    /// The sum of all of it, at its end.
    sum: Option<u32>,
}

/// Where what a file is put together of comes from.
pub(in super::super) struct Parts<'a> {
    /// The pages.
    pub(in super::super) pages: &'a mut dyn Read,
    /// A piece of the old file.
    pub(in super::super) piece: &'a dyn Fn(&Id) -> io::Result<Vec<u8>>,
}

impl Rebuilt {
    pub(in super::super) fn new(old: Old, changes: Changes) -> Self {
        let counts = changes.kept.min(old.size);
        let (piece, behind) = (Vec::new(), (0, 0));
        Self { old, changes, counts, next: 0, at: 0, piece, given: 0, patched: 0, behind, sum: None }
    }

    /// How long it is.
    pub(in super::super) fn size(&self) -> u64 {
        self.changes.size
    }

    /// Its sum, once it was read to its end.
    pub(in super::super) fn sum(&self) -> Option<u32> {
        self.sum
    }

    /// The pieces that the old file has.
    pub(in super::super) fn pieces(&self) -> Vec<Id> {
        self.old.pieces.clone()
    }

    /// How many of the next bytes are those of the old file, as whole pieces.
    pub(in super::super) fn as_before(&mut self) -> u64 {
        let from = self.at;
        while self.given == self.piece.len() && self.at < self.changes.size && self.is_as_before() {
            self.at = self.end();
        }
        self.at - from
    }

    /// The next bytes; 0 at the end.
    pub(in super::super) fn read(&mut self, buffer: &mut [u8], from: &mut Parts<'_>) -> io::Result<usize> {
        if self.given == self.piece.len() {
            if self.at == self.changes.size {
                if self.sum.is_none() {
                    self.sum = Some(self.whole_sum(from)?);
                }
                return Ok(0);
            }
            self.put_together(from)?;
        }
        let length = buffer.len().min(self.piece.len() - self.given);
        buffer[..length].copy_from_slice(&self.piece[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }

    /// The end of the piece that begins where it is put together up to.
    fn end(&self) -> u64 {
        (self.at + u64::from(PIECE)).min(self.changes.size)
    }

    fn comes_before(&self, end: u64) -> bool {
        let next = self.changes.pages.get(self.next);
        next.is_some_and(|page| u64::from(*page) * self.changes.page_size < end)
    }

    /// Whether the next piece is that of the old file, which is whole or its last one.
    fn is_as_before(&self) -> bool {
        let end = self.end();
        let is_a_piece = end - self.at == u64::from(PIECE) || end == self.old.size;
        is_a_piece && end <= self.counts && !self.comes_before(end)
    }

    fn put_together(&mut self, from: &mut Parts<'_>) -> io::Result<()> {
        let (begin, end) = (self.at, self.end());
        let counts = self.counts.saturating_sub(begin);
        let id = self.old.pieces.get((begin / u64::from(PIECE)) as usize).filter(|_| counts > 0);
        let mut before = id.map_or_else(|| Ok(Vec::new()), from.piece)?;
        before.truncate(counts as usize);
        let mut now = before.clone();
        now.resize((end - begin) as usize, 0);
        let size = self.changes.page_size as usize;
        while self.comes_before(end) {
            let page = u64::from(self.changes.pages[self.next]) * self.changes.page_size;
            let place = (page - begin) as usize;
            from.pages.read_exact(&mut now[place..place + size])?;
            self.next += 1;
        }
        let (same, behind) = now.split_at(before.len());
        if !same.is_empty() {
            self.patched ^= difference(&before, same, self.counts - begin - same.len() as u64);
        }
        self.behind = (longer(self.behind.0, behind), self.behind.1 + behind.len() as u64);
        (self.piece, self.given, self.at) = (now, 0, end);
        Ok(())
    }

    fn whole_sum(&self, from: &Parts<'_>) -> io::Result<u32> {
        let (sum, length) = self.behind;
        Ok(joined(self.sum_of_what_counts(from)? ^ self.patched, sum, length))
    }

    /// The sum of what counts of the old file, as it was. Of one that was cut the shorter part is read for that.
    fn sum_of_what_counts(&self, from: &Parts<'_>) -> io::Result<u32> {
        let Old { size, sum, .. } = self.old;
        let cut = size - self.counts;
        Ok(match cut {
            0 => sum,
            _ if cut < self.counts => without_end(sum, self.old_sum(self.counts..size, from)?, cut),
            _ => self.old_sum(0..self.counts, from)?,
        })
    }

    /// The sum of a part of the old file.
    fn old_sum(&self, part: Range<u64>, from: &Parts<'_>) -> io::Result<u32> {
        let mut sum = 0;
        for (place, id) in (0..).step_by(PIECE as usize).zip(&self.old.pieces) {
            let end = place + u64::from(PIECE);
            if end <= part.start || place >= part.end {
                continue;
            }
            let piece = (from.piece)(id)?;
            let begin = part.start.saturating_sub(place) as usize;
            let end = (part.end - place).min(piece.len() as u64) as usize;
            sum = longer(sum, piece.get(begin..end).unwrap_or_default());
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::server::Division;
    use super::super::changes::tests::file;
    use super::*;
    use crate::engine::drivers::crc32c::crc32c;
    use proptest::prelude::*;

    const PAGE: usize = 8192;
    const DIVISION: Division = Division { page: PAGE as u64, segment: 1 << 30 };

    /// A file of pages, each filled with one value, and what it is put together to: the content, its sum, and how much was taken from where.
    fn rebuilt(old: &[u8], pages: &[(u32, u8)], kept: u32) -> (Vec<u8>, u32, u64, usize) {
        let content: Vec<u8> = old.iter().flat_map(|value| [*value; PAGE]).collect();
        let cut: Vec<&[u8]> = content.chunks(PIECE as usize).collect();
        let ids: Vec<Id> = cut.iter().map(|piece| Id::of(piece)).collect();
        let loaded = std::cell::Cell::new(0);
        let load = |id: &Id| {
            loaded.set(loaded.get() + 1);
            Ok(cut[ids.iter().position(|known| known == id).unwrap()].to_vec())
        };
        let bytes = file(pages, kept, PAGE);
        let mut from = bytes.as_slice();
        let changes = Changes::read(&mut from, bytes.len() as u64, DIVISION).unwrap();
        let old = Old { size: content.len() as u64, sum: crc32c(&[&content]), pieces: ids.clone() };
        let mut rebuilt = Rebuilt::new(old, changes);
        let (mut made, mut buffer, mut unread) = (Vec::new(), [0; 10_000], 0);
        loop {
            let same = rebuilt.as_before() as usize;
            if same > 0 {
                made.extend_from_slice(&content[made.len()..made.len() + same]);
            }
            unread += same as u64;
            let length = rebuilt.read(&mut buffer, &mut Parts { pages: &mut from, piece: &load }).unwrap();
            if length == 0 && same == 0 {
                break;
            }
            made.extend_from_slice(&buffer[..length]);
        }
        assert!(from.is_empty(), "all pages are in it");
        assert_eq!(rebuilt.size(), made.len() as u64);
        let sum = rebuilt.sum().unwrap();
        (made, sum, unread, loaded.get())
    }

    /// What `pg_combinebackup` makes.
    fn combined(old: &[u8], pages: &[(u32, u8)], kept: u32) -> Vec<u8> {
        let last = pages.last().map_or(0, |(number, _)| number + 1);
        let value = |number: u32| {
            let came = pages.iter().find(|(page, _)| *page == number).map(|(_, value)| *value);
            came.or_else(|| old.get(number as usize).copied().filter(|_| number < kept)).unwrap_or_default()
        };
        (0..last.max(kept)).flat_map(|number| [value(number); PAGE]).collect()
    }

    proptest! {
        #[test]
        fn a_file_is_what_pg_combinebackup_would_make_of_it(
            old in proptest::collection::vec(1_u8.., 0..40),
            pages in proptest::collection::btree_map(0_u32..48, 1_u8.., 0..12),
            kept in 0_u32..48,
        ) {
            let pages: Vec<(u32, u8)> = pages.into_iter().collect();
            let (made, sum, ..) = rebuilt(&old, &pages, kept);
            let expected = combined(&old, &pages, kept);
            prop_assert!(made == expected, "{} and {}", made.len(), expected.len());
            prop_assert_eq!(sum, crc32c(&[&expected]));
        }
    }

    #[test]
    fn only_pieces_with_a_changed_page_are_read() {
        let (_, _, unread, loaded) = rebuilt(&[7; 36], &[(9, 1), (10, 2)], 36);
        assert_eq!((unread, loaded), (28 * PAGE as u64, 1));
        let (_, _, unread, loaded) = rebuilt(&[7; 36], &[], 36);
        assert_eq!((unread, loaded), (36 * PAGE as u64, 0));
    }

    #[test]
    fn of_a_file_that_was_cut_the_shorter_part_is_read_and_the_piece_with_the_cut() {
        let pages: Vec<u8> = (1..=80).collect();
        for (kept, unread, loaded) in [(64, 64, 2), (68, 64, 3), (8, 8, 1), (0, 0, 0), (4, 0, 2)] {
            let (made, sum, same, read) = rebuilt(&pages, &[], kept);
            let expected = combined(&pages, &[], kept);
            assert!(made == expected && sum == crc32c(&[&expected]), "{kept}");
            assert_eq!((same, read), (unread * PAGE as u64, loaded), "{kept}");
        }
    }
}
