//! CancelKeyDeletion of KMS.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Keeps a KMS key whose deletion is scheduled.
#[derive(Debug, Clone, PartialEq)]
pub struct CancelKeyDeletion {
    /// Its id or ARN.
    pub key: String,
}

impl Change for CancelKeyDeletion {
    fn requests(&self, _token: &str) -> Vec<Request> {
        vec![Request::of_kms("CancelKeyDeletion").with("KeyId", self.key.as_str())]
    }

    fn summary(&self) -> String {
        format!("Cancel the deletion of KMS key {}", self.key)
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    fn consequence(&self) -> String {
        "The key is disabled then: enable it to use it.".to_owned()
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
