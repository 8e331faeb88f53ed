//! The rows of the vaults, as far as no vault has to be open for them.

use crate::domain::{Arn, Time};
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Whether there is a vault of this ARN.
pub fn exists(connection: &Connection, vault: &Arn) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM vaults WHERE arn = ?1)")?;
    Ok(statement.query_row([vault.as_str()], |row| row.get(0))?)
}

/// Something in a vault is not needed any more; noted until a collection has left nothing to do.
pub fn note_litter(connection: &Connection, vault: &Arn, now: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE vaults SET littered_at = ?2 WHERE arn = ?1")?
        .execute(params![vault.as_str(), millis(now)])?;
    Ok(())
}

/// A collection has left nothing to do.
pub fn note_clean(connection: &Connection, vault: &Arn) -> Result<()> {
    connection.prepare_cached("UPDATE vaults SET littered_at = NULL WHERE arn = ?1")?.execute([vault.as_str()])?;
    Ok(())
}

/// The key of a vault; the outer `None` when there is no such vault.
pub fn vault_key(connection: &Connection, vault: &Arn) -> Result<Option<Option<String>>> {
    let mut statement = connection.prepare_cached("SELECT encryption_key_arn FROM vaults WHERE arn = ?1")?;
    Ok(statement.query_row([vault.as_str()], |row| row.get(0)).optional()?)
}
