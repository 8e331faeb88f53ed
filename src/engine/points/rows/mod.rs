//! Recovery points as rows.

pub mod chains;
pub mod cold;
pub mod composite;
pub mod creating;
pub mod damage;
pub mod deleting;
pub mod expiry;
pub mod owed_manifests;
pub mod packs;
pub mod proofs;
pub mod protected;

use crate::domain::damage::Damage;
use crate::domain::event::detail;
use crate::domain::metric;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, CalculatedLifecycle, Nesting, Scope, StorageClass, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::AddRecoveryPoint;
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, creator, millis, to_json};
use crate::engine::error::Result;
use crate::engine::events::record::record;
use crate::engine::metrics::{self, Happened};
use crate::engine::page::{Page, PageRequest};
use crate::engine::points::manifest::Manifest;
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

/// The filters of ListRecoveryPointsByBackupVault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryPointFilter {
    /// Of this resource.
    pub resource_arn: Option<Arn>,
    /// Of this resource type.
    pub resource_type: Option<String>,
    /// Made by this plan.
    pub backup_plan_id: Option<String>,
    /// Created before.
    pub created_before: Option<Time>,
    /// Created after.
    pub created_after: Option<Time>,
    /// Nested in the composite recovery point of this ARN.
    pub parent_recovery_point_arn: Option<String>,
}

/// The columns that [`from_row`] reads.
pub const COLUMNS: &str = "arn, account, region, vault_name, vault_arn, source_vault_arn, resource_arn, resource_name, resource_type, \
    created_by, iam_role_arn, status, status_message, created, initiated, completed, size_bytes, lifecycle, delete_at, \
    encryption_key_arn, last_restore, storage_class, damage, held, cold_due, is_parent, parent_arn, member, (SELECT v.vault_type FROM vaults AS v WHERE v.arn = vault_arn) AS vault_type";

/// A recovery point from a row with [`COLUMNS`].
pub fn from_row(row: &Row<'_>) -> Result<RecoveryPoint> {
    Ok(RecoveryPoint {
        arn: row.parsed("arn")?,
        scope: row.scope()?,
        vault_name: row.column("vault_name")?,
        vault_arn: row.parsed("vault_arn")?,
        vault_type: row.column::<Option<String>>("vault_type")?.map(Into::into).unwrap_or_default(),
        source_vault_arn: row.parsed_option("source_vault_arn")?,
        resource_arn: row.parsed("resource_arn")?,
        resource_name: row.column("resource_name")?,
        resource_type: row.column::<String>("resource_type")?.into(),
        created_by: row.json_option("created_by")?,
        iam_role_arn: row.parsed_option("iam_role_arn")?,
        status: RecoveryPointStatus::from(row.column::<String>("status")?.as_str()),
        status_message: Damage::told_with(row.json_option("damage")?.as_ref(), row.column("status_message")?),
        created: row.time("created")?,
        initiated: row.time_option("initiated")?,
        completed: row.time_option("completed")?,
        size_bytes: row.column("size_bytes")?,
        lifecycle: row.json_option("lifecycle")?,
        calculated_lifecycle: CalculatedLifecycle {
            move_to_cold_storage_at: row.time_option("cold_due")?,
            delete_at: row.time_option("delete_at")?,
        },
        encryption_key_arn: row.column("encryption_key_arn")?,
        encrypted: true,
        last_restore: row.time_option("last_restore")?,
        storage_class: Some(row.column("storage_class")?),
        held: row.column::<i64>("held")? > 0,
        nesting: nesting(row)?,
    })
}

/// How the point of a row stands to composite ones.
fn nesting(row: &Row<'_>) -> Result<Nesting> {
    Ok(Nesting::told(row.column("is_parent")?, row.parsed_option("parent_arn")?, row.column("member")?))
}

/// The id of a recovery point: the last part of its ARN, and the name of its manifest.
pub fn point_id(arn: &Arn) -> &str {
    arn.point_id()
}

/// The recovery point with this ARN, in any account and region.
pub fn get(connection: &Connection, arn: &Arn) -> Result<Option<RecoveryPoint>> {
    query::first(connection, &format!("SELECT {COLUMNS} FROM recovery_points WHERE arn = ?1"), [arn.as_str()], from_row)
}

/// The snapshot of a point, the folder in it that is its root, and the class of the repository that it lies in; `None` for
/// one that has no data yet.
pub fn content(connection: &Connection, arn: &Arn) -> Result<Option<(String, String, StorageClass)>> {
    let sql = "SELECT snapshot_id, source_path, storage_class FROM recovery_points WHERE arn = ?1";
    let found = query::first(connection, sql, [arn.as_str()], |row| {
        let class = StorageClass::of(&row.column::<String>("storage_class")?);
        Ok((row.column::<Option<String>>("snapshot_id")?, row.column("source_path")?, class))
    })?;
    Ok(found.and_then(|(snapshot, source, class)| Some((snapshot?, source, class))))
}

/// The recovery points of a vault that pass the filter, the newest first.
pub fn list_by_vault(
    connection: &Connection,
    vault: &Arn,
    filter: &RecoveryPointFilter,
    request: &PageRequest,
) -> Result<Page<RecoveryPoint>> {
    let mut listing = Listing::new(COLUMNS, "recovery_points", &["created", "arn"]).descending();
    listing.filter("vault_arn = ?", vault.as_str().to_owned());
    listing.filter_option("resource_arn = ?", filter.resource_arn.as_ref().map(|arn| arn.as_str().to_owned()));
    listing.filter_option("resource_type = ?", filter.resource_type.clone());
    listing.filter_option("plan_id = ?", filter.backup_plan_id.clone());
    listing.filter_time("created < ?", filter.created_before);
    listing.filter_time("created > ?", filter.created_after);
    listing.filter_option("parent_arn = ?", filter.parent_recovery_point_arn.clone());
    listing.page(connection, request, from_row)
}

/// The recovery points of a resource in one account and region, the newest first.
pub fn list_by_resource(
    connection: &Connection,
    scope: &Scope,
    resource: &Arn,
    request: &PageRequest,
) -> Result<Page<RecoveryPoint>> {
    let mut listing =
        Listing::new(COLUMNS, "recovery_points", &["created", "arn"]).named("points-of-resource").descending();
    listing.filter("resource_arn = ?", resource.as_str().to_owned());
    listing.filter("account = ?", scope.account.as_str().to_owned());
    listing.filter("region = ?", scope.region.as_str().to_owned());
    listing.page(connection, request, from_row)
}

/// What the row of a finished recovery point holds.
pub struct NewPoint<'a> {
    /// The point.
    pub point: &'a RecoveryPoint,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// When the sweeper deletes it.
    pub delete_due: Option<Time>,
}

/// Adds a finished recovery point.
pub fn insert(connection: &Connection, _permit: &Permit<'_, AddRecoveryPoint>, new: &NewPoint<'_>) -> Result<()> {
    let NewPoint { point, manifest, delete_due } = new;
    connection
        .prepare_cached(
            "INSERT INTO recovery_points (arn, account, region, vault_arn, vault_name, resource_arn, resource_name,
                 resource_type, plan_id, created_by, iam_role_arn, status, status_message, created, initiated, completed,
                 size_bytes, lifecycle, delete_at, encryption_key_arn, storage_class, point_id, snapshot_id, source_path,
                 missing_items, backup_job_id, delete_due, source_vault_arn, cold_due, is_parent, parent_arn, member)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?29, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                 ?27, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?28, ?30, ?31, ?32)",
        )?
        .execute(params![
            point.arn.as_str(),
            point.scope.account.as_str(),
            point.scope.region.as_str(),
            point.vault_arn.as_str(),
            point.vault_name,
            point.resource_arn.as_str(),
            point.resource_name,
            point.resource_type.as_str(),
            point.created_by.as_ref().map(|creator| creator.backup_plan_id.as_str()),
            point.created_by.as_ref().map(creator).transpose()?,
            point.iam_role_arn.as_ref().map(|arn| arn.as_str()),
            point.status_message,
            millis(point.created),
            point.initiated.map(millis),
            point.completed.map(millis),
            point.size_bytes,
            point.lifecycle.as_ref().map(to_json).transpose()?,
            point.calculated_lifecycle.delete_at.map(millis),
            point.encryption_key_arn,
            manifest.recovery_point_id,
            manifest.snapshot,
            manifest.root.to_string_lossy(),
            manifest.missing.len() as i64,
            manifest.job_id,
            delete_due.map(millis),
            point.source_vault_arn.as_ref().map(|arn| arn.as_str()),
            manifest.class().as_str(),
            point.calculated_lifecycle.move_to_cold_storage_at.map(millis),
            point.status.as_str(),
            point.nesting.is_parent(),
            point.nesting.parent().map(Arn::as_str),
            point.nesting.member(),
        ])?;
    tell_completed(connection, new)
}

/// Tells the feed of a point that is whole.
fn tell_completed(connection: &Connection, new: &NewPoint<'_>) -> Result<()> {
    let point = new.point;
    became(connection, point, &point.status, point.completed.unwrap_or(point.created))
}

/// Tells the feed how a point is now.
pub fn tell(connection: &Connection, arn: &Arn, now: Time) -> Result<()> {
    let point = get(connection, arn)?;
    point.map_or(Ok(()), |point| became(connection, &point, &point.status, now))
}

/// A point came into a status: the feed is told, and it is counted.
fn became(connection: &Connection, point: &RecoveryPoint, status: &RecoveryPointStatus, at: Time) -> Result<()> {
    count(connection, point, metric::of_point(status), at)?;
    record(connection, &detail::recovery_point(point, status, at))
}

fn count(connection: &Connection, point: &RecoveryPoint, metric: Option<&'static str>, at: Time) -> Result<()> {
    let (scope, vault, resource_type) = (&point.scope, point.vault_name.as_str(), point.resource_type.as_str());
    metrics::rows::count(connection, &Happened { scope, metric, vault, resource_type, at })
}

/// When the point that was completed last was, in milliseconds since 1970.
pub fn latest_completion(connection: &Connection) -> Result<Option<i64>> {
    Ok(connection.query_row("SELECT max(completed) FROM recovery_points", [], |row| row.get(0))?)
}

/// What a row says of a point, to be held against the files of its vault.
pub struct Standing {
    /// The point.
    pub arn: Arn,
    /// Its status.
    pub status: String,
    /// `StatusMessage`, without what is damaged.
    pub message: Option<String>,
    /// The id of its snapshot.
    pub snapshot: Option<String>,
    /// In which of the vault's repositories that lies.
    pub class: StorageClass,
}

/// What the rows say of all points of a vault, by their ids.
pub fn standings(connection: &Connection, vault: &Arn) -> Result<BTreeMap<String, Standing>> {
    let sql = "SELECT point_id, arn, status, status_message, snapshot_id, storage_class FROM recovery_points
         WHERE vault_arn = ?1";
    let rows = query::all(connection, sql, [vault.as_str()], |row| {
        let standing = Standing {
            arn: row.parsed("arn")?,
            status: row.column("status")?,
            message: row.column("status_message")?,
            snapshot: row.column("snapshot_id")?,
            class: StorageClass::of(&row.column::<String>("storage_class")?),
        };
        Ok((row.column("point_id")?, standing))
    })?;
    Ok(rows.into_iter().collect())
}

/// Nothing is left of a point, which `message` says from now on. One that is being deleted is left to its deletion.
pub fn set_gone(connection: &Connection, arn: &Arn, message: &str, now: Time) -> Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE recovery_points SET status = 'EXPIRED', status_message = ?2
             WHERE arn = ?1 AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED')",
        )?
        .execute([arn.as_str(), message])?;
    if changed > 0 { tell(connection, arn, now) } else { Ok(()) }
}

/// A point that was taken for gone with `message` is there again. A composite one that lacked something lacks it still, and says so.
pub fn set_back(connection: &Connection, arn: &Arn, message: &str, now: Time) -> Result<()> {
    let part = owed_manifests::of(connection, arn)?.map(|kept| kept.manifest).filter(|manifest| manifest.partial);
    let changed = connection
        .prepare_cached(
            "UPDATE recovery_points SET status_message = ?4,
                 status = CASE WHEN arn IN (SELECT point_arn FROM chains) THEN 'STOPPED' WHEN ?3 THEN 'PARTIAL' ELSE 'COMPLETED' END
             WHERE arn = ?1 AND status = 'EXPIRED' AND status_message = ?2",
        )?
        .execute(params![arn.as_str(), message, part.is_some(), part.and_then(|manifest| manifest.status_message)])?;
    if changed == 0 {
        return Ok(());
    }
    // No other point than the one that was counted when it was made.
    let point = get(connection, arn)?;
    point.map_or(Ok(()), |point| record(connection, &detail::recovery_point(&point, &point.status, now)))
}

/// What a point says of itself.
pub fn set_message(connection: &Connection, vault: &Arn, point_id: &str, message: &str) -> Result<()> {
    connection
        .prepare_cached("UPDATE recovery_points SET status_message = ?3 WHERE vault_arn = ?1 AND point_id = ?2")?
        .execute([vault.as_str(), point_id, message])?;
    Ok(())
}

/// The snapshot of a point of a vault, if the point is known and not still being made, and whether its manifest tells of an
/// earlier one yet.
pub fn snapshot_in(
    connection: &Connection,
    vault: &Arn,
    point: Option<&Arn>,
) -> Result<Option<(Option<String>, bool)>> {
    let sql = "SELECT snapshot_id, manifest_owed FROM recovery_points
         WHERE arn = ?1 AND vault_arn = ?2 AND status <> 'CREATING'";
    query::first(connection, sql, params![point.map(Arn::as_str), vault.as_str()], |row| {
        Ok((row.column("snapshot_id")?, row.column("manifest_owed")?))
    })
}

/// The snapshot of a resource's newest point in a vault that is whole, and warm: backups compare with it.
pub fn newest_snapshot(connection: &Connection, vault: &Arn, resource: &Arn) -> Result<Option<String>> {
    let sql =
        "SELECT snapshot_id FROM recovery_points WHERE vault_arn = ?1 AND resource_arn = ?2 AND status = 'COMPLETED'
             AND storage_class = 'WARM' AND is_parent = 0 ORDER BY created DESC LIMIT 1";
    let key = [vault.as_str(), resource.as_str()];
    Ok(query::first(connection, sql, key, |row| row.column("snapshot_id"))?.flatten())
}

/// When a point was restored last.
pub fn set_last_restore(connection: &Connection, arn: &Arn, now: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE recovery_points SET last_restore = ?2 WHERE arn = ?1")?
        .execute(params![arn.as_str(), millis(now)])?;
    Ok(())
}
