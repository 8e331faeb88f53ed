//! The access policies of the vaults. They stand here, since every decision reads them in its own transaction.

pub mod locks;
pub mod organization;
pub mod shares;

use super::Permit;
use super::action::SetsAccessPolicy;
use crate::domain::Arn;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// The policy of a vault, as it was put.
pub fn get(connection: &Connection, vault: &Arn) -> Result<Option<String>> {
    Ok(last(connection, vault)?.1)
}

/// How often the policy of a vault was changed, and what it is since.
pub fn last(connection: &Connection, vault: &Arn) -> Result<(i64, Option<String>)> {
    let sql = "SELECT sequence, policy FROM vault_access_policies WHERE vault_arn = ?1";
    let last =
        query::first(connection, sql, [vault.as_str()], |row| Ok((row.column("sequence")?, row.column("policy")?)))?;
    Ok(last.unwrap_or_default())
}

/// From now on this is the policy of the permit's vault, or it has none any more, after so many changes.
pub fn set<A: SetsAccessPolicy>(
    connection: &Connection,
    permit: &Permit<'_, A>,
    sequence: i64,
    policy: Option<&str>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO vault_access_policies (vault_arn, sequence, policy) VALUES (?1, ?2, ?3)
             ON CONFLICT (vault_arn) DO UPDATE SET sequence = excluded.sequence, policy = excluded.policy",
        )?
        .execute(params![permit.on(), sequence, policy])?;
    Ok(())
}
