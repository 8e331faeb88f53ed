//! Which vaults are under a KMS key, and what protects them.

use crate::domain::{Arn, Scope, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::DestroyKey;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::Connection;

/// A vault under a key.
pub struct Under {
    /// Its ARN.
    pub vault: Arn,
    /// Its name.
    pub name: String,
    /// Whether it has a lock of any kind.
    pub locked: bool,
    /// Whether anything in it is under a legal hold.
    pub held: bool,
}

/// The vaults under a key, by name.
pub fn vaults_under(connection: &Connection, key: &Arn) -> Result<Vec<Under>> {
    let sql = "SELECT arn, name,
             EXISTS (SELECT 1 FROM vault_locks l WHERE l.vault_arn = v.arn AND l.state <> 'UNLOCKED')
             OR v.vault_type = 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT' AS locked,
             EXISTS (SELECT 1 FROM hold_files f JOIN legal_holds h ON h.id = f.hold_id
                     WHERE f.vault_arn = v.arn AND h.cancelled IS NULL)
             OR EXISTS (SELECT 1 FROM recovery_points p WHERE p.vault_arn = v.arn AND p.held > 0) AS held
         FROM vaults v WHERE encryption_key_arn = ?1 ORDER BY name";
    query::all(connection, sql, [key.as_str()], |row| {
        Ok(Under {
            vault: row.parsed("arn")?,
            name: row.column("name")?,
            locked: row.column("locked")?,
            held: row.column("held")?,
        })
    })
}

/// Since when a key is the one of any vault; none where it is of none.
pub fn in_use_since(connection: &Connection, key: &Arn) -> Result<Option<Time>> {
    let sql = "SELECT created FROM vaults WHERE encryption_key_arn = ?1 ORDER BY created LIMIT 1";
    query::first(connection, sql, [key.as_str()], |row| row.time("created"))
}

/// The accounts and regions of which vaults, jobs or points name AWS Backup's own key by its alias, as versions did that knew
/// no KMS keys.
pub fn scopes_by_alias(connection: &Connection) -> Result<Vec<Scope>> {
    let sql = "SELECT DISTINCT account, region FROM vaults WHERE encryption_key_arn LIKE '%:alias/aws/backup'";
    query::all(connection, sql, [], |row| row.scope())
}

/// From now on all of them name it by its ARN.
pub fn name_by_arn(connection: &Connection, alias: &Arn, key: &Arn) -> Result<()> {
    for sql in [
        "UPDATE backup_jobs SET encryption_key_arn = ?2 WHERE encryption_key_arn = ?1",
        "UPDATE recovery_points SET encryption_key_arn = ?2 WHERE encryption_key_arn = ?1",
        "UPDATE vaults SET encryption_key_arn = ?2 WHERE encryption_key_arn = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([alias.as_str(), key.as_str()])?;
    }
    Ok(())
}

/// The tags of the permit's key go with it.
pub fn remove_tags(connection: &Connection, permit: &Permit<'_, DestroyKey>) -> Result<()> {
    connection.prepare_cached("DELETE FROM tags WHERE arn = ?1")?.execute([permit.on()])?;
    Ok(())
}
