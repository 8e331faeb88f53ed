//! The access policies of the vaults. They stand here, since every decision reads them in its own transaction.

pub mod locks;

use super::Permit;
use super::action::{DeleteBackupVaultAccessPolicy, PutBackupVaultAccessPolicy};
use crate::domain::Arn;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::Connection;

/// The policy of a vault, as it was put.
pub fn get(connection: &Connection, vault: &Arn) -> Result<Option<String>> {
    let sql = "SELECT policy FROM vault_access_policies WHERE vault_arn = ?1";
    query::first(connection, sql, [vault.as_str()], |row| row.column("policy"))
}

/// From now on this is the policy of the permit's vault.
pub fn put(connection: &Connection, permit: &Permit<'_, PutBackupVaultAccessPolicy>, policy: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO vault_access_policies (vault_arn, policy) VALUES (?1, ?2)
             ON CONFLICT (vault_arn) DO UPDATE SET policy = excluded.policy",
        )?
        .execute([permit.on(), policy])?;
    Ok(())
}

/// The permit's vault has no policy any more.
pub fn remove(connection: &Connection, permit: &Permit<'_, DeleteBackupVaultAccessPolicy>) -> Result<bool> {
    let mut statement = connection.prepare_cached("DELETE FROM vault_access_policies WHERE vault_arn = ?1")?;
    Ok(statement.execute([permit.on()])? > 0)
}
