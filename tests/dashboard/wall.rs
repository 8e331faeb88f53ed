//! Screen 1: the tiles, the days, the problems by cause. Read the snapshots: they are the wall.

use crate::driver::{Driver, Start, key_of};
use crate::fixture::{self, Fixture, ago};
use vaultdeck::client::{Fault, FaultKind};
use vaultdeck::domain::job::JobState;
use vaultdeck::tui::glyph::{ASCII, UNICODE};
use vaultdeck::tui::msg::Msg;

const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (200, 60)];

/// The sample organization with a month behind it in which everything happened.
fn month() -> Fixture {
    let (home, staging) = (fixture::home(), fixture::staging());
    let mut fixture = fixture::organization();
    let names = ["ledger", "orders", "photos", "wiki"];
    let mut number = 1000;
    for night in 6..30 {
        let created = ago(2 + 24 * night, 0);
        for name in ["projects", "mail"] {
            number += 1;
            fixture.backups.push(fixture::job(&home, number, name, JobState::Completed, created));
        }
    }
    for (nth, name) in names.into_iter().enumerate() {
        fixture.resources.push(fixture::resource(&home, name, &[("env", "prod")]));
        for night in 0..30 {
            let state = match (nth, night) {
                // The ledger fails since four nights.
                (0, 0..4) => JobState::Failed,
                // The plan made nothing of the orders last night, and now and then before.
                (1, 0 | 9 | 10) => continue,
                (2, 1) => JobState::Expired,
                (2, 12) => JobState::Aborted,
                _ => JobState::Completed,
            };
            number += 1;
            let mut job = fixture::job(&home, number, name, state, ago(2 + 24 * night, 0));
            if job.state == JobState::Failed {
                job.status_message = Some(format!("The path /srv/{name} does not exist"));
            }
            fixture.backups.push(job);
        }
    }
    let mut same = fixture::job(&staging, 900, "api", JobState::Failed, ago(6, 0));
    same.status_message = Some("The path /srv/api does not exist".to_owned());
    fixture.backups.push(same);
    fixture.backups.sort_by_key(|job| std::cmp::Reverse(job.created));
    fixture
}

fn at(size: (u16, u16), fixture: Fixture) -> Driver {
    Driver::start(Start { size, fixture, ..Start::default() })
}

fn snap(state: &str, size: (u16, u16), driver: &mut Driver) {
    insta::assert_snapshot!(format!("wall-{state}-{}x{}", size.0, size.1), driver.screen());
}

#[test]
fn at_every_size_in_every_state() {
    for size in SIZES {
        snap("normal", size, &mut at(size, month()));
        snap("empty", size, &mut at(size, fixture::empty()));
        snap("loading", size, &mut Driver::unanswered(Start { size, ..Start::default() }));
        snap("denied", size, &mut at(size, fixture::denied()));
        let mut stale = at(size, month());
        stale.wait(3 * 3600);
        let scopes = stale.fixture().scopes.clone();
        let fault = Fault::new(FaultKind::Network, "the socket is gone");
        stale.fixture().faults = scopes.into_iter().map(|scope| (scope, fault.clone())).collect();
        stale.answer_again();
        snap("stale", size, &mut stale);
    }
}

#[test]
fn without_colour_and_in_ascii_each_sign_is_its_own() {
    let size = (80, 24);
    for (name, theme, glyphs) in [("mono", "mono", UNICODE), ("ascii", "default", ASCII)] {
        let mut driver = Driver::start(Start { size, theme, glyphs, fixture: month(), ..Start::default() });
        snap(name, size, driver.press("tab tab"));
        let signs: std::collections::BTreeSet<&str> = glyphs.days.into_iter().collect();
        assert_eq!(signs.len(), glyphs.days.len());
    }
}

#[test]
fn the_cursor_walks_the_days_and_the_line_below_says_what_lies_there() {
    let mut driver = at((120, 40), month());
    driver.press("tab tab").sees("Mon 23 Nov: 1 job, 1 failed: The path /srv/ledger does not exist");
    snap("days", (120, 40), &mut driver);
    driver.press("left left left left").sees("Thu 19 Nov: 1 job, 1 ok");
    driver.press("right enter").sees("Backup jobs of ledger, Fri 20 Nov").sees("The path /srv/ledger");
    driver.press("esc").sees("Fri 20 Nov: 1 job, 1 failed");
}

#[test]
fn a_run_of_which_no_job_came_is_missing_on_its_day() {
    let mut driver = at((120, 40), month());
    driver.press("M").sees("1 resource with missing runs in 24 h");
    driver.sees("Mon 23 Nov: 1 missing, nightly / every-night was due at 01:00");
    driver.press("enter").sees("There is no such backup job.").press("esc esc").sees("12 resources");
}

#[test]
fn lines_are_resources_accounts_or_plans() {
    let mut driver = at((120, 40), month());
    driver.press("t").sees("Days · 2 accounts").sees("staging");
    driver.press("t").sees("plans").sees("nightly");
    snap("plans", (120, 40), &mut driver);
    driver.press("t").sees("12 resources");
}

#[test]
fn each_tile_leads_to_its_rows_from_anywhere() {
    let mut driver = at((160, 45), month());
    driver.press("3 F").sees("Backup jobs that failed, since 11-22 03:00").sees("ledger").sees("web");
    driver.press("X").sees("Backup jobs that expired");
    driver.press("R").sees("Backup jobs that wait or run").sees("media");
    driver.press("1 P").sees("not protected").sees("late: newest backup 4d 2h ago");
    driver.press("U").sees("not proven");
    driver.press("1 esc esc tab left left left left enter").sees("Backup jobs that failed");
}

#[test]
fn problems_of_one_cause_are_one_line_that_opens_them_all() {
    let mut driver = at((120, 40), month());
    driver.sees("FAILED x6").sees("ledger +2").sees("6 times, first 3d 1h ago");
    driver.press("enter").sees("Findings: FAILED").sees("ledger").sees("api").sees("web");
}

#[test]
fn a_refresh_moves_neither_the_cursor_nor_a_line_that_was_walked_on() {
    let mut driver = at((120, 40), month());
    driver.press("tab tab down down left");
    let lines = |driver: &mut Driver| {
        let screen = driver.screen();
        let days = screen.lines().filter(|line| line.contains("■ ■"));
        days.map(|line| line.chars().take(24).collect::<String>()).collect::<Vec<_>>()
    };
    let before = lines(&mut driver);
    // The wiki, which stands behind, is the worst now.
    let mut worse = fixture::job(&fixture::home(), 2_000, "wiki", JobState::Failed, ago(0, 30));
    worse.status_message = Some("The disk is full".to_owned());
    driver.fixture().backups.insert(0, worse);
    driver.answer_again();
    assert_eq!(lines(&mut driver), before);
    driver.sees("Sun 22 Nov: ");
    driver.press("esc").press("t t t");
    assert_ne!(lines(&mut driver), before, "whoever turns it sees the worst first again");
}

#[test]
fn a_step_in_the_days_costs_at_most_600_bytes_and_a_page_6_kilobytes() {
    let home = fixture::home();
    let mut fixture = fixture::organization();
    fixture.backups.clear();
    for night in 0..60 {
        for nth in 0..120_u64 {
            let state = match (nth + night) % 7 {
                0 => JobState::Failed,
                1 => JobState::Expired,
                _ => JobState::Completed,
            };
            let mut job = fixture::job(&home, night * 1000 + nth, "x", state, ago(2 + 24 * night as i64, 0));
            job.resource_arn = fixture::file_system(&home, nth);
            job.resource_name = Some(format!("resource-{nth}"));
            fixture.backups.push(job);
        }
    }
    let mut driver = at((160, 45), fixture);
    driver.press("tab tab").draw();
    for key in ["down", "left", "up", "right", "down"] {
        let cost = driver.press(key).draw().last;
        assert!(cost > 0 && cost <= 600, "{key} cost {cost} bytes");
    }
    for key in ["ctrl-f", "ctrl-f", "ctrl-b", "G", "g"] {
        let cost = driver.press(key).draw().last;
        assert!(cost > 0 && cost <= 6 * 1024, "{key} cost {cost} bytes");
    }
    let before = driver.draw().bytes;
    driver.answer_again();
    assert_eq!(driver.draw().bytes, before, "the same answer again costs nothing");
}

#[test]
fn where_only_one_pane_fits_tab_changes_it() {
    let mut driver = at((60, 15), month());
    driver.sees("Needs a look");
    driver.press("tab tab").sees("Days").sees("ledger");
    driver.send(Msg::Key(key_of("tab")));
    driver.sees("Needs a look");
}

#[test]
fn the_help_says_what_each_sign_means() {
    let mut driver = at((120, 40), month());
    driver
        .press("?")
        .write("signs")
        .sees("The signs of the days")
        .sees("✗ failed")
        .sees("○ missing")
        .sees("· none due");
}

#[test]
fn what_runs_says_how_long_it_will_take_by_the_resources_past_jobs() {
    let mut fixture = month();
    let mut job = fixture::job(&fixture::home(), 3_000, "wiki", JobState::Running, ago(0, 3));
    job.percent_done = None;
    fixture.backups.insert(0, job);
    // Its jobs took six minutes; this one began two minutes ago.
    at((160, 45), fixture.clone()).sees("wiki").sees("33% 2m, ~4m left");
    fixture.backups[0].initiated = Some(ago(0, 20));
    at((160, 45), fixture).sees("99% 20m, 14m over usual");
}

#[test]
fn only_the_pane_that_has_the_keys_has_a_lit_row() {
    let mut driver = at((120, 40), month());
    let lit = |driver: &mut Driver| {
        driver.screen();
        let buffer = driver.buffer();
        let lit = |y: u16| (4..30).all(|x| buffer[(x, y)].modifier.contains(ratatui::style::Modifier::REVERSED));
        (0..buffer.area.height).filter(|y| lit(*y)).count()
    };
    assert_eq!(lit(&mut driver), 1);
    driver.press("tab tab");
    assert_eq!(lit(&mut driver), 0);
    driver.press("esc");
    assert_eq!(lit(&mut driver), 1);
}

#[test]
fn nothing_is_missing_of_the_time_in_which_nothing_answered() {
    let mut driver = at((160, 45), month());
    driver.wait(26 * 3600);
    let fault = Fault::new(FaultKind::Network, "the socket is gone");
    let scopes = driver.fixture().scopes.clone();
    driver.fixture().faults = scopes.into_iter().map(|scope| (scope, fault.clone())).collect();
    driver.answer_again();
    driver.press("M").sees("0 resources with missing runs in 24 h");
}

#[test]
fn the_cursor_stays_on_its_day_at_midnight() {
    let mut driver = at((120, 40), month());
    driver.press("tab tab left left").sees("Sat 21 Nov: ");
    driver.wait(24 * 3600).sees("Sat 21 Nov: ");
}

#[test]
fn the_list_of_what_failed_in_a_day_has_what_was_made_before() {
    let mut fixture = month();
    let mut late = fixture::job(&fixture::home(), 4_000, "wiki", JobState::Failed, ago(30, 0));
    late.completed = Some(ago(2, 0));
    late.status_message = Some("The disk is full".to_owned());
    fixture.backups.push(late);
    at((160, 45), fixture).press("F").sees("Backup jobs that failed").sees("The disk is full");
}

#[test]
fn what_is_being_stopped_runs_still_and_restores_are_told_beside() {
    let mut fixture = month();
    let home = fixture::home();
    fixture.backups.retain(|job| job.state.is_final());
    fixture.restores.retain(|job| job.state.is_final());
    fixture.backups.push(fixture::job(&home, 4_001, "wiki", JobState::Aborting, ago(0, 5)));
    fixture.restores.push(fixture::restore(&home, 4_002, JobState::Running, ago(0, 5)));
    let mut driver = at((160, 45), fixture);
    driver.sees("Running · 2").press("R").sees("Backup jobs that wait or run · 1").sees("wiki");
    driver.press("esc");
    let screen = driver.screen();
    let numbers: Vec<&str> = screen.lines().nth(3).unwrap_or_default().split('│').collect();
    assert!(numbers.iter().filter(|number| number.trim().starts_with('1')).count() >= 1, "{screen}");
}

#[test]
fn the_days_build_only_the_lines_in_view() {
    let home = fixture::home();
    let mut fixture = fixture::organization();
    fixture.scopes = vec![home.clone()];
    fixture.backups.clear();
    fixture.resources = (0..500).map(|nth| fixture::resource(&home, &format!("resource-{nth}"), &[])).collect();
    for (nth, (_, resource)) in fixture.resources.iter_mut().enumerate() {
        resource.arn = fixture::file_system(&home, nth as u64);
    }
    let id = |nth| format!("11111111-1111-4111-8111-{nth:012}");
    fixture.plans = (0..5).map(|nth| fixture::plan(&home, &id(nth), &format!("plan-{nth}"), true)).collect();
    let mut driver = at((160, 45), fixture);
    driver.press("tab tab");
    for key in ["j", "G", "ctrl-b", "g", "ctrl-f"] {
        let screen = driver.press(key).screen();
        let visible = screen.lines().filter(|line| line.contains("resource-")).count();
        let built = driver.app.rows_built();
        assert!(visible > 5 && built >= visible - 1 && built <= visible + 2, "{key}: {built} of {visible}\n{screen}");
    }
}

/// Of the two scopes one answers no more, or never did.
fn half(ever: bool) -> Driver {
    let mut fixture = fixture::organization();
    let fault = Fault::new(FaultKind::Denied, "not authorized");
    let last = fixture.scopes.iter().find(|scope| **scope != fixture::home()).cloned();
    let faults = vec![(last.expect("a second scope"), fault)];
    if !ever {
        fixture.faults = faults;
        return at((160, 45), fixture);
    }
    let mut driver = at((160, 45), fixture);
    driver.wait(3 * 3600);
    driver.fixture().faults = faults;
    driver.answer_again();
    driver
}

#[test]
fn where_a_scope_is_not_known_no_tile_looks_well() {
    for (ever, lack) in [(false, "scope not known"), (true, "3h old")] {
        let mut driver = half(ever);
        let screen = driver.screen();
        assert!(screen.lines().nth(4).is_some_and(|notes| notes.matches(lack).count() >= 3), "{screen}");
        let days = screen.lines().find(|line| line.contains("Days")).unwrap_or_default();
        assert!(days.contains(" of "), "the title of the days tells what failed: {days}");
        let row = screen.lines().position(|line| line.contains("0?")).expect("a count of nothing is marked") as u16;
        let buffer = driver.buffer();
        let x = (0..159).find(|x| buffer[(*x, row)].symbol() == "0" && buffer[(*x + 1, row)].symbol() == "?").unwrap();
        let warning = driver.app.world.theme.style(vaultdeck::tui::theme::Role::Warning);
        assert_eq!(Some(buffer[(x, row)].fg), warning.fg);
    }
}
