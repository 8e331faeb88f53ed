//! Idempotency tokens: the same token after success gives the same result and does nothing new.

use crate::domain::{Invalid, Scope, Time};
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

/// What was asked, reduced to a digest: the same token with another request is a mistake of the caller.
pub fn fingerprint(request: &impl std::fmt::Debug) -> [u8; 32] {
    Sha256::digest(format!("{request:?}")).into()
}

/// The result that `operation` gave for this token before.
pub fn find(
    connection: &Connection,
    scope: &Scope,
    operation: &str,
    token: &str,
    request: &[u8; 32],
) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT request, result FROM idempotency_tokens WHERE account = ?1 AND region = ?2 AND operation = ?3 AND token = ?4",
    )?;
    let found: Option<(Vec<u8>, String)> = statement
        .query_row(params![scope.account.as_str(), scope.region.as_str(), operation, token], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((before, result)) if before == request => Ok(Some(result)),
        Some(_) => Err(Invalid::value(
            "IdempotencyToken",
            "it was used before in a call with other parameters; use a new token for a new request",
        )
        .into()),
    }
}

/// Keeps the result of `operation` for this token.
pub fn remember(
    connection: &Connection,
    scope: &Scope,
    operation: &str,
    token: &str,
    request: &[u8; 32],
    result: &str,
    now: Time,
) -> Result<()> {
    connection.prepare_cached("INSERT INTO idempotency_tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            operation,
            token,
            request.as_slice(),
            result,
            millis(now)
        ],
    )?;
    Ok(())
}

/// Forgets tokens from before `time`.
pub fn forget_before(connection: &Connection, time: Time) -> Result<()> {
    connection.prepare_cached("DELETE FROM idempotency_tokens WHERE created < ?1")?.execute([millis(time)])?;
    Ok(())
}
