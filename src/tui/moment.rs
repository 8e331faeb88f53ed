//! Moments as people type and read them: in their time zone, which is always told.

use crate::domain::Time;
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, SecondsFormat, TimeZone as _};
use chrono_tz::Tz;

/// A moment in a zone: `2026-11-23 04:05:06 CET`.
pub fn shown(at: Time, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// The same with how far the zone is from UTC, which tells apart the two hours of a night in autumn.
pub fn exact(at: Time, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let offset = local.offset().fix().to_string();
    format!("{} ({} UTC{offset})", local.format("%Y-%m-%d %H:%M:%S %Z"), zone.name())
}

/// A moment as an API takes it, in whole seconds.
pub fn iso(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads what somebody typed: ISO 8601 with its offset, or a date and a time, or one of them, in the zone. What is left out is that of
/// `near`, and a date alone begins at midnight.
pub fn parse(text: &str, zone: Tz, near: Time) -> Result<Time, String> {
    let text = text.trim();
    if let Some(at) = with_offset(text) {
        return Ok(at);
    }
    let day = near.with_timezone(&zone).date_naive();
    let local = local(text, day).ok_or_else(|| {
        format!("type a time such as 02:13:45 or 2026-11-23 02:13:45 (in {}), or 2026-11-23T02:13:45Z", zone.name())
    })?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(at.to_utc()),
        LocalResult::Ambiguous(first, second) => Err(format!(
            "{local} comes twice in {}: type {} or {}",
            zone.name(),
            first.to_rfc3339_opts(SecondsFormat::Secs, false),
            second.to_rfc3339_opts(SecondsFormat::Secs, false),
        )),
        LocalResult::None => {
            Err(format!("there is no {local} in {}: the clocks go forward over it{}", zone.name(), after(local, zone)))
        }
    }
}

/// The first moment behind a gap of the zone's clock, as the end of a sentence.
fn after(local: NaiveDateTime, zone: Tz) -> String {
    let mut minutes = (1..=24 * 60).map(|minutes| local + chrono::Duration::minutes(minutes));
    let found = minutes.find_map(|local| zone.from_local_datetime(&local).earliest());
    found.map_or_else(String::new, |at| {
        let begins = at - chrono::Duration::seconds(i64::from(at.timestamp().rem_euclid(60) as i32));
        format!("; the first time after it is {}", begins.format("%H:%M %Z"))
    })
}

/// ISO 8601 with an offset, also with a blank between date and time, or with `UTC` behind it.
fn with_offset(text: &str) -> Option<Time> {
    let text = text.strip_suffix("UTC").map_or_else(|| text.to_owned(), |text| format!("{}Z", text.trim_end()));
    let spelled = if text.len() > 10 && text.is_char_boundary(10) && text[10..].starts_with(' ') {
        text.replacen(' ', "T", 1)
    } else {
        text
    };
    let read =
        DateTime::parse_from_rfc3339(&spelled).or_else(|_| DateTime::parse_from_str(&spelled, "%Y-%m-%dT%H:%M%#z"));
    read.ok().map(|at| at.to_utc())
}

fn local(text: &str, day: NaiveDate) -> Option<NaiveDateTime> {
    let time = |text: &str| {
        NaiveTime::parse_from_str(text, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M")).ok()
    };
    let date = |text: &str| {
        let whole = NaiveDate::parse_from_str(text, "%Y-%m-%d");
        let year = day.format("%Y");
        whole.or_else(|_| NaiveDate::parse_from_str(&format!("{year}-{text}"), "%Y-%m-%d")).ok()
    };
    if let Some(time) = time(text) {
        return Some(day.and_time(time));
    }
    match text.split_once([' ', 'T']) {
        Some((day, text)) => Some(date(day)?.and_time(time(text.trim())?)),
        None => Some(date(text)?.and_time(NaiveTime::MIN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_read_in_the_zone_of_whoever_types_it_and_iso_8601_as_it_is() {
        let near = at("2026-11-23T03:00:00Z");
        for (text, moment) in [
            ("02:13:45", "2026-11-23T01:13:45Z"),
            (" 02:13 ", "2026-11-23T01:13:00Z"),
            ("2026-07-01 02:13:45", "2026-07-01T00:13:45Z"),
            ("2026-07-01T02:13", "2026-07-01T00:13:00Z"),
            ("11-20 02:13:45", "2026-11-20T01:13:45Z"),
            ("2026-11-20", "2026-11-19T23:00:00Z"),
            ("2026-11-20T02:13:45Z", "2026-11-20T02:13:45Z"),
            ("2026-11-20 02:13:45 UTC", "2026-11-20T02:13:45Z"),
            ("2026-11-20 02:13:45+05:30", "2026-11-19T20:43:45Z"),
            ("2026-11-20T02:13:45-08:00", "2026-11-20T10:13:45Z"),
            ("2026-11-20T02:13Z", "2026-11-20T02:13:00Z"),
        ] {
            assert_eq!(parse(text, Berlin, near), Ok(at(moment)), "{text:?}");
        }
    }

    #[test]
    fn the_day_of_a_time_alone_is_the_one_of_the_zone_and_not_of_utc() {
        // In Berlin it is the 24th already.
        assert_eq!(parse("00:10", Berlin, at("2026-11-23T23:30:00Z")), Ok(at("2026-11-23T23:10:00Z")));
    }

    #[test]
    fn an_hour_that_comes_twice_is_asked_back_and_one_that_does_not_exist_is_told() {
        let near = at("2026-10-25T12:00:00Z");
        let twice = parse("02:30:00", Berlin, near).unwrap_err();
        assert!(twice.contains("2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"), "{twice}");
        assert_eq!(parse("2026-10-25T02:30:00+01:00", Berlin, near), Ok(at("2026-10-25T01:30:00Z")));
        let gap = parse("2026-03-29 02:30:15", Berlin, near).unwrap_err();
        assert!(gap.contains("no 2026-03-29 02:30:15 in Europe/Berlin") && gap.contains("03:00 CEST"), "{gap}");
        let (summer, winter) = (exact(at("2026-10-25T00:30:00Z"), Berlin), exact(at("2026-10-25T01:30:00Z"), Berlin));
        assert_eq!(summer, "2026-10-25 02:30:00 CEST (Europe/Berlin UTC+02:00)");
        assert_eq!(winter, "2026-10-25 02:30:00 CET (Europe/Berlin UTC+01:00)");
    }

    #[test]
    fn nonsense_is_answered_with_what_can_be_typed() {
        for text in ["", "soon", "25:00", "2026-13-01", "2026-11-31", "12", "é26-11-20 02:00"] {
            let said = parse(text, Berlin, at("2026-11-23T03:00:00Z")).unwrap_err();
            assert!(said.contains("02:13:45") && said.contains("Europe/Berlin"), "{text:?}: {said}");
        }
    }
}
