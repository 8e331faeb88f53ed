//! What a vault notifies of: shown, changed, taken away.

use crate::driver::{Driver, Start};
use vaultdeck::domain::notification::{VaultEvent, VaultNotifications};

#[test]
fn a_vault_that_notifies_nobody_is_made_to_tell_of_failures() {
    let mut driver = Driver::usual();
    driver
        .press("2 j a")
        .write("notifications")
        .press("enter")
        .sees("It notifies nobody.")
        .sees("what failed or expired");
    driver.press("ctrl-s").sees("is not of the form");
    driver.write("backups").sees("backups is told of BACKUP_JOB_FAILED, BACKUP_JOB_EXPIRED");
    driver.press("ctrl-s").sees("PutBackupVaultNotifications").sees(":backups");
}

#[test]
fn what_it_notifies_of_now_is_shown_first_and_can_be_taken_away() {
    let mut fixture = crate::fixture::organization();
    let topic: vaultdeck::domain::Arn = "arn:aws:sns:us-east-1:123456789012:oncall".parse().unwrap();
    for vault in &fixture.vaults {
        let now = VaultNotifications { topic: topic.clone(), events: vec![VaultEvent::CopyJobFailed] };
        fixture.notifications.insert(vault.name.clone(), now);
    }
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("2 j a").write("notifications").press("enter").sees("oncall is told of COPY_JOB_FAILED");
    driver.press("right").sees("Nobody would be told.");
    driver
        .press("ctrl-s")
        .sees("DeleteBackupVaultNotifications")
        .sees("Nobody is told any more when its backups fail.");
}

#[test]
fn nothing_is_put_over_a_setting_that_is_not_known_yet() {
    // Where nothing stands beside the list and asks before.
    let mut driver = Driver::start(Start { size: (110, 40), ..Start::default() });
    driver.press("2 j a").write("notifications").press_unanswered("enter tab b a c k u p s ctrl-s");
    driver.sees_no("PutBackupVaultNotifications").sees("It is being looked up");
    driver.press("ctrl-s").sees_no("PutBackupVaultNotifications").press("ctrl-s").sees("PutBackupVaultNotifications");
}
