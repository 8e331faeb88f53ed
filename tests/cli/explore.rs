//! `vaultdeck point diff` and `vaultdeck find` on an engine of their own.

use crate::harness::Home;
use std::fs;

#[test]
fn a_deleted_file_is_told_by_diff_and_its_last_version_found_and_restored() {
    let home = Home::new();
    let resource = home.add_resource(&[]);
    let backup = || assert_eq!(home.run(&["backup", "start", "projects", "--vault", "Default"]).code, 0);
    let report = home.path("projects/report.txt");
    fs::write(home.path("projects/notes.md"), "they stay").unwrap();
    for text in ["first", "the second"] {
        fs::write(&report, text).unwrap();
        backup();
    }
    fs::remove_file(&report).unwrap();
    backup();
    let points = home.json(&["points", "--output", "json"]);
    let newest = points[0]["RecoveryPointArn"].as_str().unwrap();
    let changes = home.json(&["point", "diff", newest, "--output", "json"]);
    assert_eq!(changes.as_array().unwrap().len(), 1, "{changes}");
    assert_eq!((changes[0]["Path"].as_str(), changes[0]["Change"].as_str()), (Some("/report.txt"), Some("removed")));
    let oldest = points[2]["RecoveryPointArn"].as_str().unwrap();
    let none = home.run(&["point", "diff", oldest]);
    assert!(none.code == 1 && none.err.contains("no older recovery point"), "{}", none.err);
    let found = home.json(&["find", "report.*", "--resource", &resource, "--output", "json"]);
    let sizes: Vec<_> = found.as_array().unwrap().iter().map(|version| version["Size"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [10, 5], "the newest version first: {found}");
    let last = found[0]["NewestRecoveryPointArn"].as_str().unwrap();
    let target = home.path("restored");
    let restored = home.run(&["restore", "start", last, "--item", "/report.txt", "--to", target.to_str().unwrap()]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(fs::read_to_string(target.join("report.txt")).unwrap(), "the second");
    let refused = home.run(&["find", "(", "--regex", "--vault", "Default"]);
    assert!(refused.code != 0 && refused.err.contains("name"), "{}", refused.err);
    assert_eq!(home.run(&["find", "x"]).code, 2, "it has to be said where");
}
