//! A line of the days, a day, and how a resource is protected, in words.

use crate::client::wall::Line;
use crate::client::{Key, Query};
use crate::domain::day::{DayCounts, DayState, Owner};
use crate::domain::due::Standing;
use crate::domain::{AccountId, Time};
use crate::tui::world::World;
use crate::tui::{fmt, text};

/// How a line is called, and where it is.
pub fn names(line: &Line, world: &World) -> (String, Option<String>) {
    match &line.owner {
        Owner::Resource(scope, arn) => {
            (line.name.clone().unwrap_or_else(|| arn.last_part().to_owned()), Some(world.account(&scope.account)))
        }
        Owner::Account(account) => (world.account(account), None),
        Owner::Plan(scope, Some(id)) => {
            (line.name.clone().unwrap_or_else(|| id.clone()), Some(world.account(&scope.account)))
        }
        Owner::Plan(scope, None) => ("on demand".to_owned(), Some(world.account(&scope.account))),
    }
}

/// How a resource is protected, in words.
pub fn stands(standing: Standing, newest: Option<Time>, now: Time) -> String {
    let newest = newest.map(|at| format!("newest backup {}", fmt::relative(now, at)));
    match standing {
        Standing::Within => format!("protected, {}", newest.unwrap_or_default()),
        Standing::Late(at) => {
            format!("late: {}, one was due {}", newest.unwrap_or_default(), fmt::short(at))
        }
        Standing::Never(at) => format!("never backed up, one was due {}", fmt::short(at)),
        Standing::NoPlan => format!("no plan selects it, {}", newest.unwrap_or_else(|| "never backed up".to_owned())),
        Standing::Unknown => newest.unwrap_or_else(|| "not known to have a backup".to_owned()),
    }
}

/// `2 jobs, 1 failed, 1 ok`. `seen` is whether each job of the day was seen.
pub fn counted(counts: &DayCounts, seen: bool) -> String {
    match (counts.is_empty(), seen) {
        (true, true) => return "none due".to_owned(),
        (true, false) => return "not known: nobody looked then".to_owned(),
        (false, _) => {}
    }
    let mut parts = Vec::new();
    if counts.jobs() > 0 {
        parts.push(text::count(counts.jobs() as usize, "job", "jobs"));
    }
    let states = DayState::ALL.into_iter().rev().filter(|state| counts.of(*state) > 0);
    parts.extend(states.map(|state| format!("{} {}", counts.of(state), state.word())));
    parts.join(", ")
}

/// `12 ended, 1 failed, 11 ok, as CloudWatch counts`.
pub fn counted_elsewhere(counts: &DayCounts) -> String {
    const BY: &str = "as CloudWatch counts";
    if counts.is_empty() {
        return format!("no job ended, {BY}");
    }
    let states = DayState::ALL.into_iter().rev().filter(|state| counts.of(*state) > 0);
    let parts: Vec<String> = states.map(|state| format!("{} {}", counts.of(state), state.word())).collect();
    format!("{} ended, {}, {BY}", text::count(counts.jobs() as usize, "job", "jobs"), parts.join(", "))
}

/// Why CloudWatch's counts of an account do not stand for what nobody saw; nothing where they were not asked for.
pub fn uncounted(account: &AccountId, world: &World) -> Option<String> {
    let mut scopes = world.shown.iter().filter(|scope| scope.account == *account);
    let fault =
        scopes.find_map(|scope| world.store.slot(&Key::scoped(scope.clone(), Query::JobCounts)).fault.as_ref())?;
    Some(format!("; CloudWatch: {}", fault.label()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_by_its_jobs_the_worst_first() {
        let mut day = DayCounts::default();
        assert_eq!(counted(&day, true), "none due");
        assert_eq!(counted(&day, false), "not known: nobody looked then");
        day.add(DayState::Missing);
        assert_eq!(counted(&day, true), "1 missing");
        for state in [DayState::Good, DayState::Good, DayState::Failed] {
            day.add(state);
        }
        assert_eq!(counted(&day, false), "3 jobs, 1 failed, 1 missing, 2 ok");
    }

    #[test]
    fn what_cloudwatch_counts_is_said_to_be_its_own() {
        let mut day = DayCounts::default();
        assert_eq!(counted_elsewhere(&day), "no job ended, as CloudWatch counts");
        day.add_many(DayState::Good, 11);
        day.add_many(DayState::Failed, 1);
        assert_eq!(counted_elsewhere(&day), "12 jobs ended, 1 failed, 11 ok, as CloudWatch counts");
    }

    #[test]
    fn how_a_resource_is_protected_is_told_with_what_was_due() {
        let now: Time = "2026-11-23T03:00:00Z".parse().unwrap();
        let newest = Some(now - chrono::Duration::hours(50));
        let due = now - chrono::Duration::hours(2);
        assert_eq!(stands(Standing::Late(due), newest, now), "late: newest backup 2d 2h ago, one was due 11-23 01:00");
        assert_eq!(stands(Standing::Never(due), None, now), "never backed up, one was due 11-23 01:00");
        assert_eq!(stands(Standing::NoPlan, None, now), "no plan selects it, never backed up");
        assert_eq!(stands(Standing::Unknown, None, now), "not known to have a backup");
    }
}
