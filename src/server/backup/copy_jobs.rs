//! Copy jobs.

use super::child_jobs::ChildJobs;
use super::documents::{lock_state, optional_lifecycle};
use crate::domain::job::CopyJob;
use crate::domain::recovery_point::Creator;
use crate::domain::{Arn, Lifecycle, VaultName};
use crate::engine::{CopyJobFilter, StartCopy};
use crate::server::call::{Answer, Call, Stamp, arn, stamp};
use serde::Serialize;
use serde_with::skip_serializing_none;
use std::collections::BTreeSet;
use std::sync::Arc;

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Started {
    copy_job_id: String,
    creation_date: Option<Stamp>,
    is_parent: bool,
}

/// `CopyJob`.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct JobView {
    account_id: String,
    copy_job_id: String,
    source_backup_vault_arn: Option<String>,
    source_recovery_point_arn: Option<String>,
    destination_backup_vault_arn: Option<String>,
    destination_vault_type: Option<String>,
    destination_vault_lock_state: &'static str,
    destination_recovery_point_arn: Option<String>,
    destination_recovery_point_lifecycle: Option<Lifecycle>,
    resource_arn: Option<String>,
    resource_name: Option<String>,
    resource_type: String,
    creation_date: Option<Stamp>,
    completion_date: Option<Stamp>,
    state: String,
    status_message: Option<String>,
    message_category: Option<String>,
    backup_size_in_bytes: Option<i64>,
    iam_role_arn: Option<String>,
    created_by: Option<Creator>,
    created_by_backup_job_id: Option<String>,
    is_parent: bool,
    parent_job_id: Option<String>,
    composite_member_identifier: Option<String>,
    #[serde(flatten)]
    children: Option<ChildJobs>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    copy_job: JobView,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    copy_jobs: Vec<JobView>,
    next_token: Option<String>,
}

impl JobView {
    /// The job into a vault that is among `locked`, or is not locked.
    fn of(job: CopyJob, locked: &BTreeSet<Arn>) -> Self {
        let is_locked = job.destination_vault_arn.as_ref().is_some_and(|vault| locked.contains(vault));
        Self {
            destination_vault_lock_state: lock_state(is_locked),
            account_id: job.scope.account.into(),
            copy_job_id: job.id.into(),
            source_backup_vault_arn: job.source_vault_arn.map(String::from),
            source_recovery_point_arn: job.source_recovery_point_arn.map(String::from),
            destination_backup_vault_arn: job.destination_vault_arn.map(String::from),
            destination_vault_type: job.destination_vault_type.map(String::from),
            destination_recovery_point_arn: job.destination_recovery_point_arn.map(String::from),
            destination_recovery_point_lifecycle: job.lifecycle,
            resource_arn: job.resource_arn.map(String::from),
            resource_name: job.resource_name,
            resource_type: job.resource_type.into(),
            creation_date: stamp(job.created),
            completion_date: stamp(job.completed),
            state: job.state.as_str().to_owned(),
            status_message: job.status_message,
            message_category: job.message_category,
            backup_size_in_bytes: job.size_bytes,
            iam_role_arn: job.iam_role_arn.map(String::from),
            created_by: job.created_by.map(Arc::unwrap_or_clone),
            created_by_backup_job_id: job.backup_job_id.map(String::from),
            is_parent: job.is_parent,
            parent_job_id: job.parent_job_id.map(String::from),
            composite_member_identifier: job.member,
            children: None,
        }
    }
}

/// StartCopyJob.
pub(super) fn start(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let request = StartCopy {
        recovery_point_arn: arn("RecoveryPointArn", &body.required_string("RecoveryPointArn")?)?,
        source_vault_name: body.required_string("SourceBackupVaultName")?.parse::<VaultName>()?.into(),
        destination_vault_arn: arn("DestinationBackupVaultArn", &body.required_string("DestinationBackupVaultArn")?)?,
        iam_role_arn: arn("IamRoleArn", &body.required_string("IamRoleArn")?)?,
        idempotency_token: body.string("IdempotencyToken")?,
        lifecycle: optional_lifecycle(&mut body)?,
    };
    body.finish()?;
    let job = call.engine.start_copy_job(call.caller, request)?;
    call.answer(&Started { copy_job_id: job.id.into(), creation_date: stamp(job.created), is_parent: job.is_parent })
}

/// DescribeCopyJob.
pub(super) fn describe(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let job = call.engine.describe_copy_job(call.caller, &call.segment(0).parse()?)?;
    let locked = call.engine.locked_among(job.destination_vault_arn.iter())?;
    let states = if job.is_parent { Some(call.engine.child_copy_jobs(&job.id)?) } else { None };
    let children = states.map(ChildJobs::of);
    call.answer(&Described { copy_job: JobView { children, ..JobView::of(job, &locked) } })
}

/// ListCopyJobs.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let filter = CopyJobFilter {
        resource_arn: query.string("resourceArn").map(|text| arn("ResourceArn", &text)).transpose()?,
        state: query.string("state"),
        created_before: query.time("createdBefore")?,
        created_after: query.time("createdAfter")?,
        resource_type: query.string("resourceType"),
        destination_vault_arn: query
            .string("destinationVaultArn")
            .map(|text| arn("DestinationVaultArn", &text))
            .transpose()?,
        account_id: query.string("accountId"),
        complete_before: query.time("completeBefore")?,
        complete_after: query.time("completeAfter")?,
        parent_job_id: query.string("parentJobId"),
        message_category: query.string("messageCategory"),
        source_recovery_point_arn: query
            .string("sourceRecoveryPointArn")
            .map(|text| arn("SourceRecoveryPointArn", &text))
            .transpose()?,
    };
    let page = query.camel_page()?;
    query.finish()?;
    let jobs = call.engine.list_copy_jobs(call.caller, &filter, &page)?;
    let locked = call.engine.locked_among(jobs.items.iter().filter_map(|job| job.destination_vault_arn.as_ref()))?;
    let copy_jobs = jobs.items.into_iter().map(|job| JobView::of(job, &locked)).collect();
    call.answer(&List { copy_jobs, next_token: jobs.next_token })
}
