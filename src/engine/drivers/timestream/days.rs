//! Days of UTC, in the nanoseconds since 1970 that the server counts.

use chrono::{DateTime, Days};

const NANOSECONDS: i64 = 86_400_000_000_000;

/// The earliest time that a point can have.
pub(super) const FIRST: i64 = i64::MIN + 2;

/// A day, counted from 1970 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day(i64);

impl Day {
    /// The day that a time lies in.
    pub(super) fn of(time: i64) -> Self {
        Self(time.div_euclid(NANOSECONDS))
    }

    /// Its first nanosecond, or the first that there is.
    pub(super) fn from(self) -> i64 {
        self.0.checked_mul(NANOSECONDS).unwrap_or(FIRST)
    }

    /// The first nanosecond of the next day; nothing after the last day that there is.
    pub(super) fn until(self) -> Option<i64> {
        (self.0 + 1).checked_mul(NANOSECONDS)
    }

    /// As in 2026-11-23.
    pub(super) fn name(self) -> String {
        let days = Days::new(self.0.unsigned_abs());
        let epoch = DateTime::UNIX_EPOCH.date_naive();
        let date = if self.0 < 0 { epoch.checked_sub_days(days) } else { epoch.checked_add_days(days) };
        date.map_or_else(|| self.0.to_string(), |date| date.format("%Y-%m-%d").to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_one_day() {
        for (time, name) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (NANOSECONDS - 1, "1970-01-01"),
            (1_795_651_200_000_000_000, "2026-11-26"),
            (FIRST, "1677-09-21"),
            (i64::MAX - 1, "2262-04-11"),
        ] {
            let day = Day::of(time);
            assert_eq!(day.name(), name);
            assert!(day.from() <= time && day.until().is_none_or(|until| time < until), "{name}");
        }
        assert_eq!(Day::of(i64::MAX).until(), None);
    }
}
