//! Legal holds: what is shown of them, and how one is put and released.

use crate::driver::{Driver, Start};
use crate::fixture::home;
use vaultdeck::client::{Key, Query};
use vaultdeck::domain::legal_hold::HoldStatus;

fn at(size: (u16, u16)) -> Driver {
    Driver::start(Start { size, ..Start::default() })
}

#[test]
fn the_list_what_a_hold_is_on_and_the_two_forms() {
    for (size, suffix) in [((80, 24), "80x24"), ((60, 15), "60x15"), ((160, 45), "160x45")] {
        let mut list = at(size);
        list.press(":").write("legal-holds").press("enter");
        insta::assert_snapshot!(format!("holds-{suffix}"), list.screen());
        list.press("enter");
        insta::assert_snapshot!(format!("hold-{suffix}"), list.screen());
        let mut form = at(size);
        form.press("2 j :").write("create-legal-hold").press("enter");
        insta::assert_snapshot!(format!("hold-create-{suffix}"), form.screen());
        let mut form = at(size);
        form.press(":").write("legal-holds").press("enter a").write("release").press("enter");
        insta::assert_snapshot!(format!("hold-release-{suffix}"), form.screen());
    }
}

#[test]
fn a_hold_says_what_it_would_catch_while_it_is_written() {
    let mut driver = at((120, 40));
    driver.press("2 j :").write("create-legal-hold").press("enter");
    driver.sees("It would be on 12 recovery points of 2 resources");
    // The beginning of its range: the title, what it is for, the scope, the vault, the resource, and then that.
    driver.press("tab tab tab tab tab").write("2026-11-22").sees("It would be on 4 recovery points of 2 resources");
    driver.press("tab").write("2026-11-01").sees("it lies before the beginning");
    driver.press("ctrl-s").sees("it lies before the beginning").sees_no("CreateLegalHold");
}

#[test]
fn the_actions_of_a_resource_put_a_hold_on_its_recovery_points() {
    let mut driver = at((120, 40));
    driver.press("6 a").write("hold").press("enter").sees("Create a legal hold").sees("recovery points of 1 resource");
}

#[test]
fn a_hold_is_sent_as_it_was_shown_and_one_without_a_title_is_not() {
    let mut driver = at((120, 40));
    driver.press("2 j :").write("create-legal-hold").press("enter ctrl-s").sees("Title is required");
    driver.write("case 9").press("tab").write("an inquiry").press("ctrl-s");
    driver.sees("CreateLegalHold").sees("\"Title\": \"case 9\"").sees("\"prod-vault\"").sees("create-legal-hold");
    driver.sees("nobody deletes what it catches now");
}

#[test]
fn a_release_needs_its_reason_and_the_title_typed() {
    let mut driver = at((120, 40));
    driver.press(":").write("legal-holds").press("enter").press("a").write("release").press("enter");
    driver.sees("It is on 4 recovery points.").press("ctrl-s").sees("CancelDescription is required");
    driver
        .write("settled")
        .press("tab")
        .write("0")
        .press("ctrl-s")
        .sees("Invalid RetainRecordInDays: 0 is not between");
    driver.press("backspace").write("30").press("ctrl-s");
    driver.sees("Release legal hold case 7").sees("\"RetainRecordInDays\": 30").sees("type case 7 and press enter");
    driver.sees("what of it has outlived");
}

#[test]
fn a_held_point_says_so_and_why_it_cannot_be_deleted_before_anything_is_sent() {
    let mut driver = at((160, 45));
    driver.press("2 j enter").sees("held");
    driver.press("/").write("mail").press("enter G :").write("delete-recovery-point").press("enter");
    driver.sees("legal hold case 7 is on it: release that first").sees_no("DeleteRecoveryPoint");
    driver.press("enter tab").sees("Legal hold").sees("case 7");
    // What is younger than the hold's range is not held.
    let mut young = at((160, 45));
    young.press("2 j enter g :").write("delete-recovery-point").press("enter").sees("DeleteRecoveryPoint");
}

#[test]
fn a_released_hold_cannot_be_released_again() {
    let mut driver = at((120, 40));
    driver.press(":").write("legal-holds").press("enter j :").write("release-legal-hold").press("enter");
    driver.sees("it was released already");
}

#[test]
fn a_hold_that_the_list_says_is_released_is_on_nothing_any_more() {
    let mut driver = at((160, 45));
    driver.press("2 j enter").sees("held");
    // Only the list is asked again: nothing wants the details of a hold that is released.
    driver.fixture().holds[0].summary.status = HoldStatus::Canceled;
    let list = Key::scoped(home(), Query::LegalHolds);
    let answer = driver.answer_of(&list);
    driver.reply(list, answer);
    driver.sees_no("held").press("/").write("mail").press("enter G :").write("delete-recovery-point").press("enter");
    driver.sees("DeleteRecoveryPoint");
}
