//! What can be changed, and the exact requests that change it.

use crate::domain::names::JobId;
use crate::domain::plan::PlanDocument;
use crate::domain::selection::SelectionDocument;
use crate::domain::{Arn, Lifecycle, PlanId, ResourceType, SelectionId, Tags};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The text that stands for an id that an earlier request of the same mutation returns.
pub(crate) const NEW_PLAN_ID: &str = "ID-OF-THE-NEW-PLAN";

/// A change. Those that need several requests say so in their preview and carry them out in its order.
#[derive(Debug, Clone, PartialEq)]
pub enum Mutation {
    /// CreateBackupVault.
    CreateVault {
        /// The new vault's name.
        name: String,
        /// Its tags.
        tags: Tags,
        /// The key that wraps its data key; the service's default when none.
        encryption_key_arn: Option<String>,
    },
    /// DeleteBackupVault.
    DeleteVault {
        /// Its name.
        name: String,
    },
    /// CreateBackupPlan, then CreateBackupSelection for each selection.
    CreatePlan {
        /// The plan.
        document: PlanDocument,
        /// What it protects.
        selections: Vec<SelectionDocument>,
        /// The plan's tags.
        tags: Tags,
    },
    /// UpdateBackupPlan, then the selections: deletions, then creations.
    UpdatePlan {
        /// The plan.
        id: PlanId,
        /// Its new document.
        document: PlanDocument,
        /// Selections to delete.
        delete: Vec<SelectionRef>,
        /// Selections to create.
        create: Vec<SelectionDocument>,
    },
    /// DeleteBackupSelection for each selection, as AWS demands, then DeleteBackupPlan.
    DeletePlan {
        /// The plan.
        id: PlanId,
        /// Its name, to be typed.
        name: String,
        /// All its selections.
        selections: Vec<SelectionRef>,
    },
    /// CreateBackupSelection.
    CreateSelection {
        /// The plan.
        plan: PlanId,
        /// The selection.
        document: SelectionDocument,
    },
    /// DeleteBackupSelection.
    DeleteSelection {
        /// The plan.
        plan: PlanId,
        /// The selection.
        selection: SelectionRef,
    },
    /// StartBackupJob.
    StartBackup(StartBackup),
    /// StopBackupJob.
    StopBackup {
        /// The job.
        id: JobId,
    },
    /// StartRestoreJob.
    StartRestore(StartRestore),
    /// DeleteRecoveryPoint.
    DeleteRecoveryPoint {
        /// Its vault's name.
        vault: String,
        /// The recovery point.
        recovery_point: Arn,
    },
    /// UpdateRecoveryPointLifecycle.
    UpdateLifecycle {
        /// The recovery point's vault.
        vault: String,
        /// The recovery point.
        recovery_point: Arn,
        /// How long it shall live.
        lifecycle: Lifecycle,
    },
    /// TagResource.
    TagResource {
        /// A vault, plan or recovery point.
        arn: Arn,
        /// Tags to add or replace.
        tags: Tags,
    },
    /// UntagResource.
    UntagResource {
        /// A vault, plan or recovery point.
        arn: Arn,
        /// Tags to take away.
        keys: Vec<String>,
    },
}

/// A selection by its id, with its name for the eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionRef {
    /// Its id.
    pub id: SelectionId,
    /// Its name.
    pub name: String,
}

/// The request of an on-demand backup.
#[derive(Debug, Clone, PartialEq)]
pub struct StartBackup {
    /// The vault's name.
    pub vault: String,
    /// What is backed up.
    pub resource: Arn,
    /// The role it runs under.
    pub role: Arn,
    /// How long the recovery point lives; none keeps it for ever.
    pub lifecycle: Option<Lifecycle>,
    /// Minutes in which it must start.
    pub start_window_minutes: Option<i64>,
    /// Minutes in which it must end.
    pub complete_window_minutes: Option<i64>,
    /// The recovery point's tags.
    pub tags: Tags,
    /// `BackupOptions`.
    pub options: BTreeMap<String, String>,
    /// Makes sending it twice start one job only: [`new_token`].
    pub idempotency_token: String,
}

/// The request of a restore.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRestore {
    /// What is restored.
    pub recovery_point: Arn,
    /// Where and how, by the resource type's keys.
    pub metadata: BTreeMap<String, String>,
    /// The role it runs under.
    pub role: Option<Arn>,
    /// The resource's type.
    pub resource_type: Option<ResourceType>,
    /// Whether the restored resource gets the source's tags.
    pub copy_source_tags: bool,
    /// Makes sending it twice start one job only: [`new_token`].
    pub idempotency_token: String,
}

/// One request of a mutation, as it will be sent: the operation and the input's members, by AWS's names.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `CreateBackupVault`.
    pub operation: &'static str,
    /// The members, in the API's order.
    pub input: Value,
}

/// A token that is never the same again, for `idempotency_token`.
pub fn new_token() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Collects the members that are there.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn map(self, name: &str, map: &BTreeMap<String, String>) -> Self {
        if map.is_empty() { self } else { self.with(name, json!(map)) }
    }

    fn request(self, operation: &'static str) -> Request {
        Request { operation, input: Value::Object(self.0) }
    }
}

impl Mutation {
    /// The requests, in the order in which they are sent. `token` makes sending them twice create one thing only.
    pub fn requests(&self, token: &str) -> Vec<Request> {
        match self {
            Self::CreateVault { name, tags, encryption_key_arn } => vec![
                Members::default()
                    .with("BackupVaultName", name.as_str())
                    .map("BackupVaultTags", tags)
                    .maybe("EncryptionKeyArn", encryption_key_arn.as_deref())
                    .with("CreatorRequestId", token)
                    .request("CreateBackupVault"),
            ],
            Self::DeleteVault { name } => {
                vec![Members::default().with("BackupVaultName", name.as_str()).request("DeleteBackupVault")]
            }
            Self::CreatePlan { document, selections, tags } => {
                let plan = Members::default()
                    .with("BackupPlan", plan_input(document))
                    .map("BackupPlanTags", tags)
                    .with("CreatorRequestId", token)
                    .request("CreateBackupPlan");
                std::iter::once(plan).chain(create_selections(NEW_PLAN_ID, selections, token)).collect()
            }
            Self::UpdatePlan { id, document, delete, create } => {
                let plan = Members::default()
                    .with("BackupPlanId", id.as_str())
                    .with("BackupPlan", plan_input(document))
                    .request("UpdateBackupPlan");
                let deletions = delete.iter().map(|s| delete_selection(id, s));
                let creations = create_selections(id.as_str(), create, token);
                std::iter::once(plan).chain(deletions).chain(creations).collect()
            }
            Self::DeletePlan { id, selections, .. } => {
                let plan = Members::default().with("BackupPlanId", id.as_str()).request("DeleteBackupPlan");
                selections.iter().map(|s| delete_selection(id, s)).chain(std::iter::once(plan)).collect()
            }
            Self::CreateSelection { plan, document } => {
                create_selections(plan.as_str(), std::slice::from_ref(document), token)
            }
            Self::DeleteSelection { plan, selection } => vec![delete_selection(plan, selection)],
            Self::StartBackup(start) => vec![start.request()],
            Self::StopBackup { id } => {
                vec![Members::default().with("BackupJobId", id.as_str()).request("StopBackupJob")]
            }
            Self::StartRestore(start) => vec![start.request()],
            Self::DeleteRecoveryPoint { vault, recovery_point } => vec![
                Members::default()
                    .with("BackupVaultName", vault.as_str())
                    .with("RecoveryPointArn", recovery_point.as_str())
                    .request("DeleteRecoveryPoint"),
            ],
            Self::UpdateLifecycle { vault, recovery_point, lifecycle } => vec![
                Members::default()
                    .with("BackupVaultName", vault.as_str())
                    .with("RecoveryPointArn", recovery_point.as_str())
                    .with("Lifecycle", json!(lifecycle))
                    .request("UpdateRecoveryPointLifecycle"),
            ],
            Self::TagResource { arn, tags } => vec![
                Members::default().with("ResourceArn", arn.as_str()).with("Tags", json!(tags)).request("TagResource"),
            ],
            Self::UntagResource { arn, keys } => vec![
                Members::default()
                    .with("ResourceArn", arn.as_str())
                    .with("TagKeyList", json!(keys))
                    .request("UntagResource"),
            ],
        }
    }
}

impl StartBackup {
    fn request(&self) -> Request {
        Members::default()
            .with("BackupVaultName", self.vault.as_str())
            .with("ResourceArn", self.resource.as_str())
            .with("IamRoleArn", self.role.as_str())
            .with("IdempotencyToken", self.idempotency_token.as_str())
            .maybe("StartWindowMinutes", self.start_window_minutes)
            .maybe("CompleteWindowMinutes", self.complete_window_minutes)
            .maybe("Lifecycle", self.lifecycle.map(|lifecycle| json!(lifecycle)))
            .map("RecoveryPointTags", &self.tags)
            .map("BackupOptions", &self.options)
            .request("StartBackupJob")
    }
}

impl StartRestore {
    fn request(&self) -> Request {
        Members::default()
            .with("RecoveryPointArn", self.recovery_point.as_str())
            .with("Metadata", json!(self.metadata))
            .maybe("IamRoleArn", self.role.as_ref().map(Arn::as_str))
            .with("IdempotencyToken", self.idempotency_token.as_str())
            .maybe("ResourceType", self.resource_type.as_ref().map(ResourceType::as_str))
            .maybe("CopySourceTagsToRestoredResource", self.copy_source_tags.then_some(true))
            .request("StartRestoreJob")
    }
}

/// `BackupPlanInput`: the document without what only the service sets.
fn plan_input(document: &PlanDocument) -> Value {
    let mut input = document.clone();
    for rule in &mut input.rules {
        rule.rule_id = None;
    }
    json!(input)
}

/// The token of the selection that is created in place `index`.
pub(crate) fn selection_token(token: &str, index: usize) -> String {
    format!("{token}-{}", index + 1)
}

fn create_selections(plan: &str, documents: &[SelectionDocument], token: &str) -> Vec<Request> {
    let request = |(index, document)| {
        Members::default()
            .with("BackupPlanId", plan)
            .with("BackupSelection", json!(document))
            .with("CreatorRequestId", selection_token(token, index))
            .request("CreateBackupSelection")
    };
    documents.iter().enumerate().map(request).collect()
}

fn delete_selection(plan: &PlanId, selection: &SelectionRef) -> Request {
    Members::default()
        .with("BackupPlanId", plan.as_str())
        .with("SelectionId", selection.id.as_str())
        .request("DeleteBackupSelection")
}
