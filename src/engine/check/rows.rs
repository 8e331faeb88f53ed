//! What a check asks of the catalog.

use crate::engine::error::Result;
use rusqlite::Connection;

/// Whether a recovery point has this id, in whatever state it is.
pub fn is_point(connection: &Connection, id: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM recovery_points WHERE point_id = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
}
