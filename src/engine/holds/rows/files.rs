//! In which vaults' folders the holds are written down.

use crate::domain::legal_hold::LegalHold;
use crate::domain::{Arn, Scope};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// The folder of a vault is to say of a hold what this catalog says: to be called in the transaction that makes the change.
pub fn owe(connection: &Connection, hold: &str, vault: &Arn) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO hold_files (hold_id, vault_arn, owed) VALUES (?1, ?2, 1)")?
        .execute([hold, vault.as_str()])?;
    Ok(())
}

/// The same of every folder in which the hold is written down.
pub fn owe_everywhere(connection: &Connection, hold: &str) -> Result<()> {
    connection.prepare_cached("UPDATE hold_files SET owed = 1 WHERE hold_id = ?1")?.execute([hold])?;
    Ok(())
}

/// The folder of a vault says of an active hold what this catalog says.
pub fn settle(connection: &Connection, hold: &str, vault: &Arn) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO hold_files (hold_id, vault_arn, owed) VALUES (?1, ?2, 0)")?
        .execute([hold, vault.as_str()])?;
    Ok(())
}

/// The folder of a vault says nothing of a hold any more.
pub fn forget(connection: &Connection, hold: &str, vault: &Arn) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM hold_files WHERE hold_id = ?1 AND vault_arn = ?2")?
        .execute([hold, vault.as_str()])?;
    Ok(())
}

/// The vaults whose folders do not say yet what this catalog says.
pub fn vaults_that_owe(connection: &Connection) -> Result<Vec<Arn>> {
    let sql = "SELECT DISTINCT vault_arn FROM hold_files WHERE owed = 1";
    query::all(connection, sql, [], |row| row.parsed("vault_arn"))
}

/// The holds of which the folder of a vault does not say yet what this catalog says.
pub fn owed(connection: &Connection, vault: &Arn) -> Result<Vec<String>> {
    let sql = "SELECT hold_id FROM hold_files WHERE vault_arn = ?1 AND owed = 1 ORDER BY hold_id";
    query::all(connection, sql, [vault.as_str()], |row| row.column("hold_id"))
}

/// The holds that are written down in the folder of a vault, as far as this catalog knows.
pub fn known(connection: &Connection, vault: &Arn) -> Result<BTreeSet<String>> {
    let sql = "SELECT hold_id FROM hold_files WHERE vault_arn = ?1";
    Ok(query::all(connection, sql, [vault.as_str()], |row| row.column("hold_id"))?.into_iter().collect())
}

/// What the folder of a vault is to say of a hold: the hold, and which of the vault's points are under it. `None` for one
/// that was released.
pub fn content(
    connection: &Connection,
    scope: &Scope,
    hold: &str,
    vault: &Arn,
) -> Result<Option<(LegalHold, Vec<Arn>)>> {
    let Some(hold) = super::get(connection, scope, hold)?.filter(|hold| hold.summary.status.holds()) else {
        return Ok(None);
    };
    let sql = "SELECT point_arn FROM held_points JOIN recovery_points ON arn = point_arn
         WHERE hold_id = ?1 AND vault_arn = ?2 ORDER BY point_arn";
    let points = query::all(connection, sql, params![hold.summary.id, vault.as_str()], |row| row.parsed("point_arn"))?;
    Ok(Some((hold, points)))
}
