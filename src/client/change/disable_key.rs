//! DisableKey of KMS.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Lets nobody use a KMS key until it is enabled.
#[derive(Debug, Clone, PartialEq)]
pub struct DisableKey {
    /// Its id or ARN.
    pub key: String,
}

impl Change for DisableKey {
    fn requests(&self, _token: &str) -> Vec<Request> {
        vec![Request::of_kms("DisableKey").with("KeyId", self.key.as_str())]
    }

    fn summary(&self) -> String {
        format!("Disable KMS key {}", self.key)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "Backups into the vaults under it fail, copies into and out of them and restores too, until it is enabled. Nothing is \
         lost."
            .to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        sending.step_of_kms().await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { key: super::examples::KEY.to_owned() }]
    }
}
