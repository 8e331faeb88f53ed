//! What a terminal makes of the bytes of many frames is what was drawn: wide characters, hostile names, every theme.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::domain::Known;
use vaultdeck::tui::glyph::{ASCII, Glyphs, UNICODE};

/// Names that are wide, combined, joined, written from the right, or try to steer the terminal.
const NAMES: [&str; 8] = [
    "東京データベース",
    "한국어 백업",
    "e\u{301}te\u{301}",
    "👩‍💻 laptop",
    "שלום",
    "a\u{1b}[2Jb\u{7}",
    "\u{202e}evil\u{202c}",
    "ｗｉｄｅ",
];

/// Walks over the screens so that rows with wide names take each other's place, and tells what a terminal shows at the end.
fn walk(theme: &'static str, glyphs: &Glyphs, size: (u16, u16)) -> (String, String) {
    let mut fixture = fixture::organization();
    for (nth, job) in fixture.backups.iter_mut().enumerate() {
        job.resource_name = Some(NAMES[nth % NAMES.len()].to_owned());
    }
    for (nth, (_, resource)) in fixture.resources.iter_mut().enumerate() {
        resource.name = Known::Known(NAMES[nth % NAMES.len()].to_owned());
    }
    let mut driver = Driver::start(Start { size, theme, glyphs: *glyphs, fixture, ..Start::default() });
    for keys in [
        "4", "j", "j", "s", "S", "G", "g", "/ 東", "esc", "6", "j", "s", "a", "esc", "1", "tab", "4", "ctrl-f", "?",
        "esc",
    ] {
        driver.press(keys).draw();
    }
    let drawn = driver.screen();
    let mut terminal =
        vt100::Parser::new(std::num::NonZeroU16::new(size.1).unwrap(), std::num::NonZeroU16::new(size.0).unwrap(), 0);
    terminal.process(&driver.bytes());
    (drawn, terminal.screen().contents())
}

fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().map(str::trim_end).collect()
}

#[test]
fn a_terminal_shows_what_was_drawn() {
    for (theme, glyphs) in [("default", UNICODE), ("nord", UNICODE), ("mono", UNICODE), ("gruvbox", ASCII)] {
        for size in [(80, 24), (120, 40)] {
            let (drawn, shown) = walk(theme, &glyphs, size);
            assert_eq!(lines(&shown), lines(&drawn), "{theme} at {size:?}");
            assert!(!shown.contains('\u{202e}'), "no name turns the line round");
        }
    }
}
