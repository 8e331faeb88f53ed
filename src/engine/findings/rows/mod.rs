//! Which findings were told, as rows.

use crate::domain::Scope;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// The findings that were told and are not over, by their keys, and where each is.
pub fn all(connection: &Connection) -> Result<BTreeMap<String, Scope>> {
    let sql = "SELECT key, account, region FROM told_findings";
    let rows = query::all(connection, sql, [], |row| Ok((row.column("key")?, row.scope()?)))?;
    Ok(rows.into_iter().collect())
}

/// A finding is told. Whether it was not before.
pub fn know(connection: &Connection, key: &str, scope: &Scope) -> Result<bool> {
    let sql = "INSERT OR IGNORE INTO told_findings (key, account, region) VALUES (?1, ?2, ?3)";
    let added = connection.prepare_cached(sql)?.execute(params![key, scope.account.as_str(), scope.region.as_str()])?;
    Ok(added > 0)
}

/// A finding is over.
pub fn forget(connection: &Connection, key: &str) -> Result<()> {
    connection.prepare_cached("DELETE FROM told_findings WHERE key = ?1")?.execute([key])?;
    Ok(())
}
