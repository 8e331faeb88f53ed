//! What keys and answers do to the state: the same messages always give the same frames.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::client::{Capabilities, Fault, FaultKind, Key, Outcome, Query};
use vaultdeck::domain::Known;
use vaultdeck::domain::extension::{Problem, ProblemSeverity, READ_ONLY_DIRECTORY};
use vaultdeck::domain::recovery_point::RecoveryPointStatus;
use vaultdeck::tui::msg::{Effect, Msg};

#[test]
fn the_same_messages_give_the_same_frames() {
    let play = || {
        let mut driver = Driver::usual();
        driver.press("2 j enter enter space j space 4 / ").write("proj").press("enter j s s S 1 f").wait(90);
        driver.draw();
        driver.bytes()
    };
    assert_eq!(play(), play());
}

#[test]
fn the_selection_stays_on_its_row_when_new_jobs_come() {
    let mut driver = Driver::usual();
    driver.press("4 j j j");
    let selected = |driver: &mut Driver| {
        let screen = driver.screen();
        screen.lines().find(|line| line.starts_with('▌')).unwrap().chars().take(60).collect::<String>()
    };
    let before = selected(&mut driver);
    let newer =
        fixture::job(&fixture::home(), 99, "brand-new", vaultdeck::domain::job::JobState::Running, fixture::now());
    driver.fixture().backups.push(newer);
    driver.answer_again();
    driver.sees("brand-new");
    assert_eq!(selected(&mut driver), before);
}

/// Which row of the list has the cursor, from 0.
fn cursor(driver: &mut Driver) -> usize {
    let screen = driver.screen();
    let heading = screen.lines().position(|line| line.contains("  VAULT")).unwrap();
    screen.lines().skip(heading + 1).position(|line| line.starts_with('▌')).unwrap()
}

#[test]
fn the_cursor_stays_at_the_top_until_someone_moves_it_and_then_on_its_row() {
    let mut driver = Driver::unanswered(Start::default());
    let scopes = driver.fixture().scopes.clone();
    driver.reply(Key::context(Query::Scopes), driver.answer_of(&Key::context(Query::Scopes)));
    driver.send(Msg::Key(crate::driver::key_of("2")));
    // The rows of the last account come first, then those that stand above them.
    for scope in scopes.iter().rev() {
        let key = Key::scoped(scope.clone(), Query::Vaults);
        driver.reply(key.clone(), driver.answer_of(&key));
        driver.app.settle();
        assert_eq!(cursor(&mut driver), 0, "after {scope} answered");
    }
    driver.press("j").sees("▌ prod-vault");
    driver.fixture().vaults.insert(0, fixture::vault(&fixture::home(), "another", 0));
    driver.answer_again();
    driver.sees("▌ prod-vault");
    assert_eq!(cursor(&mut driver), 2);
}

#[test]
fn what_no_answer_tells_is_not_shown_as_none() {
    let mut driver = Driver::usual();
    for point in &mut driver.fixture().points {
        point.calculated_lifecycle = Known::Unknown;
        point.created_by = Known::Unknown;
        point.lifecycle = Known::Unknown;
    }
    driver.press("6 j j enter").sees("Recovery points of projects").sees("Resources › projects");
    driver.sees_no("never").sees_no("on demand");
    let screen = driver.screen();
    let row = screen.lines().find(|line| line.starts_with('▌')).unwrap();
    assert_eq!(row.matches('·').count(), 3, "COLD AT, DELETED and PLAN are not known: {row}");
    driver.press("enter").sees_no("kept for ever");
    driver.press("tab").sees("not known").sees_no("never");
}

#[test]
fn how_long_a_point_is_kept_is_asked_for_before_it_can_be_changed() {
    let mut driver = Driver::usual();
    let whole = driver.fixture().points.clone();
    for point in &mut driver.fixture().points {
        point.lifecycle = Known::Unknown;
    }
    driver.press("6 j j enter a").write("how long").press("enter");
    driver.press("ctrl-s").sees("is not known yet").sees_no("kept for ever");
    driver.fixture().points = whole;
    let arn = driver.fixture().points[0].arn.clone();
    let query = Query::RecoveryPoint { vault: "prod-vault".into(), recovery_point: arn };
    let key = Key::scoped(fixture::home(), query);
    driver.reply(key.clone(), driver.answer_of(&key));
    driver.answer_all();
    driver.sees("35").sees("It would be deleted in 34d");
}

#[test]
fn findings_tell_of_jobs_plans_points_and_the_engine_and_open_what_they_are_of() {
    let mut driver = Driver::start(Start { size: (110, 40), ..Start::default() });
    let long =
        "it is locked until 2027-01-01 and its vault refuses to delete what it holds before that day, whoever asks";
    driver.fixture().points[1].status = RecoveryPointStatus::Expired;
    driver.fixture().points[1].status_message = Some(long.to_owned());
    driver.fixture().engine_problems = vec![Problem {
        code: "ConductorBlocked".to_owned(),
        severity: ProblemSeverity::Error,
        message: "The engine's conductor has given no sign of life for 43 seconds".to_owned(),
    }];
    let key = Key::context(Query::Status);
    driver.reply(key.clone(), driver.answer_of(&key));
    driver.press("7").sees("ENGINE").sees("no sign of life").sees("FAILED").sees("ISSUES").sees("STUCK");
    // The old failures that the overview leaves out are here too, and the selected one is told in full.
    driver.press("/").write("stuck").press("enter").sees("before that day, whoever asks");
    driver.press("enter").sees("mail").sees("EXPIRED");
}

#[test]
fn a_damaged_point_is_one_finding() {
    let mut driver = Driver::start(Start { size: (110, 40), ..Start::default() });
    driver.fixture().points[1].status_message = Some("Damaged: 1 item cannot be restored: /a".to_owned());
    driver.answer_again();
    driver.press("7").sees("DAMAGED");
    let screen = driver.screen();
    assert_eq!(screen.lines().filter(|line| line.contains("DAMAGED")).count(), 1, "{screen}");
}

/// An engine whose data directory cannot be written.
fn frozen(size: (u16, u16)) -> Driver {
    frozen_at(size, fixture::engine())
}

fn frozen_at(size: (u16, u16), capabilities: Capabilities) -> Driver {
    let mut fixture = fixture::organization();
    fixture.engine_problems = vec![Problem {
        code: READ_ONLY_DIRECTORY.to_owned(),
        severity: ProblemSeverity::Error,
        message: "The data directory is read-only (Read-only file system): nothing is backed up.".to_owned(),
    }];
    Driver::start(Start { size, fixture, capabilities, ..Start::default() })
}

#[test]
fn a_read_only_data_directory_is_told_on_every_screen_and_size() {
    for size in [(60, 15), (80, 24), (120, 40)] {
        for tab in ["1", "2", "3", "4", "5", "6", "7", "8"] {
            let mut driver = frozen(size);
            driver.press(tab);
            let screen = driver.screen();
            assert!(screen.lines().next().unwrap().contains("read-only data directory"), "{size:?} {tab}: {screen}");
        }
    }
    frozen((110, 40)).press("7").sees("ENGINE").sees("(Read-only file system): nothing is backed up");
    // Of an engine elsewhere only its health is known.
    let elsewhere = Capabilities { control: false, ..fixture::engine() };
    frozen_at((120, 40), elsewhere).sees("read-only data directory");
    Driver::usual().sees_no("read-only");
}

#[test]
fn on_a_read_only_data_directory_restores_can_be_started_and_nothing_else() {
    let why = "The data directory is read-only (Read-only file system): only restores can be started";
    let mut driver = frozen((120, 40));
    driver.press("?").write("create a vault").sees("The data directory is read-only (Read-only file");
    let mut driver = frozen((120, 40));
    driver.press("ctrl-p").write("back up now").press("enter").sees(why);
    let mut driver = frozen((120, 40));
    driver.press("2 j enter enter ctrl-p").write("restore").press("enter").sees_no(why).sees("Restore");
    driver.sees("new file system");
}

#[test]
fn an_engine_elsewhere_tells_what_is_wrong_with_it_too() {
    let capabilities = Capabilities { control: false, ..fixture::engine() };
    let mut driver = Driver::start(Start { capabilities, embedded: false, size: (110, 40), ..Start::default() });
    driver.fixture().engine_problems = vec![Problem {
        code: "ConductorStopped".to_owned(),
        severity: ProblemSeverity::Error,
        message: "The engine's conductor has ended".to_owned(),
    }];
    driver.answer_again();
    driver.press("7").sees("ENGINE").sees("conductor has ended");
}

#[test]
fn a_row_that_was_opened_keeps_the_cursor() {
    let mut driver = Driver::usual();
    driver.press("2 enter esc").sees("▌ Default");
    driver.fixture().vaults.insert(0, fixture::vault(&fixture::home(), "another", 0));
    driver.answer_again();
    driver.sees("▌ Default");
}

#[test]
fn a_filter_narrows_and_esc_widens_again() {
    let mut driver = Driver::usual();
    driver.press("4 /").write("expired").press("enter");
    driver.sees("database-dumps").sees_no("archive").sees("1 of 22");
    driver.press("esc").sees("archive");
}

#[test]
fn from_whatever_is_of_a_resource_one_key_leads_to_its_recovery_points() {
    for (way, title) in [
        ("4 f", "Recovery points of "),
        ("4 f enter", "Recovery points of "),
        ("1", "Recovery points of "),
        ("1 P", "Recovery points of "),
        ("6", "Recovery points of "),
        ("2 j enter enter", "Recovery points of "),
    ] {
        let mut driver = Driver::usual();
        driver.press(way).press("b").sees(title);
    }
    let mut driver = Driver::usual();
    driver.press("2 b").sees("select a resource, a job or a recovery point first");
}

#[test]
fn a_restore_of_what_made_no_recovery_point_begins_at_those_there_are() {
    let mut driver = Driver::usual();
    driver.press("4 /").write("does not exist").press("enter ctrl-p").write("restore").press("enter");
    driver.sees("Recovery points of web").sees("choose a recovery point, and restore again");
}

#[test]
fn only_problems_on_one_key() {
    let mut driver = Driver::usual();
    driver.press("4 f").sees("EXPIRED").sees("ISSUES").sees_no("COMPLETED");
    driver.press("f").sees("COMPLETED");
}

#[test]
fn back_and_forth() {
    let mut driver = Driver::usual();
    driver.press("2 j enter enter").sees("notes.md");
    driver.press("enter").sees("2026.csv");
    driver.press("esc").sees("notes.md");
    driver.press("esc").sees("Recovery points in prod-vault");
    driver.press("esc").sees("archive-vault");
    driver.press("[").sees("Recovery points in prod-vault");
    driver.press("]").sees("archive-vault");
}

#[test]
fn the_palette_finds_and_runs() {
    let mut driver = Driver::usual();
    driver.press("ctrl-p").write("resources").press("enter").sees("Resources").sees("never backed up");
}

#[test]
fn the_command_line_runs_names_and_explains_unknown_ones() {
    let mut driver = Driver::usual();
    driver.press(":").write("plans").press("enter").sees("Backup plans");
    driver.press(":").write("plain").press("enter").sees("there is no command \"plain\"");
}

#[test]
fn help_is_searched_and_says_why_something_cannot_run() {
    let mut driver = Driver::usual();
    driver.press("1 ?").write("delete").sees("Delete the vault").sees("select a vault (2) first");
    let mut aws = Driver::start(Start { capabilities: fixture::aws(), embedded: false, ..Start::default() });
    aws.press("?").write("create").sees("read-only: start with --write");
    aws.press("esc").sees("read-only");
}

#[test]
fn nothing_is_changed_by_one_key() {
    let keys = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"#$%&'()*+,-./;<=>@[]^_`{|}~";
    for screen in ["1", "2 j", "2 j enter", "2 j enter enter", "3", "4", "6"] {
        for key in keys.chars() {
            let mut driver = Driver::usual();
            driver.press(screen).write(&key.to_string());
            let effects = driver.take_effects();
            assert!(!effects.iter().any(|effect| matches!(effect, Effect::Change { .. })), "{key} on {screen}");
        }
    }
}

#[test]
fn quitting_with_jobs_in_this_process_asks_and_elsewhere_does_not() {
    let mut driver = Driver::usual();
    driver.press("q").sees("Leave them to resume").sees("Wait until they are done").sees("Stop the backups");
    assert!(driver.take_effects().is_empty());
    driver.press("enter");
    assert!(matches!(driver.take_effects().as_slice(), [Effect::Quit]));

    let mut elsewhere = Driver::start(Start { embedded: false, ..Start::default() });
    elsewhere.press("q");
    assert!(matches!(elsewhere.take_effects().as_slice(), [Effect::Quit]));
}

#[test]
fn quitting_when_idle_waits_for_the_last_job() {
    let mut driver = Driver::usual();
    driver.press("q down enter").sees("quits when no job runs");
    assert!(driver.take_effects().is_empty());
    driver.fixture().backups.retain(|job| job.state.is_final());
    driver.fixture().restores.retain(|job| job.state.is_final());
    driver.answer_again();
    assert!(driver.take_effects().iter().any(|effect| matches!(effect, Effect::Quit)));
}

#[test]
fn stopping_all_sends_one_stop_for_each_backup() {
    let mut driver = Driver::usual();
    driver.press("q down down enter");
    let stops = driver.take_effects().into_iter().filter(|effect| matches!(effect, Effect::Change { .. })).count();
    assert_eq!(stops, 2);
}

#[test]
fn one_scope_can_be_chosen() {
    let mut driver = Driver::usual();
    driver.press("2 @").write("staging").press("enter").sees("Default").sees_no("prod-vault");
    driver.press("@").write("all acc").press("enter").sees("prod-vault");
}

#[test]
fn an_older_answer_never_replaces_a_newer_one() {
    use vaultdeck::client::{Answer, Event, Key, Query, Reply};
    let mut driver = Driver::usual();
    driver.press("2");
    let key = Key::scoped(fixture::home(), Query::Vaults);
    let old = Reply {
        key,
        generation: 0,
        at: fixture::now(),
        result: Ok(Answer::Vaults(vaultdeck::client::query::rows([]))),
        next_try: None,
    };
    driver.send(vaultdeck::tui::msg::Msg::Data(Box::new(Event::Answered(old))));
    driver.sees("prod-vault");
}

#[test]
fn a_change_is_shown_asked_sent_once_and_told() {
    let mut driver = Driver::usual();
    driver.press("2 :").write("create-vault").press("enter").sees("Create a vault");
    driver.write("new vault!").press("ctrl-s").sees("must be 2 to 50 letters");
    driver.press("ctrl-u").write("new-vault").press("ctrl-s");
    driver.sees("CreateBackupVault").sees("\"BackupVaultName\": \"new-vault\"").sees("create-backup-vault");
    driver.press("enter").sees("enter does not confirm");
    assert!(driver.take_effects().is_empty());
    driver.press("y").sees("Sending");
    let effects = driver.take_effects();
    assert!(matches!(effects.as_slice(), [Effect::Change { ticket: 1, .. }]));
    driver.changed(Ok(Outcome::Vault("new-vault".to_owned()))).sees("Create vault new-vault: done");
    driver.press("8").sees("Create vault new-vault").sees("done");
}

#[test]
fn a_refused_change_keeps_what_was_typed() {
    let mut driver = Driver::usual();
    driver.press(":").write("create-vault").press("enter").write("new-vault").press("ctrl-s y");
    let fault = Fault::new(FaultKind::Refused, "Backup vault with the same name already exists");
    driver.changed(Err(fault)).sees("Backup vault with the same name already exists").sees("new-vault");
}

#[test]
fn deleting_wants_its_name_typed() {
    let mut driver = Driver::usual();
    driver.fixture().vaults.push(fixture::vault(&fixture::home(), "old-vault", 0));
    driver.answer_again();
    driver.press("2 /").write("old").press("enter a").write("delete the vault").press("enter");
    driver.sees("this cannot be undone").sees("type old-vault");
    driver.press("y y y enter");
    assert!(driver.take_effects().is_empty(), "y alone never destroys");
    driver.press("ctrl-u").write("old-vault").press("enter");
    assert!(matches!(driver.take_effects().as_slice(), [Effect::Change { .. }]));
}

#[test]
fn what_cannot_be_done_says_why_in_the_menu() {
    let mut driver = Driver::usual();
    driver.press("2 j a").sees("it holds 12 recovery points");
}
