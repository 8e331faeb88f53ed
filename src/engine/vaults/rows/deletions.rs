//! Vaults whose row is gone and whose folder may still be at its place.

use crate::domain::{Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::DeleteBackupVault;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::vaults::id::VaultId;
use rusqlite::{Connection, params};

/// A deletion whose row is gone and whose folder may still be at its place.
pub struct Deletion {
    /// The vault.
    pub vault: Arn,
    /// Its id, which its folder names too; none for vaults of older versions.
    pub id: Option<VaultId>,
    /// When it was deleted.
    pub deleted: Time,
}

/// Notes that the folder of a vault has to go, in the transaction that removes its row.
pub fn note(connection: &Connection, _permit: &Permit<'_, DeleteBackupVault>, deletion: &Deletion) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO vault_deletions (vault_arn, vault_id, deleted) VALUES (?1, ?2, ?3)")?
        .execute(params![
            deletion.vault.as_str(),
            deletion.id.as_ref().map(VaultId::as_str),
            millis(deletion.deleted)
        ])?;
    Ok(())
}

/// The folder of a deleted vault is where it belongs.
pub fn forget(connection: &Connection, vault: &Arn) -> Result<()> {
    connection.prepare_cached("DELETE FROM vault_deletions WHERE vault_arn = ?1")?.execute([vault.as_str()])?;
    Ok(())
}

/// The deletions that a crash, or a disk that refused, interrupted.
pub fn all(connection: &Connection) -> Result<Vec<Deletion>> {
    query::all(connection, "SELECT vault_arn, vault_id, deleted FROM vault_deletions", [], |row| {
        Ok(Deletion {
            vault: row.parsed("vault_arn")?,
            id: row.column::<Option<String>>("vault_id")?.map(VaultId::from),
            deleted: row.time("deleted")?,
        })
    })
}
