use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn runs(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(expression, zone).unwrap();
    schedule
        .runs_after(at(after))
        .take(count)
        .map(|run| run.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        .collect()
}

fn refusal(expression: &str) -> String {
    Schedule::parse(expression, DEFAULT_TIME_ZONE).unwrap_err().message
}

#[test]
fn the_default_runs_at_five_every_day() {
    let schedule = Schedule::of(None, None).unwrap();
    assert_eq!(schedule.next_after(at("2026-11-23T04:59:59Z")), Some(at("2026-11-23T05:00:00Z")));
    assert_eq!(schedule.next_after(at("2026-11-23T05:00:00Z")), Some(at("2026-11-24T05:00:00Z")));
}

#[test]
fn every_form_of_the_dialect_is_read() {
    let table = [
        ("cron(15 * ? * * *)", "2026-11-23T00:15:00Z"),
        ("cron(0 0/12 ? * * *)", "2026-11-23T12:00:00Z"),
        ("cron(0 8 1 * ? *)", "2026-12-01T08:00:00Z"),
        ("cron(0 8 ? * MON-FRI *)", "2026-11-23T08:00:00Z"),
        ("cron(0 8 ? * 1 *)", "2026-11-29T08:00:00Z"),
        ("cron(0 8 ? * SUN *)", "2026-11-29T08:00:00Z"),
        ("cron(0 8 ? * 7 *)", "2026-11-28T08:00:00Z"),
        ("cron(0 8 ? * L *)", "2026-11-28T08:00:00Z"),
        ("cron(0 8 ? * 6L *)", "2026-11-27T08:00:00Z"),
        ("cron(0 8 ? * MON#1 *)", "2026-12-07T08:00:00Z"),
        ("cron(0 8 ? * 3#2 *)", "2026-12-08T08:00:00Z"),
        ("cron(0 10 L * ? *)", "2026-11-30T10:00:00Z"),
        ("cron(0 10 LW 1 ? *)", "2027-01-29T10:00:00Z"),
        ("cron(0 10 1W 8 ? *)", "2027-08-02T10:00:00Z"),
        ("cron(30 1,13 ? JAN,JUL * 2027)", "2027-01-01T01:30:00Z"),
        ("cron(5 8-17/3 ? * * 2026-2028)", "2026-11-23T08:05:00Z"),
        ("cron(0 5 ? 2-12/2 mon *)", "2026-12-07T05:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00Z"),
        ("cron(0 0 1 1 ? 2026/2)", "2028-01-01T00:00:00Z"),
    ];
    for (expression, expected) in table {
        assert_eq!(runs(expression, "Etc/UTC", "2026-11-23T00:00:00Z", 1), [expected], "{expression}");
    }
}

#[test]
fn refusals_name_the_member_and_the_rule() {
    let table = [
        ("rate(1 day)", "rate() is not supported"),
        ("0 5 * * ? *", "must be cron("),
        ("cron(0 5 ? * * *", "must be cron("),
        ("cron(0 5 ? * *)", "has 5 fields and must have 6"),
        ("cron(0 0 5 ? * * *)", "has 7 fields and must have 6"),
        ("cron(0 5 * * * *)", "exactly one of day-of-month and day-of-week"),
        ("cron(0 5 ? * ? *)", "exactly one of day-of-month and day-of-week"),
        ("cron(0 ? ? * * *)", "is not a valid hours field"),
        ("cron(0/30 5 ? * * *)", "more often than once an hour"),
        ("cron(* 5 ? * * *)", "more often than once an hour"),
        ("cron(0,59 5 ? * * *)", "more often than once an hour"),
        ("cron(60 5 ? * * *)", "not a valid cron expression"),
        ("cron(0 24 ? * * *)", "not a valid cron expression"),
        ("cron(0 5 ? * 0 *)", "is not a valid day-of-week field"),
        ("cron(0 5 ? * 8 *)", "not a valid cron expression"),
        ("cron(0 5 ? JANFEB * *)", "is not a valid month field"),
        ("cron(0 5 ? * MON,,TUE *)", "is not a valid day-of-week field"),
        ("cron(0 5 ? * +MON *)", "is not a valid day-of-week field"),
        ("cron(0 5 ? * MON#6 *)", "not a valid cron expression"),
        ("cron(0 5 ? * * 1969)", "between 1970 and 2199"),
        ("cron(0 5 ? * * 2200)", "between 1970 and 2199"),
        ("cron(0 5 31 2 ? *)", "would never run"),
        ("cron(0 5 29 2 ? 2027)", "would never run"),
        ("cron(@daily)", "has 1 fields"),
        ("", "must be cron("),
    ];
    for (expression, rule) in table {
        let message = refusal(expression);
        assert!(message.starts_with("Invalid ScheduleExpression: "), "{expression}: {message}");
        assert!(message.contains(rule), "{expression}: {message}");
    }
}

#[test]
fn an_unknown_time_zone_is_refused_by_its_member() {
    let refused = Schedule::parse(DEFAULT_EXPRESSION, "Mars/Olympus").unwrap_err();
    assert_eq!(refused.field, "ScheduleExpressionTimezone");
    assert!(refused.message.contains("Mars/Olympus"));
}

#[test]
fn a_schedule_whose_years_are_over_has_no_next_run() {
    let schedule = Schedule::parse("cron(0 5 ? * * 2020)", "Etc/UTC").unwrap();
    assert_eq!(schedule.next_after(at("2026-11-23T00:00:00Z")), None);
}

#[test]
fn the_wall_clock_is_followed_through_the_year() {
    assert_eq!(
        runs("cron(0 5 ? * * *)", "Europe/Berlin", "2027-03-26T12:00:00Z", 3),
        ["2027-03-27T04:00:00Z", "2027-03-28T03:00:00Z", "2027-03-29T03:00:00Z"]
    );
    assert_eq!(runs("cron(0 5 ? * * *)", "Asia/Kolkata", "2027-03-26T12:00:00Z", 1), ["2027-03-26T23:30:00Z"]);
}

#[test]
fn a_run_in_the_skipped_hour_runs_right_after_it() {
    assert_eq!(
        runs("cron(30 2 ? * * *)", "Europe/Berlin", "2027-03-27T00:00:00Z", 3),
        ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]
    );
}

#[test]
fn a_skipped_run_is_not_made_up_for_when_the_next_follows_within_the_hour() {
    assert_eq!(
        runs("cron(15 * ? * * *)", "Europe/Berlin", "2027-03-27T23:30:00Z", 3),
        ["2027-03-28T00:15:00Z", "2027-03-28T01:15:00Z", "2027-03-28T02:15:00Z"]
    );
}

#[test]
fn a_repeated_hour_runs_once() {
    assert_eq!(
        runs("cron(30 2 ? * * *)", "Europe/Berlin", "2027-10-30T12:00:00Z", 2),
        ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]
    );
    let between = Schedule::parse("cron(30 2 ? * * *)", "Europe/Berlin").unwrap();
    assert_eq!(between.next_after(at("2027-10-31T00:45:00Z")), Some(at("2027-11-01T01:30:00Z")));
}

fn expressions() -> impl Strategy<Value = String> {
    let days = prop_oneof![
        Just("? * *".to_owned()),
        (1..=31u32).prop_map(|day| format!("{day} * ?")),
        (1..=7u32).prop_map(|day| format!("? * {day}")),
        Just("L * ?".to_owned()),
        (1..=7u32, 1..=4u32).prop_map(|(day, nth)| format!("? * {day}#{nth}")),
    ];
    let hours = prop_oneof![
        Just("*".to_owned()),
        (0..24u32).prop_map(|hour| hour.to_string()),
        (0..24u32, 1..24u32).prop_map(|(from, step)| format!("{from}/{step}")),
    ];
    (0..60u32, hours, days).prop_map(|(minute, hours, days)| format!("cron({minute} {hours} {days} *)"))
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "Etc/UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Santiago",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Asking run by run and asking once for many give the same, strictly ascending runs.
    #[test]
    fn stepping_and_iterating_agree(expression in expressions(), zone in zones(), start in 1_700_000_000..2_000_000_000i64) {
        let schedule = Schedule::parse(&expression, zone).unwrap();
        let after = Utc.timestamp_opt(start, 0).unwrap();
        let many: Vec<Time> = schedule.runs_after(after).take(20).collect();
        let mut moment = after;
        for run in many {
            prop_assert!(run > moment);
            prop_assert_eq!(schedule.next_after(moment), Some(run));
            moment = run;
        }
    }

    /// No text, however odd, makes the parser panic.
    #[test]
    fn any_text_is_read_or_refused(text in "(cron\\()?[0-9A-Z?*,/#LW -]{0,24}\\)?") {
        let _ = Schedule::parse(&text, DEFAULT_TIME_ZONE);
    }
}
