//! DisassociateResourceShare of AWS RAM, for a logically air-gapped vault.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::domain::Arn;
use serde_json::json;

/// Shuts accounts out of an air-gapped vault.
#[derive(Debug, Clone, PartialEq)]
pub struct UnshareVault {
    /// The vault.
    pub vault: Arn,
    /// The account, unit or organization, as the share names it.
    pub account: String,
    /// The shares that name both.
    pub shares: Vec<Arn>,
}

impl Change for UnshareVault {
    fn requests(&self, token: &str) -> Vec<Request> {
        let request = |share: &Arn| {
            Request::of_ram("DisassociateResourceShare")
                .with("resourceShareArn", share.as_str())
                .with("principals", json!([self.account]))
                .with("clientToken", token)
        };
        self.shares.iter().map(request).collect()
    }

    fn summary(&self) -> String {
        format!("Stop sharing vault {} with {}", self.vault.vault_name().unwrap_or_default(), self.account)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        format!(
            "{} sees nothing of this vault any more, nor of what else these resource shares share; what it has restored stays \
             its own.",
            self.account
        )
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        for request in self.requests(sending.token()) {
            let call = sending.ram().call(request.operation, request.input);
            sending.step(call).await?;
        }
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self {
            vault: "arn:aws:backup:us-east-1:123456789012:backup-vault:safe".parse().unwrap(),
            account: "210987654321".to_owned(),
            shares: vec!["arn:aws:ram:us-east-1:123456789012:resource-share/s-1".parse().unwrap()],
        }]
    }
}
