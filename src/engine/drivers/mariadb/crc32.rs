//! The checksum that MariaDB's programs use, that of zlib.

/// A checksum that grows with what is added.
pub(super) struct Crc32(u32);

const TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut value, mut bit) = (byte as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        tables[0][byte] = value;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8) ^ tables[0][(before & 0xFF) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

impl Default for Crc32 {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc32 {
    /// Eight bytes at a time.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        let mut value = self.0;
        for eight in eights {
            let mixed = u64::from_le_bytes(*eight) ^ u64::from(value);
            value = mixed
                .to_le_bytes()
                .into_iter()
                .enumerate()
                .fold(0, |sum, (at, byte)| sum ^ TABLES[7 - at][usize::from(byte)]);
        }
        for byte in rest {
            value = (value >> 8) ^ TABLES[0][usize::from(value as u8 ^ byte)];
        }
        self.0 = value;
    }

    pub(super) fn value(&self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        for (bytes, value) in
            [(&b""[..], 0), (b"a", 0xE8B7_BE43), (b"123456789", 0xCBF4_3926), (b"12345678123456789", 0xD869_8DFD)]
        {
            let mut sum = Crc32::default();
            sum.add(bytes);
            assert_eq!(sum.value(), value, "{bytes:?}");
        }
    }
}
