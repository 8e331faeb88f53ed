//! EnableKey, DisableKey and CancelKeyDeletion of KMS.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Changes whether a KMS key can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct SetKeyState {
    /// Its id or ARN.
    pub key: String,
    /// What it is to be.
    pub to: KeyChange,
}

/// What a KMS key is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChange {
    /// It can be used again.
    Enabled,
    /// Nobody uses it until it is enabled.
    Disabled,
    /// Its deletion, which is scheduled, is cancelled.
    Kept,
}

impl Change for SetKeyState {
    fn requests(&self, _token: &str) -> Vec<Request> {
        let operation = match self.to {
            KeyChange::Enabled => "EnableKey",
            KeyChange::Disabled => "DisableKey",
            KeyChange::Kept => "CancelKeyDeletion",
        };
        vec![Request::of_kms(operation).with("KeyId", self.key.as_str())]
    }

    fn summary(&self) -> String {
        match self.to {
            KeyChange::Enabled => format!("Enable KMS key {}", self.key),
            KeyChange::Disabled => format!("Disable KMS key {}", self.key),
            KeyChange::Kept => format!("Cancel the deletion of KMS key {}", self.key),
        }
    }

    fn harm(&self) -> Harm {
        match self.to {
            KeyChange::Enabled | KeyChange::Kept => Harm::Low,
            KeyChange::Disabled => Harm::Medium,
        }
    }

    fn consequence(&self) -> String {
        let means = match self.to {
            KeyChange::Enabled => "What waited for it goes on.",
            KeyChange::Disabled => {
                "Backups into the vaults under it fail, copies into and out of them and restores too, until it is enabled. \
                 Nothing is lost."
            }
            KeyChange::Kept => "The key is disabled then: enable it to use it.",
        };
        means.to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        sending.step_of_kms().await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let all = [KeyChange::Enabled, KeyChange::Disabled, KeyChange::Kept];
        all.map(|to| Self { key: super::examples::KEY.to_owned(), to }).into()
    }
}
