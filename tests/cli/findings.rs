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

/// A megabyte and a half without any order, or of the lines of a text; others for each seed.
fn content(seed: u64, is_text: bool) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let text =
        (0u64..).map(|line| format!("{seed} {line} what was said in the meeting\n")).flat_map(String::into_bytes);
    if is_text { text.take(3 << 19).collect() } else { noise.flatten().take(3 << 19).collect() }
}

#[test]
fn files_that_are_encrypted_are_told_as_an_unusual_change_with_the_numbers() {
    let home = Home::new();
    home.add_resource(&[]);
    let _serving = home.serve(&[]);
    let back_up = |seed: u64, is_text: bool| {
        fs::write(home.path("projects/notes.md"), content(seed, is_text)).unwrap();
        let ran = home.run(&["backup", "start", "projects", "--vault", "Default"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    };
    for seed in 1..=5 {
        back_up(seed, true);
    }
    assert_eq!(kinds(&home.json(&["findings", "--output", "json"])), ["unprotected"]);
    back_up(6, false);
    let found = home.json(&["findings", "--output", "json"]);
    let unusual = found.as_array().unwrap().iter().find(|row| row["Kind"] == "unusual-change").expect("it is told");
    assert_eq!(unusual["Title"], "Unusual change: projects");
    let detail = unusual["Detail"].as_str().unwrap();
    assert!(detail.starts_with("1.5 MiB are new and compressed to 100 %, where "), "{detail}");
    assert!(detail.ends_with(" % are usual in 5 backups before"), "{detail}");
    assert_eq!(home.run(&["findings", "--fail-on", "unusual-change"]).code, 1);
    let metrics = home.run(&["metrics"]).out;
    assert!(metrics.lines().any(|line| line.contains("unusual-change") && line.ends_with(" 1")), "{metrics}");
}
