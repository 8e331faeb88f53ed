//! Records of jobs and tokens that are old enough to be forgotten.

use crate::domain::Time;
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use rusqlite::Connection;

/// How many records are from before `time`.
pub fn count(connection: &Connection, time: Time) -> Result<i64> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT count(*) FROM backup_jobs WHERE completed < ?1)
              + (SELECT count(*) FROM restore_jobs WHERE completed < ?1)
              + (SELECT count(*) FROM idempotency_tokens WHERE created < ?1)",
    )?;
    Ok(statement.query_row([millis(time)], |row| row.get(0))?)
}

/// Removes the jobs that ended before `time`.
pub fn remove_jobs(connection: &Connection, time: Time) -> Result<()> {
    connection.execute("DELETE FROM backup_jobs WHERE completed < ?1", [millis(time)])?;
    connection.execute("DELETE FROM restore_jobs WHERE completed < ?1", [millis(time)])?;
    Ok(())
}
