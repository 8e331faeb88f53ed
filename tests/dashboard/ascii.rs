//! Only ASCII, on every screen, in every dialog and in every state, whatever the names are.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture};
use vaultdeck::client::Capabilities;
use vaultdeck::domain::Known;
use vaultdeck::tui::glyph::ASCII;

const SIZES: [(u16, u16); 3] = [(60, 15), (80, 24), (160, 45)];

/// Keys from the overview to every screen that there is.
const SCREENS: [&str; 19] = [
    "1",
    "2",
    "3",
    "4",
    "4 tab",
    "4 tab tab",
    "5",
    "6",
    "7",
    "8",
    "1 enter",
    "2 j enter",
    "2 j enter enter",
    "2 j enter enter tab",
    "2 j enter enter enter",
    "3 enter",
    "4 enter",
    "4 tab tab enter",
    "6 j j enter",
];

/// Screens on which a dialog is opened by its command.
const DIALOGS: [(&str, &str); 12] = [
    ("1", "create-vault"),
    ("1", "create-plan"),
    ("3", "edit-plan"),
    ("3", "delete-plan"),
    ("6 j", "start-backup"),
    ("4", "stop-job"),
    ("2 j", "tags"),
    ("2 j", "delete-vault"),
    ("2 j enter", "restore"),
    ("2 j enter", "edit-lifecycle"),
    ("2 j enter", "delete-recovery-point"),
    ("2 j enter enter enter space", "restore"),
];

/// The organization with names that ASCII cannot write.
fn foreign() -> Fixture {
    let mut fixture = fixture::organization();
    for account in &mut fixture.accounts {
        account.name = format!("Büro {}", account.name);
    }
    for job in &mut fixture.backups {
        job.resource_name = job.resource_name.take().map(|name| format!("{name}–東京"));
        job.status_message = job.status_message.take().map(|message| format!("… {message}"));
    }
    for point in &mut fixture.points {
        point.resource_name = Some("Größe".to_owned());
    }
    for (_, resource) in &mut fixture.resources {
        resource.name = Known::Known("naïve".to_owned());
        resource.path = Known::Known("/srv/données".to_owned());
    }
    for detail in &mut fixture.plans {
        "nächtlich".clone_into(&mut detail.plan.document.backup_plan_name);
    }
    for items in fixture.items.values_mut() {
        for item in &mut items.items {
            item.name = format!("{}→ü", item.name);
        }
    }
    fixture
}

fn start(size: (u16, u16), fixture: Fixture, capabilities: Capabilities) -> Start {
    Start { size, glyphs: ASCII, fixture, capabilities, ..Start::default() }
}

/// Makes what is shown.
type World = fn() -> Fixture;

/// Looks at the frame that is shown now.
fn check(driver: &mut Driver, place: &str) {
    let screen = driver.screen();
    let other = screen.chars().find(|character| !matches!(character, '\n' | ' '..='~'));
    assert!(other.is_none(), "{other:?} is shown at {place}:\n{screen}");
}

#[test]
fn every_screen_in_every_state() {
    let worlds: [(&str, World, Capabilities); 5] = [
        ("data", fixture::organization, fixture::engine()),
        ("foreign names", foreign, fixture::engine()),
        ("empty", fixture::empty, fixture::engine()),
        ("denied", fixture::denied, fixture::engine()),
        ("on AWS", fixture::organization, fixture::aws()),
    ];
    for size in SIZES {
        for (world, fixture, capabilities) in &worlds {
            for keys in SCREENS {
                let mut driver = Driver::start(start(size, fixture(), capabilities.clone()));
                driver.press(keys);
                check(&mut driver, &format!("{world} {keys} {size:?}"));
                // Sorted, filtered, only problems, and what is said at the bottom.
                for more in ["s", "S", "f", "/ z z", "esc", "y", "p", "r"] {
                    driver.press(more);
                    check(&mut driver, &format!("{world} {keys}, then {more} {size:?}"));
                }
            }
        }
    }
}

#[test]
fn every_screen_while_it_loads() {
    for size in SIZES {
        for keys in SCREENS {
            let mut driver = Driver::unanswered(start(size, fixture::organization(), fixture::engine()));
            for key in keys.split(' ') {
                driver.send(vaultdeck::tui::msg::Msg::Key(crate::driver::key_of(key)));
                check(&mut driver, &format!("loading {keys} {size:?}"));
            }
        }
    }
}

#[test]
fn every_dialog() {
    for size in SIZES {
        for keys in ["a", "ctrl-p", "?", "@", "q", ":", "/", "2 j a", "4 j a", "3 a"] {
            let mut driver = Driver::start(start(size, foreign(), fixture::engine()));
            driver.press(keys);
            check(&mut driver, &format!("{keys} {size:?}"));
        }
        for (keys, command) in DIALOGS {
            let mut driver = Driver::start(start(size, foreign(), fixture::engine()));
            driver.press(keys).press(":").write(command).press("enter");
            check(&mut driver, &format!("{command} {size:?}"));
            for _ in 0..24 {
                driver.press("tab");
                check(&mut driver, &format!("{command} {size:?}"));
            }
            driver.write("ü").press("ctrl-s");
            check(&mut driver, &format!("{command} sent {size:?}"));
        }
    }
}

#[test]
fn names_that_ascii_cannot_write_are_written_out_and_stay_different() {
    let mut driver = Driver::start(start((160, 45), foreign(), fixture::engine()));
    driver.press("6").sees("na\\u{ef}ve").sees("/srv/donn\\u{e9}es");
    driver.press("4 d").sees("projects-\\u{6771}\\u{4eac}").sees("...");
}
