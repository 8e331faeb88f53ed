//! CreateResourceShare and AssociateResourceShare of AWS RAM, for a logically air-gapped vault.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::domain::Arn;
use crate::domain::sharing::SharePrincipal;
use serde_json::json;

/// Lets other accounts see and restore what lies in an air-gapped vault.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareVault {
    /// The vault.
    pub vault: Arn,
    /// Whom: an account, or all that lie in the organization or a unit.
    pub with: SharePrincipal,
    /// The share of the vault that they are added to; a new one is made when there is none.
    pub share: Option<Arn>,
}

impl ShareVault {
    /// What the share of a vault is called that this change makes.
    pub fn share_name(vault: &Arn) -> String {
        format!("backup-vault-{}", vault.vault_name().unwrap_or_default())
    }

    fn name(&self) -> &str {
        self.vault.vault_name().unwrap_or_default()
    }
}

impl Change for ShareVault {
    fn requests(&self, token: &str) -> Vec<Request> {
        let principals = json!([self.with]);
        vec![match &self.share {
            Some(share) => Request::of_ram("AssociateResourceShare")
                .with("resourceShareArn", share.as_str())
                .with("principals", principals)
                .with("clientToken", token),
            None => Request::of_ram("CreateResourceShare")
                .with("name", Self::share_name(&self.vault))
                .with("resourceArns", json!([self.vault]))
                .with("principals", principals)
                .with("clientToken", token),
        }]
    }

    fn summary(&self) -> String {
        match &self.with {
            SharePrincipal::Account(account) => format!("Share vault {} with account {account}", self.name()),
            SharePrincipal::Organization(arn) => {
                format!("Share vault {} with organization {}", self.name(), arn.last_part())
            }
            SharePrincipal::Unit(arn) => format!("Share vault {} with unit {}", self.name(), arn.last_part()),
        }
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        let also = if self.share.is_some() { " It gets whatever else the vault's resource share shares." } else { "" };
        format!(
            "{} sees what lies in this vault, now and later, and restores it into itself. It cannot delete, change or copy \
             any of it.{also}",
            self.with
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
        let plain = Self {
            vault: "arn:aws:backup:us-east-1:123456789012:backup-vault:safe".parse().unwrap(),
            with: "210987654321".parse().unwrap(),
            share: None,
        };
        let unit = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-abcd-11111111".parse().unwrap();
        let share = "arn:aws:ram:us-east-1:123456789012:resource-share/s-1".parse().unwrap();
        vec![plain.clone(), Self { with: unit, ..plain.clone() }, Self { share: Some(share), ..plain }]
    }
}
