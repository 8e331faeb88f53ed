//! Keys of the user's own: what they do, where they are told, chords, and a keymap that cannot be used.

use crate::driver::{Driver, Start, key_of};
use crate::fixture;
use crate::terminal::Terminal;
use vaultdeck::tui::command::COMMANDS;
use vaultdeck::tui::glyph::{ASCII, UNICODE};
use vaultdeck::tui::keymap::Keymap;
use vaultdeck::tui::msg::{Effect, Msg};

const MINE: &str = r#"
vaults = "g v"
plans = "g p"
jobs = ["g j", "J"]
failures = "alt-f"
help = "ctrl-h"
palette = "f2"
create-vault = "x d"
pause = []
show-failed = "g f"
redraw = "Z"
"#;

fn with(keymap: &str, size: (u16, u16)) -> Driver {
    Driver::start(Start { size, keymap: Keymap::read(keymap).unwrap(), ..Start::default() })
}

#[test]
fn a_chord_runs_its_command_and_the_keys_before_do_nothing() {
    let mut driver = with(MINE, (120, 40));
    for (keys, place) in [("g p", "Plans"), ("2", "Plans"), ("g v", "Vaults"), ("J", "Jobs"), ("g v g j", "Jobs")] {
        driver.press(keys);
        assert_eq!(driver.app.crumbs(), [place], "{keys}");
    }
    driver.press("g f").sees("Backup jobs that failed");
    driver.press("g v x d").sees("Create a vault");
}

#[test]
fn every_place_that_tells_a_key_tells_the_users() {
    let mut driver = with(MINE, (160, 45));
    driver
        .sees(" g v Vaults")
        .sees(" g p Plans")
        .sees(" g f failed")
        .sees("F2 find")
        .sees("ctrl-h help")
        .sees_no("ctrl-p");
    driver.press("g j").sees("F2 find").sees("alt-f problems");
    driver.send(Msg::Key(key_of("ctrl-h")));
    driver.write("pause refreshing").sees(":pause").press("esc");
    driver.send(Msg::Key(key_of("ctrl-h")));
    driver.write("g p").sees("Backup plans: rules").press("esc");
    driver.send(Msg::Key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::F(2))));
    driver.write("plans").sees("g p  Backup plans").press("esc");
    driver.press("m").sees("select a finding first (7)");
}

#[test]
fn what_may_follow_is_told_after_a_while_and_esc_leaves() {
    for (size, glyphs) in [((60, 15), UNICODE), ((80, 24), ASCII), ((160, 45), UNICODE)] {
        let keymap = Keymap::read(MINE).unwrap();
        let mut driver = Driver::start(Start { size, keymap, glyphs, ..Start::default() });
        let before = driver.screen();
        driver.press("g");
        assert_eq!(driver.screen(), before, "not at once");
        driver.linger();
        for (key, title) in [("v", "Vaults"), ("p", "Plans"), ("j", "Jobs"), ("f", "What failed in 24 h")] {
            driver.sees("g and then").sees(&format!("{key} {title}")).sees("esc leaves");
        }
        assert!(!driver.app.is_in_chord(), "it is told once");
        driver.press("esc");
        assert_eq!(driver.screen(), before, "{size:?}");
        driver.press("g").linger().press("p").sees_no("g and then");
        assert_eq!(driver.app.crumbs(), ["Plans"]);
    }
}

#[test]
fn many_chords_stand_in_columns_and_none_is_drawn_outside() {
    let letters = ('a'..='z').chain('A'..='Z');
    let commands = COMMANDS.iter().filter(|info| !info.command.acts());
    let lines: Vec<String> =
        commands.zip(letters).map(|(info, letter)| format!("{} = \"g {letter}\"\n", info.id)).collect();
    let keymap = lines.concat();
    for size in [(60, 15), (80, 24), (200, 60)] {
        let mut driver = with(&keymap, size);
        driver.press("g").linger().sees("g and then").sees("esc leaves").sees("a Overview");
        if size.0 >= 200 {
            driver.sees("Z ");
        }
    }
}

#[test]
fn a_second_key_that_is_bound_to_nothing_says_so_and_quitting_still_quits() {
    let mut driver = with(MINE, (120, 40));
    driver.press("g z").sees("nothing is bound to g z");
    driver.press("g q").sees("nothing is bound to g q");
    driver.press("g ctrl-z");
    assert!(matches!(driver.take_effects().as_slice(), [Effect::Suspend]));
    let mut driver = with("vaults = \"g ctrl-l\"\nplans = \"g ctrl-z\"\n", (120, 40));
    for (keys, place) in [("g ctrl-l", "Vaults"), ("g ctrl-z", "Plans")] {
        driver.press(keys);
        assert_eq!(driver.app.crumbs(), [place], "{keys}");
    }
    assert!(!driver.take_effects().iter().any(|effect| matches!(effect, Effect::Redraw | Effect::Suspend)));
    let mut driver = Driver::start(Start {
        embedded: false,
        keymap: Keymap::read(MINE).unwrap(),
        fixture: fixture::organization(),
        ..Start::default()
    });
    driver.press("g ctrl-c");
    assert!(matches!(driver.take_effects().as_slice(), [Effect::Quit]));
}

#[test]
fn nothing_waits_where_the_keymap_has_no_chords() {
    let mut driver = Driver::usual();
    for info in COMMANDS {
        for key in info.keys.iter().filter(|key| !matches!(**key, "F1" | "ctrl-c" | "q" | "ctrl-z")) {
            driver.press_unanswered(key);
            assert!(!driver.app.is_in_chord(), "{key}");
            driver.press_unanswered("esc esc");
        }
    }
}

#[test]
fn letters_stay_letters_where_a_text_is_typed() {
    let mut driver = with(MINE, (120, 40));
    driver.press("g j /").write("gpZ").sees("/gpZ").press("esc");
    driver.press(":").write("gpZ").sees(":gpZ").press("esc");
    driver.press("a").write("gZ").sees("> gZ").press("esc");
    driver.take_effects();
    driver.press("Z");
    assert!(matches!(driver.take_effects().as_slice(), [Effect::Redraw]));
}

#[test]
fn without_any_key_all_is_still_told_and_reached() {
    let lines: Vec<String> = COMMANDS.iter().map(|info| format!("{} = []\n", info.id)).collect();
    let keymap = lines.concat();
    for size in [(60, 15), (80, 24), (160, 45)] {
        for fixture in [fixture::organization(), fixture::empty(), fixture::denied()] {
            let keymap =
                Keymap::read(&format!("{keymap}# but this one\n").replace("command = []", "command = \":\"")).unwrap();
            let mut driver = Driver::start(Start { size, keymap, fixture, ..Start::default() });
            for screen in ["overview", "vaults", "jobs", "restore-jobs", "accounts", "resources", "findings"] {
                driver.press(":").write(screen).press("enter");
                driver.sees_no("{").sees(":actions");
            }
        }
    }
}

fn home(keymap: &str) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("home/.config/vaultdeck");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("keymap.toml"), keymap).unwrap();
    data
}

#[test]
fn in_a_real_terminal_what_may_follow_is_told_by_the_clock() {
    let mut terminal = Terminal::start_in(home(MINE), &[], &[]);
    terminal.sees("First steps");
    terminal.press("g");
    terminal.sees("g and then");
    terminal.press("v");
    terminal.sees("Default");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
}

#[test]
fn a_keymap_that_cannot_be_used_is_refused_with_each_place() {
    let broken = "plans = \"g p\"\ntop = \"g\"\nquit = \"Ctrl-q\"\n";
    let mut terminal = Terminal::start_in(home(broken), &[], &[]);
    terminal.sees("keymap.toml:2:7: g and g p of line 1 (plans) begin alike");
    terminal.sees("keymap.toml:3:8: \"Ctrl-q\" is no key");
    assert_eq!(terminal.ends_cleanly_with("vaultdeck: "), 2);
}
