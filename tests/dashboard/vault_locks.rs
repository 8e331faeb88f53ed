//! Vault Lock in the dashboard: what a lock makes impossible is said before it is put on, and what it refuses before it is sent.

use crate::driver::{Driver, Start};
use crate::fixture::{Fixture, home, now, organization};
use chrono::Duration;
use vaultdeck::domain::plan::CopyAction;
use vaultdeck::domain::{Arn, Lifecycle, VaultLock};

const SIZES: [((u16, u16), &str); 4] =
    [((80, 24), "80x24"), ((60, 15), "60x15"), ((120, 40), "120x40"), ((160, 45), "160x45")];

/// The organization whose vaults all have this lock.
fn locked(lock: VaultLock) -> Fixture {
    let mut fixture = organization();
    for vault in &mut fixture.vaults {
        vault.lock = Some(lock);
    }
    fixture
}

fn cooling_off() -> VaultLock {
    VaultLock { min_retention_days: Some(7), lock_date: Some(now() + Duration::hours(52)), ..VaultLock::default() }
}

fn last() -> VaultLock {
    VaultLock { lock_date: Some(now() - Duration::days(2)), ..cooling_off() }
}

fn driver(fixture: Fixture) -> Driver {
    Driver::start(Start { size: (120, 40), fixture, ..Start::default() })
}

#[test]
fn the_dialogs() {
    for (size, suffix) in SIZES {
        let mut dialog = Driver::start(Start { size, ..Start::default() });
        dialog.press("2 j a").write("vault lock").press("enter");
        insta::assert_snapshot!(format!("vault-lock-none-{suffix}"), dialog.screen());
        dialog.press("right tab").write("40");
        insta::assert_snapshot!(format!("vault-lock-compliance-{suffix}"), dialog.screen());
        dialog.press("ctrl-s");
        insta::assert_snapshot!(format!("vault-lock-confirm-{suffix}"), dialog.screen());
        let mut list = Driver::start(Start { size, fixture: locked(cooling_off()), ..Start::default() });
        list.press("2");
        insta::assert_snapshot!(format!("vault-lock-countdown-{suffix}"), list.screen());
    }
}

#[test]
fn what_a_lock_makes_impossible_and_from_when_is_said_before_it_is_put_on() {
    let mut driver = driver(organization());
    driver.press("2 j a").write("vault lock").press("enter");
    driver.sees("It has no lock").sees("At once: nobody deletes any of the");
    driver.press("right").sees("compliance: it cannot").sees("nobody can take the lock off: not you");
    driver.press("tab tab tab").sees("3 at least").press("backspace").write("2");
    driver.sees("it is 2 and must be between 3 and 36500 days");
    driver.press("backspace").write("3").press("ctrl-s");
    driver.sees("PutBackupVaultLockConfiguration").sees("\"ChangeableForDays\": 3").sees("To do it, type prod-vault");
    driver.sees("after that nobody can take it off");
}

#[test]
fn rules_that_would_fail_and_points_that_would_be_kept_for_ever_are_named() {
    let mut driver = driver(organization());
    driver.press("2 j a").write("vault lock").press("enter tab").write("4000");
    driver.sees("would fail with it").sees("(35 days)");
}

#[test]
fn copies_that_would_fail_are_named_with_how_long_they_would_be_kept() {
    for (own, kept) in [(Some(10), "(copy, 10 days)"), (None, "(copy, 35 days)")] {
        let mut fixture = organization();
        let rule = &mut fixture.plans[0].plan.document.rules[0];
        rule.target_backup_vault_name = "Default".to_owned();
        rule.copy_actions.push(CopyAction {
            destination_backup_vault_arn: Arn::vault(&home(), &"prod-vault".parse().unwrap()).to_string(),
            lifecycle: own.map(Lifecycle::delete_after),
        });
        let mut driver = driver(fixture);
        driver.press("2 j a").write("vault lock").press("enter tab").write("7").sees_no("would fail with it");
        driver.write("00").sees("would fail with it: nightly/every-night").sees(kept);
    }
}

#[test]
fn a_lock_counts_down_in_the_list_and_a_final_one_says_so() {
    driver(locked(cooling_off())).press("2").sees("in 2d 4h").sees("7+ days").press("enter").sees("locks in 2d 4h");
    driver(locked(last())).press("2").sees("compliance").press("enter").sees("locked for good");
}

#[test]
fn a_lock_can_be_taken_off_until_its_date_and_the_action_says_since_when_not() {
    let mut driver = driver(locked(cooling_off()));
    driver.press("2 j a").write("vault lock").press("enter").sees("It has a lock that is final in 2d 4h");
    driver.press("right").sees("no lock").press("ctrl-s").sees("DeleteBackupVaultLockConfiguration");
    let mut driver = self::driver(locked(last()));
    driver.press("2 j a").write("vault lock").sees("nobody can change this lock any more");
}

#[test]
fn why_a_point_of_a_locked_vault_cannot_be_deleted_is_seen_before_anything_is_sent() {
    for (lock, why) in [
        (cooling_off(), "its vault is locked; the lock is final in 2d 4h"),
        (last(), "its vault is locked for good; it goes on its day"),
        (VaultLock::default(), "its vault is locked; the lock can be taken off (2, a)"),
    ] {
        let mut driver = driver(locked(lock));
        driver.press("2 j enter a").write("delete").sees(why);
        driver.press("enter").sees(why);
    }
}
