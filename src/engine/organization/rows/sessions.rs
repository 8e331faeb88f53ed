//! Keys of assumed roles. Their secrets are sealed, of their tokens there is a digest.

use crate::domain::{AccountId, Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{AssumeRole, RewrapSecret};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// A session as it is kept.
pub struct StoredSession {
    /// The account that the role is of.
    pub account: AccountId,
    /// The assumed role.
    pub user_arn: Arn,
    /// The role's id and the session's name.
    pub user_id: String,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// SHA-256 of the session token.
    pub token_digest: Vec<u8>,
    /// When it ends, in wall time.
    pub expires: Time,
}

/// The session whose key has this id.
pub fn get(connection: &Connection, id: &str) -> Result<Option<StoredSession>> {
    let sql = "SELECT account, user_arn, user_id, secret, token_digest, expires FROM sessions WHERE id = ?1";
    query::first(connection, sql, [id], |row| {
        Ok(StoredSession {
            account: row.parsed("account")?,
            user_arn: row.parsed("user_arn")?,
            user_id: row.column("user_id")?,
            secret: row.column("secret")?,
            token_digest: row.column("token_digest")?,
            expires: row.time("expires")?,
        })
    })
}

/// Adds a session, whose key has the id `id`.
pub fn insert(
    connection: &Connection,
    _permit: &Permit<'_, AssumeRole>,
    id: &str,
    session: &StoredSession,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sessions (id, account, user_arn, user_id, secret, token_digest, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            id,
            session.account.as_str(),
            session.user_arn.as_str(),
            session.user_id,
            session.secret,
            session.token_digest,
            millis(session.expires)
        ])?;
    Ok(())
}

/// Forgets the sessions that ended before `time`.
pub fn forget_before(connection: &Connection, time: Time) -> Result<()> {
    connection.prepare_cached("DELETE FROM sessions WHERE expires < ?1")?.execute([millis(time)])?;
    Ok(())
}

/// The ids and the sealed secrets of the keys of all sessions.
pub fn sealed(connection: &Connection) -> Result<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT id, secret FROM sessions";
    query::all(connection, sql, [], |row| Ok((row.column("id")?, row.column("secret")?)))
}

/// Puts the same secret of the permit's key there, sealed anew.
pub fn reseal(connection: &Connection, permit: &Permit<'_, RewrapSecret>, sealed: &[u8]) -> Result<()> {
    let sql = "UPDATE sessions SET secret = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![permit.on(), sealed])?;
    Ok(())
}
