//! `vaultdeck report`: what became of a day or a week.

mod markdown;
mod table;

use super::Session;
use super::arguments::{ReportFormat, ReportOptions, ReportSpan};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::format::Format;
use super::host::Purpose;
use super::lists::say_faults;
use super::output;
use crate::client::report::{Muted, Period, Span, report};
use crate::client::survey::Depth;
use crate::domain::Time;
use chrono::{Days, NaiveDate, NaiveTime, SubsecRound, Utc};

pub(super) async fn run(session: &Session, options: &ReportOptions) -> Result<Exit, Failure> {
    let regions: Vec<_> = options.within.region.iter().cloned().collect();
    let reached = Reached::open(session, &options.place, &regions, false, Purpose::Look).await?;
    let (survey, mutes) = reached.survey(session, &options.within.within(), Depth::Points).await?;
    let span = match options.span {
        ReportSpan::Daily => Span::Daily,
        ReportSpan::Weekly => Span::Weekly,
    };
    let end = end(options.at.as_deref(), survey.now()).map_err(|why| Failure::usage(format!("--at: {why}")))?;
    let report = report(&survey, Period::ending(span, end), &Muted { mutes: &mutes, now: Utc::now() });
    match options.output {
        ReportFormat::Md => output::write(&markdown::text(&report))?,
        ReportFormat::Json => output::print_json(&report)?,
        ReportFormat::Csv => output::print(&table::COLUMNS, &table::rows(&report), Format::Csv)?,
    }
    Ok(if say_faults(survey.faults) { Exit::DoneWithIssues } else { Exit::Done })
}

/// When a report ends: behind the day that is named, but not later than `now`, or at the moment that is.
fn end(at: Option<&str>, now: Time) -> Result<Time, String> {
    let now = now.trunc_subsecs(0);
    let Some(text) = at else { return Ok(now) };
    let before_all = || format!("{text} is before 1970-01-01, and before all backups");
    if let Ok(date) = text.parse::<NaiveDate>() {
        if date < NaiveDate::default() {
            return Err(before_all());
        }
        let midnight = date.checked_add_days(Days::new(1)).map(|next| next.and_time(NaiveTime::MIN).and_utc());
        return match midnight {
            Some(end) if date <= now.date_naive() => Ok(end.min(now)),
            _ => Err(format!("{text} is not over by the service's clock, which shows {now}")),
        };
    }
    let moment: Time =
        text.parse().map_err(|_| format!("{text:?} is neither a date such as 2026-11-23 nor a moment"))?;
    if moment < Time::UNIX_EPOCH {
        return Err(before_all());
    }
    if moment > now { Err(format!("{text} is to come by the service's clock, which shows {now}")) } else { Ok(moment) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_report_of_a_day_ends_with_it_and_one_of_today_now() {
        let now = at("2026-11-23T05:00:00.7Z");
        assert_eq!(end(None, now), Ok(at("2026-11-23T05:00:00Z")));
        assert_eq!(end(Some("2026-11-22"), now), Ok(at("2026-11-23T00:00:00Z")));
        assert_eq!(end(Some("2026-11-23"), now), Ok(at("2026-11-23T05:00:00Z")));
        assert_eq!(end(Some("2026-11-20T03:00:00+01:00"), now), Ok(at("2026-11-20T02:00:00Z")));
        assert_eq!(end(Some("1970-01-01"), now), Ok(at("1970-01-02T00:00:00Z")));
        for refused in [
            "2026-11-24",
            "2026-11-23T06:00:00Z",
            "yesterday",
            "2026-13-01",
            "",
            "-262143-01-02",
            "1969-12-31",
            "1969-12-31T23:59:59Z",
        ] {
            assert!(end(Some(refused), now).is_err(), "{refused}");
        }
    }
}
