//! DeleteBackupVault.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Deletes a vault.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteVault {
    /// Its name, to be typed.
    pub name: String,
}

impl Change for DeleteVault {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![Request::new("DeleteBackupVault").with("BackupVaultName", self.name.as_str())]
    }

    fn summary(&self) -> String {
        format!("Delete vault {}", self.name)
    }

    fn harm(&self) -> Harm {
        Harm::High(self.name.clone())
    }

    fn consequence(&self) -> String {
        "Only an empty vault can be deleted.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().delete_backup_vault().backup_vault_name(&self.name);
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { name: "nightly".to_owned() }]
    }
}
