//! `vaultdeck hold`: put, seen, and released.

use crate::harness::Home;

#[test]
fn a_hold_is_made_shown_listed_and_released() {
    let home = Home::new();
    home.add_resource(&[]);
    assert_eq!(home.run(&["backup", "start", "projects", "--vault", "Default"]).code, 0);
    let made = home.run(&["hold", "create", "--title", "case 7", "--description", "an inquiry", "--vault", "Default"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.err.contains("the hold is on 1 recovery point"), "{}", made.err);
    let id = made.out.trim();
    let shown = home.json(&["hold", "show", id, "--output", "json"]);
    assert_eq!((&shown["Title"], &shown["Status"]), (&"case 7".into(), &"ACTIVE".into()));
    assert_eq!(shown["RecoveryPointSelection"], serde_json::json!({ "VaultNames": ["Default"] }));
    assert_eq!(shown["RecoveryPoints"].as_array().unwrap().len(), 1);
    let text = home.run(&["hold", "show", id]).out;
    assert!(
        text.contains("catches:     recovery points in Default") && text.contains("on:          1 recovery point\n"),
        "{text}"
    );

    // Nobody is there to ask, so nothing is released.
    let unasked = home.run(&["hold", "cancel", id, "--reason", "settled"]);
    assert_eq!(unasked.code, 2);
    assert!(unasked.err.trim_end().ends_with("say --yes to carry it out"), "{}", unasked.err);
    assert!(unasked.out.contains("which is on 1 recovery point") && unasked.out.contains("gone within 24 hours"));
    assert_eq!(home.json(&["hold", "list", "--output", "json"])[0]["Status"], "ACTIVE");
    let released = home.run(&["hold", "cancel", id, "--reason", "settled", "--retain-record-days", "30", "--yes"]);
    assert_eq!(released.code, 0, "{}", released.err);
    let listed = home.json(&["hold", "list", "--output", "json"]);
    assert_eq!((&listed[0]["LegalHoldId"], &listed[0]["Status"]), (&id.into(), &"CANCELED".into()));
    let text = home.run(&["hold", "show", id]).out;
    assert!(text.contains("because:     settled"), "{text}");
}

#[test]
fn what_is_wrong_is_told_and_a_hold_on_nothing_says_so() {
    let home = Home::new();
    let create = |more: &[&str]| {
        let mut command = vec!["hold", "create", "--title", "t", "--description", "d"];
        command.extend(more);
        home.run(&command)
    };
    let nothing = create(&[]);
    assert_eq!(nothing.code, 3);
    assert!(nothing.err.contains("the hold is on nothing"), "{}", nothing.err);
    for (more, code, told) in [
        (&["--vault", "nowhere"][..], 1, "Backup vault \"nowhere\" does not exist"),
        (&["--from", "2026-02-01", "--to", "2026-01-01"], 1, "must not be after ToDate"),
        (&["--from", "yesterday", "--to", "2026-01-01"], 2, "is no day such as 2026-01-31"),
        (&["--from", "2026-01-01"], 2, "--to"),
        (&["--resource", "floppy"], 1, "is neither the ARN of a resource"),
    ] {
        let refused = create(more);
        assert_eq!(refused.code, code, "{more:?}: {}", refused.err);
        assert!(refused.err.contains(told), "{more:?}: {}", refused.err);
    }
    let unknown = home.run(&["hold", "cancel", "none", "--reason", "r", "--yes"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("there is no legal hold none"), "{}", unknown.err);
}

#[test]
fn a_range_may_reach_to_the_day_that_is_not_over_yet() {
    let home = Home::new();
    home.add_resource(&[]);
    assert_eq!(home.run(&["backup", "start", "projects", "--vault", "Default"]).code, 0);
    let today = chrono::Utc::now().date_naive().to_string();
    let made =
        home.run(&["hold", "create", "--title", "t", "--description", "d", "--from", "2026-01-01", "--to", &today]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.err.contains("the hold is on 1 recovery point"), "{}", made.err);
}
