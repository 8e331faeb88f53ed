//! `vaultdeck delete`: what a deletion strands is told first, and nothing is deleted unasked.

use crate::harness::Home;
use serde_json::Value;

fn point(home: &Home) -> String {
    let points = home.json(&["points", "--output", "json"]);
    points[0]["RecoveryPointArn"].as_str().unwrap().to_owned()
}

#[test]
fn a_recovery_point_is_told_of_as_the_last_one_and_deleted_when_that_is_wanted() {
    let home = Home::new();
    home.add_resource(&[]);
    assert_eq!(home.run(&["backup", "start", "projects", "--vault", "Default"]).code, 0);
    let arn = point(&home);
    let unasked = home.run(&["delete", "point", &arn]);
    assert_eq!(unasked.code, 2);
    assert!(unasked.err.trim_end().ends_with("say --yes to carry it out"), "{}", unasked.err);
    assert!(unasked.out.contains("it is the last one of projects that can be restored"), "{}", unasked.out);
    assert_eq!(point(&home), arn, "nobody was there to ask");

    // A hold refuses it in the service's own words.
    let hold = home.run(&["hold", "create", "--title", "t", "--description", "d"]).out;
    let held = home.run(&["delete", "point", &arn, "--yes"]);
    assert_eq!(held.code, 1);
    assert!(held.err.contains("it has active legal hold(s)"), "{}", held.err);
    assert_eq!(home.run(&["hold", "cancel", hold.trim(), "--reason", "r", "--yes"]).code, 0);
    assert_eq!(home.run(&["delete", "point", &arn, "--yes"]).code, 0);
    assert_eq!(home.json(&["points", "--output", "json"]), Value::Array(Vec::new()));
}

#[test]
fn a_vault_that_is_not_empty_or_not_there_is_refused() {
    let home = Home::new();
    let unasked = home.run(&["delete", "vault", "Default"]);
    assert_eq!(unasked.code, 2);
    assert!(unasked.out.contains("No rule of a plan of this account and region names it."), "{}", unasked.out);
    let default = home.run(&["delete", "vault", "Default", "--yes"]);
    assert_eq!(default.code, 1);
    assert!(default.err.contains("The default backup vault cannot be deleted"), "{}", default.err);
    assert_eq!(home.run(&["delete", "vault", "nowhere", "--yes"]).code, 1);
    let unknown = home.run(&["delete", "plan", "none", "--yes"]);
    assert_eq!(unknown.code, 1);
}
