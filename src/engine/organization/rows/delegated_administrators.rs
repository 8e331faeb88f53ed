//! The members that administer AWS Backup for the organization.

use crate::domain::{AccountId, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{DeregisterDelegatedAdministrator, RegisterDelegatedAdministrator};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// All of them, and since when; the first that was registered first.
pub fn all(connection: &Connection) -> Result<Vec<(AccountId, Time)>> {
    let sql = "SELECT account, enabled FROM delegated_administrators ORDER BY enabled, account";
    query::all(connection, sql, [], |row| Ok((row.parsed("account")?, row.time("enabled")?)))
}

/// The account of the permit is one from now on.
pub fn insert(connection: &Connection, permit: &Permit<'_, RegisterDelegatedAdministrator>, now: Time) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO delegated_administrators (account, enabled) VALUES (?1, ?2)")?
        .execute(params![permit.on(), millis(now)])?;
    Ok(())
}

/// The account of the permit is none any more.
pub fn remove(connection: &Connection, permit: &Permit<'_, DeregisterDelegatedAdministrator>) -> Result<()> {
    connection.prepare_cached("DELETE FROM delegated_administrators WHERE account = ?1")?.execute([permit.on()])?;
    Ok(())
}
