//! Resources that were backed up at least once.

use crate::domain::resource::ProtectedResource;
use crate::engine::vaults::ops::VaultAt;
use crate::server::call::{Answer, Call, Stamp, account, stamp};
use serde::Serialize;
use serde_with::skip_serializing_none;

/// `ProtectedResource`, and, with the three last members, DescribeProtectedResource's answer.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct View {
    resource_arn: String,
    resource_type: String,
    resource_name: Option<String>,
    last_backup_time: Option<Stamp>,
    last_backup_vault_arn: Option<String>,
    last_recovery_point_arn: Option<String>,
    latest_restore_execution_time_minutes: Option<i64>,
    latest_restore_job_creation_date: Option<Stamp>,
    latest_restore_recovery_point_creation_date: Option<Stamp>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    results: Vec<View>,
    next_token: Option<String>,
}

impl From<ProtectedResource> for View {
    fn from(resource: ProtectedResource) -> Self {
        Self {
            resource_arn: resource.arn.into(),
            resource_type: resource.resource_type.into(),
            resource_name: resource.name,
            last_backup_time: stamp(resource.last_backup_time),
            last_backup_vault_arn: resource.last_backup_vault_arn.map(String::from),
            last_recovery_point_arn: resource.last_recovery_point_arn.map(String::from),
            latest_restore_execution_time_minutes: resource.latest_restore_execution_minutes.told(),
            latest_restore_job_creation_date: stamp(resource.latest_restore_job_creation.told()),
            latest_restore_recovery_point_creation_date: stamp(resource.latest_restore_recovery_point_creation.told()),
        }
    }
}

impl View {
    /// A row of the list, where the model has nothing of restores.
    fn row(resource: ProtectedResource) -> Self {
        Self {
            latest_restore_execution_time_minutes: None,
            latest_restore_job_creation_date: None,
            latest_restore_recovery_point_creation_date: None,
            ..Self::from(resource)
        }
    }
}

/// ListProtectedResources.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let page = query.camel_page()?;
    query.finish()?;
    let resources = call.engine.list_protected_resources(call.caller, &page)?;
    call.answer(&List {
        results: resources.items.into_iter().map(View::row).collect(),
        next_token: resources.next_token,
    })
}

/// ListProtectedResourcesByBackupVault.
pub(super) fn list_by_vault(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let owner = query.string("backupVaultAccountId");
    let page = query.camel_page()?;
    query.finish()?;
    let account = account(owner.as_deref())?;
    let vault = VaultAt { account: account.as_ref(), name: call.segment(0) };
    let resources = call.engine.list_protected_resources_of_vault(call.caller, vault, &page)?;
    call.answer(&List {
        results: resources.items.into_iter().map(View::row).collect(),
        next_token: resources.next_token,
    })
}

/// DescribeProtectedResource.
pub(super) fn describe(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let arn = call.arn(0, "ResourceArn")?;
    call.answer(&View::from(call.engine.describe_protected_resource(call.caller, &arn)?))
}
