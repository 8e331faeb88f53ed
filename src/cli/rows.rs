//! The domain's records as rows, with AWS's member names.

use super::output::Row;
use crate::domain::KnownPoint;
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::plan::PlanSummary;
use crate::domain::vault::Vault;
use crate::domain::{Account, Scope, Time};
use serde_json::{Value, json};

/// Any serializable struct as a row.
pub(super) fn of(record: &impl serde::Serialize) -> Row {
    match serde_json::to_value(record) {
        Ok(Value::Object(row)) => row,
        _ => Row::new(),
    }
}

/// A JSON object as a row.
fn row(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}

fn time(at: Option<Time>) -> Option<String> {
    at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

fn scoped(scope: &Scope, value: Value) -> Row {
    let mut row = row(value);
    row.insert("AccountId".to_owned(), scope.account.as_str().into());
    row.insert("Region".to_owned(), scope.region.as_str().into());
    row
}

pub(super) fn vault(vault: &Vault) -> Row {
    scoped(
        &vault.scope,
        json!({
            "BackupVaultName": vault.name,
            "BackupVaultArn": vault.arn,
            "VaultType": vault.vault_type,
            "NumberOfRecoveryPoints": vault.recovery_points,
            "CreationDate": time(vault.created),
            "EncryptionKeyArn": vault.encryption_key_arn,
            "Locked": vault.locked,
        }),
    )
}

pub(super) fn plan(plan: &PlanSummary) -> Row {
    scoped(
        &plan.scope,
        json!({
            "BackupPlanName": plan.name,
            "BackupPlanId": plan.id,
            "BackupPlanArn": plan.arn,
            "VersionId": plan.version_id,
            "CreationDate": time(plan.created),
            "LastExecutionDate": time(plan.last_execution),
        }),
    )
}

pub(super) fn backup_job(job: &BackupJob) -> Row {
    scoped(
        &job.scope,
        json!({
            "Kind": "backup",
            "JobId": job.id,
            "State": job.state.as_str(),
            "CompletedWithIssues": job.completed_with_issues(),
            "ResourceName": job.resource_name,
            "ResourceArn": job.resource_arn,
            "ResourceType": job.resource_type,
            "BackupVaultName": job.vault_name,
            "RecoveryPointArn": job.recovery_point_arn,
            "CreationDate": time(Some(job.created)),
            "CompletionDate": time(job.completed),
            "PercentDone": job.percent_done,
            "BackupSizeInBytes": job.size_bytes,
            "BytesTransferred": job.bytes_transferred,
            "StatusMessage": job.status_message,
            "MessageCategory": job.message_category,
            "BackupPlanName": job.created_by.as_ref().map(|by| by.backup_plan_name.as_str()),
            "BackupRuleName": job.created_by.as_ref().map(|by| by.backup_rule_name.as_str()),
        }),
    )
}

pub(super) fn restore_job(job: &RestoreJob) -> Row {
    scoped(
        &job.scope,
        json!({
            "Kind": "restore",
            "JobId": job.id,
            "State": job.state.as_str(),
            "ResourceArn": job.source_resource_arn,
            "ResourceType": job.resource_type,
            "RecoveryPointArn": job.recovery_point_arn,
            "CreatedResourceArn": job.created_resource_arn,
            "CreationDate": time(Some(job.created)),
            "CompletionDate": time(job.completed),
            "PercentDone": job.percent_done,
            "BackupSizeInBytes": job.size_bytes,
            "StatusMessage": job.status_message,
        }),
    )
}

pub(super) fn copy_job(job: &CopyJob) -> Row {
    scoped(
        &job.scope,
        json!({
            "Kind": "copy",
            "JobId": job.id,
            "State": job.state.as_str(),
            "ResourceName": job.resource_name,
            "ResourceArn": job.resource_arn,
            "ResourceType": job.resource_type,
            "SourceBackupVaultArn": job.source_vault_arn,
            "DestinationBackupVaultArn": job.destination_vault_arn,
            "CreationDate": time(job.created),
            "CompletionDate": time(job.completed),
            "BackupSizeInBytes": job.size_bytes,
            "StatusMessage": job.status_message,
            "MessageCategory": job.message_category,
        }),
    )
}

pub(super) fn recovery_point(point: &KnownPoint) -> Row {
    scoped(
        &point.scope,
        json!({
            "RecoveryPointArn": point.arn,
            "Status": point.status.as_str(),
            "ResourceName": point.resource_name,
            "ResourceArn": point.resource_arn,
            "ResourceType": point.resource_type,
            "BackupVaultName": point.vault_name,
            "CreationDate": time(Some(point.created)),
            "CompletionDate": time(point.completed.told()),
            "DeleteAt": time(point.delete_at().told()),
            "BackupSizeInBytes": point.size_bytes,
            "StatusMessage": point.status_message,
        }),
    )
}

pub(super) fn account(account: &Account) -> Row {
    row(json!({
        "AccountId": account.id,
        "Name": account.name,
        "Email": account.email,
        "Management": account.management,
        "Status": account.status,
        "JoinedTimestamp": time(account.joined),
    }))
}
