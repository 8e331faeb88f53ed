//! Policies as AWS Organizations keeps them, and what they are attached to.

use crate::domain::names::string_newtype;
use crate::domain::{AccountId, Invalid, ParentId, Time};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The id of a policy: `p-` and 8 to 128 letters, digits or underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyId(String);

string_newtype!(PolicyId);

/// A policy of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its name; no other policy has it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its document, as it was put.
    pub content: String,
}

/// The types of policies, by AWS's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyType {
    /// `BACKUP_POLICY`.
    Backup,
    /// Another of AWS's.
    Other(&'static str),
}

/// What a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetId {
    /// The root or a unit.
    Parent(ParentId),
    /// An account.
    Account(AccountId),
}

/// Something that a policy is attached to, as lists tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// Its name in the organization.
    pub name: String,
}

/// The policy that holds in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectivePolicy {
    /// The account.
    pub account: AccountId,
    /// Its document, without operators.
    pub content: String,
    /// When it last changed.
    pub changed: Time,
}

const BACKUP_POLICY: &str = "BACKUP_POLICY";

/// The types of policies that AWS has beside backup policies.
const OTHERS: [&str; 12] = [
    "SERVICE_CONTROL_POLICY",
    "RESOURCE_CONTROL_POLICY",
    "TAG_POLICY",
    "AISERVICES_OPT_OUT_POLICY",
    "CHATBOT_POLICY",
    "DECLARATIVE_POLICY_EC2",
    "SECURITYHUB_POLICY",
    "INSPECTOR_POLICY",
    "UPGRADE_ROLLOUT_POLICY",
    "BEDROCK_POLICY",
    "S3_POLICY",
    "NETWORK_SECURITY_DIRECTOR_POLICY",
];

impl PolicyId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PolicyId {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let own = text.strip_prefix("p-").unwrap_or_default();
        if (8..=128).contains(&own.len()) && own.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::value("PolicyId", "must be p- and 8 to 128 letters, digits or underscores"))
        }
    }
}

impl PolicyType {
    /// Its name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Backup => BACKUP_POLICY,
            Self::Other(name) => name,
        }
    }
}

impl FromStr for PolicyType {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == BACKUP_POLICY {
            return Ok(Self::Backup);
        }
        let known = OTHERS.iter().find(|other| **other == text).map(|other| Self::Other(other));
        known.ok_or_else(|| Invalid::value("PolicyType", "must be a type of policy such as BACKUP_POLICY"))
    }
}

impl TargetId {
    /// The id.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Parent(id) => id.as_str(),
            Self::Account(id) => id.as_str(),
        }
    }

    /// `ROOT`, `ORGANIZATIONAL_UNIT` or `ACCOUNT`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Parent(ParentId::Root(_)) => "ROOT",
            Self::Parent(ParentId::Unit(_)) => "ORGANIZATIONAL_UNIT",
            Self::Account(_) => "ACCOUNT",
        }
    }
}

impl FromStr for TargetId {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parent = || text.parse().map(Self::Parent);
        parent().or_else(|_| text.parse().map(Self::Account)).map_err(|_: Invalid| {
            Invalid::value(
                "TargetId",
                "must be the id of a root such as r-ab12, of a unit such as ou-ab12-11111111, or of an account",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_aws() {
        assert_eq!("p-abcd1234".parse::<PolicyId>().unwrap().as_str(), "p-abcd1234");
        for text in ["", "p-", "p-short", "q-abcd1234", "p-abcd/1234", "p-abcd 1234"] {
            assert!(text.parse::<PolicyId>().is_err(), "{text:?}");
        }
        let kind = |text: &str| text.parse::<TargetId>().map(|id| id.kind());
        assert_eq!(kind("r-ab12"), Ok("ROOT"));
        assert_eq!(kind("ou-ab12-11111111"), Ok("ORGANIZATIONAL_UNIT"));
        assert_eq!(kind("123456789012"), Ok("ACCOUNT"));
        assert!(kind("p-abcd1234").is_err());
    }

    #[test]
    fn types_are_those_of_aws() {
        assert_eq!("BACKUP_POLICY".parse(), Ok(PolicyType::Backup));
        assert_eq!("TAG_POLICY".parse::<PolicyType>().unwrap().as_str(), "TAG_POLICY");
        assert!("NO_POLICY".parse::<PolicyType>().is_err());
    }
}
