//! What a field is compared with.

use super::{Comparison, Field, Rule, texts};
use crate::domain::value::{Unit, Value};
use crate::domain::{Time, sizes};
use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime};

/// A value that was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    /// That there is none.
    Nothing,
    /// In lower case.
    Text(String),
    Number(f64),
    Bytes(f64),
    /// Seconds.
    Span(f64),
    /// From the first to before the second: a day, a minute, a second.
    Moment(Time, Time),
}

impl Literal {
    /// Whether a value compares so with it.
    pub(super) fn compares(&self, is: Comparison, value: &Value<'_>, now: Time) -> bool {
        match (self, value) {
            (Self::Nothing, value) => texts(value).next().is_none(),
            (Self::Text(text), value) => texts(value).any(|told| {
                let told = told.to_lowercase();
                if is == Comparison::Holds { told.contains(text.as_str()) } else { told == *text }
            }),
            (Self::Moment(from, until), Value::Time(time)) => match is {
                Comparison::Holds | Comparison::Equals => from <= time && time < until,
                Comparison::Under => time < from,
                Comparison::UpTo => time < until,
                Comparison::Over => time >= until,
                Comparison::From => time >= from,
            },
            (Self::Span(span), Value::Time(time)) => {
                let far = (now - *time).num_seconds().unsigned_abs() as f64;
                ordered(is, far, *span).unwrap_or_else(|| same_span(far, *span))
            }
            (Self::Span(span), value) => {
                number(value).is_some_and(|told| ordered(is, told, *span).unwrap_or_else(|| same_span(told, *span)))
            }
            (Self::Bytes(bytes), value) => {
                number(value).is_some_and(|told| ordered(is, told, *bytes).unwrap_or_else(|| same_bytes(told, *bytes)))
            }
            (Self::Number(wanted), value) => number(value)
                .is_some_and(|told| ordered(is, told, *wanted).unwrap_or_else(|| told.total_cmp(wanted).is_eq())),
            (Self::Moment(..), _) => false,
        }
    }
}

/// How two numbers are ordered; none where that is not asked.
fn ordered(is: Comparison, told: f64, wanted: f64) -> Option<bool> {
    match is {
        Comparison::Holds | Comparison::Equals => None,
        Comparison::Under => Some(told < wanted),
        Comparison::UpTo => Some(told <= wanted),
        Comparison::Over => Some(told > wanted),
        Comparison::From => Some(told >= wanted),
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number as f64),
        Value::Fraction(number) => Some(*number),
        _ => None,
    }
}

/// Whether two sizes read the same.
fn same_bytes(a: f64, b: f64) -> bool {
    sizes::bytes(a as u64) == sizes::bytes(b as u64)
}

/// Whether two spans read the same.
fn same_span(a: f64, b: f64) -> bool {
    let told = |seconds: f64| Duration::try_seconds(seconds as i64).map(sizes::span);
    told(a) == told(b)
}

/// Reads what a field is compared with.
pub(super) fn read(text: &str, of: &Field, is: Comparison, now: Time) -> Result<Literal, Rule> {
    let wrong = || Rule::NotA { value: text.to_owned(), what: what(of.unit), example: example(of) };
    let trimmed = text.trim();
    if trimmed.is_empty() && !is.orders() {
        return Ok(Literal::Nothing);
    }
    match of.unit {
        Unit::None => {
            let lower = text.to_lowercase();
            let fits = |choice: &String| {
                let choice = choice.to_lowercase();
                if is == Comparison::Holds { choice.contains(&lower) } else { choice == lower }
            };
            if of.choices.is_empty() || of.choices.iter().any(fits) {
                Ok(Literal::Text(lower))
            } else {
                Err(Rule::no_choice(text, of, example(of)))
            }
        }
        Unit::Pieces => finite(trimmed).map(Literal::Number).ok_or_else(wrong),
        Unit::Bytes => bytes(trimmed).map(Literal::Bytes).ok_or_else(wrong),
        Unit::Seconds => span(trimmed).map(Literal::Span).ok_or_else(wrong),
        Unit::Moment => {
            let moment = moment(trimmed, now).map(|(from, until)| Literal::Moment(from, until));
            moment.or_else(|| span(trimmed).map(Literal::Span)).ok_or_else(wrong)
        }
    }
}

/// What a unit's values are called.
fn what(unit: Unit) -> &'static str {
    match unit {
        Unit::None => "text",
        Unit::Pieces => "number",
        Unit::Bytes => "size",
        Unit::Seconds => "span of time",
        Unit::Moment => "moment",
    }
}

/// How values of a field are written.
pub(super) fn example(of: &Field) -> String {
    let all = || of.choices.iter().map(|choice| choice.to_lowercase()).collect::<Vec<_>>().join(", ");
    match of.unit {
        Unit::None if of.choices.is_empty() => "a text, or several with commas between them".to_owned(),
        Unit::None => all(),
        Unit::Pieces => "a number such as 12".to_owned(),
        Unit::Bytes => "500, 10MB, 1.5GiB".to_owned(),
        Unit::Seconds => "90s, 30m, 2h, 1h30m, 3d, 1w".to_owned(),
        Unit::Moment => "2h, 3d, 2026-11-23, 11-23, 2026-11-23T05:00 (UTC)".to_owned(),
    }
}

fn finite(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// `500`, `10MB`, `1.5GiB`, `2g`: without an `i` and a `B` a unit is of 1024 too, with `B` alone of 1000.
fn bytes(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let (letter, base) = match unit.strip_suffix('b') {
        Some(rest) => rest.strip_suffix('i').map_or((rest, 1000.0_f64), |letter| (letter, 1024.0)),
        None => (unit.strip_suffix('i').unwrap_or(&unit), 1024.0),
    };
    let power = ["", "k", "m", "g", "t", "p", "e"].iter().position(|one| *one == letter)?;
    Some(finite(number)? * base.powi(power as i32))
}

/// `90s`, `30m`, `1h30m`, `3d`, `1w`, in seconds.
fn span(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = rest[digits..].chars().next()?;
        let of = match unit.to_ascii_lowercase() {
            's' => 1.0,
            'm' => 60.0,
            'h' => 3_600.0,
            'd' => 86_400.0,
            'w' => 604_800.0,
            _ => return None,
        };
        seconds += finite(&rest[..digits])? * of;
        rest = rest[digits + unit.len_utf8()..].trim_start();
    }
    (!text.is_empty()).then_some(seconds)
}

/// A day, a minute or a second in UTC: `2026-11-23`, `11-23`, `2026-11-23T05:00`, `2026-11-23 05:00:30Z`. A day without a year is
/// the nearest one.
fn moment(text: &str, now: Time) -> Option<(Time, Time)> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (day, time) = text.split_once(['T', 't', ' ']).map_or((text, None), |(day, time)| (day, Some(time.trim())));
    let parts: Vec<&str> = day.split('-').collect();
    let of = |year: &str, day: &str| NaiveDate::parse_from_str(&format!("{year}-{day}"), "%Y-%m-%d").ok();
    let day = match parts.as_slice() {
        [year, ..] if parts.len() == 3 => {
            let is_whole = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
            of(year, &parts[1..].join("-")).filter(|_| is_whole)?
        }
        [_, _] => {
            let today = now.date_naive();
            let years = (now.year() - 1..=now.year() + 1).filter_map(|year| of(&year.to_string(), day));
            years.min_by_key(|day| (*day - today).num_days().abs())?
        }
        _ => return None,
    };
    let (from, length) = match time {
        None => (NaiveDateTime::from(day), Duration::days(1)),
        Some(time) => match NaiveTime::parse_from_str(time, "%H:%M:%S") {
            Ok(second) => (day.and_time(second), Duration::seconds(1)),
            Err(_) => (day.and_time(NaiveTime::parse_from_str(time, "%H:%M").ok()?), Duration::minutes(1)),
        },
    };
    let from = from.and_utc();
    Some((from, from.checked_add_signed(length)?))
}
