//! Schedules: AWS's six-field cron in a time zone, and the runs that it gives.
//!
//! The expression is read on the wall clock of its time zone. A time that daylight saving skips runs right after the
//! gap, unless the next regular run follows within the hour; a time that the clock shows twice runs once, the first
//! time.

use crate::domain::{Invalid, Time};
use chrono::{Duration, LocalResult, NaiveDateTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use std::iter::Peekable;

/// The expression of a rule that has none: 05:00 every day.
pub const DEFAULT_EXPRESSION: &str = "cron(0 5 ? * * *)";

/// The time zone of a rule that names none.
pub const DEFAULT_TIME_ZONE: &str = "Etc/UTC";

/// The member that carries the expression; every refusal names it.
const FIELD: &str = "ScheduleExpression";

/// The years that AWS's dialect knows.
const YEARS: std::ops::RangeInclusive<u16> = 1970..=2199;

/// How far before a moment the search begins on the wall clock, so that no change of the clock hides a run.
const LOOK_BACK_HOURS: i64 = 3;

/// A cron expression that was read and checked, in its time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
}

impl Schedule {
    /// Reads `cron(…)` for the wall clock of `zone`, an IANA name.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, Invalid> {
        let zone = parse_time_zone(zone)?;
        let fields = cron_fields(expression)?;
        let cron = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Required)
            .alternative_weekdays(true)
            .sloppy_ranges(true)
            .build()
            .parse(&format!("0 {}", fields.join(" ")))
            .map_err(|e| refuse(format_args!("{expression} is not a valid cron expression: {e}")))?;
        if cron.pattern.minutes.values().len() != 1 {
            return Err(refuse(format_args!(
                "{expression} runs more often than once an hour; the minutes field must name exactly one minute"
            )));
        }
        if !years_in_range(&fields[5]) {
            return Err(refuse(format_args!("the year in {expression} must be between 1970 and 2199")));
        }
        let schedule = Self { cron, zone };
        if schedule.is_barren() {
            return Err(refuse(format_args!("{expression} names a day that no month has, so it would never run")));
        }
        Ok(schedule)
    }

    /// Reads what a rule says, with AWS's defaults for what it does not say.
    pub fn of(expression: Option<&str>, zone: Option<&str>) -> Result<Self, Invalid> {
        Self::parse(expression.unwrap_or(DEFAULT_EXPRESSION), zone.unwrap_or(DEFAULT_TIME_ZONE))
    }

    /// The time zone whose wall clock it follows.
    pub fn time_zone(&self) -> Tz {
        self.zone
    }

    /// What the expression says, in English.
    pub fn describe(&self) -> String {
        self.cron.describe()
    }

    /// The first run strictly after `after`; none when its years are over.
    pub fn next_after(&self, after: Time) -> Option<Time> {
        self.runs_after(after).next()
    }

    /// All runs strictly after `after`, in order.
    pub fn runs_after(&self, after: Time) -> Runs<'_> {
        let start = (after - Duration::hours(LOOK_BACK_HOURS)).with_timezone(&self.zone).naive_local();
        Runs { zone: self.zone, walls: WallClock { cron: &self.cron, cursor: Some(start) }.peekable(), last: after }
    }

    /// Whether no year has a day that matches, such as 31 February.
    fn is_barren(&self) -> bool {
        let first_year = self.cron.pattern.years.values().first().copied().unwrap_or_default();
        let start = chrono::NaiveDate::from_ymd_opt(i32::from(first_year.max(*YEARS.start())), 1, 1)
            .and_then(|day| day.and_hms_opt(0, 0, 0));
        start.is_none_or(|start| self.cron.find_next_occurrence(&start, true).is_err())
    }
}

/// The runs of a schedule after a moment, without end or until its years are over.
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    zone: Tz,
    walls: Peekable<WallClock<'a>>,
    last: Time,
}

impl Iterator for Runs<'_> {
    type Item = Time;

    fn next(&mut self) -> Option<Time> {
        loop {
            let wall = self.walls.next()?;
            let at = match self.zone.from_local_datetime(&wall) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc),
                LocalResult::None => match self.after_gap(wall) {
                    Some(at) => at,
                    None => continue,
                },
            };
            if at > self.last {
                self.last = at;
                return Some(at);
            }
        }
    }
}

impl Runs<'_> {
    /// When a run happens whose wall time is skipped: at the end of the gap, or not at all when a regular run
    /// follows within the hour.
    fn after_gap(&mut self, wall: NaiveDateTime) -> Option<Time> {
        let gap_end = gap_end(self.zone, wall)?;
        let follows = self.walls.peek().is_some_and(|next| match self.zone.from_local_datetime(next) {
            LocalResult::Single(next) | LocalResult::Ambiguous(next, _) => {
                next.with_timezone(&Utc) - gap_end < Duration::hours(1)
            }
            LocalResult::None => true,
        });
        (!follows).then_some(gap_end)
    }
}

/// The wall-clock times that match an expression, whatever a time zone makes of them.
#[derive(Debug, Clone)]
struct WallClock<'a> {
    cron: &'a Cron,
    cursor: Option<NaiveDateTime>,
}

impl Iterator for WallClock<'_> {
    type Item = NaiveDateTime;

    fn next(&mut self) -> Option<NaiveDateTime> {
        let next = self.cron.find_next_occurrence(&self.cursor?, false).ok();
        self.cursor = next;
        next
    }
}

/// The moment at which the clock jumps over `wall`, to the second.
fn gap_end(zone: Tz, wall: NaiveDateTime) -> Option<Time> {
    let offset_at = |at: Time| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let mut before = wall.and_utc() - Duration::hours(26);
    let old = offset_at(before);
    // Read with the offset that held before the jump, a skipped wall time lies behind the jump.
    let mut behind = wall.and_utc() - Duration::seconds(i64::from(old));
    if offset_at(behind) == old {
        return None;
    }
    while behind - before > Duration::seconds(1) {
        let middle = before + (behind - before) / 2;
        let middle = middle.with_nanosecond(0).unwrap_or(middle);
        if middle <= before {
            break;
        }
        if offset_at(middle) == old { before = middle } else { behind = middle }
    }
    Some(behind)
}

/// An IANA time zone by its name.
pub fn parse_time_zone(name: &str) -> Result<Tz, Invalid> {
    name.parse().map_err(|_| {
        Invalid::value(
            "ScheduleExpressionTimezone",
            format_args!("{name:?} is not the name of a time zone such as Etc/UTC or Europe/Berlin"),
        )
    })
}

/// The six fields of `cron(…)`, in croner's spelling, after the checks that croner does not make.
fn cron_fields(expression: &str) -> Result<[String; 6], Invalid> {
    if expression.trim_start().starts_with("rate(") {
        return Err(refuse("rate() is not supported; use cron(minutes hours day-of-month month day-of-week year)"));
    }
    let inner = expression.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(|| {
        refuse(format_args!("{expression:?} must be cron(minutes hours day-of-month month day-of-week year)"))
    })?;
    let fields: Vec<String> = inner.split_ascii_whitespace().map(str::to_ascii_uppercase).collect();
    let count = fields.len();
    let mut fields: [String; 6] = fields.try_into().map_err(|_| {
        refuse(format_args!(
            "{expression} has {count} fields and must have 6: minutes hours day-of-month month day-of-week year"
        ))
    })?;
    if (fields[2] == "?") == (fields[4] == "?") {
        return Err(refuse(format_args!(
            "exactly one of day-of-month and day-of-week in {expression} must be ? (a question mark)"
        )));
    }
    for (field, kind) in fields.iter().zip(FIELDS) {
        if !field.split(',').all(|item| kind.allows(item)) {
            return Err(refuse(format_args!("{field:?} in {expression} is not a valid {} field", kind.name)));
        }
    }
    if fields[4] == "L" {
        // Alone, L is the last day of the week, which croner has no word for.
        "7".clone_into(&mut fields[4]);
    }
    Ok(fields)
}

/// Whether every year that the field names is one that AWS knows; a step is no year.
fn years_in_range(field: &str) -> bool {
    let bounds = field.split(',').filter_map(|item| item.split('/').next()).flat_map(|range| range.split('-'));
    bounds.filter(|bound| *bound != "*").all(|year| year.parse::<u16>().is_ok_and(|year| YEARS.contains(&year)))
}

/// What one field of an expression may hold; the ranges of numbers are croner's to check.
struct FieldKind {
    name: &'static str,
    names: &'static [&'static str],
    day_of_month: bool,
    day_of_week: bool,
}

const fn plain(name: &'static str) -> FieldKind {
    FieldKind { name, names: &[], day_of_month: false, day_of_week: false }
}

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [FieldKind; 6] = [
    plain("minutes"),
    plain("hours"),
    FieldKind { day_of_month: true, ..plain("day-of-month") },
    FieldKind {
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
        ..plain("month")
    },
    FieldKind { names: &WEEKDAYS, day_of_week: true, ..plain("day-of-week") },
    plain("year"),
];

impl FieldKind {
    /// Whether `item`, one of a comma-separated list, has a shape that this field allows.
    fn allows(&self, item: &str) -> bool {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        if step.is_some_and(|step| !is_number(step)) {
            return false;
        }
        let bounds = range.split_once('-');
        match range {
            "*" => true,
            "?" => step.is_none() && (self.day_of_month || self.day_of_week),
            "L" => step.is_none() && (self.day_of_month || self.day_of_week),
            "LW" => step.is_none() && self.day_of_month,
            _ => match bounds {
                Some((from, to)) => self.is_value(from) && self.is_value(to),
                None => self.is_value(range) || step.is_none() && self.is_special(range),
            },
        }
    }

    /// `15W` in a day of the month; `6L`, `FRIL` and `MON#2` in a day of the week.
    fn is_special(&self, text: &str) -> bool {
        let nearest = self.day_of_month && text.strip_suffix('W').is_some_and(is_number);
        let last = self.day_of_week && text.strip_suffix('L').is_some_and(|day| self.is_value(day));
        let nth =
            self.day_of_week && text.split_once('#').is_some_and(|(day, nth)| self.is_value(day) && is_number(nth));
        nearest || last || nth
    }

    /// A number, or one of the field's names. Days of the week begin with 1, SUN.
    fn is_value(&self, text: &str) -> bool {
        (is_number(text) && !(self.day_of_week && text.bytes().all(|b| b == b'0'))) || self.names.contains(&text)
    }
}

fn is_number(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn refuse(rule: impl std::fmt::Display) -> Invalid {
    Invalid::value(FIELD, rule)
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
