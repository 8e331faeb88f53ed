//! The locks of vaults.

use crate::domain::{Arn, Time, VaultLock};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::SetsLock;
use crate::engine::authorize::rows::locks;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, time};
use crate::engine::error::Result;
use crate::engine::vaults::lock_record::LockRecord;
use rusqlite::{Connection, Row, params};

/// The vaults with their locks.
pub(super) const VAULTS: &str = "vaults LEFT JOIN (SELECT vault_arn, state AS lock_state, min_retention_days, \
    max_retention_days, lock_date FROM vault_locks) ON vault_arn = arn";

/// The lock of a row of [`VAULTS`].
pub(super) fn of_row(row: &Row<'_>) -> Result<Option<VaultLock>> {
    let state: Option<String> = row.column("lock_state")?;
    Ok(state.map(|state| locks::read(&state, row)).transpose()?.and_then(|state| state.lock()))
}

/// What is known of a vault's lock.
pub fn get(connection: &Connection, vault: &Arn) -> Result<LockRecord> {
    let sql = "SELECT sequence, state, min_retention_days, max_retention_days, lock_date FROM vault_locks
         WHERE vault_arn = ?1";
    let record = query::first(connection, sql, [vault.as_str()], |row| {
        let state: String = row.column("state")?;
        Ok(LockRecord { sequence: row.column("sequence")?, state: locks::read(&state, row)? })
    })?;
    Ok(record.unwrap_or_default())
}

/// From now on that is what is known of the lock of a vault.
pub fn set<A: SetsLock>(connection: &Connection, permit: &Permit<'_, A>, record: &LockRecord) -> Result<()> {
    let lock = record.lock().unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO vault_locks (vault_arn, sequence, state, min_retention_days, max_retention_days, lock_date)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (vault_arn) DO UPDATE SET sequence = excluded.sequence, state = excluded.state,
                 min_retention_days = excluded.min_retention_days, max_retention_days = excluded.max_retention_days,
                 lock_date = excluded.lock_date",
        )?
        .execute(params![
            permit.on(),
            record.sequence,
            locks::name(&record.state),
            lock.min_retention_days,
            lock.max_retention_days,
            lock.lock_date.map(millis)
        ])?;
    Ok(())
}

/// The earliest lock date of the locks that can still be changed.
pub fn next_date(connection: &Connection) -> Result<Option<Time>> {
    let date: Option<i64> = connection
        .prepare_cached("SELECT min(lock_date) FROM vault_locks WHERE state = 'CHANGEABLE' AND lock_date IS NOT NULL")?
        .query_row([], |row| row.get(0))?;
    date.map(time).transpose()
}

/// The vaults whose lock can still be changed although its lock date has come, with that date.
pub fn dated(connection: &Connection, now: Time) -> Result<Vec<(Arn, Time)>> {
    let sql = "SELECT vault_arn, lock_date FROM vault_locks WHERE state = 'CHANGEABLE' AND lock_date <= ?1";
    query::all(connection, sql, [millis(now)], |row| Ok((row.parsed("vault_arn")?, row.time("lock_date")?)))
}
