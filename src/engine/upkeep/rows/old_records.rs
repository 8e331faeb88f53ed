//! Records of jobs and tokens that are old enough to be forgotten.

use crate::domain::Time;
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use crate::engine::jobs::rows::table::JobTable;
use rusqlite::Connection;

/// That a job ended before ?1. The index of what ended when is one for each region, and the regions of all jobs are those of
/// their facets.
fn old(table: &JobTable) -> String {
    format!("region IN (SELECT region FROM {}) AND completed < ?1", table.facets)
}

/// Whether a job of this table ended before `time`. Cheap, however many there are.
pub fn any_job(connection: &Connection, table: &JobTable, time: Time) -> Result<bool> {
    any(connection, &format!("SELECT 1 FROM {} WHERE {}", table.rows, old(table)), time)
}

/// Whether a token was given before `time`.
pub fn any_token(connection: &Connection, time: Time) -> Result<bool> {
    any(connection, "SELECT 1 FROM idempotency_tokens WHERE created < ?1", time)
}

fn any(connection: &Connection, sql: &str, time: Time) -> Result<bool> {
    let mut statement = connection.prepare_cached(&format!("SELECT EXISTS ({sql})"))?;
    Ok(statement.query_row([millis(time)], |row| row.get(0))?)
}

/// Removes the jobs of this table that ended before `time`.
pub fn remove_jobs(connection: &Connection, table: &JobTable, time: Time) -> Result<()> {
    connection.execute(&format!("DELETE FROM {} WHERE {}", table.rows, old(table)), [millis(time)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample;
    use crate::engine::jobs::uses::tables;

    #[test]
    fn old_records_are_found_without_a_look_at_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = sample::catalog(&folder);
        for table in tables() {
            for what in ["SELECT 1", "DELETE"] {
                let plan: Vec<String> = catalog
                    .read(|connection| {
                        let sql = format!("EXPLAIN QUERY PLAN {what} FROM {} WHERE {}", table.rows, old(table));
                        let mut statement = connection.prepare(&sql)?;
                        let rows = statement.query_map([0], |row| row.get("detail"))?;
                        Ok(rows.collect::<rusqlite::Result<_>>()?)
                    })
                    .unwrap();
                let index = format!("INDEX {} (region=? AND completed<?)", table.by_completion);
                assert!(plan.iter().any(|step| step.contains(&index)), "{plan:?}");
            }
        }
    }
}
