//! Where in the organization an account lies, and whether it administers AWS Backup for it: decisions read both.

use crate::domain::organization::{MAX_DEPTH, path};
use crate::domain::{AccountId, RootId, UnitId};
use crate::engine::catalog::values::Columns as _;
use crate::engine::catalog::{query, state};
use crate::engine::error::{Error, Result};
use rusqlite::Connection;

/// The organization's id and its root.
pub fn root(connection: &Connection) -> Result<(String, RootId)> {
    let lost = || Error::Internal("the catalog holds no organization".to_owned());
    let organization = state::get(connection, state::ORGANIZATION_ID)?.ok_or_else(lost)?;
    let root = RootId::of(&organization)?;
    Ok((organization, root))
}

/// The place of an account, as policies ask for it; none where it is none of the organization.
pub fn path_of(connection: &Connection, account: &AccountId) -> Result<Option<String>> {
    let sql = "SELECT unit FROM accounts WHERE id = ?1";
    let found = query::first(connection, sql, [account.as_str()], |row| row.parsed_option::<UnitId>("unit"))?;
    let Some(mut unit) = found else { return Ok(None) };
    let mut above = Vec::new();
    while let Some(id) = unit.filter(|_| above.len() < MAX_DEPTH) {
        let sql = "SELECT parent FROM organizational_units WHERE id = ?1";
        unit = query::first(connection, sql, [id.as_str()], |row| row.parsed_option("parent"))?.flatten();
        above.push(id);
    }
    let (organization, root) = root(connection)?;
    Ok(Some(path(&organization, &root, above.iter().rev())))
}

/// Whether an account administers AWS Backup for the organization, by the management account's leave.
pub fn is_delegated(connection: &Connection, account: &AccountId) -> Result<bool> {
    let sql = "SELECT account FROM delegated_administrators WHERE account = ?1";
    Ok(query::first(connection, sql, [account.as_str()], |row| row.column::<String>("account"))?.is_some())
}
