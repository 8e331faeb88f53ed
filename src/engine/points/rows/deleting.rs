//! The recovery points that are being deleted.

use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, StorageClass, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{DeleteRecoveryPoint, EraseRecoveryPoint};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// A recovery point that is being deleted.
pub struct PendingDeletion {
    /// The point.
    pub arn: Arn,
    /// Its vault.
    pub vault: Arn,
    /// Its id, the name of its manifest.
    pub point_id: String,
    /// The id of its snapshot.
    pub snapshot: Option<String>,
    /// In which of the vault's repositories that lies.
    pub class: StorageClass,
    /// How often its deletion has failed.
    pub attempts: i64,
}

/// From now on the point of the permit is being deleted.
pub fn mark(connection: &Connection, permit: &Permit<'_, DeleteRecoveryPoint>, now: Time) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET status = 'DELETING', status_message = NULL, delete_attempts = 0
             WHERE arn = ?1",
        )?
        .execute([permit.on()])?;
    super::tell(connection, &permit.on().parse()?, now)
}

/// The same for a point whose life is over: what it said of itself stays.
pub fn mark_expired(
    connection: &Connection,
    permit: &Permit<'_, DeleteRecoveryPoint>,
    point: &RecoveryPoint,
    now: Time,
) -> Result<()> {
    connection
        .prepare_cached("UPDATE recovery_points SET status = 'DELETING' WHERE arn = ?1")?
        .execute([permit.on()])?;
    super::became(connection, point, &RecoveryPointStatus::Deleting, now)
}

/// The points that are being deleted.
pub fn all(connection: &Connection) -> Result<Vec<PendingDeletion>> {
    let sql = "SELECT arn, vault_arn, point_id, snapshot_id, delete_attempts, storage_class FROM recovery_points
         WHERE status = 'DELETING'";
    query::all(connection, sql, [], |row| {
        Ok(PendingDeletion {
            arn: row.parsed("arn")?,
            vault: row.parsed("vault_arn")?,
            point_id: row.column("point_id")?,
            snapshot: row.column("snapshot_id")?,
            class: StorageClass::of(&row.column::<String>("storage_class")?),
            attempts: row.column("delete_attempts")?,
        })
    })
}

/// Removes the point of the permit if it is being deleted; any other stays.
pub fn remove(connection: &Connection, permit: &Permit<'_, EraseRecoveryPoint>) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM recovery_points WHERE arn = ?1 AND status = 'DELETING'")?
        .execute([permit.on()])?;
    Ok(())
}

/// The deletion of the permit failed; after the last attempt the point is EXPIRED, and DeleteRecoveryPoint tries again.
pub fn note_failure(
    connection: &Connection,
    permit: &Permit<'_, EraseRecoveryPoint>,
    last: bool,
    why: &str,
    now: Time,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET delete_attempts = delete_attempts + 1, status_message = ?3,
                 status = CASE WHEN ?2 THEN 'EXPIRED' ELSE status END WHERE arn = ?1",
        )?
        .execute(params![permit.on(), last, format!("The deletion failed: {why}")])?;
    if last { super::tell(connection, &permit.on().parse()?, now) } else { Ok(()) }
}
