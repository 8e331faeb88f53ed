//! DeleteBackupSelection.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::domain::{PlanId, SelectionId};

/// A selection by its id, with its name for the eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionRef {
    /// Its id.
    pub id: SelectionId,
    /// Its name.
    pub name: String,
}

/// Lets a plan protect less.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteSelection {
    /// The plan.
    pub plan: PlanId,
    /// The selection.
    pub selection: SelectionRef,
}

impl Change for DeleteSelection {
    fn requests(&self, _: &str) -> Vec<Request> {
        requests(&self.plan, std::slice::from_ref(&self.selection))
    }

    fn summary(&self) -> String {
        format!("Delete selection {}", self.selection.name)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "The plan no longer protects what it selected.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        send(sending, &self.plan, std::slice::from_ref(&self.selection)).await?;
        Ok(Outcome::Plan(self.plan.clone()))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        example_refs().map(|selection| Self { plan: "plan-9".parse().unwrap(), selection }).to_vec()
    }
}

/// One request a selection.
pub(super) fn requests(plan: &PlanId, selections: &[SelectionRef]) -> Vec<Request> {
    let request = |selection: &SelectionRef| {
        Request::new("DeleteBackupSelection")
            .with("BackupPlanId", plan.as_str())
            .with("SelectionId", selection.id.as_str())
    };
    selections.iter().map(request).collect()
}

/// Sends one request a selection.
pub(super) async fn send(
    sending: &mut Sending<'_>,
    plan: &PlanId,
    selections: &[SelectionRef],
) -> Result<(), ChangeFailure> {
    for selection in selections {
        let call = sending.client().delete_backup_selection().backup_plan_id(plan.as_str());
        sending.step(call.selection_id(selection.id.as_str()).send()).await?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) fn example_refs() -> [SelectionRef; 2] {
    ["old", "older"]
        .map(|name| SelectionRef { id: format!("selection-{name}").parse().unwrap(), name: name.to_owned() })
}
