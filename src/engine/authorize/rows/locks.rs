//! How vaults stand with their locks. It stands here, since every decision reads it in its own transaction.

use crate::domain::vault_lock::LockState;
use crate::domain::{Arn, VaultLock};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, Row};

/// How a vault stands with its lock.
pub fn state(connection: &Connection, vault: &Arn) -> Result<LockState> {
    let sql = "SELECT state, min_retention_days, max_retention_days, lock_date FROM vault_locks WHERE vault_arn = ?1";
    let state = query::first(connection, sql, [vault.as_str()], |row| read(&row.column::<String>("state")?, row))?;
    Ok(state.unwrap_or_default())
}

/// A state with the days and the date of its row.
pub(in crate::engine) fn read(state: &str, row: &Row<'_>) -> Result<LockState> {
    let lock = || {
        Ok::<_, Error>(VaultLock {
            min_retention_days: row.column("min_retention_days")?,
            max_retention_days: row.column("max_retention_days")?,
            lock_date: row.time_option("lock_date")?,
        })
    };
    match state {
        "UNLOCKED" => Ok(LockState::Unlocked),
        "CHANGEABLE" => Ok(LockState::Changeable(lock()?)),
        "IMMUTABLE" => Ok(LockState::Immutable(lock()?)),
        other => Err(Error::Internal(format!("the catalog holds the state {other:?} of a lock"))),
    }
}

/// The name of a state.
pub(in crate::engine) fn name(state: &LockState) -> &'static str {
    match state {
        LockState::Unlocked => "UNLOCKED",
        LockState::Changeable(_) => "CHANGEABLE",
        LockState::Immutable(_) => "IMMUTABLE",
    }
}
