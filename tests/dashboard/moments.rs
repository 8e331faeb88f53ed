//! Restoring to a second: the line of time of a continuous recovery point, its keys, and typed times.

use crate::driver::{Driver, Start};
use crate::fixture::{self, ago, followed, home, timeline};
use chrono::Duration;
use vaultdeck::client::{Answer, Fault, FaultKind, Key, Query};
use vaultdeck::domain::extension::Sight;
use vaultdeck::domain::{Arn, Time};
use vaultdeck::tui::glyph::{ASCII, UNICODE};

/// The wizard of the database's live recovery point.
fn wizard(start: Start) -> Driver {
    let mut driver = Driver::start(Start { fixture: followed(), ..start });
    driver.press("2 j enter /").write("orders").press("enter g a").write("restore").press("enter");
    driver
}

fn at(size: (u16, u16)) -> Driver {
    wizard(Start { size, ..Start::default() })
}

fn live() -> Arn {
    Arn::recovery_point(&home(), "continuous:00000062")
}

/// The engine tells of a line that ends then.
fn grows(driver: &mut Driver, to: Time) {
    let query = Query::Items { recovery_point: live(), path: "/".to_owned() };
    let items = timeline(ago(120, 0), to, &[ago(120, 0), ago(72, 0), ago(24, 0)]);
    driver.reply(Key::scoped(home(), query), Ok(Answer::Items(std::sync::Arc::new(items))));
    driver.answer_all();
}

#[test]
fn the_line_of_time() {
    for (size, suffix) in [((80, 24), "80x24"), ((60, 15), "60x15"), ((160, 45), "160x45")] {
        let mut driver = at(size);
        insta::assert_snapshot!(format!("moment-latest-{suffix}"), driver.screen());
        insta::assert_snapshot!(format!("moment-days-{suffix}"), driver.press("d left left").screen());
        insta::assert_snapshot!(format!("moment-seconds-{suffix}"), driver.press("[ s left").screen());
        insta::assert_snapshot!(format!("moment-typed-{suffix}"), driver.write("02:13:45").screen());
        let gap = driver.press("ctrl-u").write("2026-11-16 12:00").press("enter").screen();
        insta::assert_snapshot!(format!("moment-refused-{suffix}"), gap);
        insta::assert_snapshot!(format!("moment-form-{suffix}"), driver.press("esc enter").screen());
    }
    for (theme, glyphs, suffix) in [("mono", UNICODE, "mono"), ("mono", ASCII, "ascii")] {
        let mut driver = wizard(Start { size: (80, 24), theme, glyphs, ..Start::default() });
        insta::assert_snapshot!(format!("moment-{suffix}-80x24"), driver.press("d left").screen());
    }
}

#[test]
fn a_second_is_chosen_with_keys_and_sent_in_utc() {
    let mut driver = at((120, 40));
    driver.sees("2026-11-23 03:59:59 CET").sees("the latest second; it moves on");
    driver.press("h left m left left s right").sees("2026-11-23 02:58:00 CET").sees("= 2026-11-23T01:58:00Z");
    driver.press("enter").sees("Moment").sees("2026-11-23 02:58:00 CET (Europe/Berlin UTC+01:00)").press("ctrl-s");
    driver.sees("\"RestoreTime\": \"2026-11-23T01:58:00Z\"").sees_no("UseLatestRestorableTime");
}

#[test]
fn the_database_as_it_was_at_a_typed_second_takes_few_keys() {
    let mut driver = at((120, 40));
    // In the person's zone; the day is that of what was chosen before.
    driver.write("02:13:45").press("enter enter ctrl-s").sees("\"RestoreTime\": \"2026-11-23T01:13:45Z\"");
}

#[test]
fn the_latest_second_is_what_is_restored_unless_another_is_chosen() {
    let mut driver = at((120, 40));
    driver.press("enter ctrl-s").sees("\"UseLatestRestorableTime\": \"true\"").sees_no("RestoreTime\": \"2026");
}

#[test]
fn the_latest_moves_on_while_what_was_chosen_stays() {
    let mut driver = at((120, 40));
    grows(&mut driver, fixture::now() + Duration::seconds(20));
    driver.sees("2026-11-23 04:00:20 CET").press("s left").sees("2026-11-23 04:00:19 CET");
    grows(&mut driver, fixture::now() + Duration::seconds(60));
    driver.sees("2026-11-23 04:00:19 CET").sees("41s before the latest").press("G").sees("2026-11-23 04:01:00 CET");
    // Also where it was taken already.
    driver.press("s left enter");
    grows(&mut driver, fixture::now() + Duration::seconds(90));
    driver.sees("2026-11-23 04:00:59 CET").press("ctrl-s").sees("\"RestoreTime\": \"2026-11-23T03:00:59Z\"");
}

#[test]
fn keys_go_to_the_bases_and_to_the_ends() {
    let mut driver = at((120, 40));
    driver.press("[").sees("2026-11-22 04:00:00 CET").sees("then 0s of its log").press("[ [");
    // The first base is restorable from within a second; whole ones are asked for.
    driver.sees("2026-11-18 04:00:01 CET").press("]").sees("2026-11-20 04:00:00 CET").press("g");
    driver.sees("2026-11-18 04:00:01 CET").press("left").sees("that is the earliest second there is");
    driver.press("G").sees("the latest second; it moves on").press("right").sees("G follows it");
}

#[test]
fn a_typed_time_is_read_in_any_zone_and_a_wrong_one_stays_with_what_is_wrong() {
    let mut driver = at((120, 40));
    driver.write("2026-11-21T12:00:00Z").press("enter").sees("2026-11-21 13:00:00 CET");
    driver.write("2026-11-21 07:00:00-05:00").press("enter").sees("= 2026-11-21T12:00:00Z");
    driver.write("25:00").press("enter").sees("type a time such as 02:13:45").sees("25:00");
    driver
        .press("ctrl-u")
        .write("2026-11-16 04:00")
        .press("enter")
        .sees("is in another recovery point, continuous:00000061");
    driver.press("ctrl-u").write("2026-11-17 12:00").press("enter").sees("must lie within 2026-11-18 04:00:01 CET");
    driver.press("esc").sees("= 2026-11-21T12:00:00Z");
}

#[test]
fn what_is_typed_and_not_gone_to_is_not_overlooked() {
    let mut driver = at((120, 40));
    driver.write("02:13:45").press("ctrl-s").sees("02:13:45 is typed and not chosen").sees_no("StartRestoreJob");
    driver.press("enter ctrl-s").sees("\"RestoreTime\": \"2026-11-23T01:13:45Z\"");
}

/// What is told of each moment: a database, and how much of its log leads there.
fn sight() -> Sight {
    let details = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Sight {
        at: ago(2, 0),
        base: ago(24, 0),
        at_base: details(&[
            ("DatabaseBytes", "2147483648"),
            ("Databases", "orders 1.9 GiB, postgres 7.4 MiB"),
            ("EngineVersion", "15.18"),
        ]),
        details: details(&[("LastChangeTime", "2026-11-23T00:59:12Z"), ("LogBytes", "50331648"), ("LogFiles", "3")]),
    }
}

#[test]
fn what_it_looked_like_at_a_second_is_told_once_that_was_stayed_at() {
    for (size, suffix) in [((80, 24), "80x24"), ((60, 15), "60x15"), ((160, 45), "160x45")] {
        let fixture = fixture::Fixture { sight: Some(sight()), ..followed() };
        let mut driver = Driver::start(Start { size, fixture, ..Start::default() });
        driver.press("2 j enter /").write("orders").press("enter g a").write("restore").press("enter");
        // As long as keys come, nothing is asked.
        driver.press("h left m left left").sees_no("database size");
        insta::assert_snapshot!(format!("moment-sight-{suffix}"), driver.wait(1).screen());
        // Another second is another question.
        driver.press("s left").sees_no("database size");
    }
}

#[test]
fn a_second_of_which_nothing_is_known_yet_can_be_taken_all_the_same() {
    let mut driver = at((120, 40));
    driver.press("h left").sees_no("asking what it looked like").wait(1).sees("asking what it looked like");
    let query = Query::Sight { recovery_point: live(), at: ago(1, 0) - Duration::seconds(1) };
    driver.reply(Key::scoped(home(), query), Err(Fault::new(FaultKind::Other, "it is busy")));
    driver
        .sees("not known: failed: it is busy")
        .press("enter ctrl-s")
        .sees("\"RestoreTime\": \"2026-11-23T01:59:59Z\"");
}

#[test]
fn an_hour_that_comes_twice_is_asked_back() {
    let mut fixture = followed();
    let (from, to): (Time, Time) = ("2026-10-20T00:00:00Z".parse().unwrap(), fixture::now());
    fixture.timelines.insert(live().to_string(), timeline(from, to, &[from]));
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("2 j enter /").write("orders").press("enter g a").write("restore").press("enter");
    driver
        .write("2026-10-25 02:30:00")
        .press("enter")
        .sees("comes twice in Europe/Berlin")
        .sees("2026-10-25T02:30:00+02:00")
        .sees("2026-10-25T02:30:00+01:00");
    driver.press("ctrl-u").write("2026-10-25T02:30:00+01:00").press("enter").sees("2026-10-25 02:30:00 CET");
}

#[test]
fn the_moment_can_be_chosen_again_from_the_form_and_esc_leaves_it() {
    let mut driver = at((120, 40));
    driver.write("02:13:45").press("enter enter shift-tab").sees("▌ Moment").press("enter").sees("step");
    driver.press("h left").sees("01:13:45 CET").press("esc").sees("▌ Moment").press("ctrl-s");
    driver.sees("\"RestoreTime\": \"2026-11-23T00:13:45Z\"");
    let mut fresh = at((120, 40));
    fresh.press("esc").sees_no("Restore a recovery point");
}

#[test]
fn a_line_that_cannot_be_read_leaves_a_field_for_the_moment() {
    let mut fixture = followed();
    fixture.timelines.get_mut(live().as_str()).unwrap().details.clear();
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("2 j enter /").write("orders").press("enter g a").write("restore").press("enter").sees("RestoreTime");
}

#[test]
fn a_recovery_point_tells_what_its_service_said_in_words() {
    let mut driver = Driver::start(Start { size: (120, 45), fixture: followed(), ..Start::default() });
    driver.press("2 j enter /").write("orders").press("enter g enter tab");
    driver.sees("Engine version").sees("15.18").sees("Database size").sees("2.0 GiB");
    driver.sees("transaction: all of one moment, between two transactions").sees("2026-11-23 02:59:59 UTC");
}
