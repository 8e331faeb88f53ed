//! DeleteBackupVaultLockConfiguration.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Takes the lock off a vault.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteVaultLock {
    /// The vault's name.
    pub vault: String,
}

impl Change for DeleteVaultLock {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![Request::new("DeleteBackupVaultLockConfiguration").with("BackupVaultName", self.vault.as_str())]
    }

    fn summary(&self) -> String {
        format!("Take the lock off vault {}", self.vault)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "Its recovery points can be deleted again, and jobs may keep theirs for any time.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().delete_backup_vault_lock_configuration().backup_vault_name(&self.vault);
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { vault: "nightly".to_owned() }]
    }
}
