//! The dialogs, as pictures and as flows.

use crate::driver::{Driver, Start};
use vaultdeck::domain::{Arn, Known};

#[test]
fn the_small_ones() {
    for (size, suffix) in [((80, 24), "80x24"), ((60, 15), "60x15"), ((120, 40), "120x40")] {
        let start = || Driver::start(Start { size, ..Start::default() });
        let cases = [
            ("actions", "2 j a"),
            ("palette", "ctrl-p"),
            ("help", "?"),
            ("scopes", "@"),
            ("quit", "q"),
            ("stop-job", "4 a s t o p enter"),
        ];
        for (name, keys) in cases {
            insta::assert_snapshot!(format!("dialog-{name}-{suffix}"), start().press(keys).screen());
        }
        let mut driver = start();
        driver.press(":").write("create-vault").press("enter").write("x").press("ctrl-s");
        insta::assert_snapshot!(format!("dialog-create-vault-{suffix}"), driver.screen());
    }
}

#[test]
fn backing_up_now() {
    for (size, suffix) in [((80, 24), "80x24"), ((60, 15), "60x15")] {
        let mut driver = Driver::start(Start { size, ..Start::default() });
        driver.press("6 j :").write("start-backup").press("enter");
        insta::assert_snapshot!(format!("backup-{suffix}"), driver.screen());
        driver.press("ctrl-s");
        insta::assert_snapshot!(format!("backup-confirm-{suffix}"), driver.screen());
    }
}

#[test]
fn the_plan_editor() {
    for (size, suffix) in [((80, 24), "80x24"), ((160, 45), "160x45"), ((60, 15), "60x15")] {
        let mut driver = Driver::start(Start { size, ..Start::default() });
        driver.press(":").write("create-plan").press("enter");
        insta::assert_snapshot!(format!("plan-new-{suffix}"), driver.screen());
        driver.write("nightly");
        for _ in 0..30 {
            driver.press("tab");
        }
        insta::assert_snapshot!(format!("plan-end-{suffix}"), driver.screen());
        let mut editor = Driver::start(Start { size, ..Start::default() });
        editor.press("3 a").write("edit").press("enter");
        insta::assert_snapshot!(format!("plan-edit-{suffix}"), editor.screen());
    }
}

#[test]
fn what_the_engine_lacks_is_shown_disabled_with_the_reason_and_enabled_on_aws() {
    let size = (160, 45);
    let mut engine = Driver::start(Start { size, ..Start::default() });
    engine.press(":").write("create-plan").press("enter");
    engine
        .sees_no("this engine has no cold storage")
        .sees_no("this engine does not copy")
        .sees_no("no continuous backup");
    let capabilities = vaultdeck::client::Capabilities { write: true, ..crate::fixture::aws() };
    let mut aws = Driver::start(Start { size, capabilities, embedded: false, ..Start::default() });
    aws.press(":").write("create-plan").press("enter").sees("Cold after days").sees_no("this engine");
}

#[test]
fn the_restore_wizard() {
    for (size, suffix) in [((80, 24), "80x24"), ((120, 40), "120x40"), ((60, 15), "60x15")] {
        let mut driver = Driver::start(Start { size, ..Start::default() });
        driver.press("2 j enter enter j space space a").write("restore").press("enter");
        insta::assert_snapshot!(format!("restore-{suffix}"), driver.screen());
        driver.press("ctrl-s");
        insta::assert_snapshot!(format!("restore-confirm-{suffix}"), driver.screen());
    }
}

#[test]
fn a_restore_of_marked_files_sends_their_paths() {
    let mut driver = Driver::usual();
    driver.press("2 j enter enter enter space a").write("restore").press("enter ctrl-s");
    driver.sees("ItemsToRestore").sees("/reports/2026.csv").sees("start-restore-job");
}

#[test]
fn a_copy_that_another_account_sent_is_restored_under_a_role_of_its_own_account() {
    // Where nothing stands beside the list and asks before.
    let mut driver = Driver::start(Start { size: (110, 40), ..Start::default() });
    for point in &mut driver.fixture().points {
        let sender = Arn::role(&"999988887777".parse().unwrap(), "its-copies");
        point.iam_role_arn = Known::Known(Some(sender));
    }
    driver.press("2 j enter a").write("restore").press("enter").sees("IAM role").sees_no("its-copies");
    driver.sees_no("999988887777").press("ctrl-s").sees("StartRestoreJob").sees_no("999988887777");
}

#[test]
fn how_long_it_is_kept_says_what_it_would_mean() {
    let mut driver = Driver::usual();
    driver.press("2 j enter a").write("how long").press("enter").sees("It would be deleted in 34d");
    driver.press("ctrl-u").sees("kept for ever");
    driver.write("1").sees("deleted in 22h");
    driver.press("backspace").write("x").sees("a number of days");
}

#[test]
fn tags_are_shown_and_one_is_set() {
    let mut driver = Driver::usual();
    driver.press("2 j a").write("tags").press("enter").sees("env = prod");
    driver
        .press("tab")
        .write("team")
        .press("tab")
        .write("web")
        .press("ctrl-s")
        .sees("TagResource")
        .sees("\"team\": \"web\"");
}

#[test]
fn the_archive_of_ebs_is_offered_where_something_goes_cold_and_only_to_rules_of_a_month() {
    let mut driver = Driver::start(Start { size: (120, 45), ..Start::default() });
    driver.press(":").write("create-plan").press("enter").write("monthly").sees_no("Archive EBS too");
    for _ in 0..9 {
        driver.press("tab");
    }
    driver.sees("▌ Keep for days").press("ctrl-u tab").write("30").sees("Archive EBS too");
    driver.press("tab space").sees("rules that run once a month or less often");
    driver.press("shift-tab ctrl-u").sees_no("Archive EBS too");
}
