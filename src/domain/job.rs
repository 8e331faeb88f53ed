//! Backup, copy and restore jobs: their states and records.
//!
//! The states are those of `State` in AWS's [BackupJob](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupJob.html), [CopyJob](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CopyJob.html) and `Status` in
//! [RestoreJobsListMember](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreJobsListMember.html).

use crate::domain::names::JobId;
use crate::domain::recovery_point::Creator;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Lifecycle, ResourceType, Scope, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of a job of any kind. Each kind uses a part of these: backup jobs all but none, restore jobs
/// `PENDING RUNNING COMPLETED ABORTED FAILED`, copy jobs `CREATED RUNNING COMPLETED FAILED PARTIAL`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    /// Waiting for its start.
    Created,
    /// Accepted, about to run.
    Pending,
    /// Moving data.
    Running,
    /// Being stopped.
    Aborting,
    /// Stopped by a user.
    Aborted,
    /// Done; see the message category for issues.
    Completed,
    /// Ended without a result.
    Failed,
    /// Missed its start window, or ran past its completion window.
    Expired,
    /// A composite of which some child did not complete.
    Partial,
    /// A state that this version does not know.
    Other(String),
}

/// A backup job.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupJob {
    /// Its id.
    pub id: JobId,
    /// The account and region that own it.
    pub scope: Scope,
    /// The vault's name.
    pub vault_name: String,
    /// The vault's ARN.
    pub vault_arn: Arn,
    /// The kind of vault that it is meant for.
    pub vault_type: VaultType,
    /// The recovery point it makes.
    pub recovery_point_arn: Option<Arn>,
    /// The recovery point's lifecycle.
    pub lifecycle: Option<Lifecycle>,
    /// The vault's key.
    pub encryption_key_arn: Option<String>,
    /// What is backed up.
    pub resource_arn: Arn,
    /// The resource's name, where it has one.
    pub resource_name: Option<String>,
    /// The resource's type.
    pub resource_type: ResourceType,
    /// When it was created: the scheduled time, or the call's.
    pub created: Time,
    /// When it began to run.
    pub initiated: Option<Time>,
    /// When it ended, well or badly.
    pub completed: Option<Time>,
    /// When it will be done, as far as progress tells.
    pub expected_completion: Option<Time>,
    /// The end of its start window.
    pub start_by: Option<Time>,
    /// Its state.
    pub state: JobState,
    /// What there is to say about it.
    pub status_message: Option<String>,
    /// `SUCCESS`, `AccessDenied`, `MISCELLANEOUS`, …
    pub message_category: Option<String>,
    /// 0 to 100.
    pub percent_done: Option<f64>,
    /// The size of what is backed up, in bytes.
    pub size_bytes: Option<i64>,
    /// What was read and moved so far, in bytes.
    pub bytes_transferred: Option<i64>,
    /// The role it runs under.
    pub iam_role_arn: Option<Arn>,
    /// The plan and rule behind it; absent on demand.
    pub created_by: Option<Arc<Creator>>,
    /// `BackupOptions` as given.
    pub backup_options: BTreeMap<String, String>,
    /// Whether it stands for child jobs.
    pub is_parent: bool,
    /// The job that stands for it, if it is a child job.
    pub parent_job_id: Option<JobId>,
}

/// A copy job.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyJob {
    /// Its id.
    pub id: JobId,
    /// The account and region that own it.
    pub scope: Scope,
    /// The vault that is copied from.
    pub source_vault_arn: Option<Arn>,
    /// The recovery point that is copied.
    pub source_recovery_point_arn: Option<Arn>,
    /// The vault that is copied into.
    pub destination_vault_arn: Option<Arn>,
    /// The kind of that vault, where it is known and there.
    pub destination_vault_type: Option<VaultType>,
    /// The copy.
    pub destination_recovery_point_arn: Option<Arn>,
    /// What the recovery point is of.
    pub resource_arn: Option<Arn>,
    /// The resource's name.
    pub resource_name: Option<String>,
    /// The resource's type.
    pub resource_type: ResourceType,
    /// When it was created.
    pub created: Option<Time>,
    /// When it ended.
    pub completed: Option<Time>,
    /// Its state.
    pub state: JobState,
    /// What there is to say about it.
    pub status_message: Option<String>,
    /// The category of that.
    pub message_category: Option<String>,
    /// Its size in bytes.
    pub size_bytes: Option<i64>,
    /// How long the copy lives; none is for ever, or not told.
    pub lifecycle: Option<Lifecycle>,
    /// The role it runs under.
    pub iam_role_arn: Option<Arn>,
    /// The plan and rule behind it.
    pub created_by: Option<Arc<Creator>>,
    /// The backup job whose recovery point it copies, when a plan asked for that.
    pub backup_job_id: Option<JobId>,
    /// Whether it copies a composite recovery point, and stands for the child jobs that copy what is nested in it.
    pub is_parent: bool,
    /// The job that stands for it, if it is a child job.
    pub parent_job_id: Option<JobId>,
    /// `CompositeMemberIdentifier`: what its resource is called in its parent's.
    pub member: Option<String>,
}

/// A restore job.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreJob {
    /// Its id.
    pub id: JobId,
    /// The account and region that own it.
    pub scope: Scope,
    /// What is restored.
    pub recovery_point_arn: Option<Arn>,
    /// When that was created.
    pub recovery_point_created: Option<Time>,
    /// The resource that was backed up.
    pub source_resource_arn: Option<Arn>,
    /// The recovery point's vault.
    pub vault_arn: Option<Arn>,
    /// When it was created.
    pub created: Time,
    /// When it ended.
    pub completed: Option<Time>,
    /// Its state (`Status` in the API).
    pub state: JobState,
    /// What there is to say about it.
    pub status_message: Option<String>,
    /// 0 to 100.
    pub percent_done: Option<f64>,
    /// The size of what is restored, in bytes.
    pub size_bytes: Option<i64>,
    /// The role it runs under.
    pub iam_role_arn: Option<Arn>,
    /// How long it is expected to take.
    pub expected_minutes: Option<i64>,
    /// What the restore made or wrote into.
    pub created_resource_arn: Option<Arn>,
    /// The resource's type.
    pub resource_type: Option<ResourceType>,
    /// What became of a restore that is a test; nothing of others, and of tests that found nothing yet.
    pub validation: Option<Validation>,
}

/// What a restore test came to, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// `VALIDATING`, `SUCCESSFUL`, `FAILED` or `TIMED_OUT`.
    pub status: String,
    /// Why.
    pub message: Option<String>,
    /// What becomes of what was restored for it: `DELETING`, `SUCCESSFUL` or `FAILED`.
    pub deletion: Option<String>,
    /// Why that failed.
    pub deletion_message: Option<String>,
}

impl Validation {
    /// The test goes on.
    pub const VALIDATING: &str = "VALIDATING";
    /// It proved what it was to prove; what was restored is deleted.
    pub const SUCCESSFUL: &str = "SUCCESSFUL";
    /// It did not; what was restored is still there.
    pub const FAILED: &str = "FAILED";
}

/// The three kinds of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Makes a recovery point.
    Backup,
    /// Copies one into another vault.
    Copy,
    /// Brings one back.
    Restore,
}

impl JobState {
    /// Every state but those that this version does not know, in the order in which the API's pages name them.
    pub const KNOWN: [Self; 9] = [
        Self::Created,
        Self::Pending,
        Self::Running,
        Self::Aborting,
        Self::Aborted,
        Self::Completed,
        Self::Failed,
        Self::Expired,
        Self::Partial,
    ];

    /// Whether a job of `kind` in this state may go on to `next`. Staying is no change; a state that is final is never left.
    pub fn can_become(&self, kind: JobKind, next: &Self) -> bool {
        use JobState::{Aborted, Aborting, Completed, Created, Expired, Failed, Partial, Pending, Running};
        let allowed: &[Self] = match (kind, self) {
            (JobKind::Backup, Created) => &[Pending, Running, Aborted, Failed, Expired],
            (JobKind::Backup, Pending) => &[Running, Aborting, Aborted, Failed, Expired],
            (JobKind::Backup, Running) => &[Completed, Failed, Expired, Aborting, Partial],
            // A stop that was asked for is carried out: what the job stored until then is thrown away.
            (JobKind::Backup, Aborting) => &[Aborted, Failed],
            (JobKind::Copy, Created) => &[Running, Failed],
            (JobKind::Copy, Running) => &[Completed, Failed, Partial],
            (JobKind::Restore, Created) => &[Pending, Running, Failed],
            (JobKind::Restore, Pending) => &[Running, Aborted, Failed],
            (JobKind::Restore, Running) => &[Completed, Failed, Aborted],
            _ => &[],
        };
        allowed.contains(next)
    }

    /// The API's string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "CREATED",
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Aborting => "ABORTING",
            Self::Aborted => "ABORTED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
            Self::Partial => "PARTIAL",
            Self::Other(text) => text,
        }
    }

    /// Whether the job will not change any more.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Aborted | Self::Completed | Self::Failed | Self::Expired | Self::Partial)
    }
}

impl JobState {
    /// The states that jobs of any kind can have, as AWS writes them.
    pub const NAMES: &[&str] =
        &["CREATED", "PENDING", "RUNNING", "ABORTING", "ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL"];
}

impl From<&str> for JobState {
    fn from(text: &str) -> Self {
        match text {
            "CREATED" => Self::Created,
            "PENDING" => Self::Pending,
            "RUNNING" => Self::Running,
            "ABORTING" => Self::Aborting,
            "ABORTED" => Self::Aborted,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            "EXPIRED" => Self::Expired,
            "PARTIAL" => Self::Partial,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl BackupJob {
    /// COMPLETED, but not without issues: AWS's console calls it "Completed with issues".
    pub fn completed_with_issues(&self) -> bool {
        self.state == JobState::Completed
            && self.message_category.as_deref().is_some_and(|c| !c.eq_ignore_ascii_case(category::SUCCESS))
    }

    /// Whether it went well: it completed without issues. None where it was stopped, or is not over.
    pub fn went_well(&self) -> Option<bool> {
        match self.state {
            JobState::Completed => Some(!self.completed_with_issues()),
            JobState::Failed | JobState::Expired | JobState::Partial => Some(false),
            _ => None,
        }
    }

    /// When it ended; while that is not told, when it was created.
    pub fn ended_or_created(&self) -> Time {
        self.completed.unwrap_or(self.created)
    }
}

/// The values of `MessageCategory` that this program writes. AWS has more, and spells them in more than one way:
/// compare without case.
pub mod category {
    /// Nothing to say.
    pub const SUCCESS: &str = "SUCCESS";
    /// Something could not be read, or a role could not be assumed.
    pub const ACCESS_DENIED: &str = "AccessDenied";
    /// All else.
    pub const MISCELLANEOUS: &str = "MISCELLANEOUS";
}

#[cfg(test)]
mod tests {
    use super::*;
    use JobState::{Aborted, Aborting, Completed, Created, Expired, Failed, Partial, Pending, Running};

    const ALL: [JobState; 9] = [Created, Pending, Running, Aborting, Aborted, Completed, Failed, Expired, Partial];

    #[test]
    fn every_state_is_named() {
        assert_eq!(ALL.iter().map(JobState::as_str).collect::<Vec<_>>(), JobState::NAMES);
    }

    #[test]
    fn every_string_of_the_api_reads_back() {
        for state in ALL {
            assert_eq!(JobState::from(state.as_str()), state);
        }
        assert_eq!(JobState::from("COMPLETING"), JobState::Other("COMPLETING".to_owned()));
    }

    #[test]
    fn a_final_state_never_changes_and_the_others_can_end() {
        for kind in [JobKind::Backup, JobKind::Copy, JobKind::Restore] {
            for state in &ALL {
                let leads_on = ALL.iter().any(|next| state.can_become(kind, next));
                assert!(!(state.is_final() && leads_on), "{kind:?} {state:?}");
            }
            assert!(Running.can_become(kind, &Completed) && Running.can_become(kind, &Failed));
        }
    }

    #[test]
    fn a_backup_job_expires_before_its_start_and_while_it_runs() {
        assert!(Created.can_become(JobKind::Backup, &Expired));
        assert!(Running.can_become(JobKind::Backup, &Expired));
        assert!(!Running.can_become(JobKind::Restore, &Expired));
    }

    #[test]
    fn a_running_backup_is_stopped_by_way_of_aborting() {
        assert!(!Running.can_become(JobKind::Backup, &Aborted));
        assert!(Running.can_become(JobKind::Backup, &Aborting) && Aborting.can_become(JobKind::Backup, &Aborted));
        assert!(Created.can_become(JobKind::Backup, &Aborted));
    }

    #[test]
    fn no_job_goes_back() {
        for kind in [JobKind::Backup, JobKind::Copy, JobKind::Restore] {
            assert!(!Running.can_become(kind, &Pending) && !Running.can_become(kind, &Created));
        }
    }
}
