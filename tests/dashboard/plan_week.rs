//! A plan's next seven days as a picture: windows, zones, and the two nights a year in which the clock moves.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture, home};
use vaultdeck::tui::glyph::ASCII;
use vaultdeck::tui::msg::Msg;

/// One plan with two rules on the clock of Berlin: nightly, and one on Sundays that takes the place of that night's.
fn planned() -> Fixture {
    let mut world = fixture::organization();
    world.plans = vec![fixture::plan(&home(), "11111111-1111-4111-8111-111111111111", "orders", true)];
    let plan = &mut world.plans[0];
    plan.next_runs.clear();
    plan.plan.created = Some("2026-01-01T00:00:00Z".parse().unwrap());
    let document = &mut plan.plan.document;
    let mut rule = document.rules[0].clone();
    rule.schedule_expression_timezone = Some("Europe/Berlin".to_owned());
    (rule.start_window_minutes, rule.completion_window_minutes) = (Some(120), Some(480));
    let of = |name: &str, cron: &str, days: i64| {
        let mut rule = rule.clone();
        name.clone_into(&mut rule.rule_name);
        rule.rule_id = Some(name.to_owned());
        rule.schedule_expression = Some(cron.to_owned());
        rule.lifecycle = Some(vaultdeck::domain::Lifecycle { delete_after_days: Some(days), ..Default::default() });
        rule
    };
    document.rules = vec![of("nightly", "cron(30 2 ? * * *)", 35), of("weekly", "cron(30 2 ? * SUN *)", 365)];
    world
}

fn open(size: (u16, u16), now: &str) -> Driver {
    let mut driver = Driver::start(Start { size, fixture: planned(), ..Start::default() });
    driver.press("3");
    driver.send(Msg::Tick(now.parse().unwrap()));
    driver.press("enter");
    driver
}

#[test]
fn at_every_size_and_in_ascii() {
    for size in [(60, 15), (80, 24), (120, 40), (200, 60)] {
        let screen = open(size, "2026-11-23T03:00:00Z").screen();
        insta::assert_snapshot!(format!("plan-week-{}x{}", size.0, size.1), screen);
    }
    let start = Start { size: (120, 40), theme: "mono", glyphs: ASCII, fixture: planned(), ..Start::default() };
    let screen = Driver::start(start).press("3 enter").screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("plan-week-ascii-120x40", screen);
}

#[test]
fn every_day_has_its_run_where_the_clock_goes_back_and_each_is_told_by_its_own_clock() {
    let mut driver = open((160, 60), "2026-10-23T12:00:00Z");
    insta::assert_snapshot!("plan-week-clock-goes-back-160x60", driver.screen());
    driver.sees("Sun 25").sees("2026-10-24 00:30:00 UTC, 02:30 CEST").sees("2026-10-26 01:30:00 UTC, 02:30 CET");
    let screen = driver.screen();
    let runs = |name: &str| {
        let line = screen.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.matches('▸').count()
    };
    // Sunday's night is the weekly rule's: it keeps longer.
    assert_eq!((runs("nightly"), runs("weekly")), (6, 1), "{screen}");
    driver.sees("another rule's run takes its place");
}

#[test]
fn a_run_in_the_hour_that_the_clock_leaves_out_comes_right_after_it() {
    let mut driver = open((160, 60), "2026-03-27T12:00:00Z");
    driver.sees("Sun 29").sees("2026-03-29 01:00:00 UTC, 03:00 CEST  weekly");
    driver.sees("2026-03-28 01:30:00 UTC, 02:30 CET").sees("2026-03-30 00:30:00 UTC, 02:30 CEST");
}

#[test]
fn names_from_elsewhere_are_made_harmless_and_wide_ones_keep_the_picture_in_its_place() {
    let mut fixture = planned();
    "夜間\u{1b}[2J\u{202e}バックアップの規則、とても長い名前"
        .clone_into(&mut fixture.plans[0].plan.document.rules[0].rule_name);
    for size in [(60, 15), (120, 40), (160, 60)] {
        let mut driver = Driver::start(Start { size, fixture: fixture.clone(), ..Start::default() });
        let screen = driver.press("3 enter").screen();
        assert!(!screen.contains(['\u{1b}', '\u{202e}']), "{screen:?}");
        let widest = screen.lines().map(vaultdeck::tui::text::width).max().unwrap();
        assert!(widest <= usize::from(size.0), "{widest} columns at {size:?}:\n{screen}");
        assert!(screen.contains("夜間"), "{screen}");
    }
}
