//! What continuous recovery points hold, and under which names services keep their logs for them.

use crate::domain::continuous::{Chain, days};
use crate::domain::recovery_point::{Creator, RecoveryPointStatus};
use crate::domain::{Arn, Lifecycle, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{GrowRecoveryPoint, StartBackupJob};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, creator, millis, to_json};
use crate::engine::error::Result;
use crate::engine::points::expiry::{delete_due, seed};
use crate::engine::points::manifest::Manifest;
use crate::engine::points::rows::{self, owed_manifests, packs};
use crate::repository::Id;
use chrono::Duration;
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The chain of a recovery point.
#[derive(Debug, Clone)]
pub struct ChainRow {
    /// The point, which may be gone.
    pub point: Arn,
    /// What is backed up.
    pub resource: Arn,
    /// The point's vault.
    pub vault: Arn,
    /// The name under which the service keeps the log.
    pub hold: String,
    /// Whether the service was told that it need not keep it any more.
    pub released: bool,
    /// What the point holds; nothing until its first base is there.
    pub chain: Option<Chain>,
    /// The point's status; nothing when it is gone.
    pub status: Option<RecoveryPointStatus>,
}

/// What a resource's live continuous recovery point is.
#[derive(Debug, Clone)]
pub struct Live {
    /// The point.
    pub point: Arn,
    /// Its vault.
    pub vault: Arn,
    /// The plan and rule that it belongs to.
    pub created_by: Option<Creator>,
    /// How long it reaches back.
    pub lifecycle: Option<Lifecycle>,
}

const COLUMNS: &str = "c.point_arn, c.resource_arn, c.vault_arn, c.hold, c.released, c.document, p.status
    FROM chains AS c LEFT JOIN recovery_points AS p ON p.arn = c.point_arn";

fn from_row(row: &Row<'_>) -> Result<ChainRow> {
    Ok(ChainRow {
        point: row.parsed("point_arn")?,
        resource: row.parsed("resource_arn")?,
        vault: row.parsed("vault_arn")?,
        hold: row.column("hold")?,
        released: row.column("released")?,
        chain: row.json_option("document")?,
        status: row.column::<Option<String>>("status")?.map(|status| RecoveryPointStatus::from(status.as_str())),
    })
}

/// All chains.
pub fn all(connection: &Connection) -> Result<Vec<ChainRow>> {
    query::all(connection, &format!("SELECT {COLUMNS} ORDER BY c.point_arn"), [], from_row)
}

/// The chain of a point; none for one that is not continuous.
pub fn get(connection: &Connection, point: &Arn) -> Result<Option<ChainRow>> {
    query::first(connection, &format!("SELECT {COLUMNS} WHERE c.point_arn = ?1"), [point.as_str()], from_row)
}

/// Whether a point is a live continuous one whose log has not come up to its newest base.
pub fn awaits_log(connection: &Connection, point: &Arn) -> Result<bool> {
    let live = get(connection, point)?.filter(|row| row.status == Some(RecoveryPointStatus::Available));
    Ok(live.and_then(|row| row.chain).is_some_and(|chain| chain.awaits_log()))
}

/// The continuous recovery point of a resource that is live or is being made.
pub fn live_of(connection: &Connection, resource: &Arn) -> Result<Option<Live>> {
    let sql = "SELECT p.arn, p.vault_arn, p.created_by, p.lifecycle FROM chains AS c JOIN recovery_points AS p ON p.arn = c.point_arn
         WHERE c.resource_arn = ?1 AND c.released = 0 AND p.status IN ('CREATING', 'AVAILABLE') ORDER BY p.created LIMIT 1";
    query::first(connection, sql, [resource.as_str()], |row| {
        Ok(Live {
            point: row.parsed("arn")?,
            vault: row.parsed("vault_arn")?,
            created_by: row.json_option("created_by")?,
            lifecycle: row.json_option("lifecycle")?,
        })
    })
}

/// A chain of a resource whose service still keeps its log for it, be its point live or not.
pub fn held_of(connection: &Connection, resource: &Arn) -> Result<Option<ChainRow>> {
    let sql = format!("SELECT {COLUMNS} WHERE c.resource_arn = ?1 AND c.released = 0 ORDER BY c.point_arn LIMIT 1");
    query::first(connection, &sql, [resource.as_str()], from_row)
}

/// A service is about to keep its log for a point; known names stay.
pub fn remember(connection: &Connection, point: &Arn, resource: &Arn, vault: &Arn, hold: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO chains (point_arn, resource_arn, vault_arn, hold) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute([point.as_str(), resource.as_str(), vault.as_str(), hold])?;
    Ok(())
}

/// What a point holds now.
pub fn keep(connection: &Connection, point: &Arn, chain: &Chain) -> Result<()> {
    connection
        .prepare_cached("UPDATE chains SET document = ?2 WHERE point_arn = ?1")?
        .execute([point.as_str(), &to_json(chain)?])?;
    Ok(())
}

/// The service need not keep its log for a point any more, and knows that.
pub fn settle(connection: &Connection, point: &Arn) -> Result<()> {
    connection.prepare_cached("UPDATE chains SET released = 1 WHERE point_arn = ?1")?.execute([point.as_str()])?;
    Ok(())
}

/// Nothing is to be known of a point's chain any more.
pub fn forget(connection: &Connection, point: &Arn) -> Result<()> {
    connection.prepare_cached("DELETE FROM chains WHERE point_arn = ?1")?.execute([point.as_str()])?;
    Ok(())
}

/// A run of a rule renews its point: how long it reaches back, whose it is, and when it would be deleted without another run.
pub fn renew(
    connection: &Connection,
    _permit: &Permit<'_, StartBackupJob>,
    point: &Arn,
    lifecycle: &Lifecycle,
    by: Option<&Creator>,
    now: Time,
) -> Result<()> {
    let delete_at = lifecycle.calculate(now).delete_at;
    let due =
        delete_at.map(|at| Ok::<_, crate::engine::error::Error>(delete_due(at, &seed(connection)?, point.point_id())));
    connection
        .prepare_cached(
            "UPDATE recovery_points SET lifecycle = ?2, delete_at = ?3, delete_due = ?4, created_by = coalesce(?5, created_by),
                 plan_id = coalesce(?6, plan_id), manifest_owed = 1
             WHERE arn = ?1 AND status = 'AVAILABLE'",
        )?
        .execute(params![
            point.as_str(),
            to_json(lifecycle)?,
            delete_at.map(millis),
            due.transpose()?.map(millis),
            by.map(creator).transpose()?,
            by.map(|by| by.backup_plan_id.as_str()),
        ])?;
    Ok(())
}

/// What a point has come to hold.
pub struct Grown<'a> {
    /// Its new snapshot.
    pub snapshot: Id,
    /// That snapshot's file, in base64.
    pub snapshot_file: String,
    /// The packs that it needs.
    pub packs: &'a BTreeSet<Id>,
    /// The folder of its newest base.
    pub root: PathBuf,
    /// The size of all that is in it.
    pub size: u64,
    /// What it holds.
    pub chain: &'a Chain,
}

/// A live point has another snapshot from now on, in place of `before`. Whether it still was as it was before.
pub fn grow(
    connection: &Connection,
    permit: &Permit<'_, GrowRecoveryPoint>,
    vault: &Arn,
    before: &Id,
    grown: &Grown<'_>,
    now: Time,
) -> Result<bool> {
    let point: Arn = permit.on().parse()?;
    let changed = connection
        .prepare_cached(
            "UPDATE recovery_points SET snapshot_id = ?3, source_path = ?4, size_bytes = ?5
             WHERE arn = ?1 AND snapshot_id = ?2 AND status = 'AVAILABLE'",
        )?
        .execute(params![
            point.as_str(),
            before.to_hex(),
            grown.snapshot.to_hex(),
            grown.root.to_string_lossy(),
            grown.size as i64,
        ])?;
    if changed == 0 {
        return Ok(false);
    }
    packs::replace(connection, permit, (vault, crate::domain::StorageClass::Warm), grown.packs, now)?;
    keep(connection, &point, grown.chain)?;
    keep_in_manifest(connection, &point, grown.chain, Some(grown))?;
    Ok(true)
}

/// The manifest of a point is to tell of its chain.
fn keep_in_manifest(connection: &Connection, point: &Arn, chain: &Chain, grown: Option<&Grown<'_>>) -> Result<()> {
    if let Some(mut kept) = owed_manifests::of(connection, point)?.filter(|kept| kept.lacks.is_empty()) {
        kept.manifest.continuous = Some(chain.clone());
        if let Some(grown) = grown {
            kept.manifest.snapshot_file = Some(grown.snapshot_file.clone());
            kept.manifest.root.clone_from(&grown.root);
            kept.manifest.size_bytes = grown.size;
        }
        owed_manifests::keep(connection, point, &kept.manifest)?;
    }
    owed_manifests::owe(connection, point)
}

/// Nothing follows the log of a live point any more, for the reason that its chain tells. It stays until the last moment that
/// it can be restored to has outlived its days. Whether it was live.
pub fn stop(connection: &Connection, point: &Arn, chain: &Chain, delete_at: Time, now: Time) -> Result<bool> {
    let due = delete_due(delete_at, &seed(connection)?, point.point_id());
    let message = chain.stopped.as_ref().map(|why| format!("Continuous backup was interrupted: {why}."));
    let changed = connection
        .prepare_cached(
            "UPDATE recovery_points SET status = 'STOPPED', status_message = ?2, delete_at = ?3, delete_due = ?4
             WHERE arn = ?1 AND status = 'AVAILABLE'",
        )?
        .execute(params![point.as_str(), message, millis(delete_at), millis(due)])?;
    if changed == 0 {
        return Ok(false);
    }
    keep(connection, point, chain)?;
    keep_in_manifest(connection, point, chain, None)?;
    rows::tell(connection, point, now)?;
    Ok(true)
}

/// A point holds what its manifest tells, which is newer than this catalog. One that is not continuous stays as it is.
pub fn follow_manifest(connection: &Connection, point: &Arn, manifest: &Manifest, now: Time) -> Result<()> {
    let Some(chain) = &manifest.continuous else { return Ok(()) };
    let delete_at = chain.latest + Duration::days(days(manifest.lifecycle.as_ref()));
    // Its end was put off since, too.
    connection
        .prepare_cached(
            "UPDATE recovery_points SET source_path = ?2, size_bytes = ?3,
                 delete_at = CASE WHEN delete_at IS NOT NULL THEN max(delete_at, ?4) END,
                 delete_due = CASE WHEN delete_due IS NOT NULL THEN max(delete_due, ?5) END
             WHERE arn = ?1",
        )?
        .execute(params![
            point.as_str(),
            manifest.root.to_string_lossy(),
            manifest.size_bytes as i64,
            millis(delete_at),
            millis(delete_due(delete_at, &seed(connection)?, point.point_id())),
        ])?;
    remember(connection, point, &manifest.resource_arn, &manifest.vault_arn, &chain.hold)?;
    keep(connection, point, chain)?;
    if let Some(mut kept) = owed_manifests::of(connection, point)?.filter(|kept| kept.lacks.is_empty()) {
        kept.manifest.continuous = Some(chain.clone());
        kept.manifest.root.clone_from(&manifest.root);
        kept.manifest.size_bytes = manifest.size_bytes;
        owed_manifests::keep(connection, point, &kept.manifest)?;
    }
    if chain.stopped.is_some() {
        stop(connection, point, chain, delete_at, now)?;
    }
    Ok(())
}

/// How a live point begins to say that its log cannot be followed for now.
const TROUBLE: &str = "The log cannot be followed for now, and is tried again; the service keeps it meanwhile: ";

/// A live point says why its log cannot be followed for now, or that no more.
pub fn tell(connection: &Connection, point: &Arn, trouble: Option<&str>) -> Result<()> {
    let sql = match trouble {
        Some(_) => "UPDATE recovery_points SET status_message = ?2 || ?3 WHERE arn = ?1 AND status = 'AVAILABLE'",
        None => {
            "UPDATE recovery_points SET status_message = ?3
             WHERE arn = ?1 AND status = 'AVAILABLE' AND substr(status_message, 1, length(?2)) = ?2"
        }
    };
    connection.prepare_cached(sql)?.execute(params![point.as_str(), TROUBLE, trouble])?;
    Ok(())
}
