//! The KMS keys of vaults: a vault under one that cannot be used says so, and why its backups fail.

use crate::driver::{Driver, Start};
use crate::fixture::{now, organization};
use chrono::Duration;
use vaultdeck::domain::kms::KeyState;

const PROD: &str = "arn:aws:kms:us-east-1:123456789012:key/1b2c3d4e-prod-vault";

fn with(state: Option<KeyState>, size: (u16, u16)) -> Driver {
    let mut fixture = organization();
    fixture.keys.insert(PROD.to_owned(), state);
    Driver::start(Start { size, fixture, ..Start::default() })
}

#[test]
fn a_vault_says_in_its_row_and_its_title_what_is_wrong_with_its_key() {
    let pending = KeyState::PendingDeletion(now() + Duration::days(6));
    for (state, said) in
        [(Some(KeyState::Disabled), "key disabled"), (Some(pending), "key deleted in 6d"), (None, "key deleted")]
    {
        let mut driver = with(state, (200, 45));
        driver.press("2 j").sees(said);
        driver.press("enter").sees(&format!("Recovery points in prod-vault, {said}"));
    }
    let mut driver = with(Some(KeyState::Enabled), (200, 45));
    driver.press("2").sees_no("key disabled");
    driver.press("j enter").sees_no("prod-vault, key");
}

#[test]
fn the_overview_and_the_findings_tell_of_it_and_what_to_do() {
    for (state, advice) in [
        (Some(KeyState::Disabled), "Enable the key"),
        (Some(KeyState::PendingDeletion(now() + Duration::days(6))), "Cancel the deletion"),
        (None, "recovery key"),
    ] {
        let mut driver = with(state, (200, 60));
        driver.sees("NO KEY");
        driver.press("7 /").write("NO KEY").press("enter").sees("prod-vault").sees(advice).sees("vaultdeck key enable");
    }
    with(Some(KeyState::Enabled), (200, 60)).sees_no("NO KEY");
}

#[test]
fn a_vault_is_made_under_the_key_that_is_named() {
    let mut driver = with(Some(KeyState::Enabled), (120, 40));
    driver.press("2 :").write("create-vault").press("enter").write("sealed").press("tab tab tab tab").write(PROD);
    driver.press("ctrl-s").sees("\"EncryptionKeyArn\": \"arn:aws:kms").sees("--encryption-key-arn");
}
