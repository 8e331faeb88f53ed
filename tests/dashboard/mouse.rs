//! The mouse: it does what keys do as well, on what is seen where it points, and is always given back.

use crate::driver::{Driver, Start, key_of};
use crate::fixture::{self, Fixture};
use crate::terminal::Terminal;
use vaultdeck::domain::job::JobState;
use vaultdeck::tui::msg::{Effect, Msg};
use vaultdeck::tui::term::pointer::Pointer;

fn many_jobs(number: u64) -> Fixture {
    let mut fixture = fixture::organization();
    fixture.backups = (0..number)
        .map(|nth| {
            let mut job = fixture::job(&fixture::home(), nth, "x", JobState::Completed, fixture::ago(0, nth as i64));
            job.resource_name = Some(format!("res-{nth:03}"));
            job.resource_arn = fixture::file_system(&fixture::home(), nth);
            job
        })
        .collect();
    fixture
}

fn with(fixture: Fixture, size: (u16, u16)) -> Driver {
    Driver::start(Start { size, fixture, ..Start::default() })
}

/// The row under the cursor, by its sign.
fn selected(driver: &mut Driver) -> String {
    let screen = driver.screen();
    let row = screen.lines().find(|line| line.starts_with('▌') || line.starts_with('▸') || line.starts_with('>'));
    row.unwrap_or_else(|| panic!("no row is selected:\n{screen}")).to_owned()
}

#[test]
fn a_click_selects_a_row_and_a_second_one_opens_it() {
    for size in [(80, 24), (160, 45)] {
        let mut driver = with(many_jobs(60), size);
        driver.press("4").click("res-007", false);
        assert!(selected(&mut driver).contains("res-007"), "{size:?}");
        // Before the detail beside the rows has its name too.
        let (x, y) = driver.place_of("res-003");
        driver.click_at(x, y, false).click_at(x, y, true).sees("Backup job");
        assert_eq!(driver.app.crumbs().len(), 2, "{size:?}");
    }
}

#[test]
fn two_clicks_open_only_what_both_met() {
    let mut driver = with(many_jobs(60), (80, 24));
    driver.press("1");
    // The tile leads to another screen: the second click meets a row there, and does no more than a first one.
    let (x, y) = driver.place_of("failed");
    driver.click_at(x, y, false).click_at(x, y, true);
    assert_eq!(driver.app.crumbs().len(), 2);
    let mut driver = with(many_jobs(60), (80, 24));
    driver.press("4").click("res-004", false).press("j").click_at(5, 12, true);
    assert_eq!(driver.app.crumbs().len(), 1);
}

#[test]
fn the_wheel_moves_what_is_seen_and_the_cursor_stays_on_its_row_while_that_is_in_view() {
    let mut driver = with(many_jobs(100), (80, 24));
    driver.press("4 j j j j j j j j").wheel("res-010", true).sees_no("res-002").sees("res-003");
    assert!(selected(&mut driver).contains("res-008"));
    driver.wheel("res-010", true).sees("res-008");
    assert!(selected(&mut driver).contains("res-008"));
    // News move neither.
    let before = driver.screen();
    driver.answer_again();
    assert_eq!(driver.screen(), before);
    // Beyond the view it goes with its edge: keys act on what is seen.
    driver.wheel("res-010", true).sees_no("res-008").sees("res-009");
    assert!(selected(&mut driver).contains("res-009"));
    for _ in 0..60 {
        driver.send(Msg::Pointer(Pointer::Wheel { x: 20, y: 10, down: true }));
        driver.draw();
    }
    driver.sees("res-099");
    for _ in 0..60 {
        driver.send(Msg::Pointer(Pointer::Wheel { x: 20, y: 10, down: false }));
        driver.draw();
    }
    driver.sees("res-000");
}

#[test]
fn the_wheel_costs_no_more_than_a_page_and_builds_no_more_than_is_seen() {
    let mut driver = with(many_jobs(3_000), (160, 45));
    driver.press("4").draw();
    for _ in 0..5 {
        driver.send(Msg::Pointer(Pointer::Wheel { x: 20, y: 10, down: true }));
        let cost = driver.draw().last;
        assert!(cost > 0 && cost <= 9 * 1024, "{cost} bytes");
        assert!(driver.app.rows_built() <= 47);
    }
}

#[test]
fn tabs_tiles_and_hints_are_clicked() {
    let mut driver = with(fixture::organization(), (160, 45));
    driver.click("3 Plans", false);
    assert_eq!(driver.app.crumbs(), ["Plans"]);
    driver.click("4 Jobs", false).click("Restore", false).sees("Restore jobs");
    driver.click("? help", false).sees("search:").press("esc");
    driver.click("1 Overview", false).click("failed", false).sees("Backup jobs that failed");
    driver.click("esc back", false).sees("Needs a look");
    driver.click("q quit", false);
    assert!(!driver.take_effects().is_empty() || driver.screen().contains("Quit"));
}

#[test]
fn a_day_is_clicked_and_opened() {
    let mut driver = with(fixture::organization(), (160, 45));
    let (x, y) = driver.place_of("✗");
    driver.click_at(x, y, false).sees("1 failed");
    driver.click_at(x, y, true);
    assert_eq!(driver.app.crumbs().len(), 2);
}

#[test]
fn the_line_between_list_and_detail_is_dragged_within_bounds_and_moved_by_keys() {
    let mut driver = with(many_jobs(60), (160, 45));
    driver.press("4");
    let line = |driver: &mut Driver| {
        let screen = driver.screen();
        let row = screen.lines().nth(10).unwrap().to_owned();
        vaultdeck::tui::text::width(row.split_once('│').unwrap().0) as u16
    };
    let at = line(&mut driver);
    driver.send(Msg::Pointer(Pointer::Pressed { x: at, y: 10, again: false }));
    for (to, found) in [(90, 90), (70, 70), (2, 40), (159, 120)] {
        driver.send(Msg::Pointer(Pointer::Dragged(to)));
        assert_eq!(line(&mut driver), found, "to {to}");
    }
    driver.send(Msg::Pointer(Pointer::Released));
    driver.send(Msg::Pointer(Pointer::Dragged(80)));
    assert_eq!(line(&mut driver), 120, "what is not held is not dragged");
    driver.press("> >");
    assert_eq!(line(&mut driver), 112);
    driver.press("<");
    assert_eq!(line(&mut driver), 116);
    // A drag that begins elsewhere drags nothing.
    driver.send(Msg::Pointer(Pointer::Pressed { x: 20, y: 10, again: false }));
    driver.send(Msg::Pointer(Pointer::Dragged(60)));
    assert_eq!(line(&mut driver), 116);
    driver.press("d >").sees("no detail stands beside the list: d shows it");
    // A smaller screen keeps room for both.
    driver.press("d");
    driver.send(Msg::Resize(120, 40));
    assert!(driver.app.world.beside);
}

#[test]
fn a_choice_is_clicked_and_taken_and_what_is_behind_a_dialog_is_not_met() {
    let mut driver = with(fixture::organization(), (120, 40));
    driver.press("2").press("a").click("Access policy…", false).sees("What to do");
    driver.click("Access policy…", true).sees_no("What to do");
    driver.press("esc esc 2 a");
    let before = driver.screen();
    driver.click_at(2, 1, false).click_at(2, 30, false);
    assert_eq!(driver.screen(), before, "behind the dialog nothing is met");
    driver.press("down").wheel("Tags…", true);
    assert_ne!(driver.screen(), before);
    driver.press("esc ?").click("Vaults, their recovery", false).click("Vaults, their recovery", true);
    assert_eq!(driver.app.crumbs(), ["Vaults"]);
    driver.press(":").write("create-vault").press("enter").write("safe");
    let before = driver.screen();
    for y in 0..40 {
        for x in [0, 30, 60, 119] {
            driver.click_at(x, y, y % 2 == 1);
        }
    }
    assert_eq!(driver.screen(), before, "no click changes what is typed");
}

#[test]
fn a_click_chooses_nothing_in_a_dialog_that_changed_since_it_was_drawn() {
    let mut driver = with(fixture::organization(), (120, 40));
    driver.press("2 a");
    let (x, y) = driver.place_of("Access policy…");
    let press = |again| Msg::Pointer(Pointer::Pressed { x, y, again });
    let first = driver.screen();
    driver.send(Msg::Key(key_of("down")));
    driver.send(press(false));
    driver.send(press(true));
    driver.sees("What to do");
    driver.press("up");
    assert_eq!(driver.screen(), first, "the cursor moved by the key, and by nothing else");
    // Two clicks before a frame select, and take nothing.
    driver.send(press(false));
    driver.send(press(true));
    driver.sees("What to do");
    // A key between two clicks: the second one is a first one.
    driver.send(press(false));
    driver.send(Msg::Key(key_of("down")));
    driver.draw();
    driver.send(press(true));
    driver.sees("What to do");
    // The wheel counts from what is drawn, too.
    let before = driver.screen();
    driver.send(Msg::Key(key_of("down")));
    driver.send(Msg::Key(key_of("up")));
    driver.send(Msg::Pointer(Pointer::Wheel { x, y, down: true }));
    assert_eq!(driver.screen(), before);
    driver.send(press(true));
    driver.draw();
    driver.send(press(true));
    driver.sees_no("What to do");
}

#[test]
fn nothing_is_lost_of_what_is_typed_and_no_place_is_out_of_bounds() {
    let mut driver = with(many_jobs(60), (120, 40));
    driver.press("4 :").write("save-view mine").click("res-003", true).click("3 Plans", false).sees(":save-view mine");
    driver.press("esc /").write("res-0").click("res-005", true).sees("/res-0");
    assert_eq!(driver.app.crumbs().len(), 1, "a second click opens nothing while a filter is typed");
    for (x, y) in [(u16::MAX, 0), (0, u16::MAX), (u16::MAX, u16::MAX)] {
        driver.click_at(x, y, true);
        driver.send(Msg::Pointer(Pointer::Wheel { x, y, down: true }));
        driver.send(Msg::Pointer(Pointer::Dragged(x)));
    }
    driver.send(Msg::Resize(20, 5));
    driver.click_at(3, 3, true).press("").click_at(19, 4, true);
    assert_eq!(driver.app.crumbs().len(), 1, "nothing is drawn, and nothing is clicked");
}

#[test]
fn it_is_turned_off_and_on_while_the_dashboard_runs() {
    let mut driver = with(fixture::organization(), (120, 40));
    driver.press(":").write("mouse").press("enter").sees("it selects text");
    let turned = |driver: &mut Driver, to: bool| {
        driver.take_effects().iter().any(|effect| matches!(effect, Effect::Mouse(on) if *on == to))
    };
    assert!(turned(&mut driver, false));
    driver.press(":").write("mouse").press("enter");
    assert!(turned(&mut driver, true));
}

#[test]
fn a_real_terminal_is_told_takes_clicks_and_gets_its_mouse_back() {
    let mut terminal = Terminal::start_in(tempfile::tempdir().unwrap(), &[], &[]);
    terminal.sees("First steps");
    assert!(terminal.got(|bytes| bytes.windows(8).any(|window| window == b"\x1b[?1006h")));
    // The second tab, as a terminal tells of it: from 1 on.
    terminal.press("\x1b[<0;14;2M\x1b[<0;14;2m");
    terminal.sees("Default");
    terminal.stop_and_continue();
    terminal.sees("Default");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
    let (taken, given) =
        (terminal.bytes().matches("\x1b[?1000h").count(), terminal.bytes().matches("\x1b[?1000l").count());
    assert!(taken >= 2 && taken == given, "taken {taken} times, given back {given} times");
}

#[test]
fn a_config_leaves_the_mouse_to_the_terminal() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("home/.config/vaultdeck");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "[dashboard]\nmouse = false\n").unwrap();
    let mut terminal = Terminal::start_in(data, &[], &[]);
    terminal.sees("First steps");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
    assert!(!terminal.bytes().contains("\x1b[?1000h"));
}
