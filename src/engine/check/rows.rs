//! What a check asks of the catalog.

use crate::engine::catalog::job_states::OPEN;
use crate::engine::error::Result;
use rusqlite::Connection;

/// Whether the manifest of that name may be there: its point is being made or deleted.
pub fn is_expected(connection: &Connection, id: &str) -> Result<bool> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM recovery_points WHERE point_id = ?1)
             OR EXISTS (SELECT 1 FROM backup_jobs
                        WHERE recovery_point_id = ?1 AND state IN {})",
        *OPEN
    ))?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}
