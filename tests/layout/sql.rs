//! SQL stands in the rows of a room and in the catalog, so that an operation reads as the rule that it is.

use super::paths::{module_of, root, scan, source_files};
use std::path::{Path, PathBuf};

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
    assert!(path("client/history/rows.rs") && !path("client/history/file.rs") && !path("client/wall/rows.rs"));
    assert!(!path("engine/vaults/ops.rs") && !path("engine/rowship.rs") && !path("tui/rows.rs"));
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\n}"), "a\n");
    let declared = "#[cfg(test)]\nmod tests;\nfn f() {}";
    assert_eq!(without_tests(declared), declared);
}

/// Whether a file, relative to `src/`, is where SQL belongs: the catalog, the rows of a room of the engine, or those of the
/// client's history of jobs.
fn may_know_sql(file: &Path) -> bool {
    let module: Vec<String> = module_of(file);
    let parts: Vec<&str> = module.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["engine", "catalog", ..] | ["client", "history", "rows", ..] => true,
        ["engine", rest @ ..] => rest.contains(&"rows"),
        _ => false,
    }
}

/// A source without its tests: these look behind what they test.
pub fn without_tests(text: &str) -> String {
    let mark = "#[cfg(test)]\nmod ";
    // What is only declared lies in a file of its own.
    let inline = |at: &usize| text[at + mark.len()..].lines().next().is_some_and(|line| line.ends_with('{'));
    let end = text.match_indices(mark).map(|(at, _)| at).find(inline).unwrap_or(text.len());
    text[..end].to_owned()
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
