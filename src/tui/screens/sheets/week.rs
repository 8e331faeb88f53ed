//! A plan's next seven days: when each rule runs, and until when its jobs have to have started and to be done.

use crate::domain::Time;
use crate::domain::plan::PlanDocument;
use crate::domain::plan_runs::PlanRuns;
use crate::tui::fmt;
use crate::tui::glyph::Glyphs;
use crate::tui::screens::details::{Detail, Span};
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use chrono::{Datelike, Days, Duration, NaiveTime, TimeZone};
use chrono_tz::Tz;

/// A week holds no more of them: a rule runs once an hour at most.
const MOST_RUNS: usize = 4_000;
/// Windows that are open since longer than this are not looked for.
const LONGEST_OPEN: Duration = Duration::days(7);

/// Seven days of the person's zone, the first being today; they have 167 or 169 hours where the clock moves.
#[derive(Debug)]
pub struct Week {
    days: Vec<(Time, String)>,
    end: Time,
    now: Time,
    runs: Vec<Run>,
}

/// A time at which a rule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    rule: usize,
    at: Time,
    /// Until when its jobs must have started, and be done: none where another rule's run takes its place.
    windows: Option<(Time, Time)>,
}

impl Week {
    /// The week of a plan whose document came into force at `since`; none where its schedules cannot be read.
    pub fn of(document: &PlanDocument, since: Option<Time>, now: Time, zone: Tz) -> Option<Self> {
        let today = now.with_timezone(&zone).date_naive();
        let midnight = |days: u64| {
            let day = today.checked_add_days(Days::new(days))?;
            // A gap of the clock may take midnight: the day begins behind it.
            let mut hours = (0..24).filter_map(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
            let begin = hours.find_map(|time| zone.from_local_datetime(&day.and_time(time)).earliest())?;
            Some((begin.to_utc(), format!("{} {}", day.format("%a"), day.day())))
        };
        let days: Vec<(Time, String)> = (0..7).filter_map(midnight).collect();
        let (begin, end) = (days.first()?.0, midnight(7)?.0);
        // A run of before today matters as long as its window is open. A service may tell of one that never closes.
        let windows = document.rules.iter().map(|rule| Duration::try_minutes(rule.completion_window()));
        let longest = windows.map(|window| window.unwrap_or(LONGEST_OPEN)).max().unwrap_or_default();
        let from = begin - longest.clamp(Duration::zero(), LONGEST_OPEN) - Duration::milliseconds(1);
        let due = PlanRuns::new(document, since).ok()?;
        let due = due.all_after(from).take(MOST_RUNS).take_while(|run| run.at < end);
        let runs = due.map(|run| {
            let rule = &document.rules[run.rule];
            let after = |minutes| {
                let window = Duration::try_minutes(minutes);
                window.and_then(|window| run.at.checked_add_signed(window)).unwrap_or(end)
            };
            let windows = (after(rule.start_window()), after(rule.completion_window()));
            Run { rule: run.rule, at: run.at, windows: run.happens().then_some(windows) }
        });
        let is_open = |run: &Run| run.at >= begin || run.windows.is_some_and(|(_, done)| done > begin);
        let runs = runs.filter(is_open).collect();
        Some(Self { days, end, now, runs })
    }

    /// Where a moment stands between the first and the last of the week.
    fn place(&self, at: Time) -> f64 {
        let begin = self.days[0].0;
        let whole = (self.end - begin).num_seconds().max(1);
        ((at - begin).num_seconds() as f64 / whole as f64).clamp(0.0, 1.0)
    }

    /// The week as a picture: a line of days, and one for each rule.
    pub fn picture(&self, document: &PlanDocument, zone: Tz, glyphs: &Glyphs) -> Vec<Detail> {
        let mut details = vec![Detail::heading(&format!("Next 7 days, days of {}", zone.name()))];
        let ends = self.days.iter().skip(1).map(|(at, _)| *at).chain([self.end]);
        let axis = self
            .days
            .iter()
            .zip(ends)
            .map(|((at, name), end)| Span::text(self.place(*at), self.place(end), name.clone(), Role::Dim));
        details.push(Detail::track("", axis.collect()));
        for (nth, rule) in document.rules.iter().enumerate() {
            let mut spans: Vec<Span> =
                self.days.iter().map(|(at, _)| Span::mark(self.place(*at), glyphs.vertical, Role::Rule)).collect();
            let runs: Vec<&Run> = self.runs.iter().filter(|run| run.rule == nth).collect();
            for run in &runs {
                let at = self.place(run.at);
                match run.windows {
                    None => spans.push(Span::mark(at, glyphs.none, Role::Dim)),
                    Some((start, done)) => {
                        spans.push(Span::fill(at, self.place(done), glyphs.rule, Role::Rule));
                        if start > self.days[0].0 {
                            spans.push(Span::fill(at, self.place(start), glyphs.levels[4], Role::Pending));
                        }
                    }
                }
            }
            let happening = runs.iter().filter(|run| run.windows.is_some() && run.at >= self.days[0].0);
            spans.extend(happening.map(|run| Span::mark(self.place(run.at), glyphs.running, Role::Running)));
            details.push(Detail::track(&rule.rule_name, spans));
        }
        details.push(Detail::track(
            "",
            vec![Span::text(self.place(self.now), 1.0, format!("{} now", glyphs.ascending), Role::Strong)],
        ));
        let legend = format!(
            "{} run  {} must start  {} must be done{}",
            glyphs.running,
            glyphs.levels[4],
            glyphs.rule,
            if self.runs.iter().any(|run| run.windows.is_none()) {
                format!("  {} another rule's run takes its place", glyphs.none)
            } else {
                String::new()
            }
        );
        details.push(Detail::cell("", Cell::dim(legend)));
        details
    }
}

/// A run's moment: in UTC, and by the clock of its rule where that is another.
pub fn told(at: Time, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let own = local.format("%H:%M %Z").to_string();
    if own.ends_with("UTC") { fmt::exact(at) } else { format!("{}, {own}", fmt::exact(at)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::Rule;
    use chrono_tz::Europe::Berlin;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn document(rules: &[(&str, &str, i64)]) -> PlanDocument {
        let rule = |(name, cron, days): &(&str, &str, i64)| Rule {
            rule_name: (*name).to_owned(),
            schedule_expression: Some((*cron).to_owned()),
            schedule_expression_timezone: Some("Europe/Berlin".to_owned()),
            start_window_minutes: Some(60),
            completion_window_minutes: Some(180),
            lifecycle: Some(crate::domain::Lifecycle { delete_after_days: Some(*days), ..Default::default() }),
            target_backup_vault_name: "prod-vault".to_owned(),
            ..Rule::default()
        };
        PlanDocument { rules: rules.iter().map(rule).collect(), ..PlanDocument::default() }
    }

    fn week(rules: &[(&str, &str, i64)], now: &str) -> Week {
        Week::of(&document(rules), None, at(now), Berlin).unwrap()
    }

    #[test]
    fn a_week_in_which_the_clock_goes_back_has_169_hours_and_an_hour_that_comes_twice_one_run() {
        let week = week(&[("nightly", "cron(30 2 ? * * *)", 35)], "2026-10-23T12:00:00Z");
        assert_eq!((week.end - week.days[0].0).num_hours(), 169);
        let runs: Vec<Time> = week.runs.iter().map(|run| run.at).collect();
        // 02:30 of summer time until the 25th, which has it twice: the first counts. Then that of winter.
        let summer = ["2026-10-23T00:30:00Z", "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"];
        let winter = ["2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z", "2026-10-28T01:30:00Z", "2026-10-29T01:30:00Z"];
        assert_eq!(runs, summer.into_iter().chain(winter).map(at).collect::<Vec<_>>());
        assert_eq!(told(runs[2], Berlin), "2026-10-25 00:30:00 UTC, 02:30 CEST");
        assert_eq!(told(runs[3], Berlin), "2026-10-26 01:30:00 UTC, 02:30 CET");
    }

    #[test]
    fn a_week_in_which_the_clock_goes_forward_has_167_hours_and_a_run_in_the_gap_comes_right_after_it() {
        let week = week(&[("nightly", "cron(30 2 ? * * *)", 35)], "2026-03-27T12:00:00Z");
        assert_eq!((week.end - week.days[0].0).num_hours(), 167);
        let of_the_29th = week.runs.iter().find(|run| run.at > at("2026-03-28T23:00:00Z")).unwrap();
        assert_eq!(of_the_29th.at, at("2026-03-29T01:00:00Z"));
        assert_eq!(week.days[2].1, "Sun 29");
        assert_eq!((week.days[3].0 - week.days[2].0).num_hours(), 23);
    }

    #[test]
    fn a_run_that_another_rule_takes_the_place_of_has_no_windows() {
        let rules = [("daily", "cron(0 5 ? * * *)", 7), ("weekly", "cron(0 5 ? * SUN *)", 365)];
        let week = week(&rules, "2026-11-23T03:00:00Z");
        let displaced: Vec<Time> = week.runs.iter().filter(|run| run.windows.is_none()).map(|run| run.at).collect();
        assert_eq!(displaced, [at("2026-11-29T04:00:00Z")]);
        let windows = week.runs[0].windows.unwrap();
        assert_eq!(windows, (week.runs[0].at + Duration::hours(1), week.runs[0].at + Duration::hours(3)));
    }

    /// The week of one rule, `cron` on the clock of Berlin, for a person in `zone`.
    fn of_one(cron: &str, windows: (i64, i64), now: &str, zone: Tz) -> Week {
        let mut document = document(&[("one", cron, 35)]);
        let rule = &mut document.rules[0];
        (rule.start_window_minutes, rule.completion_window_minutes) = (Some(windows.0), Some(windows.1));
        Week::of(&document, None, at(now), zone).unwrap()
    }

    #[test]
    fn a_window_that_is_open_over_midnight_is_of_the_week_and_its_run_of_before_is_not_marked() {
        // At 22:00 of the evening before, to be done by 06:00; it is 03:00 UTC, 04:00 in Berlin.
        let week = of_one("cron(0 22 ? * * *)", (60, 480), "2026-11-23T03:00:00Z", Berlin);
        assert_eq!(week.runs[0].at, at("2026-11-22T21:00:00Z"));
        assert_eq!(week.runs[0].windows.unwrap().1, at("2026-11-23T05:00:00Z"));
        assert_eq!(week.runs.len(), 8);
        let picture = week.picture(&document(&[("one", "", 35)]), Berlin, &crate::tui::glyph::UNICODE);
        let told = format!("{picture:?}");
        assert_eq!(
            told.matches(crate::tui::glyph::UNICODE.running).count(),
            7 + 1,
            "seven runs and the legend: {told}"
        );
        // One that was done before midnight is over.
        let week = of_one("cron(0 20 ? * * *)", (60, 120), "2026-11-23T03:00:00Z", Berlin);
        assert_eq!(week.runs[0].at, at("2026-11-23T19:00:00Z"));
    }

    #[test]
    fn a_window_of_seven_days_has_those_of_the_week_before_open() {
        let week = of_one("cron(0 5 ? * * *)", (480, 10_080), "2026-11-23T03:00:00Z", Berlin);
        assert_eq!((week.runs[0].at, week.runs.len()), (at("2026-11-16T04:00:00Z"), 14));
    }

    #[test]
    fn at_half_past_eleven_utc_the_week_of_berlin_begins_with_the_next_day() {
        let of = |zone| of_one("cron(0 5 ? * * *)", (60, 180), "2026-11-22T23:30:00Z", zone);
        assert_eq!((of(Berlin).days[0].1.as_str(), of(Tz::UTC).days[0].1.as_str()), ("Mon 23", "Sun 22"));
        // Days are the person's, and the run is at five by the clock of its rule.
        let tokyo = of(chrono_tz::Asia::Tokyo);
        assert_eq!(tokyo.days[0], (at("2026-11-22T15:00:00Z"), "Mon 23".to_owned()));
        assert_eq!(tokyo.runs[0].at, at("2026-11-23T04:00:00Z"));
    }

    #[test]
    fn a_window_that_no_calendar_has_the_end_of_is_open_to_the_end_of_the_week() {
        for minutes in [i64::MAX, i64::MAX / 60_000, 1_000_000_000_000] {
            let week = of_one("cron(0 5 ? * * *)", (minutes, minutes), "2026-11-23T03:00:00Z", Berlin);
            assert_eq!(week.runs.last().unwrap().windows, Some((week.end, week.end)), "{minutes}");
        }
    }
}
