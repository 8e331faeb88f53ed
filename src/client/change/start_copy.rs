//! StartCopyJob.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::short;
use crate::client::map;
use crate::domain::copies::is_cross_account;
use crate::domain::{Arn, Lifecycle};
use serde_json::json;

/// Copies a recovery point into another vault.
#[derive(Debug, Clone, PartialEq)]
pub struct StartCopy {
    /// What is copied.
    pub recovery_point: Arn,
    /// The vault that it lies in.
    pub source_vault: Arn,
    /// The vault that it is copied into.
    pub destination: Arn,
    /// The role it runs under.
    pub role: Arn,
    /// How long the copy lives; none lives as long as its source.
    pub lifecycle: Option<Lifecycle>,
    /// Makes sending it twice start one job only: [`super::new_token`].
    pub idempotency_token: String,
}

impl Change for StartCopy {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![
            Request::new("StartCopyJob")
                .with("RecoveryPointArn", self.recovery_point.as_str())
                .with("SourceBackupVaultName", self.source_vault.vault_name().unwrap_or_default())
                .with("DestinationBackupVaultArn", self.destination.as_str())
                .with("IamRoleArn", self.role.as_str())
                .with("IdempotencyToken", self.idempotency_token.as_str())
                .with_any("Lifecycle", self.lifecycle.map(|lifecycle| json!(lifecycle))),
        ]
    }

    fn summary(&self) -> String {
        let (name, region) = (self.destination.vault_name().unwrap_or_default(), self.destination.region());
        format!("Copy {} into {name} in {region}", short(&self.recovery_point))
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    fn consequence(&self) -> String {
        if !is_cross_account(&self.source_vault, &self.destination) {
            return String::new();
        }
        format!("The copy is account {}'s, which alone restores and deletes it.", self.destination.account())
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending
            .client()
            .start_copy_job()
            .recovery_point_arn(self.recovery_point.as_str())
            .source_backup_vault_name(self.source_vault.vault_name().unwrap_or_default())
            .destination_backup_vault_arn(self.destination.as_str())
            .iam_role_arn(self.role.as_str())
            .idempotency_token(&self.idempotency_token)
            .set_lifecycle(self.lifecycle.map(map::lifecycle_input));
        let started = sending.step(call.send()).await?;
        sending.id(started.copy_job_id()).map(Outcome::CopyJob)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let plain = Self {
            recovery_point: super::examples::recovery_point(),
            source_vault: "arn:aws:backup:us-east-1:123456789012:backup-vault:Default".parse().unwrap(),
            destination: "arn:aws:backup:eu-central-1:123456789012:backup-vault:copies".parse().unwrap(),
            role: "arn:aws:iam::123456789012:role/r".parse().unwrap(),
            lifecycle: None,
            idempotency_token: "token-3".to_owned(),
        };
        let elsewhere = Self {
            destination: "arn:aws:backup:eu-central-1:210987654321:backup-vault:copies".parse().unwrap(),
            lifecycle: Some(Lifecycle::delete_after(7)),
            ..plain.clone()
        };
        vec![plain, elsewhere]
    }
}
