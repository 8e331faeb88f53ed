//! The part of a file that is in memory, and the pieces that are cut off it.

use std::io;

use crate::repository::chunker::{Chunker, Search};
use crate::repository::source::{Piece, SourceReader};

/// How much is asked for at once of a file that is cut by its content: what is read, searched, hashed and sealed stays close to the
/// processor, where all of that is quicker.
const READ: usize = 1 << 20;
/// The same of one in pieces of one size: an image may lie behind a network, where each question takes its time.
const READ_FIXED: usize = 4 << 20;

/// Mostly one piece and what was read behind it.
#[derive(Default)]
pub(super) struct Window {
    /// Kept from file to file; as long as the largest pieces so far needed it.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The search for the end of the piece that begins the window.
    search: Search,
    /// How much is read at once.
    ahead: usize,
    /// Zeros of a hole that come next.
    zeros: u64,
}

/// What comes after the window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// More of the same.
    None,
    /// A hole at which a piece must end.
    Hole(u64),
    /// What the parent has.
    AsBefore(u64),
    /// Nothing.
    End,
}

impl Window {
    /// Nothing yet of a file that is cut that way.
    pub(super) fn begin(&mut self, chunker: &Chunker) {
        self.ahead = if chunker.alignment() > 1 { READ_FIXED } else { READ };
        let needed = chunker.maximum() + self.ahead;
        if self.buffer.len() < needed {
            self.buffer = vec![0; needed];
        }
        (self.start, self.end, self.zeros, self.search) = (0, 0, 0, Search::default());
    }

    /// What is in memory from the beginning of the next piece on.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The first so many bytes are done with: the next piece begins behind them.
    pub(super) fn consume(&mut self, length: usize) {
        self.start += length;
        self.search = Search::default();
    }

    /// How long the piece is that begins the window; nothing where more must be read to know it. At an edge all that is left is one.
    pub(super) fn next_piece(&mut self, chunker: &Chunker, edge: Edge) -> Option<usize> {
        let window = &self.buffer[self.start..self.end];
        let found = chunker.find_end(&mut self.search, window);
        found.or_else(|| (edge != Edge::None && !window.is_empty()).then_some(window.len()))
    }

    /// Reads until a piece has an end. Returns what stopped it, and how many bytes were read.
    pub(super) fn fill(&mut self, reader: &mut dyn SourceReader, chunker: &Chunker) -> io::Result<(Edge, u64)> {
        // Once a piece, and no more than what was read behind the last one.
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let mut read = 0;
        while self.next_piece(chunker, Edge::None).is_none() {
            if self.zeros > 0 {
                self.push_zeros();
                continue;
            }
            match reader.read(&mut self.buffer[self.end..self.end + self.ahead])? {
                Piece::Data(length) => {
                    self.end += length;
                    read += length as u64;
                }
                Piece::Hole(length) => {
                    if let Some(rest) = self.begin_hole(length, chunker) {
                        return Ok((Edge::Hole(rest), read));
                    }
                }
                Piece::AsBefore(_) if !self.end.is_multiple_of(chunker.alignment()) => {
                    return Err(io::Error::other("it is told to be as before from the midst of a piece"));
                }
                Piece::AsBefore(length) => return Ok((Edge::AsBefore(length), read)),
                Piece::End => return Ok((Edge::End, read)),
            }
        }
        Ok((Edge::None, read))
    }

    /// What is left of a hole goes with the data behind it.
    pub(super) fn push_hole(&mut self, length: u64) {
        self.zeros = length;
    }

    fn push_zeros(&mut self) {
        let length = self.zeros.min(self.ahead as u64) as usize;
        self.buffer[self.end..self.end + length].fill(0);
        self.end += length;
        self.zeros -= length as u64;
    }

    /// A small hole is read as zeros. A large one ends the piece before it; its length is returned. Where all pieces have
    /// one size, the piece before it is first filled up, so that the cuts stay where they are.
    fn begin_hole(&mut self, length: u64, chunker: &Chunker) -> Option<u64> {
        let missing = self.end.next_multiple_of(chunker.alignment()) - self.end;
        if length < (missing + chunker.maximum()) as u64 {
            self.zeros = length;
            return None;
        }
        self.buffer[self.end..self.end + missing].fill(0);
        self.end += missing;
        Some(length - missing as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::chunker::ChunkerParameters;
    use crate::repository::source::FileState;
    use proptest::prelude::*;
    use std::ops::Range;

    /// A file that gives as much at once as its steps say, and its holes as holes.
    struct Steps<'a> {
        content: &'a [u8],
        holes: Vec<Range<usize>>,
        at: usize,
        steps: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    }

    impl SourceReader for Steps<'_> {
        fn state(&mut self) -> io::Result<FileState> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
            if self.at == self.content.len() {
                return Ok(Piece::End);
            }
            if let Some(hole) = self.holes.iter().find(|hole| hole.start == self.at) {
                self.at = hole.end;
                return Ok(Piece::Hole(hole.len() as u64));
            }
            let end = self.holes.iter().map(|hole| hole.start).find(|start| *start > self.at);
            let left = end.unwrap_or(self.content.len()) - self.at;
            let length = self.steps.next().copied().unwrap_or(1).min(left).min(buffer.len());
            buffer[..length].copy_from_slice(&self.content[self.at..self.at + length]);
            self.at += length;
            Ok(Piece::Data(length))
        }
    }

    /// The lengths of the pieces, which must be those of the content.
    fn pieces(window: &mut Window, chunker: &Chunker, file: Steps<'_>) -> Vec<usize> {
        let (mut file, mut lengths, mut at) = (file, Vec::new(), 0);
        window.begin(chunker);
        loop {
            let (edge, _) = window.fill(&mut file, chunker).unwrap();
            while let Some(length) = window.next_piece(chunker, edge) {
                assert!(window.bytes()[..length] == file.content[at..at + length], "other bytes at {at}");
                lengths.push(length);
                at += length;
                window.consume(length);
            }
            match edge {
                Edge::End => return lengths,
                Edge::Hole(length) => {
                    let whole = length as usize / chunker.maximum() * chunker.maximum();
                    lengths.extend(std::iter::repeat_n(chunker.maximum(), whole / chunker.maximum()));
                    at += whole;
                    window.push_hole(length - whole as u64);
                }
                Edge::None | Edge::AsBefore(_) => {}
            }
        }
    }

    fn noise(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    const MAXIMUM: usize = 4096;

    proptest! {
        #[test]
        fn a_file_is_cut_in_the_same_pieces_in_whatever_portions_it_comes(
            length in 0_usize..200_000,
            seed in any::<u64>(),
            hole in proptest::option::of((0_usize..100_000, 1_usize..50_000)),
            is_fixed in any::<bool>(),
            steps in proptest::collection::vec(1_usize..20_000, 1..6),
        ) {
            let content = ChunkerParameters::Content { minimum: 256, average: 1024, maximum: MAXIMUM as u32 };
            let parameters = if is_fixed { ChunkerParameters::Fixed { size: MAXIMUM as u32 } } else { content };
            let chunker = Chunker::new(parameters, seed).unwrap();
            let mut content = noise(length, seed);
            let hole = hole.map(|(start, size)| start.min(length)..(start + size).min(length));
            let holes: Vec<Range<usize>> = hole.into_iter().filter(|hole| !hole.is_empty()).collect();
            for hole in &holes {
                content[hole.clone()].fill(0);
            }
            let mut window = Window::default();
            let mut cut = |steps: &[usize]| {
                let steps = steps.iter().cycle();
                pieces(&mut window, &chunker, Steps { content: &content, holes: holes.clone(), at: 0, steps })
            };
            let at_once = cut(&[usize::MAX]);
            prop_assert_eq!(at_once.iter().sum::<usize>(), length);
            prop_assert_eq!(cut(&steps), at_once.clone());
            if holes.is_empty() {
                let (mut rest, mut whole) = (content.as_slice(), Vec::new());
                while !rest.is_empty() {
                    let end = chunker.find_end(&mut Search::default(), rest).unwrap_or(rest.len());
                    whole.push(end);
                    rest = &rest[end..];
                }
                prop_assert_eq!(at_once, whole);
            }
        }
    }

    #[test]
    fn no_more_is_moved_than_was_read_behind_a_piece() {
        let chunker = Chunker::new(ChunkerParameters::FILES, 7).unwrap();
        let content = noise(12 << 20, 7);
        let steps = [64 << 10];
        let mut file = Steps { content: &content, holes: Vec::new(), at: 0, steps: steps.iter().cycle() };
        let mut window = Window::default();
        window.begin(&chunker);
        while let Ok((Edge::None, _)) = window.fill(&mut file, &chunker) {
            let length = window.next_piece(&chunker, Edge::None).unwrap();
            assert!(
                window.bytes().len() - length < steps[0],
                "{} bytes lie behind a piece",
                window.bytes().len() - length
            );
            window.consume(length);
        }
    }
}
