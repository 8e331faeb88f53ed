//! CreateBackupVault.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::client::map;
use crate::domain::Tags;

/// Creates a vault.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateVault {
    /// The new vault's name.
    pub name: String,
    /// Its tags.
    pub tags: Tags,
    /// The key that wraps its data key; the service's default when none.
    pub encryption_key_arn: Option<String>,
}

impl Change for CreateVault {
    fn requests(&self, token: &str) -> Vec<Request> {
        vec![
            Request::new("CreateBackupVault")
                .with("BackupVaultName", self.name.as_str())
                .with_map("BackupVaultTags", &self.tags)
                .with_any("EncryptionKeyArn", self.encryption_key_arn.as_deref())
                .with("CreatorRequestId", token),
        ]
    }

    fn summary(&self) -> String {
        format!("Create vault {}", self.name)
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().create_backup_vault().backup_vault_name(&self.name);
        let call = call.set_backup_vault_tags(map::sent_map(&self.tags));
        let call = call.set_encryption_key_arn(self.encryption_key_arn.clone()).creator_request_id(sending.token());
        sending.step(call.send()).await?;
        Ok(Outcome::Vault(self.name.clone()))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let plain = Self { name: "nightly".to_owned(), tags: Tags::new(), encryption_key_arn: None };
        let full = Self {
            tags: super::examples::tags(),
            encryption_key_arn: Some("arn:aws:kms:us-east-1:123456789012:key/1".to_owned()),
            ..plain.clone()
        };
        vec![plain, full]
    }
}
