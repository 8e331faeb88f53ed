//! What is done to several marked rows at once: to which of them, shown in one view, asked for once, sent a few at a time.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture};
use chrono::Duration;
use vaultdeck::client::{Fault, FaultKind, Outcome};
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::recovery_point::RecoveryPointStatus;
use vaultdeck::domain::{Known, Lifecycle};
use vaultdeck::tui::msg::{Effect, Msg, MuteChange};

/// The numbers of the changes that were sent since this was asked last.
fn sent(driver: &mut Driver) -> Vec<u64> {
    let effects = driver.take_effects();
    effects
        .into_iter()
        .filter_map(|effect| if let Effect::Change { ticket, .. } = effect { Some(ticket) } else { None })
        .collect()
}

fn ends(driver: &mut Driver, ticket: u64, outcome: Result<Outcome, Fault>) {
    driver.send(Msg::Changed { ticket, outcome });
    driver.answer_all();
}

fn refused(message: &str) -> Fault {
    Fault::new(FaultKind::Refused, message)
}

/// The recovery points of `prod-vault`: six of projects, and six of mail, of which a hold is on four.
fn points(size: (u16, u16)) -> Driver {
    let mut driver = Driver::start(Start { size, ..Start::default() });
    driver.press("2 /").write("prod-vault").press("enter enter").sees("Recovery points in prod-vault");
    driver
}

/// Chooses from the menu of what can be done.
fn choose(driver: &mut Driver, command: &str) {
    driver.press("a").write(command).press("enter");
}

#[test]
fn what_can_be_done_to_all_to_some_and_to_none_is_told_with_how_many_and_why() {
    let mut driver = points((160, 45));
    driver.press("*").sees("12 marked").press("a").sees("What to do with the 12 marked");
    driver.sees("Copy 12 recovery points into another vault").sees("Change how long 12 recovery points are kept");
    driver.sees("Delete 8 recovery points").sees("8 of 12; not 4: legal hold case 7 is on it");
    driver.sees_no("Restore…").sees_no("Stop").press("esc");
    driver.press("ctrl-p").write("delete").sees("Delete 8 recovery points").press("esc");
    driver.press("*").sees_no("marked").press("a").sees("Restore…");

    let mut jobs = Driver::start(Start { size: (160, 45), ..Start::default() });
    jobs.press("4 /").write("state:completed").press("enter * a").sees("Back up 3 resources now");
    jobs.sees("Stop 18 jobs").sees("this job has ended: COMPLETED");
}

#[test]
fn one_view_has_every_request_and_asks_for_how_many_they_are() {
    for size in [(60, 15), (80, 24), (160, 45)] {
        let mut driver = points(size);
        driver.press("*");
        choose(&mut driver, "delete");
        driver.sees("Delete 8 recovery points.").sees("this cannot be undone");
        driver.sees("Left out: 4, legal hold case 7 is on it");
        if size.1 > 15 {
            driver.sees("8 in prod-vault of production/us-east-1").sees("The backup is gone for good.");
            driver.sees("As far as is known here, nothing is left that can be restored of");
        }
        if size.1 > 24 {
            driver.sees("restored of projects. What is left can be").sees("restored: 4 of mail.");
        }
        driver.sees("To do it, type 8 and press enter");
        driver.press("pagedown pagedown pagedown pagedown pagedown pagedown pagedown pagedown");
        driver.sees("8 of 8: ");
        driver.press("7 enter").sees("type 8 exactly").press("ctrl-c").sees("copied 8 commands");
        let copied = driver.take_effects().into_iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        });
        let copied = copied.expect("the commands");
        assert_eq!(copied.lines().filter(|line| line.starts_with("aws ")).count(), 8, "{copied}");
        assert!(copied.contains("delete-recovery-point --backup-vault-name prod-vault"), "{copied}");
        driver.press("esc").sees("12 marked");
        assert!(sent(&mut driver).is_empty(), "nothing was sent");
    }
}

#[test]
fn a_few_are_sent_at_a_time_and_what_failed_stays_marked_with_the_reason() {
    let mut driver = points((120, 40));
    driver.press("*");
    choose(&mut driver, "delete");
    driver.write("8").press("enter").sees("0 of 8 went well, 4 under way");
    let first = sent(&mut driver);
    assert_eq!(first.len(), 4, "a few at a time");
    assert_eq!(driver.app.world.activity.len(), 4, "each has its entry");
    ends(&mut driver, first[0], Ok(Outcome::Done));
    ends(&mut driver, first[1], Err(refused("the policy of the vault denies arn:aws:backup:1")));
    driver.sees("1 of 8 went well, 1 failed, 4 under way");
    let more = sent(&mut driver);
    assert_eq!(more.len(), 2, "each that ended made room for one");
    for ticket in [&first[2..], &more].concat() {
        ends(&mut driver, ticket, Ok(Outcome::Done));
    }
    let last = sent(&mut driver);
    assert_eq!(last.len(), 2);
    ends(&mut driver, last[0], Err(refused("the policy of the vault denies arn:aws:backup:2")));
    assert!(
        !driver.take_effects().iter().any(|effect| matches!(effect, Effect::RefreshScope(_))),
        "not before the end"
    );
    ends(&mut driver, last[1], Ok(Outcome::Done));
    driver.sees("6 of 8 went well, 2 failed").sees("2: refused: the policy of the vault denies arn:aws:backup:1");
    let effects = driver.take_effects();
    assert_eq!(
        effects.iter().filter(|effect| matches!(effect, Effect::RefreshScope(_))).count(),
        1,
        "asked again once"
    );
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Bell)));
    assert_eq!(driver.app.world.activity.len(), 8);

    // The two that failed, once more; the marks are theirs and those of the four that are held.
    driver.press("r").sees("Once more, 2 of: Delete 8 recovery points").sees("To do it, type 2");
    driver.press("esc").sees("6 of 8 went well, 2 failed");
    driver.press("esc").sees("6 marked").press("8").sees("refused").sees("DeleteRecoveryPoint");
}

#[test]
fn esc_stops_the_further_ones_and_again_leaves_those_under_way_to_their_end() {
    let mut driver = points((120, 40));
    driver.press("*");
    choose(&mut driver, "delete");
    driver.write("8").press("enter");
    let first = sent(&mut driver);
    driver.press("esc").sees("4 under way, 4 are not sent").sees("No further one is sent");
    ends(&mut driver, first[0], Ok(Outcome::Done));
    assert!(sent(&mut driver).is_empty(), "none after the stop");
    driver.press("esc").sees_no("under way").sees("11 marked");
    choose(&mut driver, "delete");
    driver.sees("3 changes are still under way");
    for ticket in &first[1..3] {
        ends(&mut driver, *ticket, Ok(Outcome::Done));
    }
    ends(&mut driver, first[3], Err(refused("no")));
    driver.sees("Delete 8 recovery points: 3 done, 1 failed, 4 not sent").sees("9 marked");
    choose(&mut driver, "delete");
    driver.sees("To do it, type 5");
}

#[test]
fn one_that_is_left_asks_as_it_does_alone() {
    let mut driver = points((120, 40));
    driver.press("/").write("projects").press("enter g space space a").write("delete").press("enter");
    driver.sees("To do it, type 2").press("esc esc");
    driver.fixture().holds[0].selection.resource_identifiers.clear();
    driver.fixture().holds[0].selection.date_range = None;
    driver.press("a").sees("Delete 2 recovery points");

    let mut one = points((120, 40));
    // The newest of mail is free, the oldest is held.
    one.press("/").write("mail").press("enter g space G space").sees("2 marked");
    choose(&mut one, "delete");
    one.sees("Delete 1 recovery point.").sees("Left out: 1").sees("To do it, type bbbbbbbb");
}

#[test]
fn the_only_one_that_is_marked_is_meant_and_never_the_row_under_the_cursor() {
    let mut driver = points((120, 40));
    // The newest of mail is marked, and the cursor goes on to another row.
    driver.press("/").write("mail").press("enter g space G").sees("1 marked");
    choose(&mut driver, "delete");
    // A hold is on the row under the cursor, which would be refused.
    driver.sees("To do it, type bbbbbbbb");
    driver.press("esc").press(":").write("delete-recovery-point").press("enter").sees("To do it, type bbbbbbbb");
    driver.press("esc").press(":").write("delete-plan").press("enter").sees_no("To do it").sees("select a plan");
}

#[test]
fn what_is_for_one_is_done_to_none_of_several() {
    let mut driver = points((120, 40));
    driver.press("g space space").sees("2 marked").press(":").write("restore").press("enter");
    driver.sees("this is done to one at a time: 2 are marked");
    driver.press(":").write("delete-plan").press("enter").sees("this is not done to a recovery point");
}

#[test]
fn nothing_is_done_by_keys_where_nothing_can_be_drawn() {
    let mut driver = points((120, 40));
    driver.press("g space space");
    choose(&mut driver, "delete");
    driver.sees("To do it, type 2").send(Msg::Resize(20, 5));
    driver.write("2").press("enter").send(Msg::Paste("2".to_owned()));
    driver.press("enter");
    assert!(sent(&mut driver).is_empty(), "nobody saw what was asked");
    driver.press("esc").press("q");
    assert!(driver.take_effects().iter().all(|effect| !matches!(effect, Effect::Quit)), "q is a letter");
    driver.send(Msg::Resize(120, 40));
    driver.sees_no("To do it").sees("2 marked");
}

#[test]
fn quitting_while_changes_are_under_way_is_said_first() {
    let mut driver = points((120, 40));
    driver.press("g space space");
    choose(&mut driver, "delete");
    driver.write("2").press("enter").sees("2 under way");
    sent(&mut driver);
    driver.press("esc q").sees("2 changes are under way");
    assert!(driver.take_effects().iter().all(|effect| !matches!(effect, Effect::Quit)));
    driver.press("q");
    let effects = driver.take_effects();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Quit)) || driver.screen().contains("Quit"));
}

#[test]
fn rows_that_a_filter_hides_are_counted_before_anything_is_done_to_them() {
    let mut driver = points((120, 40));
    driver.press("* /").write("projects").press("enter").sees("12 marked, 6 hidden");
    driver.press("a").sees("What to do with the 12 marked, 6 of them out of sight by the filter").press("esc");
    choose(&mut driver, "delete");
    driver.sees("12 are marked, 6 of them out of sight by the filter.").press("esc");
    driver.press("*").sees("6 marked, 6 hidden").press("esc").sees("6 marked").sees_no("hidden");
}

#[test]
fn a_mark_goes_with_its_row_and_none_comes_to_a_row_that_nobody_marked() {
    let mut driver = points((120, 40));
    driver.press("g space space").sees("2 marked");
    let gone = driver.fixture().points.remove(0);
    let key = driver.wants().into_iter().find(|key| format!("{:?}", key.query).starts_with("RecoveryPoints ")).unwrap();
    let again = |driver: &mut Driver| {
        let answer = driver.answer_of(&key);
        driver.reply(key.clone(), answer);
        driver.answer_all();
    };
    again(&mut driver);
    driver.sees("1 marked");
    driver.fixture().points.insert(0, gone);
    again(&mut driver);
    driver.sees("1 marked");
}

#[test]
fn where_nothing_may_be_written_nothing_is_offered() {
    let mut driver = Driver::start(Start { capabilities: fixture::aws(), ..Start::default() });
    driver.press("2 /").write("prod-vault").press("enter enter * a").sees("What to do with the 12 marked");
    // The header says read-only as well; how to change that stands in the menu alone.
    driver.sees("read-only: start with --write");
    driver.write("delete").press("enter").sees_no("To do it").press("esc esc");
    driver.press(":").write("delete-recovery-point").press("enter").sees_no("To do it");
    assert!(sent(&mut driver).is_empty());
}

#[test]
fn more_than_anybody_reads_are_refused() {
    let mut fixture = fixture::organization();
    let many =
        (100..1_101).map(|number| fixture::point(&fixture::home(), number, "projects", fixture::ago(number as i64, 0)));
    fixture.points = many.collect();
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("2 /").write("prod-vault").press("enter enter *").sees("1,001 marked");
    choose(&mut driver, "delete");
    driver.sees("1001 are marked: at most 1000 are changed at once");
}

#[test]
fn jobs_are_stopped_together_with_a_plain_yes() {
    let mut driver = Driver::usual();
    driver.press("4 /").write("state:running,created").press("enter * a").sees("Stop 2 jobs").press("esc");
    choose(&mut driver, "stop");
    driver.sees("this changes or stops something").sees("The job ends without a recovery point.").sees("1 of 2: ");
    driver.press("enter").sees("enter does not confirm: press y").press("y").sees("2 under way");
    for ticket in sent(&mut driver) {
        ends(&mut driver, ticket, Ok(Outcome::Done));
    }
    driver.sees("2 of 2 went well").press("enter").sees("Stop 2 jobs: 2 done, 0 failed").sees_no("marked");
}

#[test]
fn the_resources_of_failed_jobs_and_of_findings_are_backed_up_together() {
    let mut driver = Driver::start(Start { size: (160, 45), ..Start::default() });
    driver.press("4 /").write("state:failed,expired").press("enter * a").sees("Back up 2 resources now").press("esc");
    choose(&mut driver, "Back up");
    driver.sees("Back several up now").sees("the vault that each job had").press("ctrl-s");
    driver.sees("there is no vault prod-vault in staging/us-east-1");

    let mut resources = Driver::start(Start { size: (160, 45), ..Start::default() });
    resources.press("6 *").press("a").write("Back up").press("enter").sees("Into vault");
    resources.press("enter").sees("in 2 of 2 places").write("Default").press("enter ctrl-s");
    resources.sees("now.").sees("in Default of production/us-east-1").sees("in Default of staging/us-east-1");
    resources.sees("start-backup-job").sees("y do it");
}

/// A vault that copies can go to, and one point whose lifecycle is not known.
fn two_of_three() -> Fixture {
    let mut fixture = fixture::organization();
    fixture.vaults.push(fixture::vault(&fixture::home(), "copies", 0));
    fixture.points.truncate(3);
    fixture.points[0].lifecycle = Known::Unknown;
    fixture.points[1].lifecycle = Known::Known(Some(Lifecycle::delete_after(7)));
    fixture
}

#[test]
fn how_long_several_are_kept_is_asked_once_and_told_of_each() {
    let mut driver = Driver::start(Start { size: (160, 45), fixture: two_of_three(), ..Start::default() });
    driver.press("2 /").write("prod-vault").press("enter enter *");
    choose(&mut driver, "Change how");
    driver.sees("Change how long 3 recovery points are kept.").press("ctrl-s").sees("a number of days, or `ever`");
    driver.write("1").sees("The life of 1 recovery point would be over already");
    driver.press("ctrl-s").sees("Left out: 1, how long it is kept now is not known here");
    driver.sees("Its life would be over already").sees("DeleteAfterDays\":1");
    // What ends lives is a deletion: it is asked as one, with what it leaves.
    driver.sees("this cannot be undone").sees("The life of 1 recovery point would be over already: deleted");
    driver.sees("What is left can be restored: 1 of projects.").sees("To do it, type 2");
    driver.press("y enter").sees("type 2 exactly");
    assert!(sent(&mut driver).is_empty());
    driver.press("esc");
    driver.press("backspace").write("ever").press("ctrl-s").sees("It would be kept for ever.").sees("y do it");
}

#[test]
fn several_are_copied_into_a_vault_and_what_is_certain_to_fail_is_left_out() {
    let mut fixture = two_of_three();
    fixture.points[2].status = RecoveryPointStatus::Deleting;
    let mut driver = Driver::start(Start { size: (160, 45), fixture, ..Start::default() });
    driver.press("2 /").write("prod-vault").press("enter enter *");
    choose(&mut driver, "Copy");
    driver.sees("Copy 2 recovery points into another vault; 1 of 3 are left out.").press("enter").write("copies");
    driver.press("enter ctrl-s").sees("Copy 2 recovery points into another vault.").sees("Left out: 1, ");
    driver.sees("start-copy-job").sees("backup-vault:copies");

    let mut same = Driver::start(Start { size: (160, 45), fixture: two_of_three(), ..Start::default() });
    same.press("2 /").write("prod-vault").press("enter enter *");
    choose(&mut same, "Copy");
    same.press("enter").write("prod-vault").press("enter ctrl-s").sees("that is the vault it lies in");
}

#[test]
fn a_tag_is_set_on_several_and_taken_from_them() {
    let mut driver = Driver::start(Start { size: (160, 45), ..Start::default() });
    driver.press("3 * a").sees("Set or remove a tag of 2").press("esc");
    choose(&mut driver, "Set or");
    driver.press("ctrl-s").sees("A tag of several").write("team").press("tab").write("night").press("ctrl-s");
    driver.sees("Set or remove a tag of 2.").sees("{\"team\":\"night\"}").sees("tag-resource").press("esc");
    driver.press("shift-tab shift-tab right").press("ctrl-s").sees("untag-resource").sees("\"team\"");
}

#[test]
fn several_findings_are_muted_with_one_note_and_speak_again_together() {
    let mut driver = Driver::usual();
    driver
        .press("7 space space")
        .sees("2 marked")
        .press("a")
        .sees("Mute 2 findings, or let them speak again")
        .press("esc");
    driver.press("m").sees("Mute: 2 findings").write("known").press("ctrl-s").sees("2 marked");
    let folder = tempfile::tempdir().unwrap();
    let file = vaultdeck::client::mutes::MutesFile::new(folder.path().join("mutes.json"), "here", "ada");
    // What was read before does not take the marks away.
    driver.send(Msg::Muted(Ok(file.read().unwrap())));
    driver.sees("2 marked");
    let asked = driver.take_effects().into_iter().find_map(|effect| match effect {
        Effect::Mute(MuteChange::Mute { keys, note, until, now }) => Some((keys, note, until, now)),
        _ => None,
    });
    let (keys, note, until, now) = asked.expect("both are muted");
    assert_eq!(keys.len(), 2);
    driver.send(Msg::Muted(Err("the disk is full".to_owned())));
    driver.answer_all();
    driver.sees("the disk is full").sees("2 marked");
    driver.press("m").write("known").press("ctrl-s");
    driver.send(Msg::Muted(Ok(file.mute(&keys, note, until, now).unwrap())));
    driver.answer_all();
    driver.sees_no("2 marked").press("G space k space").sees("2 marked");
    driver.press("m");
    let effects = driver.take_effects();
    let again =
        effects.iter().any(|effect| matches!(effect, Effect::Mute(MuteChange::Unmute { keys, .. }) if keys.len() == 2));
    assert!(again, "{effects:?}");
}

#[test]
fn two_rows_about_one_resource_change_it_once() {
    let mut fixture = fixture::organization();
    let mut again = fixture.backups.iter().find(|job| job.state == JobState::Failed).unwrap().clone();
    again.id = "aaaaaaaa-0000-4000-8000-000000000999".parse().unwrap();
    again.created -= Duration::hours(1);
    fixture.backups.push(again);
    let mut driver = Driver::start(Start { size: (160, 45), fixture, ..Start::default() });
    driver.press("4 /").write("state:failed").press("enter *").sees("2 marked").press("a");
    driver.sees("Back up 1 resource now");

    // Each into the vault that it had, where the two had not the same one.
    let mut fixture = fixture::organization();
    fixture.vaults.push(fixture::vault(&fixture::home(), "copies", 0));
    let mut again = fixture.backups.iter().find(|job| job.state == JobState::Failed).unwrap().clone();
    again.id = "aaaaaaaa-0000-4000-8000-000000000999".parse().unwrap();
    again.vault_name = "copies".to_owned();
    fixture.backups.push(again);
    let mut driver = Driver::start(Start { size: (160, 45), fixture, ..Start::default() });
    driver.press("4 /").write("state:failed").press("enter *").sees("2 marked").press("a").sees("Back up 2 resources");
}

#[test]
fn files_that_are_marked_are_still_restored_and_nothing_else_is_done_to_their_point() {
    let mut driver = points((160, 45));
    driver.press("g enter").sees("notes.md").press("*").sees("4 marked: a restores them").press("a").sees("Restore…");
    driver.sees_no("What to do with the").press("esc *").sees_no("marked");
}

#[test]
fn hostile_names_and_reasons_are_shown_harmless() {
    let mut fixture = fixture::organization();
    for point in &mut fixture.points {
        point.resource_name = Some("evil\u{1b}]0;x\u{7}\n\u{202e}漢字 name".to_owned());
    }
    let mut driver = Driver::start(Start { size: (60, 15), fixture, ..Start::default() });
    driver.press("2 /").write("prod-vault").press("enter enter space space");
    choose(&mut driver, "delete");
    driver.write("2").press("enter");
    let tickets = sent(&mut driver);
    ends(&mut driver, tickets[0], Err(refused("no\u{1b}[2J\u{202e} more")));
    ends(&mut driver, tickets[1], Ok(Outcome::Done));
    let screen = driver.screen();
    assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{screen}");
    driver.sees("1 of 2 went well, 1 failed");
}

#[test]
fn the_menu_the_view_of_all_and_how_far_they_have_come_at_every_size() {
    for size in [(60, 15), (80, 24), (120, 40)] {
        let name = |what: &str| format!("several-{what}-{}x{}", size.0, size.1);
        let mut driver = points(size);
        driver.press("* / p r o j e c t s enter a");
        insta::assert_snapshot!(name("actions"), driver.screen());
        driver.write("delete").press("enter");
        insta::assert_snapshot!(name("confirm"), driver.screen());
        driver.write("8").press("enter");
        let tickets = sent(&mut driver);
        ends(&mut driver, tickets[0], Ok(Outcome::Done));
        ends(&mut driver, tickets[1], Err(refused("the access policy of the vault denies it")));
        insta::assert_snapshot!(name("course"), driver.screen());
    }
}
