//! Records of jobs and tokens that are old enough to be forgotten.

use crate::domain::Time;
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use rusqlite::Connection;

/// That a job ended before ?1. The index of what ended when is one for each region, and the regions of all jobs are those of
/// their facets.
const OLD_BACKUPS: &str = "region IN (SELECT region FROM backup_job_facets) AND completed < ?1";
const OLD_RESTORES: &str = "region IN (SELECT region FROM restore_job_facets) AND completed < ?1";

/// Whether any record is from before `time`. Cheap, however many there are.
pub fn any(connection: &Connection, time: Time) -> Result<bool> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM backup_jobs WHERE {OLD_BACKUPS})
             OR EXISTS (SELECT 1 FROM restore_jobs WHERE {OLD_RESTORES})
             OR EXISTS (SELECT 1 FROM idempotency_tokens WHERE created < ?1)"
    ))?;
    Ok(statement.query_row([millis(time)], |row| row.get(0))?)
}

/// Removes the jobs that ended before `time`.
pub fn remove_jobs(connection: &Connection, time: Time) -> Result<()> {
    connection.execute(&format!("DELETE FROM backup_jobs WHERE {OLD_BACKUPS}"), [millis(time)])?;
    connection.execute(&format!("DELETE FROM restore_jobs WHERE {OLD_RESTORES}"), [millis(time)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample;

    #[test]
    fn old_records_are_found_without_a_look_at_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = sample::catalog(&folder);
        for (table, old) in [("backup_jobs", OLD_BACKUPS), ("restore_jobs", OLD_RESTORES)] {
            for what in ["SELECT 1", "DELETE"] {
                let plan: Vec<String> = catalog
                    .read(|connection| {
                        let sql = format!("EXPLAIN QUERY PLAN {what} FROM {table} WHERE {old}");
                        let mut statement = connection.prepare(&sql)?;
                        let rows = statement.query_map([0], |row| row.get("detail"))?;
                        Ok(rows.collect::<rusqlite::Result<_>>()?)
                    })
                    .unwrap();
                let index = format!("INDEX {table}_by_completion (region=? AND completed<?)");
                assert!(plan.iter().any(|step| step.contains(&index)), "{plan:?}");
            }
        }
    }
}
