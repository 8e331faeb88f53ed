//! Accounts, regions, and the pair of both in which everything lives.

use crate::domain::names::string_newtype;
use crate::domain::{Invalid, Time, UnitId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An AWS account id: exactly twelve digits. Clones share the text, as those of all that follows do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Arc<str>);

/// A region's name, such as `eu-central-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

/// Where a vault, plan or job lives: an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

/// The role by which the management account enters a member: the one that Organizations makes, and an engine's too.
pub const MEMBER_ROLE: &str = "OrganizationAccountAccessRole";

/// A member of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name in the organization.
    pub name: String,
    /// The address it was opened with.
    pub email: String,
    /// Whether this is the management account.
    pub management: bool,
    /// `ACTIVE`, `SUSPENDED`, …
    pub status: String,
    /// When it joined the organization.
    pub joined: Option<Time>,
    /// The organizational unit that it lies in; none where that is the root, or is not told.
    pub unit: Option<UnitId>,
}

impl AccountId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::value("AccountId", "must be 12 digits"))
        }
    }
}

impl Region {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = Invalid;
    /// Accepts AWS's shape: lower-case words joined by hyphens, the last one a number.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let words: Vec<&str> = text.split('-').collect();
        let shaped = text.len() <= 32
            && words.len() >= 3
            && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
            && words.last().is_some_and(|w| w.bytes().all(|b| b.is_ascii_digit()));
        if shaped { Ok(Self(text.into())) } else { Err(Invalid::value("Region", "must look like us-east-1")) }
    }
}

impl Scope {
    /// The pair of both.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { account, region }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    /// `ACCOUNT/REGION`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (account, region) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self::new(account.parse()?, region.parse()?))
    }
}

string_newtype!(AccountId);
string_newtype!(Region);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_account_is_twelve_ascii_digits() {
        assert!("123456789012".parse::<AccountId>().is_ok());
        for text in ["", "12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦", "../etc/passwd", "*"] {
            assert!(text.parse::<AccountId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_region_has_awss_shape() {
        for text in ["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-5", "us-iso-east-1"] {
            assert!(text.parse::<Region>().is_ok(), "{text}");
        }
        for text in
            ["", "us-east", "US-EAST-1", "us--1", "us-east-x", "../x-y-1", "us-east-1/..", "us-east-1\n", "-1-1"]
        {
            assert!(text.parse::<Region>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn json_is_checked_like_text() {
        assert!(serde_json::from_str::<Region>("\"..\"").is_err());
        assert_eq!(serde_json::to_string(&"us-east-1".parse::<Region>().unwrap()).unwrap(), "\"us-east-1\"");
    }

    proptest! {
        /// Both become a part of a path: neither ever holds what a path acts on.
        #[test]
        fn what_is_accepted_is_one_harmless_path_component(text in "[a-z0-9./\\\\-]{0,16}") {
            if let Ok(region) = text.parse::<Region>() {
                prop_assert!(!region.as_str().contains(['/', '\\', '.']));
            }
            if let Ok(account) = text.parse::<AccountId>() {
                prop_assert!(account.as_str().bytes().all(|b| b.is_ascii_digit()));
            }
        }
    }
}
