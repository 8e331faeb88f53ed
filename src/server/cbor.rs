//! CBOR (RFC 8949), as much of it as the rpc-v2-cbor protocol needs: what JSON has, and tagged times.

use serde_json::{Map, Number, Value};

/// Bytes that are not the CBOR of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotCbor {
    /// The first byte that cannot be read.
    pub(super) at: usize,
}

/// How deep values may be nested.
const DEPTH: usize = 64;

/// What stands before a number that is a time: seconds since 1970.
const TIME: u64 = 1;

/// Writes a value with definite lengths. The numbers of members that are called one of `times`, and those in lists of these, are times,
/// which the protocol marks.
pub(super) fn encode(value: &Value, times: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, times, false, &mut out);
    out
}

fn write(value: &Value, times: &[&str], is_time: bool, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(false) => out.push(0xf4),
        Value::Bool(true) => out.push(0xf5),
        Value::Number(number) => {
            if is_time {
                head(6, TIME, out);
            }
            write_number(number, out);
        }
        Value::String(text) => {
            head(3, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(values) => {
            head(4, values.len() as u64, out);
            for value in values {
                write(value, times, is_time, out);
            }
        }
        Value::Object(map) => {
            head(5, map.len() as u64, out);
            for (key, value) in map {
                head(3, key.len() as u64, out);
                out.extend_from_slice(key.as_bytes());
                write(value, times, times.contains(&key.as_str()), out);
            }
        }
    }
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    if let Some(positive) = number.as_u64() {
        head(0, positive, out);
    } else if let Some(negative) = number.as_i64() {
        head(1, !negative as u64, out);
    } else {
        out.push(0xfb);
        out.extend_from_slice(&number.as_f64().unwrap_or_default().to_be_bytes());
    }
}

fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match argument {
        0..24 => out.push(major | argument as u8),
        24..0x100 => out.extend_from_slice(&[major | 0x18, argument as u8]),
        0x100..0x1_0000 => {
            out.push(major | 0x19);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 0x1a);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 0x1b);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}

/// Reads one value and nothing behind it.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, NotCbor> {
    let mut reader = Reader { bytes, position: 0 };
    match reader.token(0) {
        Some(Token::Value(value)) if reader.position == bytes.len() => Ok(value),
        _ => Err(NotCbor { at: reader.position }),
    }
}

/// A value, or the mark that ends what has no length.
enum Token {
    Value(Value),
    Break,
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(length)?;
        let taken = self.bytes.get(self.position..end)?;
        self.position = end;
        Some(taken)
    }

    fn big_endian(&mut self, length: usize) -> Option<u64> {
        Some(self.take(length)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.token(depth)? {
            Token::Value(value) => Some(value),
            Token::Break => None,
        }
    }

    fn token(&mut self, depth: usize) -> Option<Token> {
        if depth > DEPTH {
            return None;
        }
        let first = *self.take(1)?.first()?;
        let (major, info) = (first >> 5, first & 31);
        if major == 7 {
            return self.simple(info);
        }
        let argument = match info {
            0..24 => Some(u64::from(info)),
            24..28 => Some(self.big_endian(1 << (info - 24))?),
            31 if (2..6).contains(&major) => None,
            _ => return None,
        };
        let value = match (major, argument) {
            (0, Some(number)) => Value::from(number),
            (1, Some(number)) => Value::from(-1 - i64::try_from(number).ok()?),
            (2 | 3, length) => Value::String(self.text(major, length)?),
            (4, length) => Value::Array(self.array(length, depth)?),
            (5, length) => Value::Object(self.map(length, depth)?),
            (6, Some(_)) => self.value(depth + 1)?,
            _ => return None,
        };
        Some(Token::Value(value))
    }

    fn simple(&mut self, info: u8) -> Option<Token> {
        let value = match info {
            20 => Value::Bool(false),
            21 => Value::Bool(true),
            22 | 23 => Value::Null,
            26 => Value::from(f64::from(f32::from_bits(self.big_endian(4)? as u32))),
            27 => Value::from(f64::from_bits(self.big_endian(8)?)),
            31 => return Some(Token::Break),
            _ => return None,
        };
        Some(Token::Value(value))
    }

    /// A text; byte strings have no place in the operations served here, so they must be text too.
    fn text(&mut self, major: u8, length: Option<u64>) -> Option<String> {
        let Some(length) = length else {
            let mut whole = String::new();
            loop {
                let first = *self.take(1)?.first()?;
                match (first >> 5, first & 31) {
                    (7, 31) => return Some(whole),
                    (kind, info) if kind == major && info < 28 => {
                        let length = if info < 24 { u64::from(info) } else { self.big_endian(1 << (info - 24))? };
                        whole.push_str(&self.text(major, Some(length))?);
                    }
                    _ => return None,
                }
            }
        };
        let bytes = self.take(usize::try_from(length).ok()?)?;
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }

    fn array(&mut self, length: Option<u64>, depth: usize) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        while length.is_none_or(|length| (values.len() as u64) < length) {
            match (self.token(depth + 1)?, length) {
                (Token::Value(value), _) => values.push(value),
                (Token::Break, None) => break,
                (Token::Break, Some(_)) => return None,
            }
        }
        Some(values)
    }

    fn map(&mut self, length: Option<u64>, depth: usize) -> Option<Map<String, Value>> {
        let mut map = Map::new();
        let mut read = 0;
        while length.is_none_or(|length| read < length) {
            match (self.token(depth + 1)?, length) {
                (Token::Value(Value::String(key)), _) => {
                    map.insert(key, self.value(depth + 1)?);
                }
                (Token::Break, None) => break,
                _ => return None,
            }
            read += 1;
        }
        Some(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_examples_of_the_standard_are_read() {
        let cases: [(&[u8], Value); 9] = [
            (&[0x18, 0x64], json!(100)),
            (&[0x39, 0x03, 0xe7], json!(-1000)),
            (&[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], json!(1.1)),
            (&[0xf6], Value::Null),
            (&[0x7f, 0x65, 0x73, 0x74, 0x72, 0x65, 0x61, 0x64, 0x6d, 0x69, 0x6e, 0x67, 0xff], json!("streaming")),
            (&[0x9f, 0x01, 0x82, 0x02, 0x03, 0x9f, 0x04, 0x05, 0xff, 0xff], json!([1, [2, 3], [4, 5]])),
            (&[0xbf, 0x61, 0x61, 0x01, 0x61, 0x62, 0x9f, 0x02, 0x03, 0xff, 0xff], json!({"a": 1, "b": [2, 3]})),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], json!(1_363_896_240)),
            (&[0xa0], json!({})),
        ];
        for (bytes, value) in cases {
            assert_eq!(decode(bytes).unwrap(), value);
        }
    }

    #[test]
    fn what_is_cut_off_too_deep_or_too_long_is_refused() {
        for bytes in [
            &[][..],
            &[0x82, 0x01],
            &[0xff],
            &[0x01, 0x02],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x81; 200],
        ] {
            assert!(decode(bytes).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn times_are_marked_and_other_numbers_are_not() {
        let value = json!({ "Times": [1_363_896_240, { "Other": 7 }], "Values": [7] });
        let written = encode(&value, &["Times"]);
        let marked = [&b"\x82\xc1\x1a\x51\x4b\x67\xb0"[..], b"\x65Other\x07", b"\x66Values\x81\x07"];
        for part in marked {
            assert!(written.windows(part.len()).any(|window| window == part), "{part:x?} in {written:x?}");
        }
        assert_eq!(decode(&written).unwrap(), value);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map(".{0,30}", inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in any_json()) {
            prop_assert_eq!(decode(&encode(&value, &[])).unwrap(), value);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&bytes);
        }
    }
}
