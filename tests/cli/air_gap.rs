//! `vaultdeck vault create`, `share`, `unshare` and `shares`.

use crate::harness::Home;

const MEMBER: &str = "210987654321";

#[test]
fn a_vault_is_made_and_what_does_not_go_together_is_refused() {
    let home = Home::new();
    let made = home.run(&["vault", "create", "nightly", "--tag", "team=storage"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let vaults = home.json(&["vaults", "--output", "json"]);
    assert!(vaults.as_array().unwrap().iter().any(|vault| vault["BackupVaultName"] == "nightly"));
    for (more, told) in [
        (&["--air-gapped"][..], "--min-days"),
        (&["--air-gapped", "--min-days", "7"], "--max-days"),
        (&["--min-days", "7", "--max-days", "30"], "--air-gapped"),
    ] {
        let refused = home.run(&[&["vault", "create", "safe", "--yes"], more].concat());
        assert!(refused.code == 2 && refused.err.contains(told), "{more:?}: {}", refused.err);
    }
    let short = home.run(&["vault", "create", "safe", "--yes", "--air-gapped", "--min-days", "6", "--max-days", "30"]);
    assert!(short.code != 0 && short.err.contains("MinRetentionDays"), "{}", short.err);
}

#[test]
fn an_air_gapped_vault_is_made_written_into_and_shared() {
    let home = Home::new();
    home.add_resource(&[]);
    assert_eq!(home.run(&["account", "add", "recovery", "--id", MEMBER]).code, 0);
    let make = ["vault", "create", "safe", "--air-gapped", "--min-days", "7", "--max-days", "30"];
    let unasked = home.run(&make);
    assert_eq!(unasked.code, 2);
    assert!(unasked.out.contains("nobody ever takes the lock off"), "{}", unasked.out);
    let made = home.run(&[&make[..], &["--yes"]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    let vaults = home.json(&["vaults", "--output", "json"]);
    let safe = vaults.as_array().unwrap().iter().find(|vault| vault["BackupVaultName"] == "safe").unwrap();
    assert_eq!(safe["VaultType"], "LOGICALLY_AIR_GAPPED_BACKUP_VAULT");
    assert_eq!((&safe["MinRetentionDays"], &safe["LockDate"]), (&7.into(), &safe["CreationDate"]));

    let backup =
        ["backup", "start", "projects", "--vault", "Default", "--air-gapped-vault", "safe", "--delete-after", "10"];
    let done = home.run(&backup);
    assert_eq!(done.code, 0, "{}", done.err);
    let points = home.json(&["points", "--output", "json"]);
    assert_eq!(points[0]["BackupVaultName"], "safe");

    assert_eq!(home.json(&["vault", "shares", "safe", "--output", "json"]), serde_json::json!([]));
    let share = ["vault", "share", "safe", "--with", MEMBER, "--yes"];
    let shared = home.run(&share);
    assert_eq!(shared.code, 0, "{}", shared.err);
    assert!(shared.out.contains("restores it into itself"), "{}", shared.out);
    let told = home.json(&["vault", "shares", "safe", "--output", "json"]);
    assert_eq!((&told[0]["Name"], &told[0]["Principals"][0]), (&"backup-vault-safe".into(), &MEMBER.into()));
    assert_eq!(home.run(&["vault", "shares", "safe"]).out, format!("backup-vault-safe  {MEMBER}\n"));
    let again = home.run(&share);
    assert!(again.code == 1 && again.err.contains("shared with 210987654321 already"), "{}", again.err);
    let foreign = home.run(&["vault", "share", "safe", "--with", "999999999999", "--yes"]);
    assert!(foreign.code == 1 && foreign.err.contains("not in this organization"), "{}", foreign.err);
    let nobody = home.run(&["vault", "share", "safe", "--with", "ou-abcd-11111111", "--yes"]);
    assert!(nobody.code == 2 && nobody.err.contains("organizational units, by their ARNs"), "{}", nobody.err);
    let strange = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-abcd-11111111";
    let strange = home.run(&["vault", "share", "safe", "--with", strange, "--yes"]);
    assert!(strange.code == 1 && strange.err.contains("not in this organization"), "{}", strange.err);
    let standard = home.run(&["vault", "share", "Default", "--with", MEMBER, "--yes"]);
    assert!(standard.code == 1 && standard.err.contains("only logically air-gapped"), "{}", standard.err);

    let of_member = home.json(&["vaults", "--account", MEMBER, "--output", "json"]);
    let seen = of_member.as_array().unwrap().iter().find(|vault| vault["BackupVaultName"] == "safe").unwrap();
    assert_eq!((&seen["SharedBy"], &seen["AccountId"]), (&"123456789012".into(), &MEMBER.into()));
    assert_eq!(safe["SharedBy"], serde_json::Value::Null);
    let listed = home.run(&["vaults", "--account", MEMBER]).out;
    assert!(listed.contains("SHARED BY") && listed.contains("123456789012"), "{listed}");
    // Once for all accounts, and as the member sees it for that one.
    let point = points[0]["RecoveryPointArn"].as_str().unwrap().to_owned();
    for account in [&[][..], &["--account", MEMBER]] {
        let told = home.json(&[&["points", "--output", "json"][..], account].concat());
        assert_eq!((told.as_array().unwrap().len(), &told[0]["RecoveryPointArn"]), (1, &point.as_str().into()));
    }
    let restored = home.run(&["restore", "start", point.as_str(), "--account", MEMBER]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    let restores = home.json(&["jobs", "--account", MEMBER, "--output", "json"]);
    assert_eq!((&restores[0]["AccountId"], &restores[0]["State"]), (&MEMBER.into(), &"COMPLETED".into()));

    let who = home.json(&["vault", "who-can", "safe", "StartRestoreJob", "--output", "json"]);
    let sharee =
        who.as_array().unwrap().iter().find(|one| one["Principal"].as_str().unwrap().contains(MEMBER)).unwrap();
    assert_eq!(sharee["Allowed"], true, "{sharee}");
    let unshared = home.run(&["vault", "unshare", "safe", "--with", MEMBER, "--yes"]);
    assert_eq!(unshared.code, 0, "{}", unshared.err);
    assert_eq!(home.run(&["vault", "shares", "safe"]).out, "backup-vault-safe  \n");
    let gone = home.run(&["vault", "unshare", "safe", "--with", MEMBER, "--yes"]);
    assert!(gone.code == 1 && gone.err.contains("is not shared with"), "{}", gone.err);
}
