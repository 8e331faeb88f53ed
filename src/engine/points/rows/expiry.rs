//! When recovery points expire.

use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::{Arn, CalculatedLifecycle, Lifecycle, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::UpdateRecoveryPointLifecycle;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{millis, time, to_json};
use crate::engine::error::Result;
use crate::engine::points::rows::{COLUMNS, from_row};
use rusqlite::{Connection, params};

/// That a point `p` does not expire only because the clock jumped from ?1 to ?2 without anybody's word for it: of what
/// fell due in such a jump, the newest good point of each resource stays until there is a newer one. One that was put off since,
/// as by the release of a hold, has fallen due in it no less. A copy is none, which may be of the same backup, nor is what is
/// damaged.
const NOT_BY_A_JUMP: &str = "NOT ((p.delete_due > ?1 AND p.delete_due <= ?2
    OR coalesce(p.delete_at, p.delete_due) > ?1 AND coalesce(p.delete_at, p.delete_due) <= ?2) AND NOT EXISTS (
    SELECT 1 FROM recovery_points AS newer WHERE newer.resource_arn = p.resource_arn AND newer.status = 'COMPLETED'
    AND newer.source_vault_arn IS NULL AND newer.damage IS NULL AND newer.is_parent = p.is_parent
    AND newer.arn <> p.arn AND (newer.created > p.created OR (newer.created = p.created AND newer.arn > p.arn))))";

/// Jumps of the clock without anybody's word for them: where the first began and the last ended, in milliseconds since 1970; both
/// 0 when there was none.
pub type Jump = (i64, i64);

/// That a point is among those that the sweeper looks at, in the words of its index: the held ones are not, however many there
/// are and for however long their time has come.
const SWEPT: &str =
    "delete_due IS NOT NULL AND held = 0 AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED')";

/// The next moment at which a point's time has come.
pub fn next_due(connection: &Connection, (from, to): Jump) -> Result<Option<Time>> {
    let due: Option<i64> = connection.prepare_cached(&next_due_sql())?.query_row([from, to], |row| row.get(0))?;
    due.map(time).transpose()
}

/// The statement that finds it.
pub(crate) fn next_due_sql() -> String {
    format!("SELECT min(delete_due) FROM recovery_points AS p WHERE {SWEPT} AND {NOT_BY_A_JUMP}")
}

/// The points whose time has come.
pub fn due(connection: &Connection, (from, to): Jump, now: Time) -> Result<Vec<RecoveryPoint>> {
    let sql =
        format!("SELECT {COLUMNS} FROM recovery_points AS p WHERE delete_due <= ?3 AND {SWEPT} AND {NOT_BY_A_JUMP}");
    query::all(connection, &sql, [from, to, millis(now)], from_row)
}

/// The sweeper asks for a point again at `at`.
pub fn put_off(connection: &Connection, point: &Arn, at: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE recovery_points SET delete_due = ?2 WHERE arn = ?1")?
        .execute(params![point.as_str(), millis(at)])?;
    Ok(())
}

/// A live continuous point lives on until `delete_at`.
pub fn prolong(connection: &Connection, point: &Arn, delete_at: Time, delete_due: Time) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET delete_at = ?2, delete_due = ?3 WHERE arn = ?1 AND status = 'AVAILABLE'",
        )?
        .execute(params![point.as_str(), millis(delete_at), millis(delete_due)])?;
    Ok(())
}

/// How long the point of the permit lives, when that acts on it, and when the sweeper deletes it.
pub fn set(
    connection: &Connection,
    permit: &Permit<'_, UpdateRecoveryPointLifecycle>,
    lifecycle: &Lifecycle,
    acts: &CalculatedLifecycle,
    delete_due: Option<Time>,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET lifecycle = ?2, delete_at = ?3, delete_due = ?4, cold_due = ?5 WHERE arn = ?1",
        )?
        .execute(params![
            permit.on(),
            to_json(lifecycle)?,
            acts.delete_at.map(millis),
            delete_due.map(millis),
            acts.move_to_cold_storage_at.map(millis),
        ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample::{at, catalog, hour, insert_point};

    #[test]
    fn after_a_jump_the_newest_good_point_stays_and_neither_a_copy_nor_a_damaged_one_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        let goes = |change: &str| -> Vec<String> {
            catalog
                .write(|tx| {
                    tx.execute("DELETE FROM recovery_points", [])?;
                    for (id, created) in [("old", 1), ("new", 2)] {
                        let arn = insert_point(tx, id, hour(2));
                        let sql = "UPDATE recovery_points SET created = ?2 WHERE arn = ?1";
                        tx.execute(sql, params![arn.as_str(), created])?;
                    }
                    tx.execute(&format!("UPDATE recovery_points SET {change} WHERE point_id = 'new'"), [])?;
                    let due = due(tx, (hour(1), hour(3)), at(4))?;
                    Ok(due.iter().map(|point| point.arn.as_str().rsplit(':').next().unwrap().to_owned()).collect())
                })
                .unwrap()
        };
        assert_eq!(goes("damage = NULL"), ["old"]);
        assert_eq!(goes("damage = '{}'"), [""; 0]);
        assert_eq!(goes("source_vault_arn = 'arn:aws:backup:eu-central-1:123456789012:backup-vault:other'"), [""; 0]);
    }
}
