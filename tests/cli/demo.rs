//! The sample organization, as `vaultdeck demo` makes it.

use crate::harness::Home;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn the_demo_is_an_organization_with_a_history_and_real_failures() {
    let home = Home::new();
    let made = home.run(&["demo", "--no-dashboard"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let data = home.path(".local/share/vaultdeck-demo");
    let data = data.to_str().unwrap();

    let accounts = home.json(&["accounts", "--data-dir", data, "--output", "json"]);
    assert_eq!(accounts.as_array().unwrap().len(), 6);
    let members = home.json(&["account", "list", "--data-dir", data, "--output", "json"]);
    let told = |id: &str| members.as_array().unwrap().iter().find(|one| one["AccountId"] == id).unwrap().clone();
    assert_eq!(told("111122223333")["Unit"], "Workloads/Live");
    assert_eq!(told("444455556666")["DelegatedAdministrator"], true);

    let ask = ["vault", "who-can", "media", "DeleteRecoveryPoint", "--account", "555566667777"];
    let who = home.json(&[&ask[..], &["--data-dir", data, "--output", "json"]].concat());
    let allowed: Vec<&str> = who
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["Allowed"] == true)
        .map(|one| one["Principal"].as_str().unwrap())
        .collect();
    assert_eq!(
        allowed,
        ["arn:aws:iam::555566667777:role/OrganizationAccountAccessRole", "the engine: expiry by lifecycle"]
    );

    let vaults = home.json(&["vaults", "--data-dir", data, "--output", "json"]);
    let lock_date = |name: &str| {
        let mut named = vaults.as_array().unwrap().iter().filter(|vault| vault["BackupVaultName"] == name);
        let date = named.find_map(|vault| vault["LockDate"].as_str()).unwrap();
        date.parse::<vaultdeck::domain::Time>().unwrap()
    };
    let now: vaultdeck::domain::Time = std::time::SystemTime::now().into();
    assert!(lock_date("production-monthly") < now, "nobody takes this lock off any more");
    assert!(lock_date("warehouse") > now, "this one can still be changed");
    let unlock = ["vault", "unlock", "production-monthly", "--account", "111122223333", "--yes", "--data-dir", data];
    let refused = home.run(&unlock);
    assert!(refused.code != 0 && refused.err.contains("immutable"), "{}", refused.err);

    let jobs = home.json(&["jobs", "--data-dir", data, "--output", "json"]);
    let jobs = jobs.as_array().unwrap();
    let backups = jobs.iter().filter(|job| job["Kind"] == "backup").count();
    assert!((200..=600).contains(&backups), "{backups} backup jobs");
    let states: BTreeSet<&str> = jobs.iter().map(|job| job["State"].as_str().unwrap()).collect();
    assert!(states.is_superset(&BTreeSet::from(["COMPLETED", "EXPIRED", "FAILED"])), "{states:?}");
    let days: BTreeSet<&str> = jobs.iter().map(|job| &job["CreationDate"].as_str().unwrap()[..10]).collect();
    assert!(days.len() >= 35, "{} days", days.len());

    let target = home.path("back");
    let points = home.json(&["points", "--data-dir", data, "--output", "json"]);
    // A list does not tell it, as AWS's does not; its vault's folder does.
    let cold = home.path(".local/share/vaultdeck-demo/vaults/111122223333/us-east-1/production-monthly/vaultdeck/cold");
    let moved = fs::read_dir(cold.join("snapshots")).unwrap().count();
    assert!(moved > 0, "what is kept for a year moves to cold storage after a day");
    // At whatever time of day this is run, the newest may be that of a job that is under way.
    let is_whole = |point: &&serde_json::Value| point["Status"] == "COMPLETED" && point["ResourceType"] == "EFS";
    let whole = points.as_array().unwrap().iter().find(is_whole).unwrap();
    let point = whole["RecoveryPointArn"].as_str().unwrap();
    let restored = home.run(&["restore", "start", point, "--to", target.to_str().unwrap(), "--data-dir", data]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert!(fs::read_dir(&target).unwrap().next().is_some());

    let again = home.run(&["demo", "--no-dashboard"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let is_kept = || {
        let kept = home.json(&["points", "--data-dir", data, "--output", "json"]);
        kept.as_array().unwrap().iter().any(|kept| kept["RecoveryPointArn"] == point)
    };
    assert!(is_kept());

    // Somebody has begun to protect something of their own with it: it is a demo no more.
    let own = home.path("own");
    fs::create_dir_all(&own).unwrap();
    let added = home.run(&["resource", "add", "EFS", "mine", "--path", own.to_str().unwrap(), "--data-dir", data]);
    assert_eq!(added.code, 0, "{}", added.err);
    let refused = home.run(&["demo", "--no-dashboard", "--reset"]);
    assert!(refused.code != 0 && refused.err.contains("which is not the demo's"), "{}", refused.err);
    assert!(is_kept());
}

#[test]
fn a_directory_that_is_no_demo_is_refused_and_stays_as_it_is() {
    let home = Home::new();
    home.add_resource(&[]);
    let data = home.data_dir();
    for reset in [&["demo", "--no-dashboard"][..], &["demo", "--no-dashboard", "--reset"]] {
        let mut command = reset.to_vec();
        command.extend(["--data-dir", data.to_str().unwrap()]);
        let ran = home.run(&command);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("is not a demo's directory"), "{}", ran.err);
    }
    assert_eq!(home.json(&["resource", "list", "--output", "json"])[0]["Name"], json!("projects"));
}

#[test]
fn without_a_terminal_the_demo_asks_for_the_option_before_it_makes_anything() {
    let home = Home::new();
    let ran = home.run(&["demo"]);
    assert!(ran.code == 2 && ran.err.contains("--no-dashboard"), "{}", ran.err);
    assert!(!home.path(".local/share/vaultdeck-demo").exists());
}
