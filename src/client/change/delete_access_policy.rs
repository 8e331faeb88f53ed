//! DeleteBackupVaultAccessPolicy.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Takes a vault's access policy away.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteAccessPolicy {
    /// The vault's name.
    pub vault: String,
}

impl Change for DeleteAccessPolicy {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![Request::new("DeleteBackupVaultAccessPolicy").with("BackupVaultName", self.vault.as_str())]
    }

    fn summary(&self) -> String {
        format!("Take away the access policy of vault {}", self.vault)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "What the policy denies is then possible again, and what it allows other accounts is not.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().delete_backup_vault_access_policy().backup_vault_name(&self.vault);
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { vault: "nightly".to_owned() }]
    }
}
