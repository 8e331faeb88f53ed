//! The air-gapped vault that a policy's rule writes into.

use super::tests::{AIR_GAPPED, account, beside, locked, plans, policy, whole};
use super::*;
use serde_json::{Value, json};

/// A plan whose rule writes into this air-gapped vault.
fn into_air_gapped(vault: &str) -> Value {
    let mut plan = whole();
    plan["rules"]["Hourly"][AIR_GAPPED] = json!({ "@@assign": vault });
    plan
}

#[test]
fn a_rule_writes_into_an_air_gapped_vault_where_its_plan_runs() {
    let safe = policy(&plans(into_air_gapped("arn:aws:backup:$region:$account:backup-vault:Safe")));
    assert_eq!(safe.supported(), Ok(()));
    let targets = |levels: &[BackupPolicy]| {
        let made = Effective::of(levels.iter().map(std::slice::from_ref)).plans(&account());
        assert_eq!(made.errors, []);
        let rules = made.plans.into_iter().flat_map(|plan| plan.document.rules);
        let named = rules.map(|rule| {
            assert_eq!(rule.target_backup_vault_name, "FortKnox", "the vault beside it stays");
            rule.target_logically_air_gapped_backup_vault_arn.unwrap()
        });
        named.collect::<Vec<_>>()
    };
    let vault = |region: &str, name: &str| format!("arn:aws:backup:{region}:111122223333:backup-vault:{name}");
    let both = |name: &str| [vault("us-east-1", name), vault("eu-north-1", name)];
    assert_eq!(targets(std::slice::from_ref(&safe)), both("Safe"));
    // A child names another one, where its parents let it.
    let other = json!({ AIR_GAPPED: { "@@assign": "arn:aws:backup:$region:$account:backup-vault:Other" } });
    let child = policy(&plans(json!({ "rules": { "hourly": other } })));
    assert_eq!(targets(&[safe, child.clone()]), both("Other"));
    let locked = policy(&locked(&plans(into_air_gapped("arn:aws:backup:$region:$account:backup-vault:Safe"))));
    assert_eq!(targets(&[locked, child]), both("Safe"));
}

#[test]
fn an_air_gapped_vault_elsewhere_than_the_plan_makes_no_plan() {
    for (vault, broken_in) in [
        ("arn:aws:backup:us-east-1:$account:backup-vault:Safe", "eu-north-1"),
        ("arn:aws:backup:$region:444455556666:backup-vault:Safe", "us-east-1"),
    ] {
        let policy = json!({ "plans": { "PII_Backup_Plan": into_air_gapped(vault), "Other": whole() } });
        let made = beside(&[policy]).plans(&account());
        assert!(made.plans.iter().all(|plan| plan.document.backup_plan_name == "Other"), "{vault}");
        let error = &made.errors[0];
        assert_eq!((error.code, error.path.as_str()), ("INVALID_VALUE", "/plans/PII_Backup_Plan/rules"));
        let rule = "Error in rule hourly : Invalid TargetLogicallyAirGappedBackupVaultArn: ";
        assert!(error.message.starts_with(rule) && error.message.contains(broken_in), "{}", error.message);
    }
}
