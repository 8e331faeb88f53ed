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

#[test]
fn the_root_of_the_ring_is_told_and_moves_to_a_passphrase_and_back() {
    let home = Home::new();
    let none = home.run(&["key", "root"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("there is no engine in") && !home.data_dir().join("keys").exists(), "{}", none.err);
    home.add_resource(&[]);
    assert_eq!(home.run(&["key", "root"]).out, "keys/local.key\n");
    let credentials = home.run(&["credentials"]).out;
    let file = home.path("passphrase");
    std::fs::write(&file, "correct horse battery staple\n").unwrap();
    let file = file.to_str().unwrap();

    let unheard = home.run(&["key", "root", "move", "passphrase"]);
    assert_eq!(unheard.code, 1);
    assert!(unheard.err.contains("a new passphrase is needed"), "{}", unheard.err);
    let moved = home.json(&["key", "root", "move", "passphrase", "--new-passphrase-file", file, "--output", "json"]);
    assert_eq!((&moved["Root"], &moved["MovingFrom"]), (&json!("passphrase"), &json!(null)));
    assert!(!home.data_dir().join("keys/local.key").exists());
    assert_eq!(home.run(&["key", "root"]).out, "passphrase (scrypt N=2^17, r=8, p=1)\n");

    let closed = home.run(&["credentials"]);
    assert_eq!((closed.code, closed.out.as_str()), (1, ""));
    assert!(closed.err.contains("none was given") && closed.err.contains("--passphrase-file"), "{}", closed.err);
    assert_eq!(home.run(&["credentials", "--passphrase-file", file]).out, credentials);
    let absent = home.run(&["credentials", "--passphrase-file", "/nowhere"]);
    assert!(absent.err.contains("/nowhere") && absent.err.contains("No such file"), "{}", absent.err);

    let back = home.run(&["key", "root", "move", "file", "--passphrase-file", file]);
    assert_eq!((back.code, back.out.as_str()), (0, "keys/local.key\n"), "{}", back.err);
    assert_eq!(home.run(&["credentials"]).out, credentials);
}

#[test]
fn a_move_of_the_root_that_makes_no_sense_is_a_usage_error() {
    let home = Home::new();
    home.add_resource(&[]);
    for (more, said) in [
        (&["kms"][..], "which key in AWS KMS?"),
        (&["kms", "--kms-key", "alias/backup"][..], "is not the ARN"),
        (&["passphrase", "--kms-key", "arn:aws:kms:us-east-1:123456789012:alias/x"][..], "--kms-key goes with kms"),
        (&["file", "--new-passphrase-file", "x"][..], "--new-passphrase-file goes with passphrase"),
        (&["paper"][..], "invalid value 'paper'"),
    ] {
        let ran = home.run(&[&["key", "root", "move"], more].concat());
        assert_eq!(ran.code, 2, "{more:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{more:?}: {}", ran.err);
    }
    let already = home.run(&["key", "root", "move", "file"]);
    assert_eq!(already.code, 1);
    assert!(already.err.contains("is keys/local.key already"), "{}", already.err);
    home.write_config("[keys]\nroot = \"kms\"\nkms_key = \"arn:aws:s3:::bucket\"\n");
    let wrong = home.run(&["key", "root"]);
    assert!(wrong.code == 2 && wrong.err.contains("is not the ARN of a KMS key"), "{}", wrong.err);
}
