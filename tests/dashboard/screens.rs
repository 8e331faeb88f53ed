//! What every screen shows, at every size, whatever is known. Read the snapshots: they are the dashboard.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::client::{Fault, FaultKind};
use vaultdeck::domain::Scope;
use vaultdeck::domain::extension::{Problem, ProblemSeverity};

const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (200, 60)];
const TABS: [(&str, &str); 8] = [
    ("1", "overview"),
    ("2", "vaults"),
    ("3", "plans"),
    ("4", "jobs"),
    ("5", "accounts"),
    ("6", "resources"),
    ("7", "findings"),
    ("8", "activity"),
];

/// Snapshots of the eight screens at one size.
fn snap(state: &str, size: (u16, u16), mut driver: Driver) {
    for (key, name) in TABS {
        let screen = driver.press(key).screen();
        insta::assert_snapshot!(format!("{name}-{state}-{}x{}", size.0, size.1), screen);
    }
}

#[test]
fn with_data() {
    for size in SIZES {
        snap("data", size, Driver::start(Start { size, ..Start::default() }));
    }
}

#[test]
fn empty_says_the_exact_next_command() {
    for size in SIZES {
        snap("empty", size, Driver::start(Start { size, fixture: fixture::empty(), ..Start::default() }));
    }
}

#[test]
fn while_loading() {
    for size in SIZES {
        for (key, name) in TABS {
            let mut driver = Driver::unanswered(Start { size, ..Start::default() });
            driver.send(vaultdeck::tui::msg::Msg::Key(crate::driver::key_of(key)));
            insta::assert_snapshot!(format!("{name}-loading-{}x{}", size.0, size.1), driver.screen());
        }
    }
}

#[test]
fn denied_everywhere() {
    for size in SIZES {
        snap("denied", size, Driver::start(Start { size, fixture: fixture::denied(), ..Start::default() }));
    }
}

/// A dashboard that has seen all screens, and in some of whose scopes the same fault came then, after so many seconds.
fn faulty(size: (u16, u16), seconds: i64, why: &str, scopes: impl Fn(&mut Driver) -> Vec<Scope>) -> Driver {
    let mut driver = Driver::start(Start { size, ..Start::default() });
    for (key, _) in TABS {
        driver.press(key);
    }
    driver.wait(seconds);
    let fault = Fault::new(FaultKind::Network, why);
    let scopes = scopes(&mut driver);
    driver.fixture().faults = scopes.into_iter().map(|scope| (scope, fault.clone())).collect();
    driver.answer_again();
    driver
}

#[test]
fn one_scope_fails_after_it_answered_once_and_its_rows_stay() {
    for size in SIZES {
        snap("partial", size, faulty(size, 600, "connection refused", |_| vec![fixture::staging()]));
    }
}

#[test]
fn stale_after_the_engine_went_away() {
    for size in SIZES {
        snap("stale", size, faulty(size, 3 * 3600, "the socket is gone", |driver| driver.fixture().scopes.clone()));
    }
}

#[test]
fn what_opens() {
    for (size, suffix) in [((80, 24), "80x24"), ((120, 40), "120x40"), ((60, 15), "60x15")] {
        let start = || Driver::start(Start { size, ..Start::default() });
        let cases = [
            ("vault", "2 j enter"),
            ("point", "2 j enter enter"),
            ("point-details", "2 j enter enter tab"),
            ("folder", "2 j enter enter enter"),
            ("plan", "3 enter"),
            ("backup-job-failed", "1 enter"),
            ("backup-job-running", "4 enter"),
            ("restore-jobs", "4 tab tab"),
            ("restore-job", "4 tab tab enter"),
            ("copy-jobs", "4 tab"),
            ("resource", "6 j j enter"),
        ];
        for (name, keys) in cases {
            insta::assert_snapshot!(format!("open-{name}-{suffix}"), start().press(keys).screen());
        }
    }
}

#[test]
fn what_the_engine_says_of_itself_stands_first_on_the_overview() {
    let problem = Problem {
        code: "ConductorBlocked".to_owned(),
        severity: ProblemSeverity::Error,
        message: "The engine's conductor has given no sign of life for 43 seconds".to_owned(),
    };
    for mut fixture in [fixture::organization(), fixture::empty()] {
        fixture.engine_problems = vec![problem.clone()];
        let screen = Driver::start(Start { size: (120, 40), fixture, ..Start::default() }).press("1").screen();
        let line = screen.lines().find(|line| line.contains("ENGINE")).unwrap_or_default();
        assert!(line.contains("Conductor"), "{screen}");
        assert!(screen.contains("no sign of life"), "{screen}");
    }
}

#[test]
fn in_ascii_and_without_colour() {
    let start = Start { size: (80, 24), theme: "mono", glyphs: vaultdeck::tui::glyph::ASCII, ..Start::default() };
    let mut driver = Driver::start(start);
    for (key, name) in TABS {
        let screen = driver.press(key).screen();
        assert!(screen.is_ascii(), "{name} has other signs:\n{screen}");
        insta::assert_snapshot!(format!("{name}-ascii-80x24"), screen);
    }
}

#[test]
fn too_small_says_so() {
    let mut driver = Driver::start(Start { size: (50, 10), ..Start::default() });
    driver.sees("vaultdeck needs 60 x 15");
    let mut tiny = Driver::start(Start { size: (1, 1), ..Start::default() });
    tiny.screen();
}

#[test]
fn every_size_from_tiny_to_huge_is_drawn() {
    for (width, height) in
        [(60, 15), (61, 16), (79, 23), (109, 15), (110, 15), (160, 45), (400, 120), (60, 120), (400, 15)]
    {
        let mut driver = Driver::start(Start { size: (width, height), ..Start::default() });
        for (key, _) in TABS {
            driver.press(key).screen();
        }
        for dialog in ["a", "ctrl-p", "?", "@"] {
            driver.press(dialog).screen();
            driver.press("esc");
        }
    }
}

#[test]
fn hostile_names_are_shown_harmlessly() {
    let mut driver = Driver::usual();
    driver.press("2 j enter enter");
    driver.sees("evil\\x1b]0;x\\x07\\nname\\u{202e}gpj.exe");
    let buffer = driver.buffer();
    for cell in buffer.content() {
        assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
    }
}

#[test]
fn without_colour_the_selected_row_is_reversed() {
    let mut driver = Driver::start(Start { theme: "mono", ..Start::default() });
    driver.press("2 j").screen();
    let shown = driver.buffer();
    let row = (0..shown.area.height).find(|y| (0..shown.area.width).any(|x| shown[(x, *y)].symbol() == "▌")).unwrap();
    // What stands beside the rows is no part of it.
    for x in 0..60 {
        assert!(shown[(x, row)].modifier.contains(ratatui::style::Modifier::REVERSED), "column {x}");
    }
    let bytes = String::from_utf8_lossy(&driver.bytes()).into_owned();
    assert!(bytes.contains("7m▌"), "the selected row begins reversed");
    for rest in bytes.split("\x1b[").skip(1) {
        let codes = &rest[..rest.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(0)];
        if rest[codes.len()..].starts_with('m') {
            let colour = codes.split(';').any(|code| code.parse::<u16>().is_ok_and(|code| code >= 30));
            assert!(!colour, "mono writes the colour {codes}");
        }
    }
}
