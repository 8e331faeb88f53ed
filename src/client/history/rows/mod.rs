//! The tables of the file, and all that is asked of them.

mod put;
mod read;

pub(super) use put::{COARSE, write};
pub(super) use read::past;

use crate::domain::{Scope, Time};
use chrono::DateTime;
pub(super) use rusqlite::{Connection, Result};
use rusqlite::{OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::Path;

/// The version of the tables.
pub(super) const VERSION: i64 = 1;

/// Another session writes for a moment at a time; one that takes longer hangs.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// What is kept, by context, account and region. Moments are in milliseconds.
const TABLES: &str = "
    CREATE TABLE scopes (
        id INTEGER PRIMARY KEY,
        context TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        -- Between these moments every job was seen.
        whole_since INTEGER NOT NULL,
        whole_until INTEGER NOT NULL,
        UNIQUE (context, account, region)
    ) STRICT;
    CREATE TABLE lanes (
        id INTEGER PRIMARY KEY,
        scope INTEGER NOT NULL REFERENCES scopes,
        resource TEXT NOT NULL,
        -- Of the plan and the rule; empty on demand.
        plan TEXT NOT NULL,
        rule TEXT NOT NULL,
        resource_type TEXT NOT NULL,
        resource_name TEXT,
        plan_name TEXT NOT NULL,
        rule_name TEXT NOT NULL,
        UNIQUE (scope, resource, plan, rule)
    ) STRICT;
    CREATE TABLE jobs (
        scope INTEGER NOT NULL REFERENCES scopes,
        id TEXT NOT NULL,
        lane INTEGER NOT NULL REFERENCES lanes,
        created INTEGER NOT NULL,
        initiated INTEGER,
        completed INTEGER,
        state TEXT NOT NULL,
        -- 1: completed without issues; 0: it went wrong; nothing: it was stopped.
        good INTEGER,
        category TEXT,
        message TEXT,
        size INTEGER,
        moved INTEGER,
        vault TEXT NOT NULL,
        point TEXT,
        parent TEXT,
        is_parent INTEGER NOT NULL,
        PRIMARY KEY (scope, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX jobs_by_age ON jobs (created);
    CREATE INDEX jobs_by_lane ON jobs (lane, good, created);
    PRAGMA user_version = 1;
";

/// What the file has, in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How large the file is.
    pub bytes: u64,
    /// What is kept of each account and region of each context.
    pub contexts: Vec<Kept>,
}

impl Summary {
    /// How many jobs are kept.
    pub fn jobs(&self) -> u64 {
        self.contexts.iter().map(|kept| kept.jobs).sum()
    }
}

/// What is kept of one account and region of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The context, as [`Connection::history_name`](crate::client::connect::Connection::history_name) calls it.
    pub context: String,
    /// The account's id.
    pub account: String,
    /// The region.
    pub region: String,
    /// How many jobs.
    pub jobs: u64,
    /// When the oldest of them was created.
    pub since: Option<Time>,
}

/// Opens what is there.
pub(super) fn connect(path: &Path, writable: bool) -> Result<Connection> {
    let mode = if writable { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // After a crash of the machine the last jobs may be missing: they are listed again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// The version of what is there; 0 where nothing is.
pub(super) fn version(connection: &Connection) -> Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the tables where there are none.
pub(super) fn make(connection: &mut Connection) -> Result<()> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    // It must be said before the first page is written.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let transaction = begin(connection)?;
    // Another session may have been faster.
    if version(&transaction)? == 0 {
        transaction.execute_batch(TABLES)?;
    }
    transaction.commit()
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// What each account and region of each context has.
pub(super) fn summary(connection: &Connection) -> Result<Vec<Kept>> {
    if version(connection)? == 0 {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT context, account, region, count(jobs.id), min(jobs.created) FROM scopes LEFT JOIN jobs ON jobs.scope = scopes.id
         GROUP BY scopes.id ORDER BY context, account, region",
    )?;
    let kept = statement.query_map([], |row| {
        Ok(Kept {
            context: row.get(0)?,
            account: row.get(1)?,
            region: row.get(2)?,
            jobs: row.get::<_, i64>(3)?.unsigned_abs(),
            since: row.get::<_, Option<i64>>(4)?.map(|at| moment(4, at)).transpose()?,
        })
    })?;
    kept.collect()
}

/// Forgets a context; how many jobs it had.
pub(super) fn clear(connection: &mut Connection, context: &str) -> Result<usize> {
    let transaction = begin(connection)?;
    let of = "scope IN (SELECT id FROM scopes WHERE context = ?1)";
    let jobs = transaction.execute(&format!("DELETE FROM jobs WHERE {of}"), [context])?;
    transaction.execute(&format!("DELETE FROM lanes WHERE {of}"), [context])?;
    transaction.execute("DELETE FROM scopes WHERE context = ?1", [context])?;
    transaction.commit()?;
    give_back(connection)?;
    Ok(jobs)
}

/// Gives free pages back to the disk.
fn give_back(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn find_scope(connection: &Connection, context: &str, scope: &Scope) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM scopes WHERE context = ?1 AND account = ?2 AND region = ?3")?
        .query_row(params![context, scope.account.as_str(), scope.region.as_str()], |row| row.get(0))
        .optional()
}

/// A moment, which is kept in milliseconds.
fn moment(column: usize, millis: i64) -> Result<Time> {
    DateTime::from_timestamp_millis(millis).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, millis))
}
