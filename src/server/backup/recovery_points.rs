//! Recovery points.

use super::documents;
use crate::domain::recovery_point::{Creator, RecoveryPoint};
use crate::domain::{Arn, CalculatedLifecycle, Lifecycle};
use crate::engine::RecoveryPointFilter;
use crate::engine::authorize::action::{GetRecoveryPointRestoreMetadata, GetRestoreTestingInferredMetadata};
use crate::engine::vaults::ops::VaultAt;
use crate::server::call::{Answer, Call, Stamp, account, arn, stamp};
use serde::Serialize;
use serde_json::json;
use serde_with::skip_serializing_none;
use std::collections::BTreeMap;

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CalculatedView {
    move_to_cold_storage_at: Option<Stamp>,
    delete_at: Option<Stamp>,
}

/// `RecoveryPointByBackupVault`, and, with the storage class, DescribeRecoveryPoint's answer.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PointView {
    recovery_point_arn: String,
    backup_vault_name: String,
    backup_vault_arn: String,
    source_backup_vault_arn: Option<String>,
    vault_type: String,
    resource_arn: String,
    resource_name: Option<String>,
    resource_type: String,
    created_by: Option<Creator>,
    iam_role_arn: Option<String>,
    status: String,
    status_message: Option<String>,
    creation_date: Stamp,
    initiation_date: Option<Stamp>,
    completion_date: Option<Stamp>,
    backup_size_in_bytes: Option<i64>,
    lifecycle: Option<Lifecycle>,
    calculated_lifecycle: Option<CalculatedView>,
    encryption_key_arn: Option<String>,
    is_encrypted: bool,
    last_restore_time: Option<Stamp>,
    storage_class: Option<String>,
    parent_recovery_point_arn: Option<String>,
    composite_member_identifier: Option<String>,
    is_parent: bool,
}

/// `RecoveryPointByResource`: poorer, and its size has another name.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PointOfResource {
    recovery_point_arn: String,
    creation_date: Stamp,
    status: String,
    status_message: Option<String>,
    encryption_key_arn: Option<String>,
    backup_size_bytes: Option<i64>,
    backup_vault_name: String,
    vault_type: String,
    is_parent: bool,
    parent_recovery_point_arn: Option<String>,
    resource_name: Option<String>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List<T> {
    recovery_points: Vec<T>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RestoreMetadata {
    backup_vault_arn: String,
    recovery_point_arn: String,
    restore_metadata: BTreeMap<String, String>,
    resource_type: String,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LifecycleUpdated {
    backup_vault_arn: String,
    recovery_point_arn: String,
    lifecycle: Option<Lifecycle>,
    calculated_lifecycle: Option<CalculatedView>,
}

/// AWS leaves the member out when a point lives for ever in warm storage.
fn calculated(lifecycle: CalculatedLifecycle) -> Option<CalculatedView> {
    (lifecycle != CalculatedLifecycle::default()).then(|| CalculatedView {
        move_to_cold_storage_at: stamp(lifecycle.move_to_cold_storage_at),
        delete_at: stamp(lifecycle.delete_at),
    })
}

impl From<RecoveryPoint> for PointView {
    fn from(point: RecoveryPoint) -> Self {
        Self {
            recovery_point_arn: point.arn.into(),
            backup_vault_name: point.vault_name,
            backup_vault_arn: point.vault_arn.into(),
            source_backup_vault_arn: point.source_vault_arn.map(String::from),
            vault_type: point.vault_type.into(),
            resource_arn: point.resource_arn.into(),
            resource_name: point.resource_name,
            resource_type: point.resource_type.into(),
            created_by: point.created_by,
            iam_role_arn: point.iam_role_arn.map(String::from),
            status: point.status.as_str().to_owned(),
            status_message: point.status_message,
            creation_date: Stamp(point.created),
            initiation_date: stamp(point.initiated),
            completion_date: stamp(point.completed),
            backup_size_in_bytes: point.size_bytes,
            lifecycle: point.lifecycle,
            calculated_lifecycle: calculated(point.calculated_lifecycle),
            encryption_key_arn: point.encryption_key_arn,
            is_encrypted: point.encrypted,
            last_restore_time: stamp(point.last_restore),
            storage_class: point.storage_class,
            parent_recovery_point_arn: point.nesting.parent().map(Arn::to_string),
            composite_member_identifier: point.nesting.member().map(str::to_owned),
            is_parent: point.nesting.is_parent(),
        }
    }
}

impl From<RecoveryPoint> for PointOfResource {
    fn from(point: RecoveryPoint) -> Self {
        Self {
            recovery_point_arn: point.arn.into(),
            creation_date: Stamp(point.created),
            status: point.status.as_str().to_owned(),
            status_message: point.status_message,
            encryption_key_arn: point.encryption_key_arn,
            backup_size_bytes: point.size_bytes,
            backup_vault_name: point.vault_name,
            vault_type: point.vault_type.into(),
            is_parent: point.nesting.is_parent(),
            parent_recovery_point_arn: point.nesting.parent().map(Arn::to_string),
            resource_name: point.resource_name,
        }
    }
}

/// ListRecoveryPointsByBackupVault.
pub(super) fn list_by_vault(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let owner = query.string("backupVaultAccountId");
    let filter = RecoveryPointFilter {
        resource_arn: query.string("resourceArn").map(|text| arn("ResourceArn", &text)).transpose()?,
        resource_type: query.string("resourceType"),
        backup_plan_id: query.string("backupPlanId"),
        created_before: query.time("createdBefore")?,
        created_after: query.time("createdAfter")?,
        parent_recovery_point_arn: query.string("parentRecoveryPointArn"),
    };
    let page = query.camel_page()?;
    query.finish()?;
    let account = account(owner.as_deref())?;
    let vault = VaultAt { account: account.as_ref(), name: call.segment(0) };
    let points = call.engine.list_recovery_points_by_vault(call.caller, vault, &filter, &page)?;
    // In a list the model has no storage class.
    let view = |point| PointView { storage_class: None, ..PointView::from(point) };
    call.answer(&List { recovery_points: points.items.into_iter().map(view).collect(), next_token: points.next_token })
}

/// ListRecoveryPointsByResource.
pub(super) fn list_by_resource(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let managed_only = query.boolean("managedByAWSBackupOnly")?.unwrap_or(false);
    let page = query.camel_page()?;
    query.finish()?;
    let resource = call.arn(0, "ResourceArn")?;
    let points = call.engine.list_recovery_points_by_resource(call.caller, &resource, managed_only, &page)?;
    call.answer(&List {
        recovery_points: points.items.into_iter().map(PointOfResource::from).collect(),
        next_token: points.next_token,
    })
}

/// DescribeRecoveryPoint.
pub(super) fn describe(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let owner = query.string("backupVaultAccountId");
    query.finish()?;
    let account = account(owner.as_deref())?;
    let vault = VaultAt { account: account.as_ref(), name: call.segment(0) };
    let point = call.arn(1, "RecoveryPointArn")?;
    call.answer(&PointView::from(call.engine.describe_recovery_point(call.caller, vault, &point)?))
}

/// GetRecoveryPointRestoreMetadata.
pub(super) fn restore_metadata(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let owner = query.string("backupVaultAccountId");
    query.finish()?;
    let account = account(owner.as_deref())?;
    let vault = VaultAt { account: account.as_ref(), name: call.segment(0) };
    let arn = call.arn(1, "RecoveryPointArn")?;
    let point = call.engine.look_at_recovery_point(call.caller, GetRecoveryPointRestoreMetadata, vault, &arn)?;
    let restore_metadata = call.engine.restore_proposal(&point)?;
    call.answer(&RestoreMetadata {
        backup_vault_arn: point.vault_arn.into(),
        recovery_point_arn: point.arn.into(),
        restore_metadata,
        resource_type: point.resource_type.into(),
    })
}

/// GetRestoreTestingInferredMetadata: what a test of this recovery point would be restored with.
pub(super) fn inferred_metadata(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let account = query.string("BackupVaultAccountId");
    let vault = query.required_string("BackupVaultName")?;
    let point = arn("RecoveryPointArn", &query.required_string("RecoveryPointArn")?)?;
    query.finish()?;
    call.own_account(account)?;
    let action = GetRestoreTestingInferredMetadata;
    let point = call.engine.look_at_recovery_point(call.caller, action, vault.as_str(), &point)?;
    let metadata = call.engine.restore_proposal(&point)?;
    call.answer(&json!({ "InferredMetadata": metadata }))
}

/// UpdateRecoveryPointLifecycle. Without the member the point is kept for ever, as in AWS.
pub(super) fn update_lifecycle(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let lifecycle = documents::optional_lifecycle(&mut body)?.unwrap_or_default();
    body.finish()?;
    let arn = call.arn(1, "RecoveryPointArn")?;
    let point = call.engine.update_recovery_point_lifecycle(call.caller, call.segment(0), &arn, lifecycle)?;
    call.answer(&LifecycleUpdated {
        backup_vault_arn: point.vault_arn.into(),
        recovery_point_arn: point.arn.into(),
        lifecycle: point.lifecycle,
        calculated_lifecycle: calculated(point.calculated_lifecycle),
    })
}

/// DeleteRecoveryPoint.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let arn = call.arn(1, "RecoveryPointArn")?;
    call.engine.delete_recovery_point(call.caller, call.segment(0), &arn)?;
    call.done()
}

/// DisassociateRecoveryPoint.
pub(super) fn disassociate(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let arn = call.arn(1, "RecoveryPointArn")?;
    call.engine.disassociate_recovery_point(call.caller, call.segment(0), &arn)?;
    call.done()
}

/// DisassociateRecoveryPointFromParent.
pub(super) fn disassociate_from_parent(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let arn = call.arn(1, "RecoveryPointArn")?;
    call.engine.disassociate_recovery_point_from_parent(call.caller, call.segment(0), &arn)?;
    call.done()
}
