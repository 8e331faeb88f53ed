//! Where the clusters of an attribute lie.

use super::damaged;
use std::io;

/// Clusters that lie one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The first of them; nowhere what is zeros.
    pub(super) from: Option<u64>,
    pub(super) count: u64,
}

/// Reads runs: of each how long its two numbers are, how many clusters, and how far they lie from those before.
pub(super) fn runs(mut pairs: &[u8]) -> io::Result<Vec<Run>> {
    let (mut found, mut last) = (Vec::new(), 0_i64);
    loop {
        let wrong = || damaged("where its clusters lie is not told rightly");
        let (sizes, rest) = pairs.split_first().ok_or_else(wrong)?;
        if *sizes == 0 {
            return Ok(found);
        }
        let (for_count, for_distance) = (usize::from(sizes & 15), usize::from(sizes >> 4));
        let (count, rest) = rest.split_at_checked(for_count).ok_or_else(wrong)?;
        let (distance, rest) = rest.split_at_checked(for_distance).ok_or_else(wrong)?;
        let count =
            signed(count).and_then(|count| u64::try_from(count).ok()).filter(|count| (1..1 << 48).contains(count));
        let count = count.ok_or_else(wrong)?;
        let from = match for_distance {
            0 => None,
            _ => {
                last = signed(distance).and_then(|distance| last.checked_add(distance)).ok_or_else(wrong)?;
                Some(u64::try_from(last).map_err(|_| wrong())?)
            }
        };
        found.push(Run { from, count });
        pairs = rest;
    }
}

/// A number with a sign, of at most eight bytes.
fn signed(bytes: &[u8]) -> Option<i64> {
    let fill = if bytes.last()? & 0x80 == 0 { 0 } else { 0xff };
    let mut number = [fill; 8];
    number.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_go_both_ways_and_what_has_none_is_zeros() {
        let told = runs(&[0x21, 0x18, 0x34, 0x56, 0x01, 0x20, 0x11, 0x05, 0xfe, 0]).unwrap();
        let run = |from, count| Run { from, count };
        assert_eq!(told, [run(Some(0x5634), 0x18), run(None, 0x20), run(Some(0x5632), 5)]);
    }

    #[test]
    fn what_leads_before_the_beginning_or_has_no_end_is_an_error() {
        for wrong in [&[0x11, 5, 0xfe, 0][..], &[0x11, 0, 1, 0], &[0x11, 5], &[0x91; 20], &[0x01, 0x80, 0], &[]] {
            assert!(runs(wrong).is_err(), "{wrong:x?}");
        }
    }
}
