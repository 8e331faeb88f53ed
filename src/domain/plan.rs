//! Backup plans: documents, rules, windows, as [BackupPlan](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupPlan.html) has them.

use crate::domain::{Arn, Lifecycle, PlanId, Scope, Tags, Time};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use std::collections::BTreeMap;

/// `BackupPlanInput` and `BackupPlan`: the document that CreateBackupPlan takes and GetBackupPlan returns.
///
/// Names are plain texts here, so that a document from AWS or from an editor can be held while it is still wrong;
/// `validate` says what is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlanDocument {
    /// The plan's name.
    pub backup_plan_name: String,
    /// Its rules, 1 to 10.
    pub rules: Vec<Rule>,
    /// Options per resource type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advanced_backup_settings: Vec<AdvancedBackupSetting>,
}

/// `BackupRuleInput` and `BackupRule` (the latter with a `RuleId`).
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    /// The rule's name, unique within the plan.
    pub rule_name: String,
    /// Its id; stable by rule name, absent in what a user sends.
    pub rule_id: Option<String>,
    /// The vault in the plan's account and region.
    pub target_backup_vault_name: String,
    /// The logically air-gapped vault that takes the place of that one for what can be written into it at once.
    pub target_logically_air_gapped_backup_vault_arn: Option<String>,
    /// `cron(0 5 ? * * *)` when absent.
    pub schedule_expression: Option<String>,
    /// An IANA name; `Etc/UTC` when absent.
    pub schedule_expression_timezone: Option<String>,
    /// Minutes in which a job must start; 480 when absent.
    pub start_window_minutes: Option<i64>,
    /// Minutes, from the scheduled time, in which a job must end; 10080 when absent.
    pub completion_window_minutes: Option<i64>,
    /// How long its recovery points live.
    pub lifecycle: Option<Lifecycle>,
    /// Tags added to its recovery points.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recovery_point_tags: Tags,
    /// Copies into other vaults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copy_actions: Vec<CopyAction>,
    /// Continuous backup (point-in-time recovery).
    pub enable_continuous_backup: Option<bool>,
}

impl Rule {
    /// Whether its backups go into this vault of this account and region, which are those of the plan.
    pub fn writes_into(&self, scope: &Scope, vault: &str) -> bool {
        let named =
            self.target_logically_air_gapped_backup_vault_arn.as_ref().and_then(|text| text.parse::<Arn>().ok());
        match named {
            Some(arn) => arn.vault_name() == Some(vault) && arn.scope().as_ref() == Some(scope),
            None => self.target_backup_vault_name == vault,
        }
    }

    /// Its copies into this vault of this account and region.
    pub fn copies_into<'a>(&'a self, scope: &'a Scope, vault: &'a str) -> impl Iterator<Item = &'a CopyAction> {
        self.copy_actions.iter().filter(move |copy| {
            let destination = copy.destination_backup_vault_arn.parse::<Arn>();
            destination.is_ok_and(|arn| arn.vault_name() == Some(vault) && arn.scope().as_ref() == Some(scope))
        })
    }
}

/// One copy of a rule.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CopyAction {
    /// The vault that is copied into, in any account and region.
    pub destination_backup_vault_arn: String,
    /// The copy's lifecycle.
    pub lifecycle: Option<Lifecycle>,
}

/// Options of a plan for one resource type (`WindowsVSS`, …).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdvancedBackupSetting {
    /// The type they apply to.
    #[serde(default)]
    pub resource_type: String,
    /// The options.
    #[serde(default)]
    pub backup_options: BTreeMap<String, String>,
}

/// A plan in one of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives.
    pub scope: Scope,
    /// The version told of.
    pub version_id: String,
    /// Its document in that version. Lists do not carry it: [`PlanSummary`].
    pub document: PlanDocument,
    /// The token of the call that created it.
    pub creator_request_id: Option<String>,
    /// When this version was created.
    pub created: Option<Time>,
    /// When the plan was deleted.
    pub deleted: Option<Time>,
    /// When it last made a job.
    pub last_execution: Option<Time>,
}

/// A row of ListBackupPlans and ListBackupPlanVersions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSummary {
    /// The plan's id.
    pub id: PlanId,
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// The version told of.
    pub version_id: String,
    /// The token of the call that created it.
    pub creator_request_id: Option<String>,
    /// When this version was created.
    pub created: Option<Time>,
    /// When the plan was deleted.
    pub deleted: Option<Time>,
    /// When it last made a job.
    pub last_execution: Option<Time>,
    /// Options per resource type.
    pub advanced_backup_settings: Vec<AdvancedBackupSetting>,
}

/// What the id of a plan begins with that a backup policy of the organization makes.
const OF_ORGANIZATION: &str = "orgs/";

impl PlanId {
    /// Whether a backup policy of the organization makes the plan: then its account only reads it.
    pub fn is_of_organization(&self) -> bool {
        self.as_str().starts_with(OF_ORGANIZATION)
    }

    /// The text of an id for a plan that a backup policy makes, of a part that no other has.
    pub fn of_organization(own: &str) -> String {
        format!("{OF_ORGANIZATION}{own}")
    }
}

/// One of the next runs of a plan (`ScheduledRunsPreview`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledRun {
    /// When it runs.
    pub at: Time,
    /// The rule that runs then.
    pub rule_id: String,
    /// `SNAPSHOTS`, `CONTINUOUS` or `CONTINUOUS_AND_SNAPSHOTS`.
    pub execution_type: String,
}
