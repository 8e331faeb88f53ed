//! What the jobs of a table need, write and leave behind, as its columns tell.

use crate::domain::job::JobState;
use crate::domain::{Arn, Time};
use crate::engine::catalog::job_states::{OPEN, UNDER_WAY};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::jobs::rows::table::JobTable;
use rusqlite::Connection;

/// How many jobs run or wait to run.
pub fn count_open(connection: &Connection, table: &JobTable) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {} WHERE state IN {}", table.rows, *OPEN);
    let count: i64 = connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
    Ok(count.max(0) as u64)
}

/// Whether a job writes into a vault.
pub fn writes_into(connection: &Connection, table: &JobTable, vault: &Arn) -> Result<bool> {
    any(connection, table, table.writes_into, &UNDER_WAY, vault.as_str())
}

/// Whether a job that is not over reads a recovery point.
pub fn reads(connection: &Connection, table: &JobTable, point: &Arn) -> Result<bool> {
    any(connection, table, table.reads, &OPEN, point.as_str())
}

/// Whether a job reads a resource.
pub fn reads_resource(connection: &Connection, table: &JobTable, resource: &Arn) -> Result<bool> {
    any(connection, table, table.reads_resource, &UNDER_WAY, resource.as_str())
}

/// Whether a job that is not over makes the recovery point of this id.
pub fn makes(connection: &Connection, table: &JobTable, point_id: &str) -> Result<bool> {
    any(connection, table, table.makes, &OPEN, point_id)
}

fn any(connection: &Connection, table: &JobTable, column: Option<&str>, states: &str, value: &str) -> Result<bool> {
    let Some(column) = column else { return Ok(false) };
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {column} = ?1 AND state IN {states})", table.rows);
    Ok(connection.prepare_cached(&sql)?.query_row([value], |row| row.get(0))?)
}

/// The state of the job that makes, or was to make, a point of a vault.
pub fn state_of_maker(
    connection: &Connection,
    table: &JobTable,
    vault: &Arn,
    point_id: &str,
) -> Result<Option<JobState>> {
    let (Some(into), Some(makes)) = (table.writes_into, table.makes) else { return Ok(None) };
    let sql = format!("SELECT state FROM {} WHERE {into} = ?1 AND {makes} = ?2", table.rows);
    query::first(connection, &sql, [vault.as_str(), point_id], |row| {
        Ok(JobState::from(row.column::<String>("state")?.as_str()))
    })
}

/// The vaults into which jobs wrote that ended without a recovery point after `since`.
pub fn littered(connection: &Connection, table: &JobTable, since: Time) -> Result<Vec<Arn>> {
    let Some(into) = table.writes_into else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT DISTINCT {into} AS vault FROM {}
         WHERE state IN ('ABORTED', 'EXPIRED', 'FAILED') AND initiated IS NOT NULL AND completed > ?1",
        table.rows
    );
    query::all(connection, &sql, [millis(since)], |row| row.parsed("vault"))
}
