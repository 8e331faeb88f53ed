//! The checksums of ext4 and of its journal.

pub(super) use crate::engine::drivers::crc32c::carried_on as crc32c;

const ETHERNET: u32 = 0x04c1_1db7;

const BIG_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut nth = 0;
    while nth < 256 {
        let (mut sum, mut bit) = ((nth as u32) << 24, 0);
        while bit < 8 {
            sum = if sum >> 31 == 1 { sum << 1 ^ ETHERNET } else { sum << 1 };
            bit += 1;
        }
        table[nth] = sum;
        nth += 1;
    }
    table
};

/// The sum of some bytes among which its own four lie, which count as zeros.
pub(super) fn crc32c_without(sum: u32, bytes: &[u8], own: usize) -> u32 {
    let (before, from) = bytes.split_at(own.min(bytes.len()));
    let sum = crc32c(crc32c(sum, before), &[0; 4]);
    crc32c(sum, from.get(4..).unwrap_or_default())
}

/// CRC-32 from the highest bit on, as a journal's first form of checksums has it.
pub(super) fn crc32_big(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| sum << 8 ^ BIG_TABLE[usize::from((sum >> 24) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standards() {
        assert_eq!(!crc32c(u32::MAX, b"123456789"), 0xe306_9283);
        assert_eq!(!crc32_big(u32::MAX, b"123456789"), 0xfc89_1918);
        assert_eq!(crc32c_without(7, b"ab\xff\xff\xff\xffcd", 2), crc32c(7, b"ab\0\0\0\0cd"));
    }
}
