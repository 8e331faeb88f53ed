//! Where content is cut into blobs.

use fastcdc::v2020::{Normalization, get_gear_with_seed, select_masks};
use serde::{Deserialize, Serialize};

use super::{Error, Result};

/// How a source is cut. Frozen per source: other parameters would store everything again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChunkerParameters {
    /// By content (FastCDC of 2020, normalization 1), so that an insertion moves only the cuts near it.
    Content {
        /// No piece is smaller, but a file's last one.
        minimum: u32,
        /// About the usual size.
        average: u32,
        /// No piece is larger.
        maximum: u32,
    },
    /// In pieces of one size: for block images, which change in place.
    Fixed {
        /// The size.
        size: u32,
    },
}

impl ChunkerParameters {
    /// For files, objects and dumps: 512 KiB, 1 MiB, 8 MiB.
    pub const FILES: Self = Self::Content { minimum: 512 << 10, average: 1 << 20, maximum: 8 << 20 };
    /// For block images: 64 KiB.
    pub const IMAGES: Self = Self::Fixed { size: 64 << 10 };

    /// The largest piece there can be.
    pub fn maximum(&self) -> usize {
        match *self {
            Self::Content { maximum, .. } => maximum as usize,
            Self::Fixed { size } => size as usize,
        }
    }
}

/// Finds the cuts, for one set of parameters and one seed.
pub struct Chunker {
    parameters: ChunkerParameters,
    gear: Box<Gear>,
    gear_shifted: Box<Gear>,
    masks: [u64; 2],
}

/// A number for each byte.
type Gear = [u64; 256];

/// How far the search for the end of one piece has come: it goes on from there once more of the content is at hand.
#[derive(Debug, Default)]
pub struct Search {
    /// Where it goes on, from the beginning of the piece.
    at: usize,
    hash: u64,
}

/// What the parameters of a content chunker may be.
const SMALLEST: u32 = 64;
const LARGEST: u32 = 16 << 20;

impl Chunker {
    /// A chunker; the seed hides the cuts from whoever knows the files but not the key.
    pub fn new(parameters: ChunkerParameters, seed: u64) -> Result<Self> {
        let refused = |problem: &str| Error::Invalid(format!("the chunker's parameters are not usable: {problem}"));
        let average = match parameters {
            ChunkerParameters::Fixed { size } => {
                if size == 0 || size > LARGEST {
                    return Err(refused("a fixed size must be between 1 byte and 16 MiB"));
                }
                let (gear, gear_shifted) = (Box::new([0; 256]), Box::new([0; 256]));
                return Ok(Self { parameters, gear, gear_shifted, masks: [0; 2] });
            }
            ChunkerParameters::Content { minimum, average, maximum } => {
                if !(SMALLEST <= minimum && minimum <= average && average <= maximum && maximum <= LARGEST) {
                    return Err(refused("64 B ≤ minimum ≤ average ≤ maximum ≤ 16 MiB does not hold"));
                }
                if [minimum, average, maximum].iter().any(|size| size % 2 == 1) || average < 256 {
                    return Err(refused("sizes must be even, the average at least 256 B"));
                }
                average
            }
        };
        let (strict, loose) = select_masks(average as usize, Normalization::Level1);
        let (gear, gear_shifted) = get_gear_with_seed(seed);
        let table = |numbers: &[u64]| {
            numbers.try_into().map(Box::new).map_err(|_| refused("its table does not have a number for each byte"))
        };
        Ok(Self { parameters, gear: table(&gear)?, gear_shifted: table(&gear_shifted)?, masks: [strict, loose] })
    }

    /// The largest piece there can be.
    pub fn maximum(&self) -> usize {
        self.parameters.maximum()
    }

    /// Of what the positions of all cuts are multiples.
    pub fn alignment(&self) -> usize {
        match self.parameters {
            ChunkerParameters::Content { .. } => 1,
            ChunkerParameters::Fixed { size } => size as usize,
        }
    }

    /// How long the piece is that begins where `window` does, if the bytes at hand decide it, whatever follows them. At the end of
    /// the content all that is left is a piece where they do not.
    ///
    /// A new piece has a new search. Where nothing was found, the same search is asked again with the same bytes and more behind
    /// them: none of them is looked at twice.
    pub fn find_end(&self, search: &mut Search, window: &[u8]) -> Option<usize> {
        match self.parameters {
            ChunkerParameters::Fixed { size } => (window.len() >= size as usize).then_some(size as usize),
            ChunkerParameters::Content { minimum, average, maximum } => {
                let [minimum, average, maximum] = [minimum, average, maximum].map(|size| size as usize);
                search.at = search.at.max(minimum);
                let [strict, loose] = self.masks;
                let scan =
                    self.scan(search, window, average, strict).or_else(|| self.scan(search, window, maximum, loose));
                scan.or_else(|| (window.len() >= maximum).then_some(maximum))
            }
        }
    }

    /// Goes on with a search up to a place, or as far as there are bytes; where the mask says that the piece ends. Bytes are taken
    /// in pairs, as FastCDC of 2020 does it. What was found is found again at once.
    fn scan(&self, search: &mut Search, window: &[u8], until: usize, mask: u64) -> Option<usize> {
        let bytes = window.get(search.at..until.min(window.len()))?;
        let Search { mut at, mut hash } = *search;
        let mut found = None;
        for [first, second] in bytes.as_chunks::<2>().0 {
            let half = (hash << 2).wrapping_add(self.gear_shifted[usize::from(*first)]);
            if half & (mask << 1) == 0 {
                found = Some(at);
                break;
            }
            let whole = half.wrapping_add(self.gear[usize::from(*second)]);
            if whole & mask == 0 {
                found = Some(at + 1);
                break;
            }
            (at, hash) = (at + 2, whole);
        }
        *search = Search { at, hash };
        found
    }
}

#[cfg(test)]
mod tests {
    use fastcdc::v2020::cut_gear;
    use proptest::prelude::*;

    use super::*;

    fn noise(length: usize, mut state: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(length);
        while out.len() < length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            out.extend_from_slice(&(state >> 16).to_le_bytes()[..6]);
        }
        out.truncate(length);
        out
    }

    fn pieces<'a>(chunker: &Chunker, content: &'a [u8]) -> Vec<&'a [u8]> {
        let mut rest = content;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let end = chunker.find_end(&mut Search::default(), rest).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            pieces.push(piece);
            rest = after;
        }
        pieces
    }

    const SMALL: ChunkerParameters = ChunkerParameters::Content { minimum: 2048, average: 4096, maximum: 32768 };

    #[test]
    fn pieces_keep_their_bounds_and_survive_an_insertion() {
        let chunker = Chunker::new(SMALL, 7).unwrap();
        let content = noise(1 << 20, 1);
        let before = pieces(&chunker, &content);
        assert!(before[..before.len() - 1].iter().all(|piece| (2048..=32768).contains(&piece.len())));
        let mut changed = content.clone();
        changed.splice(500_000..500_000, *b"INSERTED");
        let after = pieces(&chunker, &changed);
        let new = after.iter().filter(|piece| !before.contains(piece)).count();
        assert!((1..=3).contains(&new), "{new} of {} pieces are new", after.len());
    }

    #[test]
    fn another_seed_cuts_elsewhere() {
        let content = noise(1 << 20, 1);
        let lengths = |seed| {
            let chunker = Chunker::new(SMALL, seed).unwrap();
            pieces(&chunker, &content).iter().map(|piece| piece.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(7), lengths(7));
        assert_ne!(lengths(7), lengths(8));
    }

    /// How FastCDC of 2020 cuts what has all of its content at hand.
    fn model(chunker: &Chunker, content: &[u8]) -> Vec<usize> {
        let ChunkerParameters::Content { minimum, average, maximum } = chunker.parameters else { unreachable!() };
        let [minimum, average, maximum] = [minimum, average, maximum].map(|size| size as usize);
        let ([strict, loose], mut rest, mut lengths) = (chunker.masks, content, Vec::new());
        while !rest.is_empty() {
            let window = &rest[..rest.len().min(maximum)];
            let (gear, shifted) = (&chunker.gear[..], &chunker.gear_shifted[..]);
            let masks = (strict, loose, strict << 1, loose << 1);
            let (_, length) =
                cut_gear(window, minimum, average, maximum, masks.0, masks.1, masks.2, masks.3, gear, shifted);
            lengths.push(length);
            rest = &rest[length..];
        }
        lengths
    }

    /// The same by searches that are shown the content bit by bit, in windows that grow by these steps.
    fn searched(chunker: &Chunker, content: &[u8], steps: &[usize]) -> Vec<usize> {
        let (mut start, mut end, mut lengths) = (0, 0, Vec::new());
        let (mut search, mut steps) = (Search::default(), steps.iter().cycle());
        while start < content.len() {
            let found = chunker.find_end(&mut search, &content[start..end]);
            assert_eq!(chunker.find_end(&mut search, &content[start..end]), found, "it is found again");
            match found {
                None if end < content.len() => end = content.len().min(end + steps.next().unwrap()),
                found => {
                    lengths.push(found.unwrap_or(end - start));
                    start += lengths[lengths.len() - 1];
                    search = Search::default();
                }
            }
        }
        lengths
    }

    proptest! {
        #[test]
        fn a_piece_ends_at_the_same_place_however_little_of_the_content_is_at_hand(
            sizes in prop_oneof![
                Just((64, 256, 1024)), Just((256, 256, 256)), Just((64, 256, 256)), Just((254, 258, 4098)), Just((2048, 4096, 32768)),
            ],
            seed in any::<u64>(),
            length in 0_usize..100_000,
            // Few different bytes leave long stretches without an end.
            variety in prop_oneof![Just(1_u8), Just(2), Just(255)],
            steps in proptest::collection::vec(1_usize..9000, 1..8),
        ) {
            let (minimum, average, maximum) = sizes;
            let chunker = Chunker::new(ChunkerParameters::Content { minimum, average, maximum }, seed).unwrap();
            let content: Vec<u8> = noise(length, seed).into_iter().map(|byte| byte % variety).collect();
            prop_assert_eq!(searched(&chunker, &content, &steps), model(&chunker, &content));
        }
    }

    #[test]
    fn the_cuts_are_frozen() {
        // Changing these numbers stores every vault again: they must never change.
        let chunker = Chunker::new(SMALL, 0x5eed).unwrap();
        let content = noise(60_000, 42);
        let lengths: Vec<_> = pieces(&chunker, &content).iter().map(|piece| piece.len()).collect();
        assert_eq!(lengths, FROZEN);
    }

    const FROZEN: &[usize] = &[3583, 4120, 5476, 4554, 4734, 3982, 4197, 7215, 5012, 7047, 6365, 3715];

    #[test]
    fn fixed_pieces_have_one_size() {
        let chunker = Chunker::new(ChunkerParameters::Fixed { size: 1000 }, 7).unwrap();
        let content = noise(2500, 3);
        assert_eq!(pieces(&chunker, &content).iter().map(|piece| piece.len()).collect::<Vec<_>>(), [1000, 1000, 500]);
    }

    #[test]
    fn senseless_parameters_are_refused() {
        for (minimum, average, maximum) in
            [(0, 4096, 8192), (8192, 4096, 32768), (2049, 4096, 32768), (2048, 4096, 64 << 20)]
        {
            assert!(Chunker::new(ChunkerParameters::Content { minimum, average, maximum }, 1).is_err());
        }
        assert!(Chunker::new(ChunkerParameters::Fixed { size: 0 }, 1).is_err());
        assert!(Chunker::new(ChunkerParameters::FILES, 1).is_ok());
    }
}
