//! Moments with nanoseconds, as file systems keep them and restic writes them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds and nanoseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    /// Nanoseconds after that second, below 10⁹.
    pub nanoseconds: u32,
}

/// The first second of year 0 and the last of year 9999: what RFC 3339 can say.
const BOUNDS: (i64, i64) = (-62_167_219_200, 253_402_300_799);

impl Timestamp {
    /// A moment by seconds and nanoseconds.
    pub const fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds }
    }

    /// The time between two moments, whichever is first.
    pub fn distance(self, other: Self) -> Duration {
        let nanoseconds = (self.total_nanoseconds() - other.total_nanoseconds()).unsigned_abs();
        u64::try_from(nanoseconds).map_or(Duration::MAX, Duration::from_nanos)
    }

    fn total_nanoseconds(self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }

    /// Appends the moment as RFC 3339 in UTC, the fraction as short as it can be, as Go writes it.
    pub(crate) fn push_rfc3339(self, out: &mut Vec<u8>) {
        let seconds = self.seconds.clamp(BOUNDS.0, BOUNDS.1);
        let moment = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default();
        let mut digits = |number: u32, width: usize| {
            let mut rest = number;
            let mut buffer = [b'0'; 10];
            for place in buffer[..width].iter_mut().rev() {
                *place = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            out.extend_from_slice(&buffer[..width]);
        };
        digits(moment.year() as u32, 4);
        for (number, separator) in [
            (moment.month(), b'-'),
            (moment.day(), b'-'),
            (moment.hour(), b'T'),
            (moment.minute(), b':'),
            (moment.second(), b':'),
        ] {
            out.push(separator);
            out.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
        }
        if self.nanoseconds != 0 {
            out.extend_from_slice(format!(".{:09}", self.nanoseconds).trim_end_matches('0').as_bytes());
        }
        out.push(b'Z');
    }

    /// Reads RFC 3339 with any zone.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self { seconds: moment.timestamp(), nanoseconds: moment.timestamp_subsec_nanos().min(999_999_999) })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(30);
        self.push_rfc3339(&mut text);
        formatter.write_str(&String::from_utf8_lossy(&text))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::new(after.as_secs() as i64, after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let borrow = i64::from(before.subsec_nanos() > 0);
                let nanoseconds = if borrow == 1 { 1_000_000_000 - before.subsec_nanos() } else { 0 };
                Self::new(-(before.as_secs() as i64) - borrow, nanoseconds)
            }
        }
    }
}

impl<Zone: chrono::TimeZone> From<DateTime<Zone>> for Timestamp {
    fn from(time: DateTime<Zone>) -> Self {
        Self::new(time.timestamp(), time.timestamp_subsec_nanos().min(999_999_999))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Timestamp;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a time in RFC 3339")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| E::custom("not a time in RFC 3339"))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_is_that_of_go() {
        for (seconds, nanoseconds, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1_795_408_731, 148_686_539, "2026-11-23T04:38:51.148686539Z"),
            (1_795_408_731, 140_000_000, "2026-11-23T04:38:51.14Z"),
            (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
            (i64::MAX, 0, "9999-12-31T23:59:59Z"),
            (i64::MIN, 0, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::new(seconds, nanoseconds).to_string(), text);
        }
        assert_eq!(Timestamp::parse("2026-11-23T05:38:51.14+01:00"), Some(Timestamp::new(1_795_408_731, 140_000_000)));
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_nanos(1)), Timestamp::new(-1, 999_999_999));
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(2)), Timestamp::new(-2, 0));
    }

    proptest! {
        #[test]
        fn a_moment_survives(seconds in BOUNDS.0..=BOUNDS.1, nanoseconds in 0u32..1_000_000_000) {
            let moment = Timestamp::new(seconds, nanoseconds);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }
    }
}
