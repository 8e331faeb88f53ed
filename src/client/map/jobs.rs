//! Jobs, as the lists and the Describe calls tell of them.

use super::{
    arn, arn_or_unknown, at, at_or_epoch, common_arn, creator, resource_type, skipped, string_map, text, text_or_empty,
};
use crate::client::text::clean;
use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob, Validation};
use crate::domain::{AccountId, Scope};
use aws_sdk_backup::operation::describe_backup_job::DescribeBackupJobOutput;
use aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput;
use aws_sdk_backup::types as sdk;

/// `45.5`, or AWS's `45.5%`.
fn percent(text: Option<&str>) -> Option<f64> {
    let number: f64 = text?.trim().trim_end_matches('%').parse().ok()?;
    (number.is_finite()).then(|| number.clamp(0.0, 100.0))
}

/// A job belongs to the account that it names; without one, to the one that was asked.
fn owner(scope: &Scope, account: Option<&str>) -> Scope {
    let other = account.filter(|id| *id != scope.account.as_str()).and_then(|id| id.parse::<AccountId>().ok());
    Scope::new(other.unwrap_or_else(|| scope.account.clone()), scope.region.clone())
}

/// The list's row and the described job have the same members under two types.
macro_rules! backup_job {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        pub(crate) fn $name(scope: &Scope, job: &$type) -> Option<BackupJob> {
            let Some(id) = job.backup_job_id().and_then(|id| id.parse().ok()) else { return skipped("backup job") };
            let resource = common_arn(job.resource_arn());
            Some(BackupJob {
                id,
                scope: owner(scope, job.account_id()),
                vault_name: text_or_empty(job.backup_vault_name()),
                vault_arn: arn_or_unknown(job.backup_vault_arn()),
                vault_type: text(job.vault_type()).map(Into::into).unwrap_or_default(),
                recovery_point_arn: arn(job.recovery_point_arn()),
                lifecycle: job.recovery_point_lifecycle().map(super::documents::lifecycle),
                encryption_key_arn: text(job.encryption_key_arn()),
                resource_type: resource_type(job.resource_type(), resource.as_ref()),
                resource_arn: resource.unwrap_or_else(super::unknown_arn),
                resource_name: text(job.resource_name()),
                created: at_or_epoch(job.creation_date()),
                initiated: at(job.initiation_date()),
                completed: at(job.completion_date()),
                expected_completion: at(job.expected_completion_date()),
                start_by: at(job.start_by()),
                state: JobState::from(clean(job.state().map_or("", |state| state.as_str())).as_str()),
                status_message: text(job.status_message()),
                message_category: text(job.message_category()),
                percent_done: percent(job.percent_done()),
                size_bytes: job.backup_size_in_bytes(),
                bytes_transferred: job.bytes_transferred(),
                iam_role_arn: common_arn(job.iam_role_arn()),
                created_by: creator(job.created_by()),
                backup_options: string_map(job.backup_options()),
                is_parent: job.is_parent(),
                parent_job_id: job.parent_job_id().and_then(|id| id.parse().ok()),
            })
        }
    };
}
backup_job!(
    /// A row of ListBackupJobs.
    backup_job,
    sdk::BackupJob
);
backup_job!(
    /// DescribeBackupJob's answer.
    described_backup_job,
    DescribeBackupJobOutput
);

/// The same for restore jobs.
macro_rules! restore_job {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        pub(crate) fn $name(scope: &Scope, job: &$type) -> Option<RestoreJob> {
            let Some(id) = job.restore_job_id().and_then(|id| id.parse().ok()) else { return skipped("restore job") };
            Some(RestoreJob {
                id,
                scope: owner(scope, job.account_id()),
                recovery_point_arn: arn(job.recovery_point_arn()),
                recovery_point_created: at(job.recovery_point_creation_date()),
                source_resource_arn: common_arn(job.source_resource_arn()),
                vault_arn: common_arn(job.backup_vault_arn()),
                created: at_or_epoch(job.creation_date()),
                completed: at(job.completion_date()),
                state: JobState::from(clean(job.status().map_or("", |state| state.as_str())).as_str()),
                status_message: text(job.status_message()),
                percent_done: percent(job.percent_done()),
                size_bytes: job.backup_size_in_bytes(),
                iam_role_arn: common_arn(job.iam_role_arn()),
                expected_minutes: job.expected_completion_time_minutes(),
                created_resource_arn: arn(job.created_resource_arn()),
                resource_type: text(job.resource_type()).map(Into::into),
                validation: job.validation_status().map(|status| Validation {
                    status: clean(status.as_str()),
                    message: text(job.validation_status_message()),
                    deletion: job.deletion_status().map(|status| clean(status.as_str())),
                    deletion_message: text(job.deletion_status_message()),
                }),
            })
        }
    };
}
restore_job!(
    /// A row of ListRestoreJobs.
    restore_job,
    sdk::RestoreJobsListMember
);
restore_job!(
    /// DescribeRestoreJob's answer.
    described_restore_job,
    DescribeRestoreJobOutput
);

/// A row of ListCopyJobs.
pub(crate) fn copy_job(scope: &Scope, job: &sdk::CopyJob) -> Option<CopyJob> {
    let Some(id) = job.copy_job_id().and_then(|id| id.parse().ok()) else { return skipped("copy job") };
    let resource = common_arn(job.resource_arn());
    Some(CopyJob {
        id,
        scope: owner(scope, job.account_id()),
        source_vault_arn: common_arn(job.source_backup_vault_arn()),
        source_recovery_point_arn: arn(job.source_recovery_point_arn()),
        destination_vault_arn: common_arn(job.destination_backup_vault_arn()),
        destination_vault_type: text(job.destination_vault_type()).map(Into::into),
        destination_recovery_point_arn: arn(job.destination_recovery_point_arn()),
        resource_type: resource_type(job.resource_type(), resource.as_ref()),
        resource_arn: resource,
        resource_name: text(job.resource_name()),
        created: at(job.creation_date()),
        completed: at(job.completion_date()),
        state: JobState::from(clean(job.state().map_or("", |state| state.as_str())).as_str()),
        status_message: text(job.status_message()),
        message_category: text(job.message_category()),
        size_bytes: job.backup_size_in_bytes(),
        lifecycle: job.destination_recovery_point_lifecycle().map(super::documents::lifecycle),
        iam_role_arn: common_arn(job.iam_role_arn()),
        created_by: creator(job.created_by()),
        backup_job_id: job.created_by_backup_job_id().and_then(|id| id.parse().ok()),
        is_parent: job.is_parent(),
        parent_job_id: job.parent_job_id().and_then(|id| id.parse().ok()),
        member: text(job.composite_member_identifier()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
    }

    #[test]
    fn a_job_with_only_an_id_is_still_a_job() {
        let job = sdk::BackupJob::builder().backup_job_id("A-1").build();
        let mapped = backup_job(&scope(), &job).expect("it has an id");
        assert_eq!(mapped.id.as_str(), "A-1");
        assert_eq!(mapped.scope, scope());
        assert_eq!(mapped.state, JobState::Other(String::new()));
        assert_eq!(mapped.percent_done, None);
    }

    #[test]
    fn a_job_without_an_id_is_skipped() {
        assert_eq!(backup_job(&scope(), &sdk::BackupJob::builder().build()), None);
    }

    #[test]
    fn hostile_messages_are_made_harmless() {
        let job = sdk::BackupJob::builder()
            .backup_job_id("A-1")
            .status_message("no\u{1b}[2Jt\u{202e}here")
            .resource_name("x\u{7}y")
            .build();
        let mapped = backup_job(&scope(), &job).expect("it has an id");
        assert_eq!(mapped.status_message.as_deref(), Some("no[2Jthere"));
        assert_eq!(mapped.resource_name.as_deref(), Some("xy"));
    }

    #[test]
    fn percentages_come_with_and_without_a_sign() {
        assert_eq!(percent(Some("45.5")), Some(45.5));
        assert_eq!(percent(Some("100.0%")), Some(100.0));
        assert_eq!(percent(Some("NaN")), None);
        assert_eq!(percent(Some("140")), Some(100.0));
        assert_eq!(percent(Some("")), None);
        assert_eq!(percent(None), None);
    }
}
