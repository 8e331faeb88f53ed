//! Region settings: what somebody has turned on or off.

use crate::domain::Scope;
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::UpdateRegionSettings;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// The resource types whose opt-in was ever set in a scope, with what it is.
pub fn opt_in(connection: &Connection, scope: &Scope) -> Result<Vec<(String, bool)>> {
    let sql =
        "SELECT resource_type, enabled FROM region_settings WHERE account = ?1 AND region = ?2 AND setting = 'opt-in'";
    let key = [scope.account.as_str(), scope.region.as_str()];
    query::all(connection, sql, key, |row| Ok((row.column("resource_type")?, row.column("enabled")?)))
}

/// Sets the opt-in of these types.
pub fn set_opt_in(
    connection: &Connection,
    _permit: &Permit<'_, UpdateRegionSettings>,
    scope: &Scope,
    opt_in: &BTreeMap<String, bool>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO region_settings (account, region, setting, resource_type, enabled) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account, region, setting, resource_type) DO UPDATE SET enabled = excluded.enabled",
    )?;
    for (name, enabled) in opt_in {
        statement.execute(params![scope.account.as_str(), scope.region.as_str(), "opt-in", name, enabled])?;
    }
    Ok(())
}
