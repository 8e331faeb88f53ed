//! The jumps of the clock that count without anybody's word for them, and what they do not bring about.
//!
//! A jump does not end the doubt about the one before it. But in an ordinary life each start after a long absence is a jump, and
//! nobody ever says a word: so each jump is remembered by itself, and what waits for days waits for those that were lived
//! between the jumps. They come to an end, however often a machine is off, and no jump is any of them.

use crate::domain::Time;
use crate::domain::vault_lock::MIN_COOLING_OFF_DAYS;
use crate::engine::catalog::{Connection, state};
use crate::engine::error::Result;
use chrono::Duration;

/// The jumps since a person last confirmed the clock.
const JUMPS: &str = "clock-jump";

/// How many are told apart. Of more, the oldest two count as one that ended with the second.
const MOST: usize = 64;

/// Jumps of the clock that nobody confirmed: beginning and end of each, in milliseconds since 1970, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Jumps(Vec<(i64, i64)>);

impl Jumps {
    /// Those that a catalog remembers.
    pub(crate) fn of(connection: &Connection) -> Result<Self> {
        let text = state::get(connection, JUMPS)?.unwrap_or_default();
        let words: Vec<i64> = text.split(' ').map_while(|word| word.parse().ok()).collect();
        Ok(Self(words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()))
    }

    /// Lets a catalog remember them.
    pub(super) fn remember(&self, connection: &Connection) -> Result<()> {
        let words: Vec<String> = self.0.iter().map(|(from, to)| format!("{from} {to}")).collect();
        state::set(connection, JUMPS, &words.join(" "))
    }

    /// These and one more. One back takes away what had not come yet at its end.
    pub(super) fn followed_by(mut self, from: i64, to: i64) -> Self {
        self.0.retain(|(earlier, _)| *earlier < to);
        for (_, end) in &mut self.0 {
            *end = to.min(*end);
        }
        if from < to {
            self.0.push((from, to));
        }
        if self.0.len() > MOST {
            let (first, _) = self.0.remove(0);
            self.0[0].0 = first;
        }
        self
    }

    /// From the beginning of the first to the end of the last; both 0 when there was none.
    pub(crate) fn window(&self) -> (i64, i64) {
        self.0.first().zip(self.0.last()).map_or((0, 0), |((from, _), (_, to))| (*from, *to))
    }

    /// When something of this date becomes final: a lock, or the end of a life in a locked vault. Where the date lies in a jump,
    /// there is the shortest cooling-off of a lock once more, of time that was lived and not jumped over: the clock may be
    /// wrong, and what is final cannot be put right.
    pub(crate) fn final_at(&self, date: Time) -> Time {
        let millis = date.timestamp_millis();
        let within = |(from, to): &(i64, i64)| *from < millis && millis <= *to;
        let Some(at) = self.0.iter().position(within) else { return date };
        let mut landed = self.0[at].1;
        let mut left = Duration::days(MIN_COOLING_OFF_DAYS).num_milliseconds();
        for (from, to) in &self.0[at + 1..] {
            let lived = (from - landed).max(0);
            if lived >= left {
                break;
            }
            (left, landed) = (left - lived, *to);
        }
        Time::from_timestamp_millis(landed + left).unwrap_or(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn day(days: i64) -> Time {
        Time::from_timestamp_millis(days * DAY).unwrap()
    }

    fn jumps(all: &[(i64, i64)]) -> Jumps {
        all.iter().fold(Jumps::default(), |jumps, (from, to)| jumps.followed_by(from * DAY, to * DAY))
    }

    #[test]
    fn a_date_in_a_jump_waits_for_three_days_that_were_lived() {
        let one = jumps(&[(10, 100)]);
        let told = [(10, 10), (11, 103), (100, 103), (101, 101)];
        assert!(told.iter().all(|(date, at)| one.final_at(day(*date)) == day(*at)), "{one:?}");
        let two = jumps(&[(10, 100), (101, 200)]);
        assert_eq!(two.final_at(day(50)), day(202), "a day of the three was lived before the second jump");
        assert_eq!(two.final_at(day(150)), day(203));
        assert_eq!(two.window(), (10 * DAY, 200 * DAY));
        assert_eq!(jumps(&[(10, 100), (104, 200)]).final_at(day(50)), day(103), "all three were");
    }

    #[test]
    fn a_machine_that_is_off_more_often_than_every_three_days_comes_to_the_end_of_them() {
        let often: Vec<(i64, i64)> = (0..200).map(|number| (10 + 3 * number, 12 + 3 * number)).collect();
        assert_eq!(jumps(&often[..60]).final_at(day(11)), day(10 + 3 * 3), "a day is lived between two");
        let many = jumps(&often);
        assert_eq!((many.0.len(), many.window().0), (MOST, 10 * DAY));
        assert!(many.final_at(day(11)) < day(10 + 3 * 150), "also where they are too many to tell apart");
    }

    #[test]
    fn a_jump_back_takes_away_what_has_not_come_yet() {
        assert_eq!(jumps(&[(10, 100), (101, 11)]), jumps(&[(10, 11)]));
        assert_eq!(jumps(&[(10, 100), (101, 9)]), Jumps::default());
        assert_eq!(jumps(&[(10, 100), (110, 200), (201, 105)]), jumps(&[(10, 100)]));
    }

    #[test]
    fn they_are_read_as_they_were_written_and_one_as_it_was_before() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE engine_state (name TEXT PRIMARY KEY, value TEXT NOT NULL)").unwrap();
        assert_eq!(Jumps::of(&connection).unwrap(), Jumps::default());
        for all in [jumps(&[(10, 100), (101, 200)]), jumps(&[(10, 100)]), Jumps::default()] {
            all.remember(&connection).unwrap();
            assert_eq!(Jumps::of(&connection).unwrap(), all);
        }
        state::set(&connection, JUMPS, "5 7").unwrap();
        assert_eq!(Jumps::of(&connection).unwrap().window(), (5, 7));
    }
}
