//! Proving a cluster: its files are what the backup's manifest says, a server starts on them and recovers, every database opens, every
//! table is read to its last row, and no index and no page is damaged.

use super::manifest::{MANIFEST, Manifest};
use super::scratch::Server;
use super::source::FIRST_USER;
use super::target::SETTINGS;
use super::wal::parse_place;
use super::{programs as installed, rows};
use crate::domain::proof::Check;
use crate::domain::{PointDetails, Time};
use crate::engine::drivers::child::{Program, Running};
use crate::engine::drivers::psql::programs::Programs;
use crate::engine::drivers::{Fault, ProofCx};
use std::io::Read as _;
use std::time::Duration;

/// How long reading all of a cluster may take.
const PATIENCE: Duration = Duration::from_secs(12 * 60 * 60);

/// How many tables are read by one session.
const TABLES: usize = 100;

/// How much of what a program finds is told.
const TOLD: usize = 600;

/// What the server says of what it has recovered.
struct Restored {
    system_identifier: String,
    /// The end of its log.
    end: String,
    has_checksums: bool,
    /// The last transaction that it took from the log, in microseconds since 1970.
    last: Option<i64>,
    has_amcheck: bool,
}

/// The programs that a recovery point needs for a test.
pub(super) fn programs(details: &PointDetails) -> Result<Programs, Fault> {
    let version = details.get("EngineVersion").map(String::as_str).unwrap_or_default();
    let digits = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let unknown = || Fault::Failed("The recovery point does not say of which version of PostgreSQL it is.".to_owned());
    installed::with_server(digits.parse().map_err(|_| unknown())?)
}

/// Compares a restored cluster with what its backup noted.
pub(super) fn prove(cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
    let programs = programs(cx.details)?;
    let mut checks = vec![verify(&programs, cx)?];
    cx.go_on()?;
    let user = cx.noted(FIRST_USER).unwrap_or("postgres");
    let name = format!("A scratch server of PostgreSQL {} starts, recovers and takes connections", programs.major());
    let server = match Server::start(&programs, cx.scratch, cx.at, user, cx.control)? {
        Ok(server) => server,
        Err(why) => {
            checks.push(Check::new(name, "yes", shortened(&why)));
            return Ok(checks);
        }
    };
    checks.push(Check::new(name, "yes", "yes"));
    let restored = look(&server)?;
    checks.extend(identity(cx, &restored));
    let databases = server.databases()?;
    checks.push(opened(&server, &databases));
    checks.push(read(cx, &server, &databases)?);
    if restored.has_amcheck
        && let Some(program) = programs.server("pg_amcheck").ok()
    {
        cx.go_on()?;
        checks.push(amcheck(&server, program)?);
    }
    server.stop();
    if restored.has_checksums
        && let Some(program) = programs.server("pg_checksums").ok()
    {
        cx.go_on()?;
        let ended = program.arg("--check").arg("-D").arg(cx.at).run(PATIENCE);
        checks.push(sound("Pages whose checksum is right (pg_checksums)", ended.map(drop)));
    }
    Ok(checks)
}

/// Something that a program finds sound, or not.
fn sound(name: &str, outcome: Result<(), Fault>) -> Check {
    Check::of(name, "all", outcome.map_err(|fault| shortened(&fault.to_string())))
}

/// The files against the manifest, with the checksums in it. What a restore adds is in no manifest.
fn verify(programs: &Programs, cx: &ProofCx<'_>) -> Result<Check, Fault> {
    let name = "Files with the size and checksum that backup_manifest says (pg_verifybackup)";
    let text = std::fs::read(cx.at.join(MANIFEST));
    let manifest = text.map_err(|error| error.to_string()).and_then(|text| Manifest::read(&text));
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(why) => return Ok(Check::new(name, "all", why)),
    };
    let Some(mut program) = programs.server("pg_verifybackup").ok() else {
        return Err(Fault::Failed(format!(
            "pg_verifybackup of PostgreSQL {} is needed and is not beside its other programs.",
            programs.major()
        )));
    };
    // The server itself judges the log.
    program = program.arg("--no-parse-wal").arg("--quiet");
    for (added, _) in SETTINGS.iter().filter(|(added, _)| !manifest.names(added)) {
        program = program.arg(format!("--ignore={added}"));
    }
    let expected = manifest.len().to_string();
    let ended = program.arg(cx.at).run(PATIENCE).map_err(|fault| shortened(&fault.to_string()));
    Ok(Check::of(name, &expected, ended.map(drop)))
}

fn look(server: &Server) -> Result<Restored, Fault> {
    let strange = || Fault::Failed("The scratch server does not say what it has recovered.".to_owned());
    let row = server.ask(server.home(), rows::RESTORED)?.into_iter().next().ok_or_else(strange)?;
    let [system_identifier, end, checksums, last, amcheck]: [String; 5] = row.try_into().map_err(|_| strange())?;
    Ok(Restored {
        system_identifier,
        end,
        has_checksums: checksums == "on",
        last: last.parse().ok(),
        has_amcheck: amcheck == "1",
    })
}

/// That it is the cluster, up to the place in its log that the backup noted, and not beyond the moment that was asked for.
fn identity(cx: &ProofCx<'_>, restored: &Restored) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(noted) = cx.noted("SystemIdentifier") {
        checks.push(Check::new("System identifier", noted, &restored.system_identifier));
    }
    if let Some((noted, place)) = cx.noted("EndLsn").and_then(|noted| Some((noted, parse_place(noted)?))) {
        let is_reached = parse_place(&restored.end).is_some_and(|end| end >= place);
        let found = if is_reached { noted } else { &restored.end };
        checks.push(Check::new("Place in the log that is reached at least", noted, found));
    }
    if let (Some(moment), Some(last)) = (cx.moment, restored.last.and_then(Time::from_timestamp_micros)) {
        let text = |at: Time| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let found = if last <= moment.at { text(moment.at) } else { text(last) };
        checks.push(Check::new("No transaction is later than", text(moment.at), found));
    }
    checks
}

/// That every database takes a session.
fn opened(server: &Server, databases: &[String]) -> Check {
    let refused = databases.iter().find_map(|database| {
        server.ask(database, rows::ANSWER).err().map(|fault| format!("{database}: {}", shortened(&fault.to_string())))
    });
    let outcome = refused.map_or(Ok(()), Err);
    Check::of("Databases that open", &databases.len().to_string(), outcome)
}

/// Every table of every database, to its last row.
fn read(cx: &ProofCx<'_>, server: &Server, databases: &[String]) -> Result<Check, Fault> {
    let (mut tables, mut refused) = (0, None);
    for database in databases {
        let mut behind = 0;
        loop {
            cx.go_on()?;
            let next = server.ask(database, &rows::next_tables(behind, TABLES))?;
            if next.is_empty() {
                break;
            }
            let next = next.iter().map(|row| told(row)).collect::<Option<Vec<_>>>();
            let next = next.ok_or_else(|| {
                Fault::Failed(format!("The names of the tables in the database {database} cannot be read."))
            })?;
            behind = next.iter().map(|(number, _)| *number).max().unwrap_or(behind);
            tables += next.len();
            let statements: Vec<&str> = next.iter().map(|(_, statement)| *statement).collect();
            if let Err(fault) = server.ask(database, &rows::read_all(&statements)) {
                refused.get_or_insert_with(|| format!("{database}: {}", shortened(&fault.to_string())));
            }
        }
    }
    let outcome = refused.map_or(Ok(()), Err);
    Ok(Check::of("Tables that are read to their last row", &tables.to_string(), outcome))
}

/// A table's number, and what reads it.
fn told(row: &[String]) -> Option<(u32, &str)> {
    let [number, statement] = row else { return None };
    Some((number.parse().ok()?, statement))
}

/// The tables and the B-trees, row by row and entry by entry.
fn amcheck(server: &Server, program: Program) -> Result<Check, Fault> {
    let program = program.arg("--all").arg("--install-missing").arg("--jobs=2").arg("--no-password");
    let mut running: Running = server.reach(program, server.home()).start(PATIENCE)?;
    let mut found = Vec::new();
    // What stopped the reading is told by the end.
    let _ = (&mut running).take(64 << 10).read_to_end(&mut found);
    let outcome = running.finish().map_err(|fault| {
        let found = String::from_utf8_lossy(&found).split_whitespace().collect::<Vec<_>>().join(" ");
        shortened(&format!("{found} {fault}"))
    });
    let name = "Tables and B-tree indexes without a fault (pg_amcheck)";
    Ok(Check::of(name, "all", outcome.map(drop)))
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(TOLD) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_cut_between_two_characters() {
        assert_eq!(shortened(" short "), "short");
        let long = "ü".repeat(TOLD + 5);
        assert_eq!(shortened(&long).chars().count(), TOLD + 1);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_no_table_and_no_end() {
        let row = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>();
        assert_eq!(told(&row(&["16390", "SELECT 1"])), Some((16390, "SELECT 1")));
        assert_eq!(told(&row(&["line\""])), None);
        assert_eq!(told(&row(&["x", "SELECT 1"])), None);
    }

    #[test]
    fn a_point_that_does_not_say_its_version_is_refused() {
        let refused = programs(&PointDetails::new()).unwrap_err().to_string();
        assert!(refused.contains("does not say of which version"), "{refused}");
        let absent = PointDetails::from([("EngineVersion".to_owned(), "9999.1 (strange)".to_owned())]);
        assert!(programs(&absent).unwrap_err().to_string().contains("postgresql-9999"));
    }
}
