//! UpdateBackupPlan, then the selections: deletions, then creations.

use super::contract::{Change, Harm};
use super::create_plan::plan_input;
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::count;
use super::{SelectionRef, create_selection, delete_selection};
use crate::client::map;
use crate::domain::PlanId;
use crate::domain::plan::PlanDocument;
use crate::domain::selection::SelectionDocument;

/// Gives a plan a new version, and changes what it protects. A selection cannot be changed: it is deleted and created.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdatePlan {
    /// The plan.
    pub id: PlanId,
    /// Its new document.
    pub document: PlanDocument,
    /// Selections to delete.
    pub delete: Vec<SelectionRef>,
    /// Selections to create.
    pub create: Vec<SelectionDocument>,
}

impl Change for UpdatePlan {
    fn requests(&self, token: &str) -> Vec<Request> {
        let plan = Request::new("UpdateBackupPlan")
            .with("BackupPlanId", self.id.as_str())
            .with("BackupPlan", plan_input(&self.document));
        let deletions = delete_selection::requests(&self.id, &self.delete);
        let creations = create_selection::requests(self.id.as_str(), &self.create, token);
        std::iter::once(plan).chain(deletions).chain(creations).collect()
    }

    fn summary(&self) -> String {
        let selections = match (self.delete.len(), self.create.len()) {
            (0, 0) => String::new(),
            (delete, create) => format!(", delete {delete} and create {}", count(create, "selection")),
        };
        format!("Update plan {}{selections}", self.document.backup_plan_name)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "Backups made from now on follow the new version; those made before keep their lifecycle.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let input = map::plan_input(&self.document).map_err(|fault| sending.failed(fault))?;
        let call = sending.client().update_backup_plan().backup_plan_id(self.id.as_str()).backup_plan(input);
        sending.step(call.send()).await?;
        delete_selection::send(sending, &self.id, &self.delete).await?;
        create_selection::send(sending, &self.id, &self.create).await?;
        Ok(Outcome::Plan(self.id.clone()))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let [plain, full] = super::create_plan::example_documents();
        let id: PlanId = "plan-9".parse().unwrap();
        let create = create_selection::example_documents().to_vec();
        vec![
            Self { id: id.clone(), document: plain, delete: Vec::new(), create: Vec::new() },
            Self { id, document: full, delete: delete_selection::example_refs().to_vec(), create },
        ]
    }
}
