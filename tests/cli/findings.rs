//! `vaultdeck findings` on an engine that serves.

use crate::harness::Home;
use serde_json::Value;
use std::fs;

/// The kinds that are told, each once.
fn kinds(found: &Value) -> Vec<&str> {
    let mut kinds: Vec<&str> = found.as_array().unwrap().iter().map(|row| row["Kind"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

#[test]
fn what_is_wrong_is_told_and_its_kind_is_the_exit_code_of_who_asks_for_it() {
    let home = Home::new();
    let resource = home.add_resource(&[]);
    let serving = home.serve(&[]);
    // Nobody selects it.
    let found = home.json(&["findings", "--output", "json"]);
    assert_eq!(kinds(&found), ["unprotected"], "{found}");
    assert_eq!(found[0]["Title"], "No plan selects it: projects");
    assert_eq!(found[0]["Severity"], "WARNING");
    // Its folder goes away, and the next backup fails.
    fs::remove_dir_all(home.path("projects")).unwrap();
    assert_ne!(home.run(&["backup", "start", "projects", "--vault", "Default"]).code, 0);
    assert_eq!(home.run(&["findings", "--fail-on", "expired,missing-run"]).code, 0);
    let failed = home.run(&["findings", "--fail-on", "failed,missing-run"]);
    assert_eq!(failed.code, 1, "{}", failed.err);
    assert!(failed.out.contains("Backup failed: projects"), "{}", failed.out);
    // Muted by a dashboard, it is told no more unless asked for.
    let key = format!("failed 123456789012 us-east-1 backup {resource}");
    let context = home.data_dir().display().to_string();
    let state = home.path(".local/state/vaultdeck");
    fs::create_dir_all(&state).unwrap();
    let mute =
        format!(r#"{{"{context}": {{"{key}": {{"note": "seen", "at": "2026-11-23T03:00:00Z", "who": "ada"}}}}}}"#);
    fs::write(state.join("mutes.json"), mute).unwrap();
    assert_eq!(home.run(&["findings", "--fail-on", "failed"]).code, 0);
    let all = home.json(&["findings", "--all", "--output", "json"]);
    let failed = all.as_array().unwrap().iter().find(|row| row["Kind"] == "failed").unwrap();
    assert_eq!(failed["Muted"], "seen");
    fs::write(state.join("mutes.json"), "{").unwrap();
    let damaged = home.run(&["findings"]);
    assert!(damaged.code == 1 && damaged.err.contains("mutes.json, line 1, column 1"), "{}", damaged.err);
    drop(serving);
}

#[test]
fn a_kind_that_does_not_exist_is_refused_with_those_that_do() {
    let ran = Home::new().run(&["findings", "--fail-on", "faild"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("faild") && ran.err.contains("missing-run"), "{}", ran.err);
}
