//! Findings: by what rule each is found, and what nobody wants to be reminded of.

use crate::driver::{Driver, Start};
use std::fs;
use vaultdeck::client::mutes::{Mutes, MutesFile};
use vaultdeck::tui::msg::{Effect, Msg, MuteChange};

/// Carries the last change of what is muted out, as the backend does.
fn carry_out(driver: &mut Driver, file: &MutesFile) -> MuteChange {
    let effects = driver.take_effects();
    let change = effects.into_iter().rev().find_map(|effect| match effect {
        Effect::Mute(change) => Some(change),
        _ => None,
    });
    let change = change.expect("something was muted, or speaks again");
    let mutes = match change.clone() {
        MuteChange::Mute { keys, note, until, now } => file.mute(&keys, note, until, now),
        MuteChange::Unmute { keys, now } => file.unmute(&keys, now),
    };
    tell(driver, mutes.map_err(|error| error.to_string()));
    change
}

fn tell(driver: &mut Driver, mutes: Result<Mutes, String>) {
    driver.send(Msg::Muted(mutes));
    driver.answer_all();
}

#[test]
fn a_muted_finding_goes_to_the_end_with_its_note_and_leaves_the_overview_until_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = MutesFile::new(folder.path().join("mutes.json"), "here", "ada");
    let mut driver = Driver::usual();
    driver.press("1").sees("FAILED");
    driver.press("7 / F A I L E D enter").sees("FAILED");
    driver.press("m").sees("Mute: ").sees("whoever looks next reads it");
    driver.press("ctrl-s").sees("say why, in a few words");
    driver.write("a new disk is on its way").press("ctrl-s");
    assert!(matches!(carry_out(&mut driver, &file), MuteChange::Mute { until: Some(_), .. }));
    driver.press("esc").sees(", muted");
    let screen = driver.screen();
    let row = |what: &str| screen.lines().position(|line| line.contains(what)).unwrap();
    assert!(row(", muted") > row("ISSUES"), "it is at the end:\n{screen}");
    driver.press("G").sees("Muted").sees("ada: a new disk is on its way");
    driver.press("m");
    carry_out(&mut driver, &file);
    driver.sees_no(", muted");
}

#[test]
fn what_is_typed_as_the_end_of_a_mute_is_a_span_a_moment_or_nothing() {
    let until = |typed: &str| {
        let mut driver = Driver::usual();
        driver.press("7 m").write("seen").press("tab backspace backspace").write(typed).press("ctrl-s");
        let asked = driver.take_effects().into_iter().find_map(|effect| match effect {
            Effect::Mute(MuteChange::Mute { until, now, .. }) => Some(until.map(|until| (until - now).num_hours())),
            _ => None,
        });
        asked.ok_or_else(|| driver.screen())
    };
    assert_eq!(until("8h"), Ok(Some(8)));
    assert_eq!(until("3d"), Ok(Some(72)));
    assert_eq!(until(""), Ok(None));
    assert!(until("2001-01-01").unwrap_err().contains("that is over already"));
    assert!(until("999999999999999d").is_err() && until("soon").is_err());
}

#[test]
fn each_finding_says_by_which_rule_it_was_found() {
    let mut driver = Driver::start(Start { size: (160, 45), ..Start::default() });
    driver.press("7 / I S S U E S enter").sees("Rule").sees("message category that is not SUCCESS.");
}

#[test]
fn mutes_that_cannot_be_read_are_told_and_hide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mutes.json");
    fs::write(&path, "{").unwrap();
    let mut driver = Driver::usual();
    tell(&mut driver, MutesFile::new(path, "here", "ada").read().map_err(|error| error.to_string()));
    driver.sees("mutes.json, line 1, column 1").press("7").sees("FAILED");
}

#[test]
fn nothing_is_muted_elsewhere() {
    Driver::usual().press("4 m").sees("select a finding first");
}

#[test]
fn a_finding_tells_its_rule_and_what_to_do_and_the_help_is_one_key_further() {
    for size in [(60, 15), (80, 24), (160, 45)] {
        let mut driver = Driver::start(Start { size, ..Start::default() });
        driver.press("7 / E X P I R E D enter ?").sees("EXPIRED database-dumps").sees("The rule").sees("What to do");
        driver.sees("A backup job did not start within its start").press("?").sees("search: ").press("esc ?");
        insta::assert_snapshot!(format!("finding-rule-{}x{}", size.0, size.1), driver.screen());
        driver.press("m").sees("Mute: database-dumps").press("esc");
        driver.press("? b").sees("database-dumps").sees_no("The rule").press("esc");
        driver.press("? esc").sees_no("The rule").press("4 ?").sees("search: ");
    }
}
