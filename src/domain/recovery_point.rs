//! Recovery points: what a backup leaves in a vault.

use crate::domain::damage::Damage;
use crate::domain::vault::{VaultRef, VaultType};
use crate::domain::{AccountId, Arn, CalculatedLifecycle, Known, Lifecycle, Nesting, ResourceType, Scope, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The state of a recovery point, as `Status` of [DescribeRecoveryPoint](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRecoveryPoint.html) names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RecoveryPointStatus {
    /// The backup is under way.
    Creating,
    /// Whole and restorable.
    Completed,
    /// A composite of which some child failed.
    Partial,
    /// A continuous one, live.
    Available,
    /// Being deleted.
    Deleting,
    /// Past its life, but the deletion failed.
    Expired,
    /// A continuous one that was interrupted.
    Stopped,
    /// A state that this version does not know.
    Other(String),
}

/// Which plan and rule made a recovery point or a job; absent for what was made on demand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Creator {
    /// The plan's id.
    pub backup_plan_id: String,
    /// The plan's ARN.
    pub backup_plan_arn: String,
    /// The plan's name.
    #[serde(default)]
    pub backup_plan_name: String,
    /// The version that was in force.
    pub backup_plan_version: String,
    /// The rule's id.
    pub backup_rule_id: String,
    /// The rule's name.
    #[serde(default)]
    pub backup_rule_name: String,
    /// The rule's schedule.
    #[serde(default)]
    pub backup_rule_cron: String,
    /// The schedule's time zone.
    #[serde(default)]
    pub backup_rule_timezone: String,
}

/// A recovery point as DescribeRecoveryPoint and the lists tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryPoint {
    /// Its ARN.
    pub arn: Arn,
    /// Where its vault lives.
    pub scope: Scope,
    /// Its vault's name.
    pub vault_name: String,
    /// Its vault's ARN.
    pub vault_arn: Arn,
    /// The kind of its vault.
    pub vault_type: VaultType,
    /// The vault that it was copied from, if it is a copy.
    pub source_vault_arn: Option<Arn>,
    /// What was backed up.
    pub resource_arn: Arn,
    /// The resource's name, where it has one.
    pub resource_name: Option<String>,
    /// The resource's type.
    pub resource_type: ResourceType,
    /// The plan and rule behind it.
    pub created_by: Option<Creator>,
    /// The role that made it.
    pub iam_role_arn: Option<Arn>,
    /// Its state.
    pub status: RecoveryPointStatus,
    /// Why it is in this state, or what is wrong with it.
    pub status_message: Option<String>,
    /// The start of its backup job: retention counts from here.
    pub created: Time,
    /// When data began to flow.
    pub initiated: Option<Time>,
    /// When it was whole.
    pub completed: Option<Time>,
    /// Its size in bytes.
    pub size_bytes: Option<i64>,
    /// How long it lives.
    pub lifecycle: Option<Lifecycle>,
    /// When that acts.
    pub calculated_lifecycle: CalculatedLifecycle,
    /// The vault's key.
    pub encryption_key_arn: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// When it was last restored.
    pub last_restore: Option<Time>,
    /// `WARM`, `COLD` or `DELETED`.
    pub storage_class: Option<String>,
    /// Whether a legal hold is on it. No answer of AWS tells so; a deletion does.
    pub held: bool,
    /// How it stands to composite ones.
    pub nesting: Nesting,
}

/// Where the data of a recovery point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageClass {
    /// Where backups are written.
    Warm,
    /// Where a lifecycle moves them.
    Cold,
}

impl StorageClass {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Warm, Self::Cold];

    /// The API's string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warm => "WARM",
            Self::Cold => "COLD",
        }
    }

    /// What the API's string says; warm, unless it is the other's.
    pub fn of(text: &str) -> Self {
        if text == Self::Cold.as_str() { Self::Cold } else { Self::Warm }
    }
}

impl RecoveryPoint {
    /// Whether it lies in cold storage.
    pub fn is_cold(&self) -> bool {
        self.storage_class.as_deref() == Some(StorageClass::Cold.as_str())
    }

    /// Whether something in it cannot be restored any more.
    pub fn is_damaged(&self) -> bool {
        Damage::is_told_by(self.status_message.as_deref())
    }
}

impl RecoveryPointStatus {
    /// The API's string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Creating => "CREATING",
            Self::Completed => "COMPLETED",
            Self::Partial => "PARTIAL",
            Self::Available => "AVAILABLE",
            Self::Deleting => "DELETING",
            Self::Expired => "EXPIRED",
            Self::Stopped => "STOPPED",
            Self::Other(text) => text,
        }
    }
}

impl RecoveryPointStatus {
    /// All of them, as AWS writes them.
    pub const NAMES: &[&str] = &["CREATING", "COMPLETED", "PARTIAL", "AVAILABLE", "DELETING", "EXPIRED", "STOPPED"];
}

impl From<&str> for RecoveryPointStatus {
    fn from(text: &str) -> Self {
        match text {
            "CREATING" => Self::Creating,
            "COMPLETED" => Self::Completed,
            "PARTIAL" => Self::Partial,
            "AVAILABLE" => Self::Available,
            "DELETING" => Self::Deleting,
            "EXPIRED" => Self::Expired,
            "STOPPED" => Self::Stopped,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A recovery point as far as an answer tells of it. ListRecoveryPointsByResource tells least, DescribeRecoveryPoint all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPoint {
    /// Its ARN.
    pub arn: Arn,
    /// The account and region that tell of it: where its vault lives, unless another account shares that with them.
    pub scope: Scope,
    /// Its vault's name.
    pub vault_name: String,
    /// Its vault's ARN.
    pub vault_arn: Arn,
    /// What was backed up.
    pub resource_arn: Arn,
    /// The resource's name, where it has one.
    pub resource_name: Option<String>,
    /// The resource's type.
    pub resource_type: ResourceType,
    /// Its state.
    pub status: RecoveryPointStatus,
    /// Why it is in this state, or what is wrong with it.
    pub status_message: Option<String>,
    /// The start of its backup job: retention counts from here.
    pub created: Time,
    /// Its size in bytes.
    pub size_bytes: Option<i64>,
    /// The vault's key.
    pub encryption_key_arn: Option<String>,
    /// The vault that it was copied from, if it is a copy.
    pub source_vault_arn: Known<Option<Arn>>,
    /// The plan and rule behind it; none made it when it was made on demand.
    pub created_by: Known<Option<Arc<Creator>>>,
    /// The role that made it.
    pub iam_role_arn: Known<Option<Arn>>,
    /// When data began to flow.
    pub initiated: Known<Option<Time>>,
    /// When it was whole.
    pub completed: Known<Option<Time>>,
    /// How long it lives; for ever when it has no lifecycle.
    pub lifecycle: Known<Option<Lifecycle>>,
    /// When that acts.
    pub calculated_lifecycle: Known<CalculatedLifecycle>,
    /// Whether it is encrypted.
    pub encrypted: Known<bool>,
    /// When it was last restored.
    pub last_restore: Known<Option<Time>>,
    /// `WARM`, `COLD` or `DELETED`.
    pub storage_class: Known<Option<String>>,
    /// How it stands to composite ones. ListRecoveryPointsByResource does not tell what it is called in its parent.
    pub nesting: Nesting,
}

impl KnownPoint {
    /// Its vault, as its scope names that.
    pub fn vault(&self) -> VaultRef {
        VaultRef::of(&self.vault_arn, &self.vault_name, &self.scope)
    }

    /// The account that shares its vault with its scope; none where the vault is the scope's own.
    pub fn shared_by(&self) -> Option<AccountId> {
        self.vault().owner
    }

    /// Whether something in it cannot be restored any more.
    pub fn is_damaged(&self) -> bool {
        Damage::is_told_by(self.status_message.as_deref())
    }

    /// The role that a job with it runs under unless another is chosen: that of its backup, or the account's default one where
    /// none is told, and where it is another account's, as that of a copy is.
    pub fn role(&self) -> Arn {
        let account = &self.scope.account;
        let own = self.iam_role_arn.clone().told().filter(|role| role.account() == account.as_str());
        own.unwrap_or_else(|| Arn::default_role(account))
    }

    /// Whether it lies in cold storage.
    pub fn is_cold(&self) -> Known<bool> {
        self.storage_class.as_ref().map(|class| class.as_deref() == Some(StorageClass::Cold.as_str()))
    }

    /// When it moves, or moved, to cold storage: never is `Known(None)`.
    pub fn cold_at(&self) -> Known<Option<Time>> {
        self.calculated_lifecycle.map(|lifecycle| lifecycle.move_to_cold_storage_at)
    }

    /// When it is deleted: never is `Known(None)`.
    pub fn delete_at(&self) -> Known<Option<Time>> {
        self.calculated_lifecycle.map(|lifecycle| lifecycle.delete_at)
    }
}
