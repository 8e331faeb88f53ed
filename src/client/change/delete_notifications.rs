//! DeleteBackupVaultNotifications.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Lets a vault tell nobody of its events any more.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteNotifications {
    /// The vault's name.
    pub vault: String,
}

impl Change for DeleteNotifications {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![Request::new("DeleteBackupVaultNotifications").with("BackupVaultName", self.vault.as_str())]
    }

    fn summary(&self) -> String {
        format!("Notify nobody of vault {}", self.vault)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "Nobody is told any more when its backups fail. What was not delivered yet is not delivered.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().delete_backup_vault_notifications().backup_vault_name(&self.vault);
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { vault: "nightly".to_owned() }]
    }
}
