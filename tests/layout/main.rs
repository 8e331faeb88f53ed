//! The house's walls: which room of `src/` may know which, as the architecture page says, and how long a file may be.
//!
//! Every path that begins with `crate::`, `super::` or `vaultdeck::` is read, in `use` trees and in code.
//! `LAYOUT_PRINT=1 cargo test --test layout -- --nocapture` prints the graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod circles;
mod paths;
mod permits;
mod sql;

use paths::{References, module_of, references, root, source_files, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Who may know whom, and nothing else.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("main", &["cli"]),
    ("cli", &["config", "demo", "tui", "client", "server", "engine", "domain"]),
    ("demo", &["engine", "client", "domain"]),
    ("tui", &["client", "domain"]),
    ("client", &["config", "domain"]),
    ("server", &["engine", "domain"]),
    ("engine", &["storage", "repository", "domain"]),
    ("storage", &["repository"]),
    ("config", &[]),
    ("repository", &[]),
    ("domain", &[]),
];

/// Crates that a room must not name, by the beginning of their names.
const FOREIGN: [(&str, &[&str]); 7] = [
    ("tui", &["aws_", "axum", "rusqlite", "anyhow"]),
    ("domain", &["aws_", "axum", "rusqlite", "tokio", "anyhow"]),
    ("repository", &["aws_", "axum", "rusqlite", "tokio", "anyhow"]),
    ("storage", &["axum", "rusqlite", "anyhow"]),
    ("engine", &["aws_", "axum", "anyhow", "mongodb"]),
    ("server", &["aws_sdk", "rusqlite", "anyhow"]),
    ("client", &["axum", "rusqlite", "anyhow"]),
];

/// Crates that one folder of a room may name though the room may not: a driver speaks its service's protocol, and the history
/// of jobs is a database of its own.
const AT_HOME: [(&str, &str); 4] = [
    ("engine/drivers/http", "aws_"),
    ("engine/drivers/s3", "aws_"),
    ("engine/drivers/documentdb", "mongodb"),
    ("client/history", "rusqlite"),
];

/// Who may name the standard streams: whoever writes to them handles that they may have gone away.
const PRINTING: [&str; 5] = ["cli/output.rs", "cli/progress.rs", "cli/logs.rs", "tui/run.rs", "tui/term/screen.rs"];

const LONGEST_FILE: usize = 500;

#[test]
fn no_room_knows_one_that_it_must_not() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut crossings = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        let room = module.first().cloned().unwrap_or_default();
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        let found = references(&module, &text);
        let crossing = violations(&room, &found, &at_home(&module));
        crossings.extend(crossing.into_iter().map(|what| format!("{}: {what}", file.display())));
        let known = found.rooms().map(|(other, _)| other.to_owned()).filter(|other| *other != room);
        graph.entry(room.clone()).or_default().extend(known);
    }
    if std::env::var_os("LAYOUT_PRINT").is_some() {
        for (room, known) in &graph {
            println!("{room:<11}→ {}", known.iter().cloned().collect::<Vec<_>>().join(", "));
        }
    }
    assert!(crossings.is_empty(), "paths that cross the walls:\n{}", crossings.join("\n"));
    assert!(graph["client"].contains("domain"), "the scanner found no paths at all: {graph:?}");
}

#[test]
fn no_file_is_longer_than_one_sitting() {
    let long: Vec<String> = source_files()
        .into_iter()
        .filter_map(|file| {
            let lines = std::fs::read_to_string(root().join(&file)).unwrap().lines().count();
            (lines > LONGEST_FILE).then(|| format!("{} has {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "look for the seam in these:\n{}", long.join("\n"));
}

#[test]
fn only_what_handles_a_stream_that_is_gone_writes_to_one() {
    let streams = ["stdout", "stderr", "Stdout", "Stderr"];
    let writing: BTreeSet<String> = source_files()
        .into_iter()
        .filter(|file| {
            let tokens = tokens(&std::fs::read_to_string(root().join(file)).unwrap());
            let of_another = |at: usize| at > 0 && tokens[at - 1].0 == ".";
            tokens.iter().enumerate().any(|(at, (word, _))| streams.contains(&word.as_str()) && !of_another(at))
        })
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    let allowed: BTreeSet<String> = PRINTING.iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(writing, allowed, "print through cli::output, whose writes may fail");
}

#[test]
fn every_crash_point_is_told_and_a_test_dies_there() {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let named: BTreeSet<String> = source_files()
        .into_iter()
        .flat_map(|file| {
            let text = read(&root().join(file));
            let calls = text.split("crash_point::reached(\"").skip(1);
            calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect::<Vec<_>>()
        })
        .collect();
    assert!(named.contains("before-index"), "the scanner found none: {named:?}");
    let tests = root().with_file_name("tests");
    let told = read(&tests.join("README.md"));
    let dying: String =
        ["continuous", "copies", "crash", "key_root", "kills", "links", "notifications", "restore_test"]
            .iter()
            .map(|name| read(&tests.join(format!("e2e/test_{name}.py"))))
            .collect();
    let dies_at = |point: &str| ["\"", ":"].iter().any(|end| dying.contains(&format!("\"{point}{end}")));
    let missing: Vec<&String> =
        named.iter().filter(|point| !told.contains(&format!("`{point}`")) || !dies_at(point)).collect();
    assert!(missing.is_empty(), "not in tests/README.md, or no test crashes there: {missing:?}");
}

#[test]
fn every_file_of_tests_that_the_readme_of_the_tests_names_is_there() {
    let project = root().parent().unwrap().to_owned();
    let text = std::fs::read_to_string(project.join("tests/README.md")).unwrap();
    let named: Vec<&str> = text
        .split('`')
        .filter(|word| word.starts_with("src/") && Path::new(word).extension().is_some_and(|end| end == "rs"))
        .collect();
    assert!(named.len() > 5, "the scanner found hardly any: {named:?}");
    let gone: Vec<&&str> = named.iter().filter(|path| !project.join(path).exists()).collect();
    assert!(gone.is_empty(), "moved away: {gone:?}");
}

#[test]
fn every_folder_of_the_source_is_a_room() {
    let rooms: BTreeSet<String> = source_files().iter().filter_map(|file| module_of(file).first().cloned()).collect();
    let known: BTreeSet<String> = ALLOWED.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, known);
}

#[test]
fn a_forbidden_path_is_found_however_it_is_written() {
    let snippets = [
        "use crate::engine::Engine;",
        "use crate::{domain::Arn, engine};",
        "use crate::{\n    domain::{self, Arn},\n    client::{query::{Key, Query}},\n    server::{router as r},\n};",
        "use super::super::engine::Engine;",
        "fn f() -> crate::engine::Error { todo!() }",
        "fn f() { let x = super::super::server::router(); }",
        "mod tests { use super::super::super::engine::Engine; }",
        "mod a { mod b { fn f(x: super::super::super::super::engine::E) {} } }",
        "pub(crate) use vaultdeck::engine::Engine;",
        "use ::vaultdeck::engine;",
        "use crate::*;",
        "use crate as house;",
        "use r#crate::engine;",
        "use crate :: engine :: Engine ;",
        "macro_rules! m { () => { $crate::engine::Engine } }",
        "use aws_sdk_backup::Client;",
        "fn f(x: aws_types::Region) {}",
    ];
    let module = ["tui".to_owned(), "screens".to_owned()];
    for snippet in snippets {
        let found = violations("tui", &references(&module, snippet), &[]);
        assert!(!found.is_empty(), "not found in: {snippet}");
    }
}

#[test]
fn an_allowed_path_is_not_taken_for_a_crossing() {
    let snippets = [
        "use crate::domain::Arn;",
        "use crate::{client::Query, domain::{Arn, Time}, tui::widgets};",
        "use super::{engine_pane, super::client};",
        "// use crate::engine::Engine;",
        "/* crate::engine /* nested */ crate::server */",
        "//! See [`crate::engine`].",
        "const S: &str = \"crate::engine::Engine\";",
        "const R: &str = r#\"use crate::engine; \" \"#;",
        "const B: &[u8] = b\"crate::engine\";",
        "const C: char = '\"'; use crate::domain::Arn;",
        "fn f<'crate_>(x: &'crate_ str) {}",
        "mod engine { } use self::engine::x;",
        "mod tests { use super::engine; }",
        "mod tests { use super::super::widgets; }",
        "fn f() { engine::run(); }",
        "pub(in crate::tui) fn f() {}",
        "fn f() { let aws = 1; }",
    ];
    let module = ["tui".to_owned(), "screens".to_owned()];
    for snippet in snippets {
        let found = violations("tui", &references(&module, snippet), &[]);
        assert!(found.is_empty(), "{found:?} in: {snippet}");
    }
}

#[test]
fn a_crate_is_at_home_in_its_folder_and_nowhere_else() {
    let found = references(&[], "use aws_sdk_s3::Client;");
    let at = |path: &str| {
        let module: Vec<String> = path.split('/').map(str::to_owned).collect();
        violations("engine", &found, &at_home(&module)).len()
    };
    assert_eq!((at("engine/drivers/s3/client"), at("engine/drivers/s3")), (0, 0));
    assert_eq!((at("engine/drivers/s3x/client"), at("engine/jobs")), (1, 1));
}

/// What a module may name besides.
fn at_home(module: &[String]) -> Vec<&'static str> {
    let path = format!("{}/", module.join("/"));
    AT_HOME.iter().filter(|(folder, _)| path.starts_with(&format!("{folder}/"))).map(|(_, name)| *name).collect()
}

fn violations(room: &str, found: &References, at_home: &[&str]) -> Vec<String> {
    let allowed = ALLOWED.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, allowed)| allowed);
    let foreign = FOREIGN.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, foreign)| foreign);
    let crossing = found
        .rooms()
        .filter(|(other, _)| *other != room && !allowed.contains(other))
        .map(|(other, line)| format!("line {line}: {room} must not know {other}"));
    let stranger = found
        .strangers()
        .filter(|(other, _)| foreign.iter().any(|prefix| other.starts_with(prefix)))
        .filter(|(other, _)| !at_home.iter().any(|prefix| other.starts_with(prefix)))
        .map(|(other, line)| format!("line {line}: {room} must not name the crate {other}"));
    crossing.chain(stranger).collect()
}
