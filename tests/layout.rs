//! The house's walls: which room of `src/` may know which, as the architecture page says, and how long a file may be.
//!
//! Every path that begins with `crate::`, `super::` or `vaultdeck::` is read, in `use` trees and in code.
//! `LAYOUT_PRINT=1 cargo test --test layout -- --nocapture` prints the graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Who may know whom, and nothing else.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("main", &["cli"]),
    ("cli", &["config", "demo", "tui", "client", "server", "engine", "domain"]),
    ("demo", &["engine", "client", "domain"]),
    ("tui", &["client", "domain"]),
    ("client", &["config", "domain"]),
    ("server", &["engine", "domain"]),
    ("engine", &["repository", "domain"]),
    ("config", &[]),
    ("repository", &[]),
    ("domain", &[]),
];

/// Crates that a room must not name, by the beginning of their names.
const FOREIGN: [(&str, &[&str]); 6] = [
    ("tui", &["aws_", "axum", "rusqlite", "anyhow"]),
    ("domain", &["aws_", "axum", "rusqlite", "tokio", "anyhow"]),
    ("repository", &["axum", "rusqlite", "tokio", "anyhow"]),
    ("engine", &["aws_", "axum", "anyhow"]),
    ("server", &["aws_sdk", "rusqlite", "anyhow"]),
    ("client", &["axum", "rusqlite", "anyhow"]),
];

/// Who may name the standard streams: whoever writes to them handles that they may have gone away.
const PRINTING: [&str; 5] = ["cli/output.rs", "cli/progress.rs", "cli/logs.rs", "tui/run.rs", "tui/term/screen.rs"];

const LONGEST_FILE: usize = 500;

/// What only a statement of SQL has in it, as SQL is written here.
const SQL: [&str; 10] = [
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "PRAGMA ",
    " WHERE ",
    " ORDER BY ",
    " = ?",
];

/// The methods by which a connection is asked.
const ASKING: [&str; 5] = ["prepare_cached", "query_row", "query_map", "execute", "execute_batch"];

#[test]
fn no_room_knows_one_that_it_must_not() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut crossings = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        let room = module.first().cloned().unwrap_or_default();
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        let found = references(&module, &text);
        crossings.extend(violations(&room, &found).into_iter().map(|what| format!("{}: {what}", file.display())));
        let known = found.inside.into_iter().map(|(other, _)| other).filter(|other| *other != room);
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
fn only_rows_and_the_catalog_know_sql() {
    let (mut knowing, mut asking) = (Vec::new(), 0);
    let of_tests = |file: &PathBuf| file.to_string_lossy().ends_with("tests.rs");
    for file in source_files().into_iter().filter(|file| !of_tests(file)) {
        let found = sql_in(&without_tests(&std::fs::read_to_string(root().join(&file)).unwrap()));
        if may_know_sql(&file) {
            asking += usize::from(!found.is_empty());
        } else {
            knowing.extend(found.into_iter().map(|what| format!("{}: {what}", file.display())));
        }
    }
    assert!(knowing.is_empty(), "this belongs into the `rows` of its room:\n{}", knowing.join("\n"));
    assert!(asking > 30, "the scanner found hardly any SQL at all: in {asking} files");
}

#[test]
fn sql_is_found_however_it_is_asked_and_nothing_else_is_taken_for_it() {
    for snippet in [
        "use rusqlite::params;",
        "fn f(row: &rusqlite::Row<'_>) {}",
        "const S: &str = \"SELECT id FROM vaults\";",
        "fn f() -> String { format!(\"SELECT {COLUMNS} FROM vaults\") }",
        "const S: &str = \"\n    UPDATE vaults SET name = ?1\";",
        "const S: &str = r\"DELETE FROM vaults\";",
        "fn f(l: &mut Listing) { l.filter(\"account = ?\", 1); }",
        "fn f(c: &Connection) { c.prepare_cached(S)?; }",
        "fn f(c: &Connection) { c.execute(S, [])?; }",
    ] {
        assert!(!sql_in(snippet).is_empty(), "not found in: {snippet}");
    }
    for snippet in [
        "use crate::engine::catalog::{Connection, Transaction};",
        "// SELECT id FROM vaults",
        "//! See [`rusqlite`].",
        "const S: &str = \"select a vault to delete from the list\";",
        "fn f() { prepare(); pool.run(); }",
        "fn f() { vault.repository.prepare(tree); }",
    ] {
        assert_eq!(sql_in(snippet), Vec::<String>::new(), "in: {snippet}");
    }
    let path = |text: &str| may_know_sql(Path::new(text));
    assert!(path("engine/vaults/rows.rs") && path("engine/vaults/rows/keys.rs") && path("engine/catalog/paging.rs"));
    assert!(!path("engine/vaults/ops.rs") && !path("engine/rowship.rs") && !path("tui/rows.rs"));
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\n}"), "a\n");
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
    let dying: String = ["e2e/test_crash.py", "e2e/test_links.py"].iter().map(|file| read(&tests.join(file))).collect();
    let dies_at = |point: &str| ["\"", ":"].iter().any(|end| dying.contains(&format!("\"{point}{end}")));
    let missing: Vec<&String> =
        named.iter().filter(|point| !told.contains(&format!("`{point}`")) || !dies_at(point)).collect();
    assert!(missing.is_empty(), "not in tests/README.md, or no test crashes there: {missing:?}");
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
        let found = violations("tui", &references(&module, snippet));
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
        let found = violations("tui", &references(&module, snippet));
        assert!(found.is_empty(), "{found:?} in: {snippet}");
    }
}

/// Whether a file, relative to `src/`, is where SQL belongs: the catalog, or the rows of a room of the engine.
fn may_know_sql(file: &Path) -> bool {
    let module = module_of(file);
    module.first().is_some_and(|room| room == "engine")
        && (module.get(1).is_some_and(|room| room == "catalog") || module.iter().any(|part| part == "rows"))
}

/// A source without its tests: these look behind what they test.
fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// Where a source asks a database itself. The errors of SQLite may be named: they are passed on.
fn sql_in(text: &str) -> Vec<String> {
    let (tokens, texts) = scan(text);
    let word = |at: usize| tokens.get(at).map_or("", |token| token.0.as_str());
    let names = tokens.iter().enumerate().filter_map(|(at, (token, line))| {
        let error = word(at + 1) == "::" && ["Error", "ErrorCode"].contains(&word(at + 2));
        let asks = ASKING.contains(&token.as_str()) && at > 0 && word(at - 1) == "." && word(at + 1) == "(";
        (token == "rusqlite" && !error || asks).then(|| format!("line {line}: {token}"))
    });
    let statements = texts.iter().filter(|(text, _)| {
        let text = text.replace("\\n", " ");
        SQL.iter().any(|sql| text.contains(sql))
    });
    names.chain(statements.map(|(text, line)| format!("line {line}: {text}"))).collect()
}

/// What a file names: paths of this crate as (room, line), and the first parts of paths of other crates.
#[derive(Default)]
struct References {
    inside: Vec<(String, usize)>,
    outside: Vec<(String, usize)>,
}

fn violations(room: &str, found: &References) -> Vec<String> {
    let allowed = ALLOWED.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, allowed)| allowed);
    let foreign = FOREIGN.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, foreign)| foreign);
    let crossing = found
        .inside
        .iter()
        .filter(|(other, _)| other != room && !allowed.contains(&other.as_str()))
        .map(|(other, line)| format!("line {line}: {room} must not know {other}"));
    let stranger = found
        .outside
        .iter()
        .filter(|(other, _)| foreign.iter().any(|prefix| other.starts_with(prefix)))
        .map(|(other, line)| format!("line {line}: {room} must not name the crate {other}"));
    crossing.chain(stranger).collect()
}

/// Reads every path in `text`, which is the source of `module`.
fn references(module: &[String], text: &str) -> References {
    let tokens = tokens(text);
    let mut found = References::default();
    let mut modules: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let (token, line) = (tokens[at].0.as_str(), tokens[at].1);
        let next = tokens.get(at + 1).map_or("", |token| token.0.as_str());
        let previous = if at == 0 { "" } else { tokens[at - 1].0.as_str() };
        match token {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                modules.retain(|(_, opened)| *opened <= depth);
            }
            "mod" if tokens.get(at + 2).is_some_and(|token| token.0 == "{") => {
                modules.push((next.to_owned(), depth + 1));
            }
            "use" if next != "<" => {
                let here = path_here(module, &modules);
                let mut cursor = at + 1;
                if tokens.get(cursor).is_some_and(|token| token.0 == "::") {
                    cursor += 1;
                }
                read_tree(&tokens, &mut cursor, &[], &here, &mut found);
                at = cursor;
                continue;
            }
            _ if next == "::" && previous != "::" || token == "crate" && previous == "$" => {
                let here = path_here(module, &modules);
                let mut path = vec![token.to_owned()];
                let mut cursor = at + 1;
                while tokens.get(cursor).is_some_and(|token| token.0 == "::")
                    && tokens.get(cursor + 1).is_some_and(|token| is_word(&token.0))
                {
                    path.push(tokens[cursor + 1].0.clone());
                    cursor += 2;
                }
                resolve(&path, &here, line, &mut found);
                at = cursor;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn path_here(module: &[String], inner: &[(String, usize)]) -> Vec<String> {
    module.iter().cloned().chain(inner.iter().map(|(name, _)| name.clone())).collect()
}

/// Reads one `use` tree from `at` on and resolves each of its paths.
fn read_tree(tokens: &[(String, usize)], at: &mut usize, prefix: &[String], here: &[String], found: &mut References) {
    let mut path = prefix.to_vec();
    let mut line = 0;
    while let Some((token, token_line)) = tokens.get(*at) {
        line = *token_line;
        match token.as_str() {
            "::" => *at += 1,
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token.0 != "}") {
                    read_tree(tokens, at, &path, here, found);
                    if tokens.get(*at).is_some_and(|token| token.0 == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "as" => *at += 2,
            ";" | "," | "}" => break,
            word => {
                path.push(word.to_owned());
                *at += 1;
            }
        }
    }
    resolve(&path, here, line, found);
}

/// Adds the room or the crate that a path leads to.
fn resolve(path: &[String], here: &[String], line: usize, found: &mut References) {
    let mut absolute: Vec<String> = here.to_vec();
    let mut rest = path.iter().map(|part| part.strip_prefix("r#").unwrap_or(part)).peekable();
    match rest.peek().copied() {
        Some("crate" | "vaultdeck") => {
            absolute.clear();
            rest.next();
        }
        Some("super") => {
            while rest.next_if(|part| *part == "super").is_some() {
                absolute.pop();
            }
        }
        Some("self") | None => return,
        Some(first) => {
            found.outside.push((first.to_owned(), line));
            return;
        }
    }
    absolute.extend(rest.map(str::to_owned));
    let room = absolute.first().map_or("the whole crate", String::as_str);
    let room = if room == "*" || room == "self" { "the whole crate" } else { room };
    found.inside.push((room.to_owned(), line));
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') || token == "*"
}

/// Words, `::` and single signs, with their lines; without comments, texts, characters and lifetimes.
fn tokens(text: &str) -> Pieces {
    scan(text).0
}

/// Parts of a source with their lines.
type Pieces = Vec<(String, usize)>;

/// The same, and beside them the texts, characters and lifetimes.
fn scan(text: &str) -> (Pieces, Pieces) {
    let bytes: Vec<char> = text.chars().collect();
    let (mut found, mut literals) = (Vec::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(&['/', '/']) {
            rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            block_comment(rest)
        } else if let Some(length) = literal(rest) {
            literals.push((rest[..length.min(rest.len())].iter().collect(), line));
            length
        } else if rest[0].is_alphabetic() || rest[0] == '_' {
            let raw = if rest.starts_with(&['r', '#']) { 2 } else { 0 };
            let length = raw + rest[raw..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            found.push((rest[..length].iter().collect(), line));
            length
        } else if rest.starts_with(&[':', ':']) {
            found.push(("::".to_owned(), line));
            2
        } else {
            if !rest[0].is_whitespace() {
                found.push((rest[0].to_string(), line));
            }
            1
        };
        line += rest[..length].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    (found, literals)
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// The length of the text, character or lifetime that begins here, if one does.
fn literal(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take_while(|c| matches!(c, 'b' | 'c' | 'r')).count();
    if prefix <= 2 && rest.get(..prefix)?.contains(&'r') {
        let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
        if rest.get(prefix + hashes) == Some(&'"') {
            let mut end: Vec<char> = vec!['"'];
            end.extend(std::iter::repeat_n('#', hashes));
            let body = &rest[prefix + hashes + 1..];
            let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
            return Some(prefix + hashes + 1 + length + end.len());
        }
    }
    let quote = if prefix <= 1 { *rest.get(prefix)? } else { return None };
    match quote {
        '"' => {}
        '\'' => {
            let closed = rest.get(prefix + 1) == Some(&'\\') || rest.get(prefix + 2) == Some(&'\'');
            if !closed {
                return Some(
                    prefix + 1 + rest[prefix + 1..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count(),
                );
            }
        }
        _ => return None,
    }
    let mut at = prefix + 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    Some((at + 1).min(rest.len()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, relative to `src/`.
fn source_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.retain(|path| path != Path::new("lib.rs"));
    found
}

/// `tui/screens/jobs.rs` → `[tui, screens, jobs]`; `mod.rs` stands for its folder.
fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}
