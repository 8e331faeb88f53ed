//! Where content is cut into blobs.

use fastcdc::v2020::{Normalization, cut_gear, get_gear_with_seed, select_masks};
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
    gear: Vec<u64>,
    gear_shifted: Vec<u64>,
    masks: [u64; 2],
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
                return Ok(Self { parameters, gear: Vec::new(), gear_shifted: Vec::new(), masks: [0; 2] });
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
        Ok(Self {
            parameters,
            gear: gear.into_owned(),
            gear_shifted: gear_shifted.into_owned(),
            masks: [strict, loose],
        })
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

    /// How long the next piece is. `window` must hold [`maximum`](Self::maximum) bytes, or all that is left.
    pub fn cut(&self, window: &[u8]) -> usize {
        match self.parameters {
            ChunkerParameters::Fixed { size } => window.len().min(size as usize),
            ChunkerParameters::Content { minimum, average, maximum } => {
                let [strict, loose] = self.masks;
                let sizes = [minimum, average, maximum].map(|size| size as usize);
                cut_gear(
                    window,
                    sizes[0],
                    sizes[1],
                    sizes[2],
                    strict,
                    loose,
                    strict << 1,
                    loose << 1,
                    &self.gear,
                    &self.gear_shifted,
                )
                .1
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
            let (piece, after) = rest.split_at(chunker.cut(rest));
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
