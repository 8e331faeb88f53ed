//! CreateLogicallyAirGappedBackupVault.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::client::map;
use crate::domain::Tags;
use crate::domain::air_gap::RetentionBounds;

/// Creates a logically air-gapped vault.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateAirGappedVault {
    /// The new vault's name.
    pub name: String,
    /// The retentions that it lets in, for good.
    pub bounds: RetentionBounds,
    /// Its tags.
    pub tags: Tags,
    /// The key that wraps its data key; AWS Backup's own when none.
    pub encryption_key_arn: Option<String>,
}

impl Change for CreateAirGappedVault {
    fn requests(&self, token: &str) -> Vec<Request> {
        vec![
            Request::new("CreateLogicallyAirGappedBackupVault")
                .with("BackupVaultName", self.name.as_str())
                .with_map("BackupVaultTags", &self.tags)
                .with("CreatorRequestId", token)
                .with("MinRetentionDays", self.bounds.min_days)
                .with("MaxRetentionDays", self.bounds.max_days)
                .with_any("EncryptionKeyArn", self.encryption_key_arn.as_deref()),
        ]
    }

    fn summary(&self) -> String {
        format!("Create logically air-gapped vault {}", self.name)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        let RetentionBounds { min_days, max_days } = self.bounds;
        format!(
            "It is locked in compliance mode from its creation: nobody ever takes the lock off or changes its days, not the \
             account's administrator and not AWS. What is kept for less than {min_days} days or for more than {max_days} does \
             not come in, what comes in stays until its days are over, and the vault goes only when it is empty."
        )
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending
            .client()
            .create_logically_air_gapped_backup_vault()
            .backup_vault_name(&self.name)
            .set_backup_vault_tags(map::sent_map(&self.tags))
            .creator_request_id(sending.token())
            .min_retention_days(self.bounds.min_days)
            .max_retention_days(self.bounds.max_days)
            .set_encryption_key_arn(self.encryption_key_arn.clone());
        sending.step(call.send()).await?;
        Ok(Outcome::Vault(self.name.clone()))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let bounds = RetentionBounds { min_days: 7, max_days: 365 };
        let plain = Self { name: "safe".to_owned(), bounds, tags: Tags::new(), encryption_key_arn: None };
        let full = Self {
            tags: super::examples::tags(),
            encryption_key_arn: Some("arn:aws:kms:us-east-1:123456789012:key/1".to_owned()),
            ..plain.clone()
        };
        vec![plain, full]
    }
}
