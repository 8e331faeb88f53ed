//! Who asks, and what for: the requests of the operations, with names after AWS's.

use crate::domain::{AccountId, Arn, Invalid, Lifecycle, Region, Scope, Tags, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The principal of a call: the account and user of its access key, the region of its signature.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account that the access key belongs to.
    pub account: AccountId,
    /// The region of the signature's scope.
    pub region: Region,
    /// The user or the assumed role.
    pub user_arn: Arn,
    /// Where a restore may write, by the way in which the call came.
    pub restore_roots: RestoreRoots,
}

/// Where `vaultdeck:path` of a restore may point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreRoots {
    /// Anywhere: the socket and in process, whose callers own the data directory.
    Any,
    /// Only below these folders: TCP.
    Below(Vec<PathBuf>),
}

/// Which part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many rows, 1 to 1000.
    pub max_results: Option<i64>,
    /// The token of the page before.
    pub next_token: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Ask again with it for more.
    pub next_token: Option<String>,
}

/// What CreateBackupVault takes beside the name.
#[derive(Debug, Clone, Default)]
pub struct NewVault {
    /// Its tags.
    pub tags: Tags,
    /// Its key; the engine's own when absent. No other can be given yet.
    pub encryption_key_arn: Option<String>,
    /// A token: the same one with the same name gives the same vault.
    pub creator_request_id: Option<String>,
}

/// StartBackupJob.
#[derive(Debug, Clone, Serialize)]
pub struct StartBackup {
    /// The vault that will hold the recovery point.
    pub vault_name: String,
    /// What is backed up.
    pub resource_arn: Arn,
    /// The role to run under.
    pub iam_role_arn: Arn,
    /// The same token gives the same job.
    pub idempotency_token: Option<String>,
    /// Minutes in which it must start; 480 when absent.
    pub start_window_minutes: Option<i64>,
    /// Minutes in which it must be done; 10080 when absent.
    pub complete_window_minutes: Option<i64>,
    /// How long the recovery point lives.
    pub lifecycle: Option<Lifecycle>,
    /// The recovery point's own tags, over the resource's.
    pub recovery_point_tags: Tags,
    /// Options of the resource type.
    pub backup_options: BTreeMap<String, String>,
}

/// StartRestoreJob.
#[derive(Debug, Clone, Serialize)]
pub struct StartRestore {
    /// What is restored.
    pub recovery_point_arn: Arn,
    /// The keys of the resource type, see [`crate::domain::restore`].
    pub metadata: BTreeMap<String, String>,
    /// The role to run under.
    pub iam_role_arn: Option<Arn>,
    /// The same token gives the same job.
    pub idempotency_token: Option<String>,
    /// The type, when given, must be the recovery point's.
    pub resource_type: Option<String>,
    /// Whether the new resource takes the tags of the backed up one.
    pub copy_source_tags: bool,
}

/// The filters of ListBackupJobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupJobFilter {
    /// Of this resource.
    pub resource_arn: Option<Arn>,
    /// In this state.
    pub state: Option<String>,
    /// Into the vault of this name.
    pub vault_name: Option<String>,
    /// Created before.
    pub created_before: Option<Time>,
    /// Created after.
    pub created_after: Option<Time>,
    /// Ended before.
    pub complete_before: Option<Time>,
    /// Ended after.
    pub complete_after: Option<Time>,
    /// Of this resource type.
    pub resource_type: Option<String>,
    /// Of this account; `*` for all, both for the management account only.
    pub account_id: Option<String>,
    /// Children of this job.
    pub parent_job_id: Option<String>,
    /// With this message category; case does not matter. `*`, `ANY` and `AGGREGATE_ALL` mean all of them.
    pub message_category: Option<String>,
}

/// The filters of ListRestoreJobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreJobFilter {
    /// Of this account; `*` for all, both for the management account only.
    pub account_id: Option<String>,
    /// Of this resource type.
    pub resource_type: Option<String>,
    /// Created before.
    pub created_before: Option<Time>,
    /// Created after.
    pub created_after: Option<Time>,
    /// In this state.
    pub status: Option<String>,
    /// Ended before.
    pub complete_before: Option<Time>,
    /// Ended after.
    pub complete_after: Option<Time>,
    /// Of this restore testing plan: there is none yet.
    pub restore_testing_plan_arn: Option<String>,
    /// Children of this job: no job of this engine has any.
    pub parent_job_id: Option<String>,
    /// Of recovery points of this resource.
    pub source_resource_arn: Option<Arn>,
    /// Of recovery points that were created before.
    pub point_created_before: Option<Time>,
    /// Of recovery points that were created after.
    pub point_created_after: Option<Time>,
}

/// The filters of ListCopyJobs that can be wrong; the list itself is truly empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyJobFilter {
    /// Of this account; `*` for all, both for the management account only.
    pub account_id: Option<String>,
    /// In this state.
    pub state: Option<String>,
}

/// The filters of ListRecoveryPointsByBackupVault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryPointFilter {
    /// Of this resource.
    pub resource_arn: Option<Arn>,
    /// Of this resource type.
    pub resource_type: Option<String>,
    /// Made by this plan.
    pub backup_plan_id: Option<String>,
    /// Created before.
    pub created_before: Option<Time>,
    /// Created after.
    pub created_after: Option<Time>,
    /// Parts of this composite: there is none yet.
    pub parent_recovery_point_arn: Option<String>,
}

/// The filters of the job summaries. Each of the first four may be `ANY` (a row for each value) or `AGGREGATE_ALL` (summed).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SummaryFilter {
    /// The account; the caller's own when absent.
    pub account_id: Option<String>,
    /// The state; all of them, a row for each, when absent.
    pub state: Option<String>,
    /// The resource type; all of them, a row for each, when absent.
    pub resource_type: Option<String>,
    /// The message category; summed when absent.
    pub message_category: Option<String>,
    /// `ONE_DAY`, `SEVEN_DAYS`, `FOURTEEN_DAYS`; one day when absent.
    pub aggregation_period: Option<String>,
}

/// What GetResources of the tagging API looks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagQuery {
    /// Only these resources.
    pub resource_arns: Vec<String>,
    /// Only these services (`elasticfilesystem`) or types of them (`elasticfilesystem:file-system`).
    pub resource_types: Vec<String>,
    /// All of these must hold.
    pub filters: Vec<TagFilter>,
}

/// A key, and values of which one must be the tag's; none means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// The tag's key.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

/// Where to move a simulated clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdvanceTo {
    /// So much forward.
    By(chrono::Duration),
    /// To this moment.
    At(Time),
}

/// The wish to end something that takes long, shared by who waits for it and who does it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks to end soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody has asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Refuses a value of a filter that is none of those that the API knows.
pub(crate) fn check_one_of(field: &str, value: Option<&str>, known: &[&str]) -> Result<(), Invalid> {
    match value {
        Some(value) if !known.contains(&value) => {
            Err(Invalid::value(field, format_args!("{value:?} is not one of {}", known.join(", "))))
        }
        _ => Ok(()),
    }
}

impl Caller {
    /// Where the caller's things live.
    pub fn scope(&self) -> Scope {
        Scope::new(self.account.clone(), self.region.clone())
    }
}

impl RestoreRoots {
    /// Whether a restore may write to `path`, which is absolute and has no `..` in it.
    pub fn allow(&self, path: &Path) -> bool {
        match self {
            Self::Any => true,
            Self::Below(roots) => roots.iter().any(|root| path.starts_with(root)),
        }
    }
}

impl<T> Page<T> {
    /// A page of nothing, and the last one.
    pub fn empty() -> Self {
        Self { items: Vec::new(), next_token: None }
    }

    /// The same page with other rows.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_token: self.next_token }
    }
}
