//! CreateBackupSelection.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::client::map;
use crate::domain::PlanId;
use crate::domain::selection::SelectionDocument;
use serde_json::json;

/// Lets a plan protect more.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSelection {
    /// The plan.
    pub plan: PlanId,
    /// The selection.
    pub document: SelectionDocument,
}

impl Change for CreateSelection {
    fn requests(&self, token: &str) -> Vec<Request> {
        requests(self.plan.as_str(), std::slice::from_ref(&self.document), token)
    }

    fn summary(&self) -> String {
        format!("Create selection {}", self.document.selection_name)
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        send(sending, &self.plan, std::slice::from_ref(&self.document)).await?;
        Ok(Outcome::Plan(self.plan.clone()))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let plan: PlanId = "plan-9".parse().unwrap();
        example_documents().map(|document| Self { plan: plan.clone(), document }).to_vec()
    }
}

/// One request a selection.
pub(super) fn requests(plan: &str, documents: &[SelectionDocument], token: &str) -> Vec<Request> {
    let request = |(index, document)| {
        Request::new("CreateBackupSelection")
            .with("BackupPlanId", plan)
            .with("BackupSelection", json!(document))
            .with("CreatorRequestId", selection_token(token, index))
    };
    documents.iter().enumerate().map(request).collect()
}

/// Sends one request a selection.
pub(super) async fn send(
    sending: &mut Sending<'_>,
    plan: &PlanId,
    documents: &[SelectionDocument],
) -> Result<(), ChangeFailure> {
    for (index, document) in documents.iter().enumerate() {
        let input = map::selection_input(document).map_err(|fault| sending.failed(fault))?;
        let call = sending.client().create_backup_selection().backup_plan_id(plan.as_str()).backup_selection(input);
        let call = call.creator_request_id(selection_token(sending.token(), index));
        sending.step(call.send()).await?;
    }
    Ok(())
}

/// The token of the selection that is created in place `index`.
fn selection_token(token: &str, index: usize) -> String {
    format!("{token}-{}", index + 1)
}

/// A document with what must be, and one with all that can be.
#[cfg(test)]
pub(super) fn example_documents() -> [SelectionDocument; 2] {
    let role = "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole";
    let plain = json!({"SelectionName": "all", "IamRoleArn": role});
    let condition = json!([{"ConditionKey": "aws:ResourceTag/team", "ConditionValue": "a*"}]);
    let full = json!({
        "SelectionName": "by-tag",
        "IamRoleArn": role,
        "Resources": ["*"],
        "NotResources": ["arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0"],
        "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "env", "ConditionValue": "prod"}],
        "Conditions": {
            "StringEquals": condition, "StringNotEquals": condition, "StringLike": condition, "StringNotLike": condition
        }
    });
    [plain, full].map(|document| serde_json::from_value(document).unwrap())
}
