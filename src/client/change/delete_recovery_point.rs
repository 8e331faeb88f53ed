//! DeleteRecoveryPoint.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::short;
use crate::domain::Arn;

/// Deletes a recovery point.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteRecoveryPoint {
    /// Its vault's name.
    pub vault: String,
    /// The recovery point; the start of its id must be typed.
    pub recovery_point: Arn,
}

impl Change for DeleteRecoveryPoint {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![
            Request::new("DeleteRecoveryPoint")
                .with("BackupVaultName", self.vault.as_str())
                .with("RecoveryPointArn", self.recovery_point.as_str()),
        ]
    }

    fn summary(&self) -> String {
        format!("Delete recovery point {} from {}", short(&self.recovery_point), self.vault)
    }

    fn harm(&self) -> Harm {
        Harm::High(short(&self.recovery_point))
    }

    fn consequence(&self) -> String {
        "The backup is gone for good.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().delete_recovery_point().backup_vault_name(&self.vault);
        sending.step(call.recovery_point_arn(self.recovery_point.as_str()).send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { vault: "Default".to_owned(), recovery_point: super::examples::recovery_point() }]
    }
}
