//! DisassociateRecoveryPointFromParent.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::short;
use crate::domain::Arn;

/// Takes a nested recovery point out of the composite one that it is nested in.
#[derive(Debug, Clone, PartialEq)]
pub struct DisassociateFromParent {
    /// Its vault's name.
    pub vault: String,
    /// The nested recovery point.
    pub recovery_point: Arn,
}

impl Change for DisassociateFromParent {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![
            Request::new("DisassociateRecoveryPointFromParent")
                .with("BackupVaultName", self.vault.as_str())
                .with("RecoveryPointArn", self.recovery_point.as_str()),
        ]
    }

    fn summary(&self) -> String {
        format!("Take recovery point {} out of its composite one", short(&self.recovery_point))
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "It stays, as a recovery point of its own; what it was nested in is PARTIAL from then on.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().disassociate_recovery_point_from_parent().backup_vault_name(&self.vault);
        sending.step(call.recovery_point_arn(self.recovery_point.as_str()).send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { vault: "Default".to_owned(), recovery_point: super::examples::recovery_point() }]
    }
}
