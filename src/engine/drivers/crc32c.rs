//! CRC-32C: the checksum of records of PostgreSQL's write-ahead log, of files in its `backup_manifest`, and of ext4.

/// Castagnoli's, the lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// The powers 0 and 8 of x, in the same order of bits.
const ONE: u32 = 1 << 31;
const BYTE: u32 = 1 << 23;

/// After so many bits x is what it was: the polynomial is x + 1 times one of the degree 31 that has no factors. Bytes as well, since that
/// is a prime.
const PERIOD: u64 = (1 << 31) - 1;

/// How many bytes are taken at once.
const STRIDE: usize = 8;

/// One step for each value of a byte, with as many bytes of zeros behind it as the place of the table.
static TABLES: [[u32; 256]; STRIDE] = {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ POLYNOMIAL } else { value >> 1 };
            bit += 1;
        }
        tables[0][byte] = value;
        byte += 1;
    }
    let mut place = 1;
    while place < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let value = tables[place - 1][byte];
            tables[place][byte] = value >> 8 ^ tables[0][(value & 0xFF) as usize];
            byte += 1;
        }
        place += 1;
    }
    tables
};

/// CRC-32C, with Castagnoli's polynomial, of several parts behind each other.
pub(in crate::engine::drivers) fn crc32c(parts: &[&[u8]]) -> u32 {
    parts.iter().fold(0, |sum, part| longer(sum, part))
}

/// That of a content of which this one is the sum so far, with more behind it. Of nothing it is 0.
pub(in crate::engine::drivers) fn longer(sum: u32, more: &[u8]) -> u32 {
    !carried_on(!sum, more)
}

/// That of two parts behind each other, of which each has this one.
pub(in crate::engine::drivers) fn joined(first: u32, second: u32, length_of_second: u64) -> u32 {
    shifted(first, length_of_second) ^ second
}

/// That of the first of two parts behind each other, of which the whole has one and the second the other.
pub(in crate::engine::drivers) fn without_end(whole: u32, second: u32, length_of_second: u64) -> u32 {
    shifted(whole ^ second, PERIOD - length_of_second % PERIOD)
}

/// By what that of a content changes of which a part becomes another of the same length, with so many bytes behind it: the two are
/// added, which is `^`.
pub(in crate::engine::drivers) fn difference(before: &[u8], now: &[u8], behind: u64) -> u32 {
    let between: Vec<u8> = before.iter().zip(now).map(|(before, now)| before ^ now).collect();
    shifted(carried_on(0, &between), behind)
}

/// As Linux carries it on: begun with all ones, not inverted at the end.
pub(in crate::engine::drivers) fn carried_on(value: u32, bytes: &[u8]) -> u32 {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    let value = strides.iter().fold(value, |value, stride| {
        let at = (u64::from_le_bytes(*stride) ^ u64::from(value)).to_le_bytes();
        TABLES[7][at[0] as usize]
            ^ TABLES[6][at[1] as usize]
            ^ TABLES[5][at[2] as usize]
            ^ TABLES[4][at[3] as usize]
            ^ TABLES[3][at[4] as usize]
            ^ TABLES[2][at[5] as usize]
            ^ TABLES[1][at[6] as usize]
            ^ TABLES[0][at[7] as usize]
    });
    rest.iter().fold(value, |value, byte| value >> 8 ^ TABLES[0][((value ^ u32::from(*byte)) & 0xFF) as usize])
}

/// What a value becomes with so many bytes of zeros behind it.
fn shifted(value: u32, bytes: u64) -> u32 {
    let (mut power, mut base, mut left) = (ONE, BYTE, bytes);
    while left > 0 {
        if left & 1 == 1 {
            power = product(power, base);
        }
        base = product(base, base);
        left >>= 1;
    }
    product(power, value)
}

/// The product of two polynomials, divided by [`POLYNOMIAL`].
fn product(first: u32, second: u32) -> u32 {
    let add = |(sum, term): (u32, u32), bit: u32| {
        let sum = if first & ONE >> bit == 0 { sum } else { sum ^ term };
        (sum, if term & 1 == 1 { term >> 1 ^ POLYNOMIAL } else { term >> 1 })
    };
    (0..32).fold((0, second), add).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_the_checksum_of_the_standard() {
        assert_eq!(crc32c(&[b"123456789"]), 0xE306_9283);
        assert_eq!(crc32c(&[b"1234", b"", b"56789"]), 0xE306_9283);
        assert_eq!(crc32c(&[]), 0);
    }

    proptest! {
        #[test]
        fn what_is_joined_cut_or_changed_has_the_checksum_of_the_whole(
            content in proptest::collection::vec(any::<u8>(), 0..300),
            other in any::<u8>(),
            cuts in (0_usize..300, 0_usize..300),
        ) {
            let (from, to) = (cuts.0.min(cuts.1).min(content.len()), cuts.0.max(cuts.1).min(content.len()));
            let (first, second) = content.split_at(from);
            let whole = crc32c(&[&content]);
            prop_assert_eq!(joined(crc32c(&[first]), crc32c(&[second]), second.len() as u64), whole);
            prop_assert_eq!(without_end(whole, crc32c(&[second]), second.len() as u64), crc32c(&[first]));
            prop_assert_eq!(longer(crc32c(&[first]), second), whole);
            let mut now = content.clone();
            now[from..to].fill(other);
            let behind = (content.len() - to) as u64;
            prop_assert_eq!(whole ^ difference(&content[from..to], &now[from..to], behind), crc32c(&[&now]));
        }
    }
}
