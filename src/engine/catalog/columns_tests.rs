//! Every column of the catalog is read by somebody: one that is only written costs room, and looks like a rule that is kept.
//!
//! The statements are texts in the sources of the engine. What they insert into and what they set is left out of them; a
//! column must be named by what is left, in a file that also names its table.

use super::migrations;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What builds statements for tables that others name.
const FOR_ALL_TABLES: [&str; 4] = ["jobs/rows/list.rs", "jobs/rows/store.rs", "jobs/rows/uses.rs", "catalog/paging.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !name.contains("_tests.") && name != "sample.rs" {
            found.push(path);
        }
    }
}

/// The texts in a source, without those of its tests and of comments.
fn texts(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = lines.join("\n").replace("'\"'", "");
    let mut texts = Vec::new();
    let mut rest = code.as_str();
    while let Some(begin) = rest.find('"') {
        let body = &rest[begin + 1..];
        let escaped = |at: usize| body[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let Some(end) = body.match_indices('"').map(|(at, _)| at).find(|at| !escaped(*at)) else { break };
        texts.push(body[..end].to_owned());
        rest = &body[end + 1..];
    }
    texts
}

/// Words and single signs.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (token, after) = rest.split_at(if length == 0 { first.len_utf8() } else { length });
        found.push(token);
        rest = after.trim_start();
    }
    found
}

/// The words of a statement, but those that say where something is written to.
fn read_words(text: &str) -> BTreeSet<String> {
    let tokens = tokens(text);
    let mut words = BTreeSet::new();
    let (mut at, mut depth) = (0, 0);
    // While a SET goes on: how deep it lies in parentheses.
    let mut set: Option<i32> = None;
    while at < tokens.len() {
        let token = tokens[at];
        match token {
            "(" => depth += 1,
            ")" => depth -= 1,
            "INTO" if tokens.get(at + 2) == Some(&"(") => {
                at += tokens[at..].iter().position(|token| *token == ")").unwrap_or(0);
            }
            "SET" => {
                set = Some(depth);
                at += 1;
            }
            "," if set == Some(depth) => at += 1,
            "WHERE" if set == Some(depth) => set = None,
            word => drop(words.insert(word.to_owned())),
        }
        at += 1;
    }
    words
}

/// The columns that no statement reads. What refers to another table is read by SQLite itself, which sees to it that the
/// other row is there.
fn unread(connection: &Connection, files: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let sql = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
                 AND c.name NOT IN (SELECT \"from\" FROM pragma_foreign_key_list(t.name)) ORDER BY 1, c.cid";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let columns: Vec<(String, String)> = rows.map(|row| row.unwrap()).collect();
    assert!(columns.len() > 100, "{columns:?}");
    let is_read = |table: &String, column: &String| {
        files.iter().any(|(file, words)| {
            let of_table = words.contains(table) || FOR_ALL_TABLES.iter().any(|name| file.ends_with(name));
            of_table && words.contains(column)
        })
    };
    columns.iter().filter(|(table, column)| !is_read(table, column)).map(|(t, c)| format!("{t}.{c}")).collect()
}

fn engine() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine"), &mut found);
    let words =
        |path: &PathBuf| texts(&std::fs::read_to_string(path).unwrap()).iter().flat_map(|t| read_words(t)).collect();
    found.iter().map(|path| (path.display().to_string(), words(path))).collect()
}

#[test]
fn every_column_is_read() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrations::run(&mut connection, Path::new("memory"), &migrations::ALL).unwrap();
    assert_eq!(unread(&connection, &engine()), Vec::<String>::new());
}

#[test]
fn the_columns_that_were_dropped_had_not_been_read() {
    let mut connection = Connection::open_in_memory().unwrap();
    let before = migrations::ALL.iter().position(|step| step.contains("DROP COLUMN scheduled_at")).unwrap();
    migrations::run(&mut connection, Path::new("memory"), &migrations::ALL[..before]).unwrap();
    let found = unread(&connection, &engine());
    for column in
        ["backup_jobs.scheduled_at", "backup_jobs.stop_requested", "recovery_points.deleting_since", "resources.added"]
    {
        assert!(found.iter().any(|name| name == column), "{column} is not among {found:?}");
    }
}

#[test]
fn what_is_written_is_told_from_what_is_read() {
    let words = |sql| read_words(sql).into_iter().filter(|word| word.len() == 1 && word.is_ascii()).collect::<String>();
    let letters = |sql| words(sql).chars().filter(char::is_ascii_lowercase).collect::<String>();
    assert_eq!(letters("SELECT a, b FROM t WHERE c = ?1 ORDER BY d"), "abcdt");
    assert_eq!(letters("INSERT INTO t (a, b) VALUES (?1, ?2)"), "");
    assert_eq!(letters("INSERT INTO t (a, b) SELECT c, d FROM u"), "cdu");
    assert_eq!(letters("UPDATE t SET a = b + 1, c = CASE WHEN d THEN 'X' ELSE e END WHERE f = ?1"), "bdeft");
    assert_eq!(letters("INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO UPDATE SET b = excluded.c"), "ac");
    assert_eq!(
        texts(
            r#"let x = "a \" b"; // "c"
        // "d"
        f("e")"#
        ),
        ["a \\\" b", "c", "e"]
    );
}
