//! What can be protected.

use crate::domain::types::Location;
use crate::domain::{Arn, Invalid, Known, ResourceType, Scope, Tags};
use serde::{Deserialize, Serialize};

/// A resource that was registered with the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives.
    pub scope: Scope,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its name, unique per account, region and type.
    pub name: String,
    /// Where its data lies.
    pub location: Location,
    /// Its tags.
    pub tags: Tags,
}

/// A resource that was backed up at least once (`ListProtectedResources`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedResource {
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives.
    pub scope: Scope,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its name, where the API tells it.
    pub name: Option<String>,
    /// When it was last backed up.
    pub last_backup_time: Option<crate::domain::Time>,
    /// The vault of the last recovery point.
    pub last_backup_vault_arn: Option<Arn>,
    /// The last recovery point.
    pub last_recovery_point_arn: Option<Arn>,
    /// How many minutes the latest restore took; the list does not tell of restores.
    pub latest_restore_execution_minutes: Known<Option<i64>>,
    /// When the latest restore job was created.
    pub latest_restore_job_creation: Known<Option<crate::domain::Time>>,
    /// When the recovery point of the latest restore was created.
    pub latest_restore_recovery_point_creation: Known<Option<crate::domain::Time>>,
}

/// A resource's name, as the user registers it: shown everywhere, so it holds nothing that a terminal acts on.
pub fn validate_name(name: &str) -> Result<(), Invalid> {
    let length = name.chars().count();
    if !(1..=128).contains(&length) {
        return Err(Invalid::value("Name", format_args!("must have 1 to 128 characters, it has {length}")));
    }
    if name.chars().any(char::is_control) || name.trim() != name {
        return Err(Invalid::value("Name", "must not hold control characters, nor begin or end with a blank"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_nothing_that_a_terminal_acts_on() {
        assert_eq!(validate_name("projects of André"), Ok(()));
        for name in ["", " x", "x ", "a\u{1b}[2J", "a\nb", &"x".repeat(129)] {
            assert!(validate_name(name).is_err(), "{name:?}");
        }
    }
}
