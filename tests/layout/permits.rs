//! Whatever of the rows writes demands a permit, so that nothing can be changed without the one decision of the engine.

use super::paths::{module_of, root, source_files};
use super::sql::without_tests;
use std::collections::BTreeSet;

/// How a statement begins that writes.
const WRITING: [&str; 4] = ["INSERT INTO ", "INSERT OR ", "UPDATE ", "DELETE FROM "];

/// What the engine notes for itself, by room: no caller asks for it, and nobody was promised that it stays as it is.
const BOOKKEEPING: [(&str, &[&str]); 15] = [
    // What holds in an account, which follows from the policies that were put.
    ("backup_policies", &["set"]),
    // How far the clock was seen to go.
    ("clock", &["none_later_than"]),
    // In which vaults' folders a hold is written down; the record of a released one, which was kept for its days.
    ("holds", &["forget", "owe", "owe_everywhere", "remove_outlived", "settle"]),
    // What was changed, and may be forgotten.
    ("events", &["append", "forget"]),
    // Who asked for which change, and may be forgotten.
    ("trail", &["append", "forget", "keep_newest"]),
    // What was counted, and may be forgotten.
    ("metrics", &["count", "forget_before"]),
    // Which findings were told.
    ("findings", &["forget", "know"]),
    // How the key of a vault is named that it has had all along.
    ("kms", &["name_by_arn"]),
    // What is to be delivered yet, and to whom.
    ("notifications", &["know_target", "queue", "settle"]),
    // How far a job has come; that it may be made or stopped was decided before.
    (
        "jobs",
        &[
            "advance",
            "begin",
            "forget_attempt",
            "note_divided",
            "note_setback",
            "remember_target",
            "set_created_resource",
            "set_proof",
        ],
    ),
    // Sessions that are over.
    ("organization", &["forget_before"]),
    // Up to when the runs of a plan were made into jobs.
    ("plans", &["set"]),
    // Why nothing follows a continuous point's log, for now or for good; that a live one lives longer; that its row follows a manifest
    // that is newer. What of a point is damaged, gone or found again; when the sweeper asks for it again; its packs; its manifest, which
    // follows its row; the row of a job's point, which goes with the job.
    (
        "points",
        &[
            "follow_manifest",
            "forget",
            "keep",
            "keep_known",
            "lessen",
            "let_go",
            "move_references",
            "owe",
            "prolong",
            "put_off",
            "refer",
            "remember",
            "remove",
            "set",
            "set_back",
            "set_gone",
            "set_last_restore",
            "set_message",
            "set_proven",
            "settle",
            "stop",
            "tell",
        ],
    ),
    // Which folder the path of a resource was.
    ("resources", &["remember"]),
    // The id of a vault of an older version, whether something in it is to be collected, and that its folder has followed.
    ("vaults", &["forget", "note_clean", "note_litter", "set_id"]),
];

/// Rooms that hold nothing that a caller can ask for. What drivers say in SQL, they say to the services that they were sent to.
const OF_THE_ENGINE: [&str; 2] = ["drivers", "upkeep"];

/// A function that writes: its name, and whether it demands a permit.
fn writing(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for function in text.split("fn ").skip(1) {
        let signature = function.split('{').next().unwrap_or_default();
        let name = signature.split(['(', '<']).next().unwrap_or_default();
        if WRITING.iter().any(|begin| function.contains(begin)) {
            found.push((name.to_owned(), signature.contains("Permit<")));
        }
    }
    found
}

#[test]
fn whatever_of_the_rows_writes_demands_a_permit() {
    let (mut without, mut demanding) = (BTreeSet::new(), 0);
    for file in source_files() {
        let module = module_of(&file);
        let in_rows = module.iter().any(|part| part == "rows") && !file.to_string_lossy().ends_with("tests.rs");
        if !in_rows || module[0] != "engine" || OF_THE_ENGINE.contains(&module[1].as_str()) {
            continue;
        }
        let noted = BOOKKEEPING.iter().find(|(room, _)| *room == module[1]).map_or(&[][..], |(_, noted)| noted);
        for (name, demands) in writing(&without_tests(&std::fs::read_to_string(root().join(&file)).unwrap())) {
            demanding += usize::from(demands);
            if !demands && !noted.contains(&name.as_str()) {
                without.insert(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(without.is_empty(), "these write unasked (see `engine::authorize`):\n{without:#?}");
    assert!(demanding > 20, "the scanner found only {demanding} functions that demand a permit");
}

#[test]
fn a_function_that_writes_is_told_from_one_that_reads() {
    let text = "pub fn get(c: &Connection) { c.one(\"SELECT id FROM vaults\") }\n
        pub fn add<T>(\n    c: &Connection,\n    permit: &Permit<'_, Create>,\n) { c.run(\"INSERT INTO vaults\") }\n
        fn drop_it(c: &Connection) { c.run(\"DELETE FROM vaults\") }";
    assert_eq!(writing(text), [("add".to_owned(), true), ("drop_it".to_owned(), false)]);
}
