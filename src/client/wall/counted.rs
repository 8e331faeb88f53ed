//! CloudWatch's counts as days.

use super::lane::{Days, day_of};
use crate::domain::day::DayState;
use crate::domain::metric::JobCounts;
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::sync::Arc;

/// How many backup jobs of a scope ended how on which day, as CloudWatch counts them: by when they ended, not by when they were made.
#[derive(Debug)]
pub(super) struct Counted {
    counts: Arc<JobCounts>,
    /// The first day that is known as a whole.
    pub(super) since: NaiveDate,
    pub(super) days: Days,
}

impl Counted {
    /// The counts as days of a zone; `before` where they are the same.
    pub(super) fn of(counts: &Arc<JobCounts>, before: Option<Self>, zone: Tz) -> Self {
        if let Some(before) = before.filter(|before| Arc::ptr_eq(&before.counts, counts)) {
            return before;
        }
        let first = day_of(counts.since, zone);
        let since = first.succ_opt().unwrap_or(first);
        let mut days = Days::new();
        for (hour, state, number) in &counts.ended {
            let day = day_of(*hour, zone);
            if day >= since {
                days.entry(day).or_default().add_many(DayState::of_state(state), *number);
            }
        }
        Self { counts: Arc::clone(counts), since, days }
    }
}

#[cfg(test)]
#[path = "counted_tests.rs"]
mod tests;
