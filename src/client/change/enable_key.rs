//! EnableKey of KMS.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Lets a KMS key be used again.
#[derive(Debug, Clone, PartialEq)]
pub struct EnableKey {
    /// Its id or ARN.
    pub key: String,
}

impl Change for EnableKey {
    fn requests(&self, _token: &str) -> Vec<Request> {
        vec![Request::of_kms("EnableKey").with("KeyId", self.key.as_str())]
    }

    fn summary(&self) -> String {
        format!("Enable KMS key {}", self.key)
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    fn consequence(&self) -> String {
        "What waited for it goes on.".to_owned()
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
