//! Recovery points as rows.

use crate::domain::damage::Damage;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, CalculatedLifecycle, Scope};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::values::{Columns, millis};
use crate::engine::error::Result;
use crate::engine::request::{Page, PageRequest, RecoveryPointFilter};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The id of a recovery point: the last part of its ARN, and the name of its manifest.
pub fn point_id(arn: &Arn) -> &str {
    arn.resource().strip_prefix("recovery-point:").unwrap_or_else(|| arn.resource())
}

/// The columns that [`from_row`] reads.
pub const COLUMNS: &str = "arn, account, region, vault_name, vault_arn, resource_arn, resource_name, resource_type, \
    created_by, iam_role_arn, status, status_message, created, initiated, completed, size_bytes, lifecycle, delete_at, \
    encryption_key_arn, last_restore, storage_class, damage";

/// A recovery point from a row with [`COLUMNS`].
pub fn from_row(row: &Row<'_>) -> Result<RecoveryPoint> {
    Ok(RecoveryPoint {
        arn: row.parsed("arn")?,
        scope: row.scope()?,
        vault_name: row.column("vault_name")?,
        vault_arn: row.parsed("vault_arn")?,
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
            move_to_cold_storage_at: None,
            delete_at: row.time_option("delete_at")?,
        },
        encryption_key_arn: row.column("encryption_key_arn")?,
        encrypted: true,
        last_restore: row.time_option("last_restore")?,
        storage_class: Some(row.column("storage_class")?),
    })
}

/// The recovery point with this ARN, in any account and region.
pub fn get(connection: &Connection, arn: &Arn) -> Result<Option<RecoveryPoint>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM recovery_points WHERE arn = ?1"))?;
    statement.query_row([arn.as_str()], |row| Ok(from_row(row))).optional()?.transpose()
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
    if filter.parent_recovery_point_arn.is_some() {
        // Composite recovery points are not built: none has a parent.
        listing.require("FALSE");
    }
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

/// Remembers that a resource was backed up: what ListProtectedResources tells of. The row outlives the recovery point.
pub fn remember_protected(connection: &Connection, point: &RecoveryPoint) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO protected_resources VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (arn) DO UPDATE SET name = excluded.name, last_backup_time = excluded.last_backup_time,
                 last_backup_vault_arn = excluded.last_backup_vault_arn,
                 last_recovery_point_arn = excluded.last_recovery_point_arn
             WHERE excluded.last_backup_time >= last_backup_time",
        )?
        .execute(params![
            point.resource_arn.as_str(),
            point.scope.account.as_str(),
            point.scope.region.as_str(),
            point.resource_type.as_str(),
            point.resource_name,
            millis(point.created),
            point.vault_arn.as_str(),
            point.arn.as_str(),
        ])?;
    Ok(())
}
