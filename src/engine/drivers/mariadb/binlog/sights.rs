//! When what of a log was there: at each look the server's clock was asked before and after the place at which its log ended.
//!
//! What stands before that place was committed before the second time, and what stands behind it after the first, whatever the log
//! says of it. That matters where a statement runs for long, of which the log has the begin, and where a client told the server
//! another time.

use crate::domain::Time;
use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

/// What was seen at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sight {
    /// Where the log ended, in its file of then.
    pub(super) position: u64,
    /// The server's time before that was asked.
    pub(super) before: Time,
    /// Its time afterwards.
    pub(super) after: Time,
}

impl Sight {
    /// As it stands in a file, a line for each.
    pub(super) fn line(&self) -> String {
        let shown = |time: Time| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!("{} {} {}\n", self.position, shown(self.before), shown(self.after))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let position = parts.next()?.parse().ok()?;
        let mut time = || Some(DateTime::parse_from_rfc3339(parts.next()?).ok()?.to_utc());
        Some(Self { position, before: time()?, after: time()? })
    }
}

/// What was seen of the log from its first file on, in the order in which it stands.
#[derive(Debug, Default)]
pub(super) struct Sights(Vec<((u64, u64), Sight)>);

impl Sights {
    /// Adds those of the file with this number. A line that is none, as one that was not written whole, says nothing.
    pub(super) fn add(&mut self, number: u64, text: &str) {
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        self.0.extend(whole.filter_map(Sight::parse).map(|sight| ((number, sight.position), sight)));
        self.0.sort_by_key(|(place, sight)| (*place, sight.before));
    }

    /// When what stands from one place to another in a file was committed, of which the log says this.
    pub(super) fn judge(&self, number: u64, (start, end): (u64, u64), told: Time) -> Time {
        let behind = self.0.partition_point(|(place, _)| *place <= (number, start));
        let not_before = self.0[..behind].iter().map(|(_, sight)| sight.before).max();
        let there = self.0.partition_point(|(place, _)| *place < (number, end));
        let not_after = self.0.get(there).map(|(_, sight)| sight.after);
        let told = not_after.map_or(told, |latest| told.min(latest));
        not_before.map_or(told, |earliest| told.max(earliest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn sight(position: u64, second: i64) -> Sight {
        Sight { position, before: at(second), after: at(second + 1) }
    }

    #[test]
    fn what_a_log_says_counts_between_what_was_seen() {
        let mut sights = Sights::default();
        // The later file comes first; one line is not written whole.
        sights.add(2, &format!("{}{}", sight(50, 30).line(), "99 2026-01-01T"));
        sights.add(1, &format!("{}{}", sight(100, 10).line(), sight(100, 20).line()));
        for (number, place, told, expected) in [
            // Before anything was seen: only that it was there then.
            (1, (4, 100), 5, 5),
            (1, (4, 100), 900, 11),
            // It was not there at 20, and there at 31, over the end of a file.
            (1, (100, 200), 15, 20),
            (1, (100, 200), 25, 25),
            (2, (4, 50), 2, 20),
            (2, (4, 50), 900, 31),
            // Behind all that was seen.
            (2, (50, 60), 7, 30),
            (2, (50, 60), 900, 900),
        ] {
            assert_eq!(sights.judge(number, place, at(told)), at(expected), "{number} {place:?} {told}");
        }
        assert_eq!(Sights::default().judge(1, (4, 9), at(7)), at(7));
    }

    #[test]
    fn the_first_look_at_which_something_was_there_counts_and_none_behind_it() {
        let mut sights = Sights::default();
        // The clock was set back between the two looks, by less than would be trouble.
        sights.add(1, &format!("{}{}", sight(100, 60).line(), sight(200, 20).line()));
        assert_eq!(sights.judge(1, (4, 100), at(50)), at(50));
        assert_eq!(sights.judge(1, (4, 100), at(900)), at(61));
    }

    #[test]
    fn a_line_reads_back() {
        let seen = Sight { position: 7, before: at(1), after: at(2) + chrono::Duration::microseconds(3) };
        assert_eq!(Sight::parse(seen.line().trim_end()), Some(seen));
        assert_eq!(Sight::parse("x 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z"), None);
    }
}
