//! Which items come into one file.
//!
//! A scan gives items in an order that stays the same as long as nothing happens to the table. A file ends, once it is large enough,
//! with an item whose key says so by its hash: one that comes or goes moves the ends of the files near it, and those further on
//! stay where they were.

use super::item::Line;
use crate::repository::Id;

/// No file but the last has less.
const SMALLEST: usize = 4 << 20;
/// How much a file has beyond that, on average.
const BEYOND: usize = 4 << 20;
/// A file that has so much ends, whatever its keys say.
const LARGEST: usize = 64 << 20;

/// The items of a file that is not whole yet.
#[derive(Default)]
pub(super) struct Gathered {
    lines: Vec<Line>,
    size: usize,
}

impl Gathered {
    /// Adds an item. The content of the file, when this was its last one.
    pub(super) fn add(&mut self, line: Line) -> Option<Vec<u8>> {
        let length = line.text.len();
        let ends = ends_a_file(&line.key, length);
        self.size += length;
        self.lines.push(line);
        ((ends && self.size >= SMALLEST) || self.size >= LARGEST).then(|| self.take())
    }

    /// The content of the file, as far as it came: its lines by their keys. A key that a scan gives twice counts as it came last.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut lines = std::mem::take(&mut self.lines);
        self.size = 0;
        lines.sort_by(|left, right| left.key.cmp(&right.key));
        let mut content = Vec::with_capacity(lines.iter().map(|line| line.text.len()).sum());
        for (at, line) in lines.iter().enumerate() {
            if lines.get(at + 1).is_none_or(|next| next.key != line.key) {
                content.extend_from_slice(line.text.as_bytes());
            }
        }
        content
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// Whether an item of this length is one that ends files: a matter of its key alone but for how likely it is.
fn ends_a_file(key: &str, length: usize) -> bool {
    let hash = Id::of(key.as_bytes());
    let first: [u8; 4] = [0, 1, 2, 3].map(|at| hash.as_bytes()[at]);
    u64::from(u32::from_be_bytes(first)) < (length as u64) * (1 << 32) / BEYOND as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize, length: usize) -> Line {
        Line { key: format!("{number:08}"), text: format!("{}\n", "x".repeat(length - 1)) }
    }

    fn files(lines: impl Iterator<Item = Line>) -> Vec<Vec<u8>> {
        let mut gathered = Gathered::default();
        let mut files: Vec<Vec<u8>> = lines.filter_map(|line| gathered.add(line)).collect();
        if !gathered.is_empty() {
            files.push(gathered.take());
        }
        files
    }

    #[test]
    fn an_item_that_comes_or_goes_leaves_most_files_as_they_were() {
        let before = files((0..80_000).map(|number| line(number, 1000)));
        assert!((7..=14).contains(&before.len()), "{}", before.len());
        for other in [
            files((0..80_000).filter(|number| *number != 9).map(|number| line(number, 1000))),
            files((0..80_001).map(|number| line(if number == 0 { 99_999_999 } else { number - 1 }, 1000))),
        ] {
            let same = before.iter().rev().zip(other.iter().rev()).take_while(|(one, two)| one == two).count();
            assert!(same >= before.len() - 3, "{same} of {} stayed", before.len());
        }
    }

    #[test]
    fn no_file_is_too_large_and_all_items_are_in_them() {
        let files = files((0..700).map(|number| line(number, 400_000)));
        assert!(files.iter().all(|file| file.len() < LARGEST + 400_000));
        assert_eq!(files.iter().map(Vec::len).sum::<usize>(), 700 * 400_000);
    }

    #[test]
    fn lines_are_in_the_order_of_their_keys_and_a_key_counts_once() {
        let of = |key: &str, text: &str| Line { key: key.to_owned(), text: format!("{text}\n") };
        let mut gathered = Gathered::default();
        for line in [of("b", "old"), of("a", "a"), of("b", "new")] {
            assert_eq!(gathered.add(line), None);
        }
        assert_eq!(gathered.take(), b"a\nnew\n");
    }
}
