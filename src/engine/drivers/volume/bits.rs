//! Sets of numbers from 0 on, a bit for each.

use std::ops::Range;

/// A set of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u8>);

impl Bits {
    /// The empty set, in which numbers below this have room.
    pub(super) fn new(end: u64) -> Self {
        Self(vec![0; end.div_ceil(8) as usize])
    }

    /// Whether a number is in it.
    pub(super) fn has(&self, number: u64) -> bool {
        self.0.get((number / 8) as usize).is_some_and(|byte| byte & (1 << (number % 8)) != 0)
    }

    /// Adds a number; one that has no room is left out.
    pub(super) fn add(&mut self, number: u64) {
        if let Some(byte) = self.0.get_mut((number / 8) as usize) {
            *byte |= 1 << (number % 8);
        }
    }

    /// Adds all numbers of a range.
    pub(super) fn add_all(&mut self, range: Range<u64>) {
        range.for_each(|number| self.add(number));
    }

    /// The first number of a range that is in it, or that is not.
    pub(super) fn first(&self, mut range: Range<u64>, is_in: bool) -> Option<u64> {
        range.find(|number| self.has(*number) == is_in)
    }

    /// How many are in it.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// Whether all of another set are in it.
    pub(super) fn holds(&self, other: &Self) -> bool {
        let own = self.0.iter().copied().chain(std::iter::repeat(0));
        other.0.iter().zip(own).all(|(other, own)| other & !own == 0)
    }

    /// As text: two hexadecimal digits for eight numbers, the lowest bit for the first of them.
    pub(super) fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }

    /// From such a text.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_were_added_are_in_it_and_no_others() {
        let mut bits = Bits::new(20);
        bits.add_all(3..9);
        bits.add(19);
        bits.add(24);
        let found: Vec<u64> = (0..100).filter(|number| bits.has(*number)).collect();
        assert_eq!(found, [3, 4, 5, 6, 7, 8, 19]);
        assert_eq!((bits.count(), bits.first(0..20, true), bits.first(3..20, false)), (7, Some(3), Some(9)));
        assert_eq!((bits.first(9..19, true), bits.first(3..9, false)), (None, None));
        assert_eq!(Bits::from_hex(&bits.to_hex()).unwrap(), bits);
    }

    #[test]
    fn a_set_holds_another_whatever_their_room() {
        let of = |end, numbers: &[u64]| {
            let mut bits = Bits::new(end);
            for number in numbers {
                bits.add(*number);
            }
            bits
        };
        assert!(of(8, &[1, 2]).holds(&of(64, &[1])) && of(64, &[60]).holds(&Bits::default()));
        assert!(!of(8, &[1]).holds(&of(64, &[1, 60])) && !Bits::default().holds(&of(8, &[1])));
    }
}
