//! Resource shares, as [AWS Resource Access Manager](https://docs.aws.amazon.com/ram/latest/userguide/what-is.html) has them:
//! which air-gapped vaults an account lets which other accounts restore from.

use crate::domain::{AccountId, Arn, Invalid, Scope, Time};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

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

/// Whom a share lets in. Which accounts those are is looked up whenever one of them asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SharePrincipal {
    /// An account.
    Account(AccountId),
    /// Every account of an organization, by its ARN.
    Organization(Arn),
    /// Every account in a unit, and in the units below it, by its ARN.
    Unit(Arn),
}

impl SharePrincipal {
    /// The account's id, or the ARN.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Account(account) => account.as_str(),
            Self::Organization(arn) | Self::Unit(arn) => arn.as_str(),
        }
    }
}

impl FromStr for SharePrincipal {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Ok(account) = text.parse() {
            return Ok(Self::Account(account));
        }
        let arn: Option<Arn> = text.parse().ok().filter(|arn: &Arn| arn.service() == "organizations");
        match arn {
            Some(arn) if arn.resource().starts_with("organization/") => Ok(Self::Organization(arn)),
            Some(arn) if arn.resource().starts_with("ou/") => Ok(Self::Unit(arn)),
            _ => {
                let rule = "a logically air-gapped backup vault is shared with accounts, each by its id of 12 digits, and \
                            with organizations and organizational units, by their ARNs";
                Err(Invalid::value("principals", format_args!("{text:?} is not one: {rule}")))
            }
        }
    }
}

impl TryFrom<String> for SharePrincipal {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<SharePrincipal> for String {
    fn from(principal: SharePrincipal) -> Self {
        principal.as_str().to_owned()
    }
}

/// In words, to begin a sentence with.
impl fmt::Display for SharePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "Account {account}"),
            Self::Organization(arn) => write!(f, "Each account of organization {}", arn.last_part()),
            Self::Unit(arn) => write!(f, "Each account in unit {}", arn.last_part()),
        }
    }
}

/// What a share joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// A vault that is shared.
    Vault(Arn),
    /// Whom it is shared with.
    With(SharePrincipal),
}

impl Shared {
    /// What the API calls it by.
    pub fn entity(&self) -> &str {
        match self {
            Self::Vault(arn) => arn.as_str(),
            Self::With(principal) => principal.as_str(),
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
    /// Whom it names: accounts, by their ids, and units and organizations, by their ARNs.
    #[serde(rename = "Principals")]
    pub principals: Vec<String>,
}

/// What is kept of a share of a vault, for the day when nothing else tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KeptShare {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Time,
    /// When it was last changed.
    pub updated: Time,
    /// How often it was changed; it only grows.
    pub sequence: i64,
    /// Since when it shares the vault.
    pub shared: Time,
    /// Whom it lets in, in their order, and since when.
    pub principals: Vec<(SharePrincipal, Time)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_an_account_an_organization_or_a_unit() {
        let parse = |text: &str| text.parse::<SharePrincipal>();
        let organization = "arn:aws:organizations::123456789012:organization/o-abcdefghij";
        let unit = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-abcd-11111111";
        assert!(matches!(parse("123456789012"), Ok(SharePrincipal::Account(_))));
        assert!(matches!(parse(organization), Ok(SharePrincipal::Organization(_))));
        assert!(matches!(parse(unit), Ok(SharePrincipal::Unit(_))));
        for text in ["123456789012", organization, unit] {
            assert_eq!(String::from(parse(text).unwrap()), text);
        }
        for bad in [
            "",
            "12345678901",
            "arn:aws:iam::123456789012:root",
            "arn:aws:organizations::123456789012:account/o-abcdefghij/210987654321",
            "o-abcdefghij",
        ] {
            assert_eq!(parse(bad).unwrap_err().field, "principals", "{bad}");
        }
    }
}
