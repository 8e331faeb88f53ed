//! The ids of what the tree of an organization is made of.

use crate::domain::Invalid;
use crate::domain::names::string_newtype;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The id of a root: `r-` and 4 to 32 letters or digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RootId(String);

/// The id of an organizational unit: `ou-`, what its root's id has, and 8 to 32 letters or digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitId(String);

string_newtype!(RootId);
string_newtype!(UnitId);

/// What an account or a unit lies in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ParentId {
    /// The root.
    Root(RootId),
    /// A unit.
    Unit(UnitId),
}

fn letters_or_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

impl RootId {
    /// The root of an organization: an engine has one, and draws its id from the organization's.
    pub fn of(organization: &str) -> Result<Self, Invalid> {
        let letters = organization.trim_start_matches("o-").get(..4).unwrap_or_default();
        format!("r-{letters}").parse()
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of a unit below this root.
    pub fn unit(&self, own: &str) -> Result<UnitId, Invalid> {
        format!("ou-{}-{own}", self.0.trim_start_matches("r-")).parse()
    }
}

impl FromStr for RootId {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.strip_prefix("r-") {
            Some(own) if letters_or_digits(own, 4..=32) => Ok(Self(text.to_owned())),
            _ => Err(Invalid::value("RootId", "must be r- and 4 to 32 lower-case letters or digits")),
        }
    }
}

impl UnitId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UnitId {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.strip_prefix("ou-").and_then(|rest| rest.split_once('-')) {
            Some((root, own)) if letters_or_digits(root, 4..=32) && letters_or_digits(own, 8..=32) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Invalid::value("OrganizationalUnitId", "must look like ou-ab12-11111111")),
        }
    }
}

impl ParentId {
    /// The unit, or the root where there is none.
    pub fn new(root: &RootId, unit: Option<&UnitId>) -> Self {
        unit.map_or_else(|| Self::Root(root.clone()), |unit| Self::Unit(unit.clone()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Root(id) => id.as_str(),
            Self::Unit(id) => id.as_str(),
        }
    }

    /// The unit; none where it is the root.
    pub fn unit(&self) -> Option<&UnitId> {
        match self {
            Self::Root(_) => None,
            Self::Unit(id) => Some(id),
        }
    }
}

impl FromStr for ParentId {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let root = || text.parse().map(Self::Root);
        root().or_else(|_| text.parse().map(Self::Unit)).map_err(|_: Invalid| {
            Invalid::value("ParentId", "must be the id of a root such as r-ab12, or of a unit such as ou-ab12-11111111")
        })
    }
}

impl TryFrom<String> for ParentId {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<ParentId> for String {
    fn from(id: ParentId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for ParentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_have_the_shape_of_aws() {
        for text in ["r-ab12", "ou-ab12-11111111"] {
            assert_eq!(text.parse::<ParentId>().unwrap().as_str(), text);
        }
        for text in
            ["", "r-", "r-abc", "r-AB12", "ou-ab12", "ou-ab12-1111111", "ou-ab-11111111", "123456789012", "r-ab/1"]
        {
            let error = text.parse::<ParentId>().unwrap_err();
            assert!(error.message.starts_with("Invalid ParentId"), "{text:?}: {}", error.message);
        }
        let root = RootId::of("o-abcdefghij").unwrap();
        assert_eq!((root.as_str(), root.unit("12345678").unwrap().as_str()), ("r-abcd", "ou-abcd-12345678"));
    }

    proptest! {
        /// An id becomes a part of a path that policies compare: no slash gets into it.
        #[test]
        fn what_is_accepted_is_one_part_of_a_path(text in "(r|ou)-[a-z0-9/-]{0,24}") {
            if let Ok(id) = text.parse::<ParentId>() {
                prop_assert!(!id.as_str().contains('/'));
            }
        }
    }
}
