//! What the engine remembers of itself, by name.

use crate::engine::error::Result;
use rusqlite::{Connection, OptionalExtension};

/// Under which name the organization's id stands.
pub const ORGANIZATION_ID: &str = "organization-id";

/// The value of `name`, if it was ever set.
pub fn get(connection: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM engine_state WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Sets `name`.
pub fn set(connection: &Connection, name: &str, value: &str) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO engine_state (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    statement.execute([name, value])?;
    Ok(())
}
