//! Recovery points and protected resources: what there is. What happens to them is the jobs' and the lifecycle's matter.

use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::resource::ProtectedResource;
use crate::domain::{Arn, Known, Scope, Time};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::values::{Columns, time};
use crate::engine::error::{Error, Result};
use crate::engine::points::rows;
use crate::engine::request::{Caller, Page, PageRequest, RecoveryPointFilter};
use crate::engine::{Engine, resources, vaults};
use rusqlite::{Connection, OptionalExtension, Row};

const COLUMNS: &str =
    "arn, account, region, type, name, last_backup_time, last_backup_vault_arn, last_recovery_point_arn";

fn protected_from_row(row: &Row<'_>) -> Result<ProtectedResource> {
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

/// The recovery point of a vault, for an operation that only reads.
pub fn readable(connection: &Connection, scope: &Scope, vault: &str, arn: &Arn) -> Result<RecoveryPoint> {
    let vault = vaults::ops::readable(connection, scope, vault)?;
    rows::get(connection, arn)?
        .filter(|point| point.vault_arn == vault.arn)
        .ok_or_else(|| Error::no_such_recovery_point(arn))
}

impl Engine {
    /// ListRecoveryPointsByBackupVault, the newest first.
    pub fn list_recovery_points_by_vault(
        &self,
        caller: &Caller,
        vault: &str,
        filter: &RecoveryPointFilter,
        page: &PageRequest,
    ) -> Result<Page<RecoveryPoint>> {
        filter.resource_arn.as_ref().map_or(Ok(()), resources::ops::check_supported)?;
        self.catalog.read(|c| {
            let vault = vaults::ops::readable(c, &caller.scope(), vault)?;
            rows::list_by_vault(c, &vault.arn, filter, page)
        })
    }

    /// ListRecoveryPointsByResource, the newest first. All of this engine's are managed by AWS Backup.
    pub fn list_recovery_points_by_resource(
        &self,
        caller: &Caller,
        resource: &Arn,
        _managed_only: bool,
        page: &PageRequest,
    ) -> Result<Page<RecoveryPoint>> {
        resources::ops::check_supported(resource)?;
        self.catalog.read(|c| rows::list_by_resource(c, &caller.scope(), resource, page))
    }

    /// DescribeRecoveryPoint.
    pub fn describe_recovery_point(&self, caller: &Caller, vault: &str, arn: &Arn) -> Result<RecoveryPoint> {
        self.catalog.read(|c| readable(c, &caller.scope(), vault, arn))
    }

    /// ListProtectedResources, by ARN.
    pub fn list_protected_resources(&self, caller: &Caller, page: &PageRequest) -> Result<Page<ProtectedResource>> {
        let mut listing = Listing::new(COLUMNS, "protected_resources", &["arn"]);
        listing.filter("account = ?", caller.account.as_str().to_owned());
        listing.filter("region = ?", caller.region.as_str().to_owned());
        self.catalog.read(|c| listing.page(c, page, protected_from_row))
    }

    /// ListProtectedResourcesByBackupVault: those that have a recovery point in this vault, by ARN.
    pub fn list_protected_resources_of_vault(
        &self,
        caller: &Caller,
        vault: &str,
        page: &PageRequest,
    ) -> Result<Page<ProtectedResource>> {
        self.catalog.read(|c| {
            let vault = vaults::ops::readable(c, &caller.scope(), vault)?;
            let mut listing = Listing::new(COLUMNS, "protected_resources", &["arn"]);
            listing.filter("account = ?", caller.account.as_str().to_owned());
            listing.filter("region = ?", caller.region.as_str().to_owned());
            listing.filter(
                "EXISTS (SELECT 1 FROM recovery_points r
                     WHERE r.resource_arn = protected_resources.arn AND r.vault_arn = ?)",
                vault.arn.as_str().to_owned(),
            );
            listing.page(c, page, protected_from_row)
        })
    }

    /// DescribeProtectedResource: with its latest restore.
    pub fn describe_protected_resource(&self, caller: &Caller, arn: &Arn) -> Result<ProtectedResource> {
        self.catalog.read(|c| {
            let sql =
                format!("SELECT {COLUMNS} FROM protected_resources WHERE arn = ?1 AND account = ?2 AND region = ?3");
            let key = [arn.as_str(), caller.account.as_str(), caller.region.as_str()];
            let found = c.prepare_cached(&sql)?.query_row(key, |row| Ok(protected_from_row(row)));
            let mut resource = found
                .optional()?
                .transpose()?
                .ok_or_else(|| Error::not_found(format!("Cannot find a protected resource with ARN {arn}")))?;
            let latest = latest_restore(c, arn)?;
            let latest = latest.as_ref();
            resource.latest_restore_job_creation = Known::Known(latest.map(|latest| latest.created));
            resource.latest_restore_recovery_point_creation =
                Known::Known(latest.and_then(|latest| latest.point_created));
            resource.latest_restore_execution_minutes = Known::Known(latest.map(|latest| latest.minutes));
            Ok(resource)
        })
    }
}

struct LatestRestore {
    created: Time,
    point_created: Option<Time>,
    minutes: i64,
}

fn latest_restore(connection: &Connection, resource: &Arn) -> Result<Option<LatestRestore>> {
    let mut statement = connection.prepare_cached(
        "SELECT created, recovery_point_created, completed - created FROM restore_jobs
         WHERE source_resource_arn = ?1 AND state = 'COMPLETED' AND completed IS NOT NULL ORDER BY created DESC LIMIT 1",
    )?;
    let found: Option<(i64, Option<i64>, i64)> =
        statement.query_row([resource.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((created, point_created, milliseconds)) = found else { return Ok(None) };
    Ok(Some(LatestRestore {
        created: time(created)?,
        point_created: point_created.map(time).transpose()?,
        minutes: (milliseconds.max(0) + 59_999) / 60_000,
    }))
}
