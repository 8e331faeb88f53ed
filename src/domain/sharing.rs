//! Resource shares, as [AWS Resource Access Manager](https://docs.aws.amazon.com/ram/latest/userguide/what-is.html) has them:
//! which air-gapped vaults an account lets which other accounts restore from.

use crate::domain::{AccountId, Arn, Scope, Time};
use serde::Serialize;

/// A resource share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceShare {
    /// Its ARN.
    pub arn: Arn,
    /// The account and region that own it.
    pub scope: Scope,
    /// Its name, which need not be its alone.
    pub name: String,
    /// When it was made.
    pub created: Time,
    /// When it was last changed.
    pub updated: Time,
}

/// What a share joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// A vault that is shared.
    Vault(Arn),
    /// An account that it is shared with.
    Account(AccountId),
}

impl Shared {
    /// What the API calls it by.
    pub fn entity(&self) -> &str {
        match self {
            Self::Vault(arn) => arn.as_str(),
            Self::Account(account) => account.as_str(),
        }
    }
}

/// That something belongs to a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The share.
    pub share: Arn,
    /// The share's name.
    pub share_name: String,
    /// What belongs to it.
    pub shared: Shared,
    /// Since when.
    pub created: Time,
}

/// A share of a vault, as its owner is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VaultShare {
    /// The share.
    #[serde(rename = "ResourceShareArn")]
    pub share: Arn,
    /// Its name.
    #[serde(rename = "Name")]
    pub name: String,
    /// Whom it names: accounts, by their ids.
    #[serde(rename = "Principals")]
    pub accounts: Vec<String>,
}
