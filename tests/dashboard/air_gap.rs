//! Logically air-gapped vaults in the dashboard: made with what it means, told from others, written into and copied from by their
//! own rules.

use crate::driver::{Driver, Start};
use crate::fixture::{Fixture, ago, home, organization, staging, vault};
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
    driver.press("2").sees("air-gapped").press("d").sees("7 to 90 days");
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
        principals: vec!["210987654321".to_owned()],
    }];
    let mut same = driver(fixture);
    same.press("2 j a").write("sharing").press("enter").sees("It is shared with 210987654321");
    same.press("enter").write("staging").press("enter").sees("210987654321 would be shut out.");
    same.press("ctrl-s").sees("DisassociateResourceShare");
    let mut standard = driver(organization());
    standard.press("2 :").write("share-vault").press("enter").sees("only a logically air-gapped vault can be shared");
}

#[test]
fn a_plans_rule_writes_into_it_and_only_such_vaults_are_offered() {
    let mut driver = driver(with_safe());
    driver.press(":").write("create-plan").press("enter").write("nightly").press("tab tab tab tab");
    driver.sees("Air-gapped vault").sees("backups go straight into it");
    driver.press("enter").sees("keeps 7 to 90 days").sees_no("archive").write("safe").press("enter");
    // Its bounds are known, and bind for good.
    for _ in 0..5 {
        driver.press("tab");
    }
    driver.press("ctrl-u").write("5").sees("rule daily: safe takes only");
    driver.press("ctrl-u").sees("takes only").write("30").sees_no("takes only");
    driver.press("ctrl-s").write("backup=daily").press("ctrl-s").sees("CreateBackupPlan");
    driver.sees("\"TargetBackupVaultName\": \"Default\"");
    driver.sees("\"TargetLogicallyAirGappedBackupVaultArn\":");
    driver.sees("\"arn:aws:backup:us-east-1:123456789012:backup-vault:safe\"");
    let mut without = self::driver(organization());
    without.press(":").write("create-plan").press("enter").sees_no("Air-gapped vault");
}

#[test]
fn a_plan_tells_that_a_rule_writes_into_it_and_the_editor_takes_it_out_again() {
    let mut fixture = with_safe();
    fixture.plans[0].plan.document.rules[0].target_logically_air_gapped_backup_vault_arn =
        Some("arn:aws:backup:us-east-1:123456789012:backup-vault:safe".to_owned());
    let mut driver = driver(fixture);
    driver.press("3 enter").sees("safe (air-gapped)");
    driver.press("a").write("edit").press("enter").sees("Air-gapped vault");
    driver.press("tab tab tab tab enter").write("none").press("enter ctrl-s");
    driver.sees("UpdateBackupPlan").sees_no("TargetLogicallyAirGappedBackupVaultArn");
}

/// The organization whose vault `safe` of production is shared with staging, and has a point.
fn shared() -> Fixture {
    let mut fixture = with_safe();
    let safe = fixture.vaults.pop().unwrap();
    let point = &fixture.points[0];
    let of_safe = |scope| vaultdeck::domain::KnownPoint {
        scope,
        vault_name: "safe".to_owned(),
        vault_arn: safe.arn.clone(),
        arn: "arn:aws:backup:us-east-1:123456789012:recovery-point:safe-1".parse().unwrap(),
        ..point.clone()
    };
    let points = [of_safe(home()), of_safe(staging())];
    fixture.points.extend(points);
    fixture.shared_vaults = vec![Vault { scope: staging(), recovery_points: 1, ..safe.clone() }];
    fixture.vaults.push(Vault { recovery_points: 1, ..safe });
    fixture
}

#[test]
fn a_vault_that_another_account_shares_is_listed_and_restored_from() {
    let mut driver = driver(shared());
    driver.press("2 /").write("shared by").press("enter").sees("safe  shared by").sees("for restores alone");
    driver.press("enter").sees("shared by production for restores").sees("projects");
    driver.press("a").write("restore").press("enter").sees("Restore a recovery point");
    driver.sees("arn:aws:iam::210987654321:role").press("ctrl-s").sees("StartRestoreJob").sees("recovery-point:safe-1");
    driver.sees_no("arn:aws:iam::123456789012:role");
    // Its owner is in the same list, and shares it.
    let mut owner = self::driver(shared());
    owner.press("2 /").write("safe").press("enter").sees("safe  shared by producti");
    owner.press("a").write("sharing").press("enter").sees("Sharing of safe");
}

#[test]
fn nothing_else_is_offered_of_a_shared_vault_nor_of_what_lies_in_it() {
    let refused = |open: &str, command: &str| {
        let mut driver = driver(shared());
        driver.press("2 /").write("shared by").press("enter").press(open).press(":").write(command).press("enter");
        driver.sees("production shares it for restores, and for nothing else");
    };
    for command in [
        "delete-vault",
        "access-policy",
        "share-vault",
        "vault-lock",
        "tags",
        "who-can",
        "notifications",
        "start-backup",
        "create-legal-hold",
    ] {
        refused("", command);
    }
    for command in ["delete-recovery-point", "edit-lifecycle", "start-copy", "tags", "create-legal-hold"] {
        refused("enter", command);
    }
    let mut point = driver(shared());
    point.press("2 /").write("shared by").press("enter enter enter tab").sees("Shared by");
    point.sees("production, for restores alone");
}
