//! New findings: a bell and a note of the terminal, for what was found since the dashboard looks, and only where its user wants it.

use crate::driver::{Driver, Start};
use crate::fixture::{ago, copy, file_system, home, job, now, staging};
use crate::terminal::{Terminal, binary, vaultdeck};
use std::fs;
use vaultdeck::client::query::rows;
use vaultdeck::client::{Answer, Key, Query};
use vaultdeck::domain::Scope;
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::tui::alert::Alerts;
use vaultdeck::tui::msg::Effect;

const BOTH: Alerts = Alerts { bell: true, osc9: true };

fn started(alerts: Alerts) -> Driver {
    Driver::start(Start { alerts, ..Start::default() })
}

/// The jobs of the home scope, and more.
fn tell(driver: &mut Driver, more: Vec<BackupJob>) {
    let key = Key::scoped(home(), Query::BackupJobs);
    let Ok(Answer::BackupJobs(known)) = driver.answer_of(&key) else { panic!("jobs") };
    let jobs = more.into_iter().chain(known.iter().map(|job| job.as_ref().clone()));
    driver.reply(key, Ok(Answer::BackupJobs(rows(jobs))));
    driver.answer_all();
}

fn fails(number: u64, name: &str) -> BackupJob {
    let mut failed = job(&home(), 7000 + number, name, JobState::Failed, ago(0, 1));
    failed.resource_arn = file_system(&home(), 700 + number);
    failed.completed = Some(now());
    failed
}

/// What the terminal was asked to do since this was last asked.
fn asked(driver: &mut Driver) -> (usize, Vec<String>) {
    let effects = driver.take_effects();
    let bells = effects.iter().filter(|effect| matches!(effect, Effect::Bell)).count();
    let notes = effects.into_iter().filter_map(|effect| match effect {
        Effect::Note(text) => Some(text),
        _ => None,
    });
    (bells, notes.collect())
}

#[test]
fn what_is_there_when_the_dashboard_begins_to_look_is_no_news_on_any_screen() {
    let mut driver = started(BOTH);
    assert_eq!(asked(&mut driver), (0, Vec::new()));
    driver.press("7").press("G").press("4 tab tab").press("2 enter esc").press("3").press("1");
    driver.wait(600);
    assert_eq!(asked(&mut driver), (0, Vec::new()));
}

#[test]
fn a_new_finding_is_told_once_and_several_at_once_are_one() {
    let mut driver = started(BOTH);
    driver.take_effects();
    tell(&mut driver, vec![fails(1, "one")]);
    assert_eq!(asked(&mut driver), (1, vec!["vaultdeck: Backup failed: one".to_owned()]));
    tell(&mut driver, vec![fails(1, "one")]);
    driver.wait(120);
    assert_eq!(asked(&mut driver), (0, Vec::new()), "it is known");
    tell(&mut driver, vec![fails(1, "one"), fails(2, "two"), fails(3, "three")]);
    let (bells, notes) = asked(&mut driver);
    assert!(bells == 1 && notes.len() == 1 && notes[0].ends_with(" and 1 more"), "{notes:?}");
    // It is over, and comes again.
    tell(&mut driver, Vec::new());
    assert_eq!(asked(&mut driver).0, 0);
    tell(&mut driver, vec![fails(1, "one")]);
    assert_eq!(asked(&mut driver).0, 1);
}

/// A scope's copy jobs, some of which failed.
fn tell_copies(driver: &mut Driver, scope: &Scope, failed: &[u64]) {
    let of = |number: &u64| {
        let mut job = copy(scope, 7000 + number, JobState::Failed, ago(5, 0));
        job.resource_arn = Some(file_system(scope, 700 + number));
        job
    };
    driver.reply(Key::scoped(scope.clone(), Query::CopyJobs), Ok(Answer::CopyJobs(rows(failed.iter().map(of)))));
    driver.answer_all();
}

#[test]
fn copies_that_failed_before_every_scope_told_of_its_copies_are_no_news() {
    let mut driver = Driver::unanswered(Start { alerts: BOTH, ..Start::default() });
    driver.silent = Some(Key::scoped(staging(), Query::CopyJobs));
    driver.answer_all();
    // Copies are asked for by the findings' own screen.
    driver.press("7").answer_all();
    tell_copies(&mut driver, &home(), &[1]);
    // Only now anything is found of copies, at home too.
    tell_copies(&mut driver, &staging(), &[2]);
    assert_eq!(asked(&mut driver), (0, Vec::new()));
    tell_copies(&mut driver, &home(), &[1, 3]);
    assert_eq!(asked(&mut driver).0, 1);
}

#[test]
fn it_is_heard_on_every_screen() {
    let mut driver = started(BOTH);
    driver.press("6");
    driver.take_effects();
    tell(&mut driver, vec![fails(1, "one")]);
    assert_eq!(asked(&mut driver).0, 1);
}

#[test]
fn nobody_is_told_who_did_not_ask_for_it_and_each_way_is_its_own() {
    for (alerts, bells, notes) in [
        (Alerts::default(), 0, 0),
        (Alerts { bell: true, osc9: false }, 1, 0),
        (Alerts { bell: false, osc9: true }, 0, 1),
    ] {
        let mut driver = started(alerts);
        driver.take_effects();
        tell(&mut driver, vec![fails(1, "one")]);
        let asked = asked(&mut driver);
        assert_eq!((asked.0, asked.1.len()), (bells, notes), "{alerts:?}");
    }
}

#[test]
fn a_real_terminal_gets_the_bytes_of_what_fails_while_it_is_watched_and_of_nothing_before() {
    let folder = tempfile::tempdir().unwrap();
    let (home, data) = (folder.path().join("home"), folder.path().join("data"));
    fs::create_dir_all(home.join(".config/vaultdeck")).unwrap();
    fs::write(home.join(".config/vaultdeck/config.toml"), "[dashboard]\nbell = true\nosc9 = true\n").unwrap();
    for name in ["before", "after"] {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        vaultdeck(&data, &["resource", "add", "EFS", name, "--path", path.to_str().unwrap()]);
        fs::remove_dir(&path).unwrap();
    }
    let fails = |name: &str| {
        let mut command = std::process::Command::new(binary());
        command.args(["backup", "start", name, "--vault", "Default"]).env("VAULTDECK_DATA_DIR", &data);
        let output = command.env("HOME", folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    };
    fails("before");
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let mut terminal = Terminal::start_in(
        tempfile::tempdir().unwrap(),
        &[],
        &[("HOME", home.to_str().unwrap()), ("VAULTDECK_DATA_DIR", data.to_str().unwrap())],
    );
    terminal.sees("FAILED");
    terminal.sees("before");
    assert!(!terminal.got(|bytes| has(bytes, "\x1b]9;")), "what was there before is no news");
    fails("after");
    terminal.gets("the bell and the note", |bytes| has(bytes, "\x07\x1b]9;vaultdeck: Backup failed: after\x07"));
    assert!(!terminal.got(|bytes| has(bytes, "Backup failed: before\x07")));
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
}
