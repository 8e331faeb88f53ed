//! What the server sends of a file of which it knows the pages that changed: their numbers first, and then the pages.

use super::super::server::Division;
use std::io::{self, Read};

/// What such a file begins with, in the order of bytes of the server.
const MAGIC: u32 = 0xd3ae_1f0d;

/// The magic, how many pages come, and how many pages of the file before still count.
const FIXED: usize = 12;

/// Which pages of a file come.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Changes {
    /// How many bytes a page has.
    pub(super) page_size: u64,
    /// The numbers of the pages that come, the lowest first.
    pub(super) pages: Vec<u32>,
    /// Up to where the file before still counts, in bytes. What is neither there nor comes is zeros.
    pub(super) kept: u64,
    /// How long the file is.
    pub(super) size: u64,
}

impl Changes {
    /// What a file of this length begins with; what comes behind it is the pages, each in whole. An error of the kind `InvalidData` says
    /// that it is no such file.
    pub(in super::super) fn read(from: &mut dyn Read, length: u64, division: Division) -> io::Result<Self> {
        let page_size = division.page;
        if length < FIXED as u64 || page_size == 0 {
            return Err(broken("it is too short"));
        }
        let mut fixed = [0; FIXED];
        from.read_exact(&mut fixed)?;
        // A server of the other byte order writes its sums in that too: of such a one all is read.
        let (words, _) = fixed.as_chunks::<4>();
        let [magic, count, kept] = [0, 1, 2].map(|place| words.get(place).map_or(0, |word| u32::from_le_bytes(*word)));
        let count = u64::from(count);
        let numbers = FIXED as u64 + 4 * count;
        // Where pages follow, the first begins where one would in a file of pages.
        let header = if count == 0 { numbers } else { numbers.next_multiple_of(page_size) };
        if magic != MAGIC || count * page_size > division.segment || header + count * page_size != length {
            return Err(broken("it is none"));
        }
        let mut rest = vec![0; (header - FIXED as u64) as usize];
        from.read_exact(&mut rest)?;
        let (words, _) = rest.as_chunks::<4>();
        let pages: Vec<u32> = words.iter().take(count as usize).map(|word| u32::from_le_bytes(*word)).collect();
        if !pages.is_sorted_by(|first, second| first < second) {
            return Err(broken("its pages are in no order"));
        }
        let kept = u64::from(kept) * page_size;
        let changes = Self { page_size, size: end(&pages, page_size).max(kept), pages, kept };
        if end(&changes.pages, page_size) > division.segment {
            return Err(broken("it has pages behind the end of a segment"));
        }
        Ok(changes)
    }

    /// Refuses what would get longer than a segment. Older servers of 17 and 18 say so of tables that VACUUM cut.
    pub(in super::super) fn within(self, division: Division) -> io::Result<Self> {
        if self.size > division.segment {
            return Err(broken("it keeps more than a segment has"));
        }
        Ok(self)
    }

    /// Only the pages that come, and zeros where none do.
    pub(in super::super) fn alone(self) -> Self {
        Self { kept: 0, size: end(&self.pages, self.page_size), ..self }
    }
}

/// Where the last page ends.
fn end(pages: &[u32], page_size: u64) -> u64 {
    pages.last().map_or(0, |last| (u64::from(*last) + 1) * page_size)
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a file of changed pages cannot be understood: {why}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const DIVISION: Division = Division { page: 512, segment: 512 * 16 };

    /// Such a file, as a server writes it: the pages with what each is filled with.
    pub(in super::super) fn file(pages: &[(u32, u8)], kept: u32, page_size: usize) -> Vec<u8> {
        let words = [MAGIC, pages.len() as u32, kept].into_iter().chain(pages.iter().map(|(number, _)| *number));
        let mut bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
        if !pages.is_empty() {
            bytes.resize(bytes.len().next_multiple_of(page_size), 0);
        }
        bytes.extend(pages.iter().flat_map(|(_, filled)| vec![*filled; page_size]));
        bytes
    }

    fn read(bytes: &[u8]) -> io::Result<Changes> {
        Changes::read(&mut &*bytes, bytes.len() as u64, DIVISION)
    }

    #[test]
    fn the_numbers_of_the_pages_come_before_them() {
        for (pages, kept, size) in [(&[][..], 7, 7), (&[(0, 1), (9, 2)][..], 4, 10), (&[(1, 1)][..], 5, 5)] {
            let bytes = file(pages, kept, 512);
            let mut from = bytes.as_slice();
            let changes = Changes::read(&mut from, bytes.len() as u64, DIVISION).unwrap();
            let numbers: Vec<u32> = pages.iter().map(|(number, _)| *number).collect();
            assert_eq!((changes.pages, changes.kept, changes.size), (numbers, u64::from(kept) * 512, size * 512));
            assert_eq!(from.len(), 512 * pages.len());
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused_before_anything_large_is_read() {
        let good = file(&[(0, 1), (9, 2)], 4, 512);
        for (at, byte) in [(0, 0), (4, 3), (7, 0xff), (12, 10)] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert_eq!(read(&bad).unwrap_err().kind(), io::ErrorKind::InvalidData, "{at}");
        }
        for length in 0..good.len() {
            assert_eq!(read(&good[..length]).unwrap_err().kind(), io::ErrorKind::InvalidData, "{length}");
        }
        let swapped: Vec<u8> = [MAGIC, 0, 3].into_iter().flat_map(u32::to_be_bytes).collect();
        assert_eq!(read(&swapped).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let many = u32::MAX / 512;
        let claimed = (12 + 4 * u64::from(many)).next_multiple_of(512) + u64::from(many) * 512;
        let begin: Vec<u8> = [MAGIC, many, 1].into_iter().flat_map(u32::to_le_bytes).collect();
        let refused = Changes::read(&mut begin.as_slice(), claimed, DIVISION).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "{refused}");
    }

    #[test]
    fn no_file_gets_longer_than_a_segment() {
        let within = |bytes: &[u8]| read(bytes).and_then(|changes| changes.within(DIVISION));
        assert_eq!(within(&file(&[(15, 1)], 16, 512)).unwrap().size, DIVISION.segment);
        for (pages, kept, told) in
            [(&[(16, 1)][..], 4, "pages behind the end"), (&[][..], 17, "more than a segment has")]
        {
            let refused = within(&file(pages, kept, 512)).unwrap_err();
            assert!(refused.kind() == io::ErrorKind::InvalidData && refused.to_string().contains(told), "{refused}");
        }
    }

    #[test]
    fn alone_nothing_of_the_file_before_counts() {
        for (pages, size) in [(&[][..], 0), (&[(2, 1)][..], 3)] {
            let changes = read(&file(pages, 1 << 20, 512)).unwrap().alone();
            assert_eq!((changes.kept, changes.size), (0, size * 512));
        }
    }
}
