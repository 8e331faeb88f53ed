//! Names and identifiers with the patterns that AWS's API asks for.

use crate::domain::Invalid;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The conversions that newtypes over a checked text share.
macro_rules! string_newtype {
    ($type:ident) => {
        impl TryFrom<String> for $type {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Invalid> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> String {
                String::from(&*value.0)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
pub(super) use string_newtype;

/// A newtype over a text that is checked when it is made and serializes as a string. Clones share the text.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $field:literal, $min:literal..=$max:literal, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(std::sync::Arc<str>);

        impl $type {
            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                let allowed: fn(char) -> bool = $allowed;
                let length = text.chars().count();
                if ($min..=$max).contains(&length) && text.chars().all(allowed) {
                    Ok(Self(text.into()))
                } else {
                    Err(Invalid::value($field, $rule))
                }
            }
        }

        string_newtype!($type);
    };
}

name!(
    /// A vault's name: unique per account and region, case-sensitive.
    VaultName, "BackupVaultName", 2..=50, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_',
    "must be 2 to 50 letters, digits, hyphens or underscores"
);
name!(
    /// A plan's name; not unique.
    PlanName, "BackupPlanName", 1..=50, |c| c.is_ascii_alphanumeric() || "-_.".contains(c),
    "must be 1 to 50 letters, digits, hyphens, underscores or periods"
);
name!(
    /// A rule's name, unique within its plan.
    RuleName, "RuleName", 1..=50, |c| c.is_ascii_alphanumeric() || "-_.".contains(c),
    "must be 1 to 50 letters, digits, hyphens, underscores or periods"
);
name!(
    /// A selection's name.
    SelectionName, "SelectionName", 1..=50, |c| c.is_ascii_alphanumeric() || "-_.".contains(c),
    "must be 1 to 50 letters, digits, hyphens, underscores or periods"
);
name!(
    /// A plan's id: a UUID, or AWS's `orgs/…` and `aws/efs/…`.
    PlanId, "BackupPlanId", 1..=256, |c| c.is_ascii_alphanumeric() || "-_./".contains(c),
    "must be the id of a backup plan"
);
name!(
    /// A selection's id: a UUID.
    SelectionId, "SelectionId", 1..=256, |c| c.is_ascii_alphanumeric() || "-_./".contains(c),
    "must be the id of a backup selection"
);
name!(
    /// The id of a backup, copy or restore job; opaque.
    JobId, "JobId", 1..=128, |c| c.is_ascii_graphic() && c != '/',
    "must be the id of a job"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vaults_name_is_one_harmless_path_component() {
        for text in ["ab", "Default", "a-b_C9", &"x".repeat(50)] {
            assert!(text.parse::<VaultName>().is_ok(), "{text}");
        }
        for text in ["", "a", "..", "a.b", "a/b", "a b", "ä-ä", &"x".repeat(51)] {
            assert!(text.parse::<VaultName>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_other_names_allow_periods_and_one_letter() {
        for text in ["a", "daily.v2", "A_b-c"] {
            assert!(text.parse::<PlanName>().is_ok() && text.parse::<RuleName>().is_ok(), "{text}");
            assert!(text.parse::<SelectionName>().is_ok(), "{text}");
        }
        for text in ["", "a b", "a/b", &"x".repeat(51)] {
            assert!(text.parse::<PlanName>().is_err() && text.parse::<RuleName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_member_and_the_rule() {
        let refused = "x".parse::<VaultName>().unwrap_err();
        assert_eq!(refused.message, "Invalid BackupVaultName: must be 2 to 50 letters, digits, hyphens or underscores");
    }

    #[test]
    fn ids_of_awss_own_plans_are_accepted() {
        assert!("aws/efs/73d922fb-9312-3a70-99c3-e69367f9fdad".parse::<PlanId>().is_ok());
        assert!("D48D8717-0C9D-72DF-1F56-14E703BF2345".parse::<JobId>().is_ok());
        assert!("a/b".parse::<JobId>().is_err());
    }
}
