//! CreateBackupPlan, then CreateBackupSelection for each selection.

use super::contract::{Change, Harm};
use super::create_selection;
use super::outcome::{ChangeFailure, Outcome};
use super::request::{NEW_PLAN_ID, Request};
use super::sending::Sending;
use super::words::count;
use crate::client::map;
use crate::domain::plan::PlanDocument;
use crate::domain::selection::SelectionDocument;
use crate::domain::{PlanId, Tags};
use serde_json::{Value, json};

/// Creates a plan with its selections.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatePlan {
    /// The plan.
    pub document: PlanDocument,
    /// What it protects.
    pub selections: Vec<SelectionDocument>,
    /// The plan's tags.
    pub tags: Tags,
}

impl Change for CreatePlan {
    fn requests(&self, token: &str) -> Vec<Request> {
        let plan = Request::new("CreateBackupPlan")
            .with("BackupPlan", plan_input(&self.document))
            .with_map("BackupPlanTags", &self.tags)
            .with("CreatorRequestId", token);
        let selections = create_selection::requests(NEW_PLAN_ID, &self.selections, token);
        std::iter::once(plan).chain(selections).collect()
    }

    fn summary(&self) -> String {
        format!("Create plan {} with {}", self.document.backup_plan_name, count(self.selections.len(), "selection"))
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let input = map::plan_input(&self.document).map_err(|fault| sending.failed(fault))?;
        let call = sending.client().create_backup_plan().backup_plan(input);
        let call = call.set_backup_plan_tags(map::sent_map(&self.tags)).creator_request_id(sending.token());
        let made = sending.step(call.send()).await?;
        let id: PlanId = sending.id(made.backup_plan_id())?;
        sending.made_plan(id.clone());
        create_selection::send(sending, &id, &self.selections).await?;
        Ok(Outcome::Plan(id))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let [plain, full] = example_documents();
        let selections = create_selection::example_documents().to_vec();
        vec![
            Self { document: plain, selections: Vec::new(), tags: Tags::new() },
            Self { document: full, selections, tags: super::examples::tags() },
        ]
    }
}

/// `BackupPlanInput`: the document without what only the service sets.
pub(super) fn plan_input(document: &PlanDocument) -> Value {
    let mut input = document.clone();
    for rule in &mut input.rules {
        rule.rule_id = None;
    }
    json!(input)
}

/// A document with what must be, and one with all that can be.
#[cfg(test)]
pub(super) fn example_documents() -> [PlanDocument; 2] {
    let plain = json!({
        "BackupPlanName": "nightly",
        "Rules": [{"RuleName": "Daily", "TargetBackupVaultName": "Default"}]
    });
    let lifecycle = json!({"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365});
    let full = json!({
        "BackupPlanName": "nightly",
        "Rules": [{
            "RuleName": "Daily",
            "RuleId": "set-by-the-service",
            "TargetBackupVaultName": "Default",
            "ScheduleExpression": "cron(0 5 ? * * *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "StartWindowMinutes": 60,
            "CompletionWindowMinutes": 180,
            "Lifecycle": lifecycle,
            "RecoveryPointTags": super::examples::tags(),
            "CopyActions": [{
                "DestinationBackupVaultArn": "arn:aws:backup:eu-central-1:123456789012:backup-vault:far",
                "Lifecycle": lifecycle
            }],
            "EnableContinuousBackup": false
        }],
        "AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}]
    });
    [plain, full].map(|document| serde_json::from_value(document).unwrap())
}
