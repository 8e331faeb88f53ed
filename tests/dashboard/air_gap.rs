//! Logically air-gapped vaults in the dashboard: made with what it means, told from others, written into and copied from by their
//! own rules.

use crate::driver::{Driver, Start};
use crate::fixture::{Fixture, ago, home, organization, vault};
use vaultdeck::domain::VaultLock;
use vaultdeck::domain::vault::{Vault, VaultType};

/// The organization with one more vault, `safe`.
fn with_safe() -> Fixture {
    let mut fixture = organization();
    fixture.vaults.push(air_gapped(vault(&home(), "safe", 0)));
    fixture
}

fn air_gapped(vault: Vault) -> Vault {
    let lock =
        VaultLock { min_retention_days: Some(7), max_retention_days: Some(90), lock_date: Some(ago(24 * 35, 0)) };
    Vault { vault_type: VaultType::AirGapped, encryption_key_arn: None, lock: Some(lock), ..vault }
}

/// The organization whose vault `prod-vault` is one.
fn gapped() -> Fixture {
    let mut fixture = organization();
    let vault = fixture.vaults.iter_mut().find(|vault| vault.name == "prod-vault").unwrap();
    *vault = air_gapped(vault.clone());
    fixture
}

fn driver(fixture: Fixture) -> Driver {
    Driver::start(Start { size: (120, 40), fixture, ..Start::default() })
}

#[test]
fn the_form_asks_for_its_days_and_says_that_nobody_changes_them() {
    let mut driver = driver(organization());
    driver.press(":").write("create-vault").press("enter").write("safe").sees_no("Keep at least");
    driver.press("tab right").sees("logically air-gapped").sees("Keep at least");
    driver.press("tab backspace").write("6").press("ctrl-s").sees("at least 7 days");
    driver.press("backspace").write("14").press("ctrl-s");
    driver
        .sees("CreateLogicallyAirGappedBackupVault")
        .sees("\"MinRetentionDays\": 14")
        .sees("\"MaxRetentionDays\": 365");
    driver.sees("nobody ever takes the lock off");
}

#[test]
fn it_is_told_from_other_locked_vaults() {
    let mut driver = driver(gapped());
    driver.press("2").sees("air-gapped").sees("7 to 90 days");
    driver.press("j enter").sees("air-gapped, locked for good");
}

#[test]
fn a_backup_into_it_names_it_by_its_own_member_beside_a_standard_vault() {
    let mut driver = driver(with_safe());
    driver
        .press("6 j :")
        .write("start-backup")
        .press("enter tab enter")
        .sees("air-gapped")
        .write("safe")
        .press("enter");
    driver.press("ctrl-s").sees("StartBackupJob").sees("\"BackupVaultName\": \"Default\"");
    driver.sees("\"LogicallyAirGappedBackupVaultArn\": \"arn:aws:backup:us-east-1:123456789012:backup-vault:safe\"");
}

#[test]
fn a_copy_out_of_it_into_a_standard_vault_is_refused_at_its_field() {
    let mut driver = driver(gapped());
    driver.press("2 j enter a").write("copy into").press("enter");
    driver.press("enter").write("archive").press("enter").sees("only another air-gapped vault takes it");
    driver.press("ctrl-s").sees_no("the exact request");
}

#[test]
fn with_whom_it_is_shared_is_shown_and_changed() {
    let mut fixture = gapped();
    let mut same = driver(fixture.clone());
    same.press("2 j a").write("sharing").press("enter").sees("It is shared with nobody.");
    same.press("enter").write("staging").press("enter").sees("210987654321 would see and restore");
    same.press("ctrl-s")
        .sees("CreateResourceShare")
        .sees("\"backup-vault-prod-vault\"")
        .sees("ram create-resource-share");
    fixture.shares = vec![vaultdeck::domain::sharing::VaultShare {
        share: "arn:aws:ram:us-east-1:123456789012:resource-share/s-1".parse().unwrap(),
        name: "recovery".to_owned(),
        accounts: vec!["210987654321".to_owned()],
    }];
    let mut same = driver(fixture);
    same.press("2 j a").write("sharing").press("enter").sees("It is shared with 210987654321");
    same.press("enter").write("staging").press("enter").sees("210987654321 would be shut out.");
    same.press("ctrl-s").sees("DisassociateResourceShare");
    let mut standard = driver(organization());
    standard.press("2 :").write("share-vault").press("enter").sees("only a logically air-gapped vault can be shared");
}
