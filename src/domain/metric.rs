//! What AWS Backup counts in CloudWatch: the names of its metrics, what of a job or recovery point each of them counts, and by
//! which dimensions.
//!
//! They are those of [AWS's list](https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html), and the one for backup
//! jobs that end PARTIAL, which CloudWatch's own list of enriched metrics has beside.

use crate::domain::Time;
use crate::domain::job::{JobKind, JobState};
use crate::domain::recovery_point::RecoveryPointStatus;

/// The namespace of all of them.
pub const NAMESPACE: &str = "AWS/Backup";
/// The unit of all of them.
pub const UNIT: &str = "Count";
/// The dimension that is a vault's name: of copy jobs that of their destination.
pub const VAULT: &str = "BackupVaultName";
/// The dimension that is a resource type.
pub const RESOURCE_TYPE: &str = "ResourceType";
/// How often counts are published, in seconds: what happens within is one data point.
pub const EVERY: i64 = 300;

/// The metric of recovery points that have moved to cold storage.
pub const COLD: &str = "NumberOfRecoveryPointsCold";

/// The metric that counts the jobs which come into a state; none where AWS counts none.
pub fn of_job(kind: JobKind, state: &JobState) -> Option<&'static str> {
    let name = match (kind, state) {
        (JobKind::Backup, JobState::Created) => "NumberOfBackupJobsCreated",
        (JobKind::Backup, JobState::Pending) => "NumberOfBackupJobsPending",
        (JobKind::Backup, JobState::Running) => "NumberOfBackupJobsRunning",
        (JobKind::Backup, JobState::Aborted) => "NumberOfBackupJobsAborted",
        (JobKind::Backup, JobState::Completed) => "NumberOfBackupJobsCompleted",
        (JobKind::Backup, JobState::Failed) => "NumberOfBackupJobsFailed",
        (JobKind::Backup, JobState::Expired) => "NumberOfBackupJobsExpired",
        (JobKind::Backup, JobState::Partial) => "NumberOfBackupJobsPartial",
        (JobKind::Copy, JobState::Created) => "NumberOfCopyJobsCreated",
        (JobKind::Copy, JobState::Running) => "NumberOfCopyJobsRunning",
        (JobKind::Copy, JobState::Completed) => "NumberOfCopyJobsCompleted",
        (JobKind::Copy, JobState::Failed) => "NumberOfCopyJobsFailed",
        (JobKind::Restore, JobState::Pending) => "NumberOfRestoreJobsPending",
        (JobKind::Restore, JobState::Running) => "NumberOfRestoreJobsRunning",
        (JobKind::Restore, JobState::Completed) => "NumberOfRestoreJobsCompleted",
        (JobKind::Restore, JobState::Failed) => "NumberOfRestoreJobsFailed",
        _ => return None,
    };
    Some(name)
}

/// The metric that counts the recovery points which come into a status; none where AWS counts none.
pub fn of_point(status: &RecoveryPointStatus) -> Option<&'static str> {
    match status {
        RecoveryPointStatus::Completed => Some("NumberOfRecoveryPointsCompleted"),
        RecoveryPointStatus::Partial => Some("NumberOfRecoveryPointsPartial"),
        RecoveryPointStatus::Expired => Some("NumberOfRecoveryPointsExpired"),
        RecoveryPointStatus::Deleting => Some("NumberOfRecoveryPointsDeleting"),
        _ => None,
    }
}

/// How many backup jobs of an account and region ended how, by the hours in which they ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// From when on they are known.
    pub since: Time,
    /// The hours in which jobs ended, each by its beginning, with how they ended, and how many.
    pub ended: Vec<(Time, JobState, u32)>,
}
