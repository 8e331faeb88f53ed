//! Themes: chosen by name or from a list, switched at once, and what they cost.

use crate::driver::{Driver, Start};
use crate::terminal::Terminal;
use ratatui::style::Color;
use vaultdeck::tui::theme::{Depth, Theme, Themes};

const NAMES: [&str; 8] = ["default", "light", "mono", "high-contrast", "deuteranopia", "tritanopia", "nord", "gruvbox"];
const NORD: Color = Color::Rgb(0x2e, 0x34, 0x40);

/// How many cells have a background.
fn on(driver: &mut Driver, ground: Color) -> usize {
    driver.buffer().content().iter().filter(|cell| cell.bg == ground).count()
}

#[test]
fn a_theme_is_switched_by_its_name_and_nothing_of_the_one_before_is_left() {
    let mut driver = Driver::usual();
    assert_eq!(on(&mut driver, NORD), 0);
    driver.press("4 :").write("theme nord").press("enter");
    driver.sees("until you leave; to keep it: theme = \"nord\" in config.toml");
    let buffer = driver.buffer();
    assert!(buffer.content().iter().all(|cell| cell.bg != Color::Reset && cell.fg != Color::Reset));
    // Also where a dialog or an error stands above what was drawn.
    for keys in ["?", "esc", "a", "esc", "/ a g e < esc", "2", "j enter", "1"] {
        driver.press(keys);
        let buffer = driver.buffer();
        assert!(buffer.content().iter().all(|cell| cell.bg != Color::Reset), "{keys} leaves a hole");
    }
    driver.press(":").write("theme default").press("enter");
    assert_eq!(on(&mut driver, Color::Reset), 120 * 40);
}

#[test]
fn the_list_shows_each_theme_while_the_cursor_is_on_it_and_esc_takes_it_back() {
    let mut driver = Driver::usual();
    driver.press("ctrl-p").write("theme").press("enter").sees("states told apart without red and green");
    for name in NAMES {
        driver.sees(name);
    }
    driver.press("down down down down down down");
    assert_eq!(driver.app.world.theme.name(), "nord");
    assert!(on(&mut driver, NORD) > 3_000);
    driver.press("esc");
    assert_eq!(on(&mut driver, NORD), 0);
    assert_eq!(driver.app.world.theme.name(), "default");
    driver.press(":").write("theme").press("enter").write("gruv").press("enter").sees("theme = \"gruvbox\"");
    assert_eq!(driver.app.world.theme, Theme::load("gruvbox").unwrap());
    driver.press(":").write("theme").press("enter enter");
    assert_eq!(driver.app.world.theme.name(), "gruvbox", "the list begins at the theme that is shown");
}

#[test]
fn a_name_is_completed_and_a_wrong_one_told() {
    let mut driver = Driver::usual();
    driver.press(":").write("theme tri").press("tab").sees(":theme tritanopia").press("enter");
    assert_eq!(driver.app.world.theme.name(), "tritanopia");
    driver.press(":").write("theme solarized").press("enter");
    driver.sees("there is no theme \"solarized\": choose default, light, mono, high-contrast,");
    driver.press(":").write("theme /dev/zero.toml").press("enter").sees("there is no theme \"/dev/zero.toml\"");
    assert_eq!(driver.app.world.theme.name(), "tritanopia");
}

#[test]
fn no_colour_and_sixteen_colours_say_what_is_shown_instead() {
    for (depth, shown, why) in [
        (Depth::Plain, "mono", "NO_COLOR is set: mono is shown instead of nord"),
        (Depth::Sixteen, "default", "this terminal has 16 colours: default is shown instead of nord"),
    ] {
        let mut driver = Driver::start(Start { themes: Themes::built_in(depth), ..Start::default() });
        driver.press(":").write("theme nord").press("enter").sees(why);
        assert_eq!(driver.app.world.theme, Theme::load(shown).unwrap());
        let is_true = |cell: &ratatui::buffer::Cell| matches!(cell.fg, Color::Rgb(..) | Color::Indexed(_));
        assert!(!driver.buffer().content().iter().any(is_true));
    }
}

#[test]
fn a_cursor_move_stays_within_its_600_bytes_in_every_theme() {
    for name in NAMES {
        for depth in [Depth::True, Depth::Indexed] {
            let start = Start { size: (160, 45), theme: name, themes: Themes::built_in(depth), ..Start::default() };
            let mut driver = Driver::start(start);
            driver.press("4").draw();
            for key in ["j", "j", "k"] {
                let cost = driver.press_unanswered(key).draw().last;
                assert!(cost > 0 && cost <= 600, "{key} costs {cost} bytes with {name} in {depth:?}");
            }
        }
    }
}

#[test]
fn ones_own_theme_is_used_and_a_broken_one_refused_with_its_place() {
    let home = |theme: &str| {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("home/.config/vaultdeck/themes");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("mine.toml"), theme).unwrap();
        data
    };
    let mut terminal = Terminal::start_in(home("[roles]\nbad = { fg = \"reddish\" }\n"), &["--theme", "mine"], &[]);
    terminal.sees("mine.toml:2:14: \"reddish\" is not a colour");
    assert_eq!(terminal.ends_cleanly_with("vaultdeck: the theme is not valid"), 2);
    let paints = "background = \"#303030\"\n[roles]\ntext = { fg = \"#eeeeee\" }\n";
    let mut terminal = Terminal::start_in(home(paints), &["--theme", "mine"], &[]);
    terminal.sees("First steps");
    terminal.press(":theme default\r");
    terminal.sees("until you leave");
    terminal.press(":theme mine\r");
    terminal.sees("theme = \"mine\" in config.toml");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
    let bytes = terminal.bytes();
    assert!(bytes.contains("48;5;236"), "a terminal of 256 colours is told their numbers");
    assert!(!bytes.contains("48;2;"));
}
