//! Proving a copy of the files: it can be prepared up to where the backup ended, a server starts on it, every database and every table
//! of the recovery point is there, and each is read through with its indexes.

use super::programs::SERVER;
use super::scratch::Server;
use super::source::COPIED;
use super::target::CHECKPOINTS;
use super::version::Version;
use super::{binlog, rows};
use crate::domain::PointDetails;
use crate::domain::proof::Check;
use crate::engine::drivers::proof::Files;
use crate::engine::drivers::{Fault, ProofCx};
use crate::repository::{ItemPath, Node, NodeKind};
use std::collections::BTreeSet;

/// What is proven of a dump: that it can be restored as it is. No server is started that would take it.
pub(super) static DUMP: Files = Files { what: "files of the dump (no server took it)", noted: &[] };

/// Under which name files say where in the log they end.
const LAST: &str = "last_lsn";

/// The most that files say of themselves, in bytes.
const LONGEST: u64 = 64 << 10;

/// How many tables are read by one session.
const TABLES: usize = 50;

/// How many faults are told.
const TOLD: usize = 5;

/// Refuses a test without a server of the version that wrote the files.
pub(super) fn check_server(details: &PointDetails) -> Result<(), Fault> {
    let installed = SERVER.version()?;
    match details.get("EngineVersion").and_then(|version| Version::of(version)) {
        Some(needed) if needed != installed => Err(Fault::Unsupported {
            found: format!("mariadbd {installed} for a recovery point of MariaDB {needed}"),
            needs: format!("the server of MariaDB {needed} on this machine"),
        }),
        _ => Ok(()),
    }
}

/// Compares a prepared copy with what its backup noted.
pub(super) fn prove(cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
    let mut checks = Vec::new();
    if let Some(noted) = ended(cx)? {
        let found = prepared_to(cx).map_err(|error| error.to_string()).unwrap_or_else(|error| error);
        checks.push(Check::new(
            "Place in the log that the files are prepared to (mariadb-backup --prepare)",
            noted,
            found,
        ));
    }
    let name = "A scratch server of MariaDB starts and takes connections";
    let server = match Server::start(cx.at, cx.control)? {
        Ok(server) => server,
        Err(why) => {
            checks.push(Check::new(name, "yes", why));
            return Ok(checks);
        }
    };
    checks.push(Check::new(name, "yes", "yes"));
    let listed = server.all_rows(rows::tables)?;
    // Behind the base the log made some, and dropped others.
    if cx.moment.is_none() {
        let (databases, tables) = stored(cx)?;
        let found: BTreeSet<String> = server.ask(rows::DATABASES)?.into_iter().flatten().collect();
        checks.push(Check::new("Databases", databases, found.len()));
        checks.push(Check::new("Tables, views and sequences", tables, listed.len()));
    }
    let with_rows: Vec<&str> = listed
        .iter()
        .filter(|row| row.get(1).is_some_and(|has_rows| has_rows == "1"))
        .filter_map(|row| row.first().map(String::as_str))
        .collect();
    checks.push(read(cx, &server, &with_rows)?);
    server.stop();
    Ok(checks)
}

/// The place in the log at which the backup ended. Of a continuous recovery point that is said of its first base, and here it is about
/// the one that was restored.
fn ended(cx: &ProofCx<'_>) -> Result<Option<String>, Fault> {
    if cx.moment.is_none() {
        return Ok(cx.noted("EndLsn").map(str::to_owned));
    }
    let text = cx.content.read(&ItemPath::root().join(CHECKPOINTS.as_bytes()), LONGEST)?.unwrap_or_default();
    Ok(said(&String::from_utf8_lossy(&text), LAST).map(str::to_owned))
}

/// The place in the log up to which the files say that they are prepared.
fn prepared_to(cx: &ProofCx<'_>) -> std::io::Result<String> {
    let text = std::fs::read_to_string(cx.at.join(CHECKPOINTS))?;
    match said(&text, "backup_type") {
        Some(kind) if kind != COPIED => Ok(said(&text, LAST).unwrap_or_default().to_owned()),
        _ => Ok("they are not prepared".to_owned()),
    }
}

/// A value of what files say of themselves.
fn said<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.into_iter().find(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim())
}

/// How many databases a recovery point has, and how many tables, views and sequences.
fn stored(cx: &ProofCx<'_>) -> Result<(usize, usize), Fault> {
    let top = cx.content.entries(&ItemPath::root())?;
    let (mut databases, mut tables) = (0, 0);
    for folder in top.iter().filter(|node| is_database(node)) {
        databases += 1;
        let inside = cx.content.entries(&ItemPath::root().join(&folder.name))?;
        tables += inside.iter().filter(|node| is_table(node)).count();
    }
    Ok((databases, tables))
}

pub(super) fn is_database(node: &Node) -> bool {
    let is_other = node.name == b"performance_schema" || node.name == binlog::FOLDER.as_bytes();
    node.kind == NodeKind::Directory && !node.name.starts_with(b"#") && !is_other
}

/// Each has a file that defines it; what a statement makes in between is none.
fn is_table(node: &Node) -> bool {
    node.name.ends_with(b".frm") && !node.name.starts_with(b"#sql")
}

/// Every table, through all its rows and indexes.
fn read(cx: &ProofCx<'_>, server: &Server, tables: &[&str]) -> Result<Check, Fault> {
    let mut faults = Vec::new();
    for some in tables.chunks(TABLES) {
        cx.go_on()?;
        match server.ask(&rows::check(some)) {
            Ok(said) => faults.extend(said.iter().filter_map(|row| fault(row))),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    let more = faults.len().saturating_sub(TOLD);
    let told = faults.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
    let outcome = match (faults.is_empty(), more) {
        (true, _) => Ok(()),
        (false, 0) => Err(told),
        (false, more) => Err(format!("{told}; and {more} more")),
    };
    Ok(Check::of("Tables that are read through with their indexes (CHECK TABLE)", &tables.len().to_string(), outcome))
}

/// What a line of `CHECK TABLE` finds wrong: the name, the operation, the sort of message, the message. What cannot be checked says so in a note.
fn fault(row: &[String]) -> Option<String> {
    let [table, _, kind, message] = row else { return Some(row.join(" ")) };
    let is_fine = match kind.as_str() {
        "status" => message == "OK" || message == "Table is already up to date",
        "note" => true,
        _ => false,
    };
    (!is_fine).then(|| format!("{table}: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_check_table_tells_a_fault_or_none() {
        let row = |kind: &str, message: &str| ["shop.t", "check", kind, message].map(str::to_owned);
        assert_eq!(fault(&row("status", "OK")), None);
        assert_eq!(fault(&row("note", "The storage engine for the table doesn't support check")), None);
        for (kind, message) in
            [("error", "Corrupt"), ("warning", "2 clients are using"), ("status", "Operation failed")]
        {
            assert_eq!(fault(&row(kind, message)), Some(format!("shop.t: {message}")));
        }
    }

    #[test]
    fn files_say_where_in_the_log_they_end() {
        let text = "backup_type = full-backuped\nfrom_lsn = 0\nto_lsn = 50\nlast_lsn = 73\n";
        assert_eq!((said(text, LAST), said(text, "absent")), (Some("73"), None));
    }

    #[test]
    fn what_is_a_database_and_what_a_table_is_told_by_names() {
        let node = |name: &str, kind| Node { name: name.as_bytes().to_vec(), kind, ..Node::default() };
        for (name, is) in
            [("shop", true), ("#innodb_redo", false), ("performance_schema", false), ("binary-logs", false)]
        {
            assert_eq!(is_database(&node(name, NodeKind::Directory)), is, "{name}");
        }
        for (name, is) in [("t.frm", true), ("t.ibd", false), ("#sql-alter-1-2.frm", false), ("db.opt", false)] {
            assert_eq!(is_table(&node(name, NodeKind::File)), is, "{name}");
        }
    }
}
