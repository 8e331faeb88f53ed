//! Protected resources: what was ever backed up. A row outlives its recovery points.

use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::resource::ProtectedResource;
use crate::domain::{Arn, Known, Scope, Time};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};

const COLUMNS: &str =
    "arn, account, region, type, name, last_backup_time, last_backup_vault_arn, last_recovery_point_arn";

fn from_row(row: &Row<'_>) -> Result<ProtectedResource> {
    Ok(ProtectedResource {
        arn: row.parsed("arn")?,
        scope: row.scope()?,
        resource_type: row.column::<String>("type")?.into(),
        name: row.column("name")?,
        last_backup_time: row.time_option("last_backup_time")?,
        last_backup_vault_arn: row.parsed_option("last_backup_vault_arn")?,
        last_recovery_point_arn: row.parsed_option("last_recovery_point_arn")?,
        latest_restore_execution_minutes: Known::Unknown,
        latest_restore_job_creation: Known::Unknown,
        latest_restore_recovery_point_creation: Known::Unknown,
    })
}

/// The protected resource of this ARN in an account and region; of its latest restore nothing is known.
pub fn get(connection: &Connection, scope: &Scope, arn: &Arn) -> Result<Option<ProtectedResource>> {
    let sql = format!("SELECT {COLUMNS} FROM protected_resources WHERE arn = ?1 AND account = ?2 AND region = ?3");
    query::first(connection, &sql, [arn.as_str(), scope.account.as_str(), scope.region.as_str()], from_row)
}

/// The protected resources of an account and region, by ARN.
pub fn list(connection: &Connection, scope: &Scope, request: &PageRequest) -> Result<Page<ProtectedResource>> {
    listing(scope).page(connection, request, from_row)
}

/// Those of them that have a recovery point in a vault.
pub fn list_of_vault(
    connection: &Connection,
    scope: &Scope,
    vault: &Arn,
    request: &PageRequest,
) -> Result<Page<ProtectedResource>> {
    let mut listing = listing(scope);
    listing.filter(
        "EXISTS (SELECT 1 FROM recovery_points r
             WHERE r.resource_arn = protected_resources.arn AND r.vault_arn = ?)",
        vault.as_str().to_owned(),
    );
    listing.page(connection, request, from_row)
}

fn listing(scope: &Scope) -> Listing {
    let mut listing = Listing::new(COLUMNS, "protected_resources", &["arn"]);
    listing.filter("account = ?", scope.account.as_str().to_owned());
    listing.filter("region = ?", scope.region.as_str().to_owned());
    listing
}

/// Remembers that a resource was backed up: what ListProtectedResources tells of. The row outlives the recovery point.
pub fn remember(connection: &Connection, point: &RecoveryPoint) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO protected_resources (arn, account, region, type, name, last_backup_time,
                 last_backup_vault_arn, last_recovery_point_arn)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
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

/// The restore of a resource's data that was started last and has succeeded.
pub struct LatestRestore {
    /// When it was started.
    pub created: Time,
    /// When its recovery point was made.
    pub point_created: Option<Time>,
    /// How long it took, in whole minutes, rounded up.
    pub minutes: i64,
}

/// The latest successful restore of a resource's data.
pub fn latest_restore(connection: &Connection, resource: &Arn) -> Result<Option<LatestRestore>> {
    let sql = "SELECT created, recovery_point_created, completed - created AS took FROM restore_jobs
         WHERE source_resource_arn = ?1 AND state = 'COMPLETED' AND completed IS NOT NULL ORDER BY created DESC LIMIT 1";
    query::first(connection, sql, [resource.as_str()], |row| {
        Ok(LatestRestore {
            created: row.time("created")?,
            point_created: row.time_option("recovery_point_created")?,
            minutes: (row.column::<i64>("took")?.max(0) + 59_999) / 60_000,
        })
    })
}
