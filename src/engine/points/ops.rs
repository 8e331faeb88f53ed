//! Recovery points and protected resources: what there is. What happens to them is the jobs' and the lifecycle's matter.

use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::resource::ProtectedResource;
use crate::domain::{Arn, Known};
use crate::engine::authorize::action::{
    DescribeRecoveryPoint, ListProtectedResourcesByBackupVault, ListRecoveryPointItems, ListRecoveryPointsByBackupVault,
};
use crate::engine::authorize::subject::{PointNamed, PointToRead};
use crate::engine::authorize::{Action, air_gap, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::page::{Page, PageRequest};
use crate::engine::points::rows::{self, RecoveryPointFilter};
use crate::engine::vaults::ops::VaultAt;
use crate::engine::{Engine, resources, vaults};

/// The recovery point of this ARN, if a vault of this name holds it.
pub(crate) fn point_in(connection: &Connection, vault_name: &str, arn: &Arn) -> Result<Option<RecoveryPoint>> {
    Ok(rows::get(connection, arn)?.filter(|point| point.vault_name == vault_name))
}

/// The recovery point of a vault, for an operation that only reads, if the caller may. Of a vault that is not there AWS tells
/// nothing.
pub fn readable<A>(
    connection: &Connection,
    caller: &Caller,
    action: A,
    vault: VaultAt<'_>,
    arn: &Arn,
) -> Result<RecoveryPoint>
where
    A: for<'a> Action<On<'a> = PointToRead<'a>>,
{
    let vault = vaults::rows::get(connection, &vault.scope(caller), vault.name)?;
    let vault = vault.ok_or_else(Error::insufficient_privileges)?;
    if !air_gap::sees(connection, &vault.arn, &caller.account)? {
        return Err(Error::insufficient_privileges());
    }
    let found = rows::get(connection, arn)?.filter(|point| point.vault_arn == vault.arn);
    authorize(connection, caller, action, &PointToRead(PointNamed { arn, found: found.as_ref() }))?;
    found.ok_or_else(|| Error::no_such_recovery_point(arn))
}

/// The recovery point of this ARN, whichever vault holds it, if the caller may see what it holds. One that is being deleted is
/// not there any more.
pub(super) fn to_look_into(connection: &Connection, caller: &Caller, arn: &Arn) -> Result<RecoveryPoint> {
    let found = rows::get(connection, arn)?.filter(|point| point.status != RecoveryPointStatus::Deleting);
    authorize(connection, caller, ListRecoveryPointItems, &PointToRead(PointNamed { arn, found: found.as_ref() }))?;
    found.ok_or_else(|| Error::no_such_recovery_point(arn))
}

impl Engine {
    /// ListRecoveryPointsByBackupVault, the newest first.
    pub fn list_recovery_points_by_vault<'v>(
        &self,
        caller: &Caller,
        vault: impl Into<VaultAt<'v>>,
        filter: &RecoveryPointFilter,
        page: &PageRequest,
    ) -> Result<Page<RecoveryPoint>> {
        filter.resource_arn.as_ref().map_or(Ok(()), resources::ops::check_supported)?;
        let vault = vault.into();
        self.catalog.read(|c| {
            let vault = vaults::ops::readable(c, caller, ListRecoveryPointsByBackupVault, vault)?;
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
    pub fn describe_recovery_point<'v>(
        &self,
        caller: &Caller,
        vault: impl Into<VaultAt<'v>>,
        arn: &Arn,
    ) -> Result<RecoveryPoint> {
        self.look_at_recovery_point(caller, DescribeRecoveryPoint, vault, arn)
    }

    /// A recovery point, for an operation that answers with something of it.
    pub fn look_at_recovery_point<'v, A>(
        &self,
        caller: &Caller,
        action: A,
        vault: impl Into<VaultAt<'v>>,
        arn: &Arn,
    ) -> Result<RecoveryPoint>
    where
        A: for<'a> Action<On<'a> = PointToRead<'a>>,
    {
        let vault = vault.into();
        self.catalog.read(|c| readable(c, caller, action, vault, arn))
    }

    /// ListProtectedResources, by ARN.
    pub fn list_protected_resources(&self, caller: &Caller, page: &PageRequest) -> Result<Page<ProtectedResource>> {
        self.catalog.read(|c| rows::protected::list(c, &caller.scope(), page))
    }

    /// ListProtectedResourcesByBackupVault: those that have a recovery point in this vault, by ARN.
    pub fn list_protected_resources_of_vault<'v>(
        &self,
        caller: &Caller,
        vault: impl Into<VaultAt<'v>>,
        page: &PageRequest,
    ) -> Result<Page<ProtectedResource>> {
        let vault = vault.into();
        self.catalog.read(|c| {
            let vault = vaults::ops::readable(c, caller, ListProtectedResourcesByBackupVault, vault)?;
            rows::protected::list_of_vault(c, &vault.scope, &vault.arn, page)
        })
    }

    /// DescribeProtectedResource: with its latest restore.
    pub fn describe_protected_resource(&self, caller: &Caller, arn: &Arn) -> Result<ProtectedResource> {
        self.catalog.read(|c| {
            let mut resource = rows::protected::get(c, &caller.scope(), arn)?
                .ok_or_else(|| Error::not_found(format!("Cannot find a protected resource with ARN {arn}")))?;
            let latest = rows::protected::latest_restore(c, arn)?;
            let latest = latest.as_ref();
            resource.latest_restore_job_creation = Known::Known(latest.map(|latest| latest.created));
            resource.latest_restore_recovery_point_creation =
                Known::Known(latest.and_then(|latest| latest.point_created));
            resource.latest_restore_execution_minutes = Known::Known(latest.map(|latest| latest.minutes));
            Ok(resource)
        })
    }
}
