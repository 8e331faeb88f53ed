//! `vaultdeck key`: KMS keys from their making to their deletion.

use crate::harness::Home;
use serde_json::json;

#[test]
fn a_key_is_made_named_disabled_enabled_and_deleted_when_that_is_wanted() {
    let home = Home::new();
    let made = home.run(&["key", "add", "--description", "backups", "--alias", "alias/backups", "--tag", "team=a"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let arn = made.out.trim();
    assert!(arn.starts_with("arn:aws:kms:us-east-1:123456789012:key/"), "{arn}");
    let state = || {
        let keys = home.json(&["key", "list", "--output", "json"]);
        let key = keys.as_array().unwrap().iter().find(|key| key["Arn"] == arn).unwrap().clone();
        assert_eq!((&key["AliasName"], &key["Description"]), (&json!("alias/backups"), &json!("backups")));
        assert_eq!(key["DeletionDate"].is_string(), key["KeyState"] == "PendingDeletion");
        key["KeyState"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(), "Enabled");
    let listed = home.run(&["key", "list"]).out;
    assert!(listed.contains("alias/backups") && listed.contains("alias/aws/backup"), "{listed}");
    let told = home.json(&["key", "disable", "alias/backups", "--output", "json"]);
    assert_eq!((&told["KeyState"], state().as_str()), (&json!("Disabled"), "Disabled"));
    assert_eq!(home.run(&["key", "enable", arn]).code, 0);
    assert_eq!(state(), "Enabled");

    let unasked = home.run(&["key", "delete", arn, "--days", "7"]);
    assert_eq!(unasked.code, 2);
    assert!(unasked.out.contains("No vault of this account and region is under it."), "{}", unasked.out);
    assert!(unasked.out.contains("Delete KMS key") && unasked.out.contains("nobody restores"), "{}", unasked.out);
    assert!(unasked.err.trim_end().ends_with("say --yes to carry it out"), "{}", unasked.err);
    assert_eq!(state(), "Enabled", "nobody was there to ask");
    assert_eq!(home.run(&["key", "delete", arn, "--days", "7", "--yes"]).code, 0);
    assert_eq!(state(), "PendingDeletion");
    let refused = home.run(&["key", "enable", arn]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("is pending deletion"), "{}", refused.err);
    assert_eq!(home.run(&["key", "cancel-deletion", "alias/backups"]).code, 0);
    assert_eq!(state(), "Disabled");
}

#[test]
fn what_makes_no_sense_is_refused_and_makes_nothing() {
    let home = Home::new();
    let before = home.json(&["key", "list", "--output", "json"]);
    for (command, code, said) in [
        (&["key", "add", "--alias", "backups"][..], 2, "alias/"),
        (&["key", "delete", "alias/aws/backup"][..], 2, "--days"),
        (&["key", "delete", "alias/aws/backup", "--days", "6", "--yes"][..], 2, "PendingWindowInDays"),
        (&["key", "delete", "alias/aws/backup", "--days", "7", "--yes"][..], 1, "AWS managed key"),
        (&["key", "disable", "alias/none"][..], 1, "there is no KMS key"),
    ] {
        let ran = home.run(command);
        assert_eq!(ran.code, code, "{command:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{command:?}: {}", ran.err);
    }
    assert_eq!(home.json(&["key", "list", "--output", "json"]), before);
}
