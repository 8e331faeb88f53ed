//! DeleteBackupSelection for each selection, as AWS demands, then DeleteBackupPlan.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::count;
use super::{SelectionRef, delete_selection};
use crate::domain::PlanId;

/// Deletes a plan with its selections.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletePlan {
    /// The plan.
    pub id: PlanId,
    /// Its name, to be typed.
    pub name: String,
    /// All its selections.
    pub selections: Vec<SelectionRef>,
}

impl Change for DeletePlan {
    fn requests(&self, _: &str) -> Vec<Request> {
        let mut requests = delete_selection::requests(&self.id, &self.selections);
        requests.push(Request::new("DeleteBackupPlan").with("BackupPlanId", self.id.as_str()));
        requests
    }

    fn summary(&self) -> String {
        format!("Delete plan {} and its {}", self.name, count(self.selections.len(), "selection"))
    }

    fn harm(&self) -> Harm {
        Harm::High(self.name.clone())
    }

    fn consequence(&self) -> String {
        "No more backups are made by it. Its recovery points stay until their lifecycle ends.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        delete_selection::send(sending, &self.id, &self.selections).await?;
        let call = sending.client().delete_backup_plan().backup_plan_id(self.id.as_str());
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let plain = Self { id: "plan-9".parse().unwrap(), name: "nightly".to_owned(), selections: Vec::new() };
        vec![Self { selections: delete_selection::example_refs().to_vec(), ..plain.clone() }, plain]
    }
}
