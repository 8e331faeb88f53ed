//! CreateAlias of KMS.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Gives a KMS key another name.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateAlias {
    /// The name, with its `alias/`.
    pub name: String,
    /// The key's id.
    pub key: String,
}

impl Change for CreateAlias {
    fn requests(&self, _token: &str) -> Vec<Request> {
        let request = Request::of_kms("CreateAlias").with("AliasName", self.name.as_str());
        vec![request.with("TargetKeyId", self.key.as_str())]
    }

    fn summary(&self) -> String {
        format!("Name KMS key {} {}", self.key, self.name)
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        sending.step_of_kms().await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { name: "alias/backups".to_owned(), key: super::examples::KEY.to_owned() }]
    }
}
