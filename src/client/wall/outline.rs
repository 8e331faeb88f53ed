//! How bad it is with something, of all its days: what puts the worst lines first.

use super::lane::Days;
use crate::domain::day::DayState;
use chrono::{Days as Span, NaiveDate};

/// What matters of all days, counted once when they change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// The last day on which something was due and has ended, and how.
    last: Option<(NaiveDate, DayState)>,
    /// For how many such days in a row it went wrong.
    in_a_row: usize,
    /// On how many at all.
    often: usize,
}

impl Outline {
    pub(super) fn of(days: &Days) -> Self {
        let has_ended = |state: DayState| !matches!(state, DayState::NoneDue | DayState::Running);
        let ended = || {
            let states = days.iter().rev().map(|(day, counts)| (*day, counts.worst()));
            states.filter(|(_, state)| has_ended(*state))
        };
        Self {
            last: ended().next(),
            in_a_row: ended().take_while(|(_, state)| state.is_bad()).count(),
            often: ended().filter(|(_, state)| state.is_bad()).count(),
        }
    }

    /// The greater the worse: how its last day ended, if that was within a week, for how long, and how often it went wrong.
    pub(super) fn rank(&self, today: NaiveDate) -> (DayState, usize, usize) {
        let week = today.checked_sub_days(Span::new(7)).unwrap_or(today);
        let last = self.last.filter(|(day, _)| *day >= week).map_or(DayState::NoneDue, |(_, state)| state);
        (last, self.in_a_row, self.often)
    }
}
