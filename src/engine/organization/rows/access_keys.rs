//! Long-lived access keys. Their secrets are sealed.

use crate::domain::{AccountId, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{CreateAccessKey, RewrapSecret};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// An access key as it is kept.
pub struct StoredKey {
    /// The key's id.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// The user's name.
    pub user_name: String,
    /// The user's id.
    pub user_id: String,
    /// The sealed secret.
    pub secret: Vec<u8>,
}

/// The access key with this id.
pub fn get(connection: &Connection, id: &str) -> Result<Option<StoredKey>> {
    let sql = "SELECT id, account, user_name, user_id, secret FROM access_keys WHERE id = ?1";
    query::first(connection, sql, [id], |row| {
        Ok(StoredKey {
            id: row.column("id")?,
            account: row.parsed("account")?,
            user_name: row.column("user_name")?,
            user_id: row.column("user_id")?,
            secret: row.column("secret")?,
        })
    })
}

/// The id and the sealed secret of an account's first key, if it has one.
pub fn first_of(connection: &Connection, account: &AccountId) -> Result<Option<(String, Vec<u8>)>> {
    let sql = "SELECT id, secret FROM access_keys WHERE account = ?1 ORDER BY created, id LIMIT 1";
    query::first(connection, sql, [account.as_str()], |row| Ok((row.column("id")?, row.column("secret")?)))
}

/// The id of an account's user, once it has a key.
pub fn user_id(connection: &Connection, account: &AccountId) -> Result<Option<String>> {
    let sql = "SELECT user_id FROM access_keys WHERE account = ?1 ORDER BY created, id LIMIT 1";
    query::first(connection, sql, [account.as_str()], |row| row.column("user_id"))
}

/// Adds a key.
pub fn insert(
    connection: &Connection,
    _permit: &Permit<'_, CreateAccessKey>,
    key: &StoredKey,
    now: Time,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO access_keys (id, account, user_name, user_id, secret, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![key.id, key.account.as_str(), key.user_name, key.user_id, key.secret, millis(now)])?;
    Ok(())
}

/// The ids and the sealed secrets of all keys.
pub fn sealed(connection: &Connection) -> Result<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT id, secret FROM access_keys";
    query::all(connection, sql, [], |row| Ok((row.column("id")?, row.column("secret")?)))
}

/// Puts the same secret of the permit's key there, sealed anew.
pub fn reseal(connection: &Connection, permit: &Permit<'_, RewrapSecret>, sealed: &[u8]) -> Result<()> {
    let sql = "UPDATE access_keys SET secret = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![permit.on(), sealed])?;
    Ok(())
}
