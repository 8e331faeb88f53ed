//! Backup jobs.

use super::child_jobs::ChildJobs;
use super::documents::{lock_state, optional_lifecycle};
use crate::domain::job::BackupJob;
use crate::domain::recovery_point::Creator;
use crate::domain::{Arn, Lifecycle, VaultName};
use crate::engine::{BackupJobFilter, StartBackup};
use crate::server::call::{Answer, Call, Stamp, arn, stamp};
use serde::Serialize;
use serde_with::skip_serializing_none;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Started {
    backup_job_id: String,
    recovery_point_arn: Option<String>,
    creation_date: Stamp,
    is_parent: bool,
}

/// `BackupJob`, and DescribeBackupJob's answer.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct JobView {
    account_id: String,
    backup_job_id: String,
    backup_vault_name: String,
    backup_vault_arn: String,
    vault_type: String,
    vault_lock_state: &'static str,
    recovery_point_arn: Option<String>,
    recovery_point_lifecycle: Option<Lifecycle>,
    encryption_key_arn: Option<String>,
    is_encrypted: bool,
    resource_arn: String,
    resource_name: Option<String>,
    resource_type: String,
    creation_date: Stamp,
    initiation_date: Option<Stamp>,
    completion_date: Option<Stamp>,
    expected_completion_date: Option<Stamp>,
    start_by: Option<Stamp>,
    state: String,
    status_message: Option<String>,
    message_category: Option<String>,
    percent_done: String,
    backup_size_in_bytes: Option<i64>,
    bytes_transferred: Option<i64>,
    iam_role_arn: Option<String>,
    created_by: Option<Creator>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    backup_options: BTreeMap<String, String>,
    is_parent: bool,
    parent_job_id: Option<String>,
    #[serde(flatten)]
    children: Option<ChildJobs>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    backup_jobs: Vec<JobView>,
    next_token: Option<String>,
}

/// A percentage as AWS writes it: a text with one decimal.
fn percent(done: Option<f64>) -> String {
    format!("{:.1}", done.unwrap_or_default().clamp(0.0, 100.0))
}

impl JobView {
    /// The job of a vault that is among `locked`, or is not locked.
    fn of(job: BackupJob, locked: &BTreeSet<Arn>) -> Self {
        Self {
            vault_lock_state: lock_state(locked.contains(&job.vault_arn)),
            account_id: job.scope.account.into(),
            backup_job_id: job.id.into(),
            backup_vault_name: job.vault_name,
            backup_vault_arn: job.vault_arn.into(),
            vault_type: job.vault_type.into(),
            recovery_point_arn: job.recovery_point_arn.map(String::from),
            recovery_point_lifecycle: job.lifecycle,
            is_encrypted: true,
            encryption_key_arn: job.encryption_key_arn,
            resource_arn: job.resource_arn.into(),
            resource_name: job.resource_name,
            resource_type: job.resource_type.into(),
            creation_date: Stamp(job.created),
            initiation_date: stamp(job.initiated),
            completion_date: stamp(job.completed),
            expected_completion_date: stamp(job.expected_completion),
            start_by: stamp(job.start_by),
            state: job.state.as_str().to_owned(),
            status_message: job.status_message,
            message_category: job.message_category,
            percent_done: percent(job.percent_done),
            backup_size_in_bytes: job.size_bytes,
            bytes_transferred: job.bytes_transferred,
            iam_role_arn: job.iam_role_arn.map(String::from),
            created_by: job.created_by.map(Arc::unwrap_or_clone),
            backup_options: job.backup_options,
            is_parent: job.is_parent,
            parent_job_id: job.parent_job_id.map(String::from),
            children: None,
        }
    }
}

/// StartBackupJob.
pub(super) fn start(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let request = StartBackup {
        vault_name: body.required_string("BackupVaultName")?.parse::<VaultName>()?.into(),
        air_gapped_vault: body
            .string("LogicallyAirGappedBackupVaultArn")?
            .map(|text| arn("LogicallyAirGappedBackupVaultArn", &text))
            .transpose()?,
        resource_arn: arn("ResourceArn", &body.required_string("ResourceArn")?)?,
        iam_role_arn: arn("IamRoleArn", &body.required_string("IamRoleArn")?)?,
        idempotency_token: body.string("IdempotencyToken")?,
        start_window_minutes: body.integer("StartWindowMinutes")?,
        complete_window_minutes: body.integer("CompleteWindowMinutes")?,
        lifecycle: optional_lifecycle(&mut body)?,
        recovery_point_tags: body.string_map("RecoveryPointTags")?.unwrap_or_default(),
        backup_options: body.string_map("BackupOptions")?.unwrap_or_default(),
    };
    // Search indexes are not made, which is just what this value asks for.
    match body.string("Index")?.as_deref() {
        None | Some("DISABLED") => {}
        Some(_) => return Err(crate::server::failure::Failure::refused("Index is not supported by this engine")),
    }
    body.finish()?;
    let job = call.engine.start_backup_job(call.caller, request)?;
    call.answer(&Started {
        backup_job_id: job.id.into(),
        recovery_point_arn: job.recovery_point_arn.map(String::from),
        creation_date: Stamp(job.created),
        is_parent: job.is_parent,
    })
}

/// DescribeBackupJob.
pub(super) fn describe(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let job = call.engine.describe_backup_job(call.caller, &call.segment(0).parse()?)?;
    let locked = call.engine.locked_among(std::iter::once(&job.vault_arn))?;
    let states = if job.is_parent { Some(call.engine.child_jobs(&job.id)?) } else { None };
    let children = states.map(ChildJobs::of);
    call.answer(&JobView { children, ..JobView::of(job, &locked) })
}

/// ListBackupJobs.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let filter = BackupJobFilter {
        resource_arn: query.string("resourceArn").map(|text| arn("ResourceArn", &text)).transpose()?,
        state: query.string("state"),
        vault_name: query.string("backupVaultName"),
        created_before: query.time("createdBefore")?,
        created_after: query.time("createdAfter")?,
        complete_before: query.time("completeBefore")?,
        complete_after: query.time("completeAfter")?,
        resource_type: query.string("resourceType"),
        account_id: query.string("accountId"),
        parent_job_id: query.string("parentJobId"),
        message_category: query.string("messageCategory"),
    };
    let page = query.camel_page()?;
    query.finish()?;
    let jobs = call.engine.list_backup_jobs(call.caller, &filter, &page)?;
    let locked = call.engine.locked_among(jobs.items.iter().map(|job| &job.vault_arn))?;
    let backup_jobs = jobs.items.into_iter().map(|job| JobView::of(job, &locked)).collect();
    call.answer(&List { backup_jobs, next_token: jobs.next_token })
}

/// StopBackupJob.
pub(super) fn stop(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    call.engine.stop_backup_job(call.caller, &call.segment(0).parse()?)?;
    call.done()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_are_texts_with_one_decimal() {
        assert_eq!([percent(None), percent(Some(12.345)), percent(Some(100.0))], ["0.0", "12.3", "100.0"]);
    }
}
