//! Restore jobs.

use crate::domain::job::RestoreJob;
use crate::engine::{RestoreJobFilter, StartRestore};
use crate::server::call::{Answer, Call, Stamp, arn, stamp};
use crate::server::failure::Failure;
use serde::Serialize;
use serde_with::skip_serializing_none;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Started {
    restore_job_id: String,
}

/// `RestoreJobsListMember`, and DescribeRestoreJob's answer.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct JobView {
    account_id: String,
    restore_job_id: String,
    recovery_point_arn: Option<String>,
    recovery_point_creation_date: Option<Stamp>,
    source_resource_arn: Option<String>,
    backup_vault_arn: Option<String>,
    creation_date: Stamp,
    completion_date: Option<Stamp>,
    status: String,
    status_message: Option<String>,
    percent_done: String,
    backup_size_in_bytes: Option<i64>,
    iam_role_arn: Option<String>,
    expected_completion_time_minutes: Option<i64>,
    created_resource_arn: Option<String>,
    resource_type: Option<String>,
    validation_status: Option<String>,
    validation_status_message: Option<String>,
    deletion_status: Option<String>,
    deletion_status_message: Option<String>,
    is_parent: bool,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    restore_jobs: Vec<JobView>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    restore_job_id: &'a str,
    metadata: BTreeMap<String, String>,
}

impl From<RestoreJob> for JobView {
    fn from(job: RestoreJob) -> Self {
        let validation = job.validation.as_ref();
        Self {
            validation_status: validation.map(|test| test.status.clone()),
            validation_status_message: validation.and_then(|test| test.message.clone()),
            deletion_status: validation.and_then(|test| test.deletion.clone()),
            deletion_status_message: validation.and_then(|test| test.deletion_message.clone()),
            account_id: job.scope.account.into(),
            restore_job_id: job.id.into(),
            recovery_point_arn: job.recovery_point_arn.map(String::from),
            recovery_point_creation_date: stamp(job.recovery_point_created),
            source_resource_arn: job.source_resource_arn.map(String::from),
            backup_vault_arn: job.vault_arn.map(String::from),
            creation_date: Stamp(job.created),
            completion_date: stamp(job.completed),
            status: job.state.as_str().to_owned(),
            status_message: job.status_message,
            percent_done: format!("{:.2}%", job.percent_done.unwrap_or_default().clamp(0.0, 100.0)),
            backup_size_in_bytes: job.size_bytes,
            iam_role_arn: job.iam_role_arn.map(String::from),
            expected_completion_time_minutes: job.expected_minutes,
            created_resource_arn: job.created_resource_arn.map(String::from),
            resource_type: job.resource_type.map(String::from),
            is_parent: false,
        }
    }
}

/// StartRestoreJob.
pub(super) fn start(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let request = StartRestore {
        recovery_point_arn: arn("RecoveryPointArn", &body.required_string("RecoveryPointArn")?)?,
        metadata: body.string_map("Metadata")?.ok_or_else(|| Failure::missing("Metadata"))?,
        iam_role_arn: body.string("IamRoleArn")?.map(|text| arn("IamRoleArn", &text)).transpose()?,
        idempotency_token: body.string("IdempotencyToken")?,
        resource_type: body.string("ResourceType")?,
        copy_source_tags: body.boolean("CopySourceTagsToRestoredResource")?.unwrap_or(false),
    };
    body.finish()?;
    let id = call.engine.start_restore_job(call.caller, request)?;
    call.answer(&Started { restore_job_id: id.into() })
}

/// DescribeRestoreJob.
pub(super) fn describe(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    call.answer(&JobView::from(call.engine.describe_restore_job(call.caller, &call.segment(0).parse()?)?))
}

/// ListRestoreJobs.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let filter = RestoreJobFilter {
        account_id: query.string("accountId"),
        resource_type: query.string("resourceType"),
        created_before: query.time("createdBefore")?,
        created_after: query.time("createdAfter")?,
        status: query.string("status"),
        complete_before: query.time("completeBefore")?,
        complete_after: query.time("completeAfter")?,
        restore_testing_plan_arn: query.string("restoreTestingPlanArn"),
        parent_job_id: query.string("parentJobId"),
        ..RestoreJobFilter::default()
    };
    let page = query.camel_page()?;
    query.finish()?;
    let jobs = call.engine.list_restore_jobs(call.caller, &filter, &page)?;
    call.answer(&List {
        restore_jobs: jobs.items.into_iter().map(JobView::from).collect(),
        next_token: jobs.next_token,
    })
}

/// ListRestoreJobsByProtectedResource.
pub(super) fn list_by_resource(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let filter = RestoreJobFilter {
        source_resource_arn: Some(call.arn(0, "ResourceArn")?),
        status: query.string("status"),
        point_created_before: query.time("recoveryPointCreationDateBefore")?,
        point_created_after: query.time("recoveryPointCreationDateAfter")?,
        ..RestoreJobFilter::default()
    };
    let page = query.camel_page()?;
    query.finish()?;
    let jobs = call.engine.list_restore_jobs_of_resource(call.caller, &filter, &page)?;
    call.answer(&List {
        restore_jobs: jobs.items.into_iter().map(JobView::from).collect(),
        next_token: jobs.next_token,
    })
}

/// GetRestoreJobMetadata.
pub(super) fn metadata(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let metadata = call.engine.restore_job_metadata(call.caller, &call.segment(0).parse()?)?;
    call.answer(&Metadata { restore_job_id: call.segment(0), metadata })
}
