//! `vaultdeck account policy`: put from a file, attached, seen, detached, deleted.

use crate::harness::Home;
use serde_json::{Value, json};

const MEMBER: &str = "210987654321";

fn policy(rules: Value) -> Value {
    json!({ "plans": { "Nightly": {
        "regions": { "@@assign": ["us-east-1"] },
        "rules": rules,
        "selections": { "tags": { "Tagged": {
            "iam_role_arn": { "@@assign": "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" },
            "tag_key": { "@@assign": "backup" },
            "tag_value": { "@@assign": ["daily"] },
        } } },
    } } })
}

fn put(home: &Home, content: &Value) -> crate::harness::Ran {
    let file = home.path("policy.json");
    std::fs::write(&file, content.to_string()).unwrap();
    home.run(&["account", "policy", "put", "nightly", file.to_str().unwrap()])
}

#[test]
fn a_policy_is_put_attached_seen_and_taken_away() {
    let home = Home::new();
    assert_eq!(home.run(&["account", "add", "member", "--id", MEMBER]).code, 0);
    let rules = json!({ "Daily": {
        "schedule_expression": { "@@assign": "cron(0 5 ? * * *)" },
        "target_backup_vault_name": { "@@assign": "Default" },
    } });
    let made = put(&home, &policy(rules));
    assert_eq!(made.code, 0, "{}", made.err);
    let id = made.out.trim().to_owned();
    let attached = home.run(&["account", "policy", "attach", "nightly", "root"]);
    assert_eq!((attached.code, attached.out.trim()), (0, id.as_str()), "{}", attached.err);
    let listed = home.json(&["account", "policy", "list", "--output", "json"]);
    assert_eq!(listed[0]["Targets"][0]["Type"], "ROOT");
    let table = home.run(&["account", "policy", "list"]).out;
    assert!(table.contains("ATTACHED TO") && table.contains("Root (r-"), "{table}");

    let effective = home.json(&["account", "policy", "effective", MEMBER, "--output", "json"]);
    let plan = &effective["Plans"][0];
    assert!(plan["BackupPlanId"].as_str().unwrap().starts_with("orgs/"), "{plan}");
    let content: Value = serde_json::from_str(effective["PolicyContent"].as_str().unwrap()).unwrap();
    assert_eq!(content["plans"]["Nightly"]["rules"]["daily"]["target_backup_vault_name"], "Default");
    let plans = home.json(&["plans", "--account", MEMBER, "--output", "json"]);
    assert_eq!(plans[0]["BackupPlanId"], plan["BackupPlanId"]);

    // What is not made is said, and the command ends with issues.
    let lacking = put(&home, &policy(json!({})));
    assert_eq!((lacking.code, lacking.out.trim()), (3, id.as_str()));
    let told = format!("vaultdeck: not made in account {MEMBER}: /plans/Nightly: 'rules' is missing");
    assert!(lacking.err.contains(&told), "{}", lacking.err);
    assert_eq!(home.run(&["account", "policy", "effective", MEMBER]).code, 3);

    let in_use = home.run(&["account", "policy", "delete", "nightly"]);
    assert!(in_use.code == 1 && in_use.err.contains("is attached"), "{}", in_use.err);
    assert_eq!(home.run(&["account", "policy", "detach", &id, "root"]).code, 0);
    assert_eq!(home.run(&["account", "policy", "delete", "nightly"]).code, 0);
    assert_eq!(home.json(&["account", "policy", "list", "--output", "json"]), json!([]));
    assert_eq!(home.json(&["plans", "--account", MEMBER, "--output", "json"]), json!([]));
}

#[test]
fn what_is_wrong_with_a_policy_is_told_with_its_path_and_nothing_is_put() {
    let home = Home::new();
    let wrong = put(&home, &policy(json!({ "Daily": { "schedule": { "@@assign": "x" } } })));
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("Invalid plans.Nightly.rules.Daily.schedule: it is not known"), "{}", wrong.err);
    assert_eq!(home.json(&["account", "policy", "list", "--output", "json"]), json!([]));
    let unknown = home.run(&["account", "policy", "attach", "nightly", "root"]);
    assert!(unknown.code == 1 && unknown.err.contains("account policy list"), "{}", unknown.err);
    let missing = home.run(&["account", "policy", "put", "nightly", "/nowhere/policy.json"]);
    assert!(missing.code == 1 && missing.err.contains("/nowhere/policy.json"), "{}", missing.err);
}
