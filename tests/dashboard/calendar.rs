//! A resource's calendar of recovery points: a month a page, and a restore by picking a day.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture, ago, home};
use vaultdeck::client::{Key, Query};
use vaultdeck::domain::recovery_point::RecoveryPointStatus;
use vaultdeck::domain::resource::ProtectedResource;
use vaultdeck::domain::{Arn, types};
use vaultdeck::tui::glyph::{ASCII, UNICODE};
use vaultdeck::tui::msg::Effect;

const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (200, 60)];

/// The sample organization, where the database that is followed continuously is listed too.
fn followed() -> Fixture {
    let mut world = fixture::followed();
    let orders: Arn = "arn:aws:rds:us-east-1:123456789012:db:orders".parse().unwrap();
    let kind = types::rds::FACTS.resource_type();
    let protected = ProtectedResource {
        arn: orders,
        name: Some("orders".to_owned()),
        resource_type: kind,
        ..world.protected[0].clone()
    };
    world.protected.push(protected);
    world
}

/// The calendar of a resource.
fn calendar(start: Start, name: &str) -> Driver {
    let mut driver = Driver::start(start);
    driver.press("6 /").write(name).press("enter enter tab");
    driver
}

fn usual(name: &str) -> Driver {
    calendar(Start { size: (80, 24), fixture: followed(), ..Start::default() }, name)
}

#[test]
fn at_every_size_in_ascii_and_without_colour() {
    for size in SIZES {
        for name in ["projects", "orders"] {
            let mut driver = calendar(Start { size, fixture: followed(), ..Start::default() }, name);
            insta::assert_snapshot!(format!("calendar-{name}-{}x{}", size.0, size.1), driver.screen());
        }
    }
    let start = Start { size: (80, 24), theme: "mono", glyphs: ASCII, fixture: followed(), ..Start::default() };
    let screen = calendar(start, "orders").screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("calendar-ascii-80x24", screen);
}

#[test]
fn it_begins_on_the_newest_day_with_a_point_and_says_what_that_day_has() {
    let mut driver = usual("projects");
    driver.sees("November 2026").sees("Mon 23 Nov · 1 recovery point").sees("days of Europe/Berlin");
    // 01:00 UTC is 02:00 in Berlin.
    driver.sees("02:00  ✓ COMPLETED  1.5 GiB  prod-vault");
    driver.press("left").sees("Sun 22 Nov · 1 recovery point");
    driver.press("up").sees("Sun 15 Nov · no recovery point");
    driver.press("down right").sees("Mon 23 Nov");
    driver.press("g").sees("Wed 18 Nov").press("G").sees("Mon 23 Nov");
    // Neither before the month of the oldest point nor after today.
    driver.press("pageup").sees("Sun 1 Nov").press("down down down down right right right right").sees("Mon 23 Nov");
}

#[test]
fn enter_restores_the_newest_point_of_the_day_and_says_so_where_there_is_none() {
    let mut driver = usual("projects");
    driver.press("left left enter").sees("Restore a recovery point").sees("11-21 01:00");
    driver
        .press("esc")
        .press("up up enter")
        .sees("no recovery point is of that day")
        .sees_no("Restore a recovery point");
    // The actions are about the day's point too.
    driver.press("G a").sees("Restore").sees("Change how long it is kept");
}

#[test]
fn r_asks_again_as_on_every_screen() {
    let mut driver = usual("projects");
    driver.take_effects();
    driver.press("r");
    assert!(driver.take_effects().iter().any(|effect| matches!(effect, Effect::Refresh(_))));
}

#[test]
fn what_can_be_restored_to_any_second_is_a_band_and_its_days_restore_out_of_it() {
    let mut driver = usual("orders");
    // It was made five days ago, and reaches to now: a day between has no point of its own.
    driver.press("G").sees("Wed 18 Nov");
    driver.press("right right").sees("Fri 20 Nov · no recovery point · any second from 00:00 to 24:00");
    driver.press("enter").sees("Restore a recovery point").sees("2026-11-20 23:59:59 CET");
    driver.press("esc").press("g left").sees("no recovery point");
    driver.press("enter").sees("no recovery point is of that day");
}

/// What the wizard that enter opens would ask the service for.
fn asked(driver: &mut Driver) -> String {
    driver.press("enter").sees("Restore a recovery point");
    let screen = driver.press("enter ctrl-s").screen();
    driver.press("esc esc");
    screen
}

#[test]
fn a_day_of_a_band_is_restored_as_it_was_at_its_last_second_and_today_as_it_is_now() {
    let large = |fixture| calendar(Start { fixture, ..Start::default() }, "orders");
    let mut driver = large(followed());
    driver.press("g G").sees("Wed 18 Nov").sees("enter restores 23:59:59");
    let screen = asked(&mut driver);
    assert!(screen.contains("\"RestoreTime\": \"2026-11-18T22:59:59Z\""), "{screen}");
    // Today goes on.
    let mut driver = large(followed());
    driver.press("G right right right right right").sees("Mon 23 Nov").sees("enter asks for the second");
    let screen = asked(&mut driver);
    assert!(screen.contains("\"UseLatestRestorableTime\": \"true\""), "{screen}");
}

#[test]
fn one_that_was_stopped_has_what_it_had_until_then() {
    let of = |keys: &str| {
        let mut driver = calendar(Start { fixture: followed(), ..Start::default() }, "orders");
        driver.press(keys);
        asked(&mut driver)
    };
    let screen = of("g right");
    assert!(screen.contains("\"RestoreTime\": \"2026-11-15T22:59:59Z\""), "{screen}");
    // It ended at 22:00 of that day in Berlin.
    let screen = of("g right right");
    assert!(screen.contains("\"RestoreTime\": \"2026-11-16T21:00:00Z\""), "{screen}");
}

#[test]
fn the_last_second_of_a_day_of_25_hours_is_its_25th_hours() {
    let mut world = followed();
    let from = "2026-10-24T10:00:00Z".parse().unwrap();
    let stopped = world.points.iter_mut().find(|point| point.status == RecoveryPointStatus::Stopped).unwrap();
    stopped.created = from;
    let told = fixture::timeline(from, ago(150, 0), &[from]);
    let arn = stopped.arn.to_string();
    world.timelines.insert(arn, told);
    let mut driver = calendar(Start { fixture: world, ..Start::default() }, "orders");
    driver.press("g right").sees("Sun 25 Oct");
    let screen = asked(&mut driver);
    assert!(screen.contains("\"RestoreTime\": \"2026-10-25T22:59:59Z\""), "{screen}");
}

#[test]
fn what_cannot_be_restored_is_neither_marked_as_good_nor_offered() {
    let mut world = followed();
    let at = |text: &str| text.parse().unwrap();
    let of = |number, created: &str, status| vaultdeck::domain::KnownPoint {
        status,
        ..fixture::point(&home(), number, "projects", at(created))
    };
    world.points.retain(|point| point.resource_name.as_deref() != Some("projects"));
    world.points.extend([
        of(900, "2026-11-20T01:00:00Z", RecoveryPointStatus::Expired),
        of(901, "2026-11-21T01:00:00Z", RecoveryPointStatus::Completed),
        of(902, "2026-11-21T11:00:00Z", RecoveryPointStatus::Deleting),
        of(903, "2026-11-23T01:00:00Z", RecoveryPointStatus::Creating),
    ]);
    let mut driver = calendar(Start { size: (80, 24), fixture: world, ..Start::default() }, "projects");
    for (keys, day, status) in [("G", "23", "CREATING"), ("g", "20", "EXPIRED")] {
        driver.press(keys).sees(&format!("{day} {}1", UNICODE.warning)).sees_no("enter restores");
        driver.press("enter").sees(&format!("a recovery point that is {status} cannot be restored"));
    }
    // Of the two of this day the older one is still there.
    driver.press("right").sees(&format!("21 {}2", UNICODE.mark)).sees("enter restores 02:00");
    driver.press("enter").sees("Restore a recovery point").sees("11-21 01:00");
}

#[test]
fn days_and_months_are_those_of_the_persons_zone() {
    for (zone, day, time) in [
        (chrono_tz::Europe::Berlin, "Sun 1 Nov", "00:30  ✓ COMPLETED"),
        (chrono_tz::UTC, "Sat 31 Oct", "23:30  ✓ COMPLETED"),
        (chrono_tz::America::New_York, "Sat 31 Oct", "19:30  ✓ COMPLETED"),
    ] {
        let mut world = followed();
        world.points.push(fixture::point(&home(), 900, "projects", "2026-10-31T23:30:00Z".parse().unwrap()));
        let start = Start { size: (80, 24), fixture: world, zone, ..Start::default() };
        calendar(start, "projects").press("g").sees(&format!("{day} · 1 recovery point")).sees(time);
    }
}

#[test]
fn a_point_that_a_service_whose_clock_is_ahead_made_tomorrow_can_be_gone_to() {
    let mut world = followed();
    world.points.push(fixture::point(&home(), 900, "projects", "2026-11-23T23:30:00Z".parse().unwrap()));
    let start = Start { size: (80, 24), fixture: world, ..Start::default() };
    calendar(start, "projects").press("g").sees_no("Tue 24 Nov").press("G").sees("Tue 24 Nov · 1 recovery point");
}

#[test]
fn without_a_point_it_says_what_would_be_here_and_while_it_loads_and_when_it_is_denied_that() {
    usual("media").sees("This resource was never backed up").sees("start-backup");
    let mut driver = Driver::start(Start { size: (80, 24), fixture: followed(), ..Start::default() });
    driver.press("6 /").write("projects").press("enter").press_unanswered("enter tab");
    driver.sees("Loading");
    let arn = fixture::file_system(&home(), "projects".bytes().map(u64::from).sum());
    let key = Key::scoped(home(), Query::RecoveryPointsOfResource { resource: arn });
    let denied = vaultdeck::client::Fault::new(vaultdeck::client::FaultKind::Denied, "not authorized");
    driver.reply(key.clone(), Err(denied));
    driver.wants();
    driver.sees("access denied").sees("not authorized");
    // What was known stays when a later call fails.
    let answer = driver.answer_of(&key);
    driver.reply(key.clone(), answer);
    let gone = vaultdeck::client::Fault::new(vaultdeck::client::FaultKind::Network, "the socket is gone");
    driver.reply(key, Err(gone));
    driver.wants();
    driver.sees("November 2026").sees("Mon 23 Nov");
}

#[test]
fn news_never_move_the_cursor_off_its_day_once_somebody_put_it_there() {
    let mut driver = usual("projects");
    driver.press("left left").sees("Sat 21 Nov · 1 recovery point");
    let new = fixture::point(&home(), 900, "projects", ago(0, 5));
    driver.fixture().points.push(new);
    let arn = fixture::file_system(&home(), "projects".bytes().map(u64::from).sum());
    let key = Key::scoped(home(), Query::RecoveryPointsOfResource { resource: arn });
    let answer = driver.answer_of(&key);
    driver.reply(key, answer);
    driver.answer_all();
    driver.sees("Sat 21 Nov · 1 recovery point");
    driver.press("G").sees("Mon 23 Nov · 2 recovery points");
}

#[test]
fn a_cursor_move_costs_at_most_600_bytes() {
    let mut driver = calendar(Start { size: (160, 45), fixture: followed(), ..Start::default() }, "projects");
    driver.draw();
    for key in ["left", "left", "up", "right"] {
        let cost = driver.press_unanswered(key).draw().last;
        assert!(cost > 0 && cost <= 600, "{key} cost {cost} bytes");
    }
}

#[test]
fn tab_goes_back_to_the_list_with_its_row() {
    let mut driver = usual("projects");
    driver.press("tab").sees("[List]").press("j tab").sees("[Calendar]").press("tab").sees("▌ 11-22 01:00");
}
