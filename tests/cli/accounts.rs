//! The organization from the command line: units, accounts in them, and who administers AWS Backup.

use crate::harness::Home;
use serde_json::json;

const SHOP: &str = "111122223333";

#[test]
fn accounts_are_put_into_units_and_the_tree_shows_where_each_is() {
    let home = Home::new();
    let unit = |arguments: &[&str]| {
        let made = home.run(&[&["account", "unit"], arguments].concat());
        assert_eq!(made.code, 0, "{}", made.err);
        made.out.trim().to_owned()
    };
    let workloads = unit(&["add", "Workloads"]);
    let production = unit(&["add", "Production", "--in", "Workloads"]);
    assert!(production.starts_with("ou-") && production != workloads, "{production}");
    let added = home.run(&["account", "add", "shop", "--id", SHOP, "--unit", "Workloads/Production"]);
    assert_eq!((added.code, added.out.trim()), (0, SHOP), "{}", added.err);

    let tree = home.json(&["account", "tree", "--output", "json"]);
    assert_eq!(tree["Accounts"][0]["AccountId"], "123456789012");
    let inner = &tree["Units"][0]["Units"][0];
    assert_eq!((&inner["Id"], &inner["Path"]), (&json!(production), &json!("Workloads/Production")));
    assert_eq!(inner["Accounts"][0]["AccountId"], SHOP);
    let drawn = home.run(&["account", "tree"]).out;
    let lines: Vec<&str> = drawn.lines().skip(1).collect();
    let expected = [
        "  123456789012  management  (management)".to_owned(),
        format!("  Workloads/  {workloads}"),
        format!("    Production/  {production}"),
        format!("      {SHOP}  shop"),
    ];
    assert_eq!(lines, expected);

    let moved = home.run(&["account", "move", SHOP, "/"]);
    assert_eq!(moved.code, 0, "{}", moved.err);
    let again = home.run(&["account", "move", SHOP, "/"]);
    assert!(again.code == 1 && again.err.contains("already"), "{}", again.err);
    assert_eq!(home.run(&["account", "unit", "rename", "Workloads/Production", "Live"]).code, 0);
    let refused = home.run(&["account", "unit", "delete", "Workloads"]);
    assert!(refused.code == 1 && refused.err.contains("cannot be deleted"), "{}", refused.err);
    for gone in ["Workloads/Live", "Workloads"] {
        let deleted = home.run(&["account", "unit", "delete", gone]);
        assert_eq!(deleted.code, 0, "{}", deleted.err);
    }
    assert_eq!(home.json(&["account", "unit", "list", "--output", "json"]), json!([]));
}

#[test]
fn a_place_that_is_not_there_makes_no_account() {
    let home = Home::new();
    let refused = home.run(&["account", "add", "shop", "--unit", "Nowhere"]);
    assert!(refused.code == 1 && refused.err.contains("there is no unit \"Nowhere\""), "{}", refused.err);
    assert_eq!(home.json(&["account", "list", "--output", "json"]).as_array().unwrap().len(), 1);
    let refused = home.run(&["account", "unit", "delete", "/"]);
    assert!(refused.code == 1 && refused.err.contains("is the root"), "{}", refused.err);
}

#[test]
fn an_account_is_made_an_administrator_and_is_one_no_more() {
    let home = Home::new();
    assert_eq!(home.run(&["account", "add", "backup", "--id", SHOP]).code, 0);
    let administers = || home.json(&["account", "list", "--output", "json"])[1]["DelegatedAdministrator"].clone();
    assert_eq!(administers(), json!(false));
    assert_eq!(home.run(&["account", "delegate", SHOP]).code, 0);
    assert_eq!(administers(), json!(true));
    assert!(home.run(&["account", "tree"]).out.contains("(delegated administrator)"));
    assert_eq!(home.run(&["account", "delegate", "123456789012"]).code, 1);
    assert_eq!(home.run(&["account", "undelegate", SHOP]).code, 0);
    assert_eq!(administers(), json!(false));
}
