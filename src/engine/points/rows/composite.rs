//! Composite recovery points: what is nested in each, and what is not any more.

use crate::domain::names::JobId;
use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::{Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::DisassociateRecoveryPointFromParent;
use crate::engine::catalog::query;
use crate::engine::error::Result;
use crate::engine::points::rows::{COLUMNS, from_row};
use rusqlite::Connection;

/// The recovery points that are nested in a composite one, but for those that are being deleted: what is its own first, then by
/// what they are called.
pub fn nested(connection: &Connection, parent: &Arn) -> Result<Vec<RecoveryPoint>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM recovery_points WHERE parent_arn = ?1 AND status <> 'DELETING' ORDER BY member, arn"
    );
    query::all(connection, &sql, [parent.as_str()], from_row)
}

/// The point of the permit is nested in none any more.
pub fn leave(connection: &Connection, permit: &Permit<'_, DisassociateRecoveryPointFromParent>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET parent_arn = NULL, member = NULL, manifest_owed = 1 WHERE arn = ?1",
        )?
        .execute([permit.on()])?;
    Ok(())
}

/// A job ends without its recovery point: what its children made is nested in none.
pub fn let_go(connection: &Connection, job: &JobId) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET parent_arn = NULL, member = NULL, manifest_owed = 1
             WHERE parent_arn = (SELECT recovery_point_arn FROM backup_jobs WHERE id = ?1 AND is_parent = 1)",
        )?
        .execute([job.as_str()])?;
    Ok(())
}

/// A composite point lacks something from now on, for this reason: it is PARTIAL. One that is being made or deleted stays as it is.
pub fn lessen(connection: &Connection, parent: &Arn, why: &str, now: Time) -> Result<()> {
    let lessened = connection
        .prepare_cached(
            "UPDATE recovery_points SET status = 'PARTIAL', manifest_owed = 1,
                 status_message = CASE WHEN status_message IS NULL THEN ?2 ELSE rtrim(status_message, '.') || '. ' || ?2 END
             WHERE arn = ?1 AND status IN ('COMPLETED', 'PARTIAL')",
        )?
        .execute([parent.as_str(), why])?;
    if lessened > 0 { super::tell(connection, parent, now) } else { Ok(()) }
}
