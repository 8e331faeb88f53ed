//! The key files that were made as vaults' recovery keys.

use crate::domain::Arn;
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::MakeRecoveryKey;
use crate::engine::error::Result;
use rusqlite::{Connection, OptionalExtension as _};

/// The file of the key that is told last, as the catalog knows it.
pub fn get(connection: &Connection, vault: &Arn) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT key_id FROM recovery_keys WHERE vault_arn = ?1")?;
    Ok(statement.query_row([vault.as_str()], |row| row.get(0)).optional()?)
}

/// From now on that key file is the recovery key of the permit's vault.
pub fn set(connection: &Connection, permit: &Permit<'_, MakeRecoveryKey>, key_id: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO recovery_keys (vault_arn, key_id) VALUES (?1, ?2)
             ON CONFLICT (vault_arn) DO UPDATE SET key_id = excluded.key_id",
        )?
        .execute([permit.on(), key_id])?;
    Ok(())
}
