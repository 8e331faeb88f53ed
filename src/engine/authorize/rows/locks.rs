//! How vaults stand with their locks. It stands here, since every decision reads it in its own transaction.

use crate::domain::vault::VaultType;
use crate::domain::vault_lock::LockState;
use crate::domain::{Arn, VaultLock};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, Row};

/// How a vault stands with its lock. An air-gapped one is locked for good from its creation, also where its lock is lost.
pub fn state(connection: &Connection, vault: &Arn) -> Result<LockState> {
    let sql = "SELECT state, min_retention_days, max_retention_days, lock_date FROM vault_locks WHERE vault_arn = ?1";
    let state = query::first(connection, sql, [vault.as_str()], |row| read(&row.column::<String>("state")?, row))?;
    let state = state.unwrap_or_default();
    if matches!(state, LockState::Immutable(_)) {
        return Ok(state);
    }
    let sql = "SELECT vault_type, created FROM vaults WHERE arn = ?1";
    let born = query::first(connection, sql, [vault.as_str()], |row| {
        let vault_type: VaultType = row.column::<String>("vault_type")?.into();
        Ok(vault_type.is_air_gapped().then_some(row.time_option("created")?))
    })?;
    Ok(match born.flatten() {
        None => state,
        Some(created) => LockState::Immutable(VaultLock { lock_date: created, ..state.lock().unwrap_or_default() }),
    })
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
