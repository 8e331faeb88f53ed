//! That a recovery point can be restored, as a restore test found it. AWS keeps the verdict alone, on the restore job.

use crate::domain::Arn;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that a restore test compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Check {
    /// What was compared, in words: no more than that was proven.
    pub name: String,
    /// What the recovery point promises.
    pub expected: String,
    /// What the test found; the same text where it holds.
    pub found: String,
}

impl Check {
    /// A check of two values.
    pub fn new(name: impl Into<String>, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self { name: name.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// Something that has to be so, and is, or is not for a reason.
    pub fn of(name: impl Into<String>, expected: &str, outcome: Result<(), impl fmt::Display>) -> Self {
        match outcome {
            Ok(()) => Self::new(name, expected, expected),
            Err(why) => Self::new(name, expected, why),
        }
    }

    /// Whether what was found is what was expected.
    pub fn holds(&self) -> bool {
        self.expected == self.found
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected, found } = self;
        if self.holds() {
            write!(f, "{name}: {found}")
        } else {
            write!(f, "{name}: expected {expected}, found {found}")
        }
    }
}

/// `GET /_vaultdeck/restore-jobs/{id}/proof`: what a restore test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Proof {
    /// What was tested.
    pub recovery_point_arn: Arn,
    /// Whether every check holds.
    pub proven: bool,
    /// What was compared; the test ends where nothing more can be.
    pub checks: Vec<Check>,
    /// How long it took, in seconds of a wall clock.
    pub seconds: f64,
}

impl Proof {
    /// Of what was found.
    pub fn of(recovery_point_arn: Arn, checks: Vec<Check>, seconds: f64) -> Self {
        let proven = !checks.is_empty() && checks.iter().all(Check::holds);
        Self { recovery_point_arn, proven, checks, seconds: (seconds * 1000.0).round() / 1000.0 }
    }

    /// What does not hold, for people.
    pub fn faults(&self) -> String {
        let faults: Vec<String> = self.checks.iter().filter(|check| !check.holds()).map(ToString::to_string).collect();
        faults.join("; ")
    }
}

/// The route of what a restore test found: with the id of the job and `/proof` behind it.
pub const RESTORE_JOBS: &str = "/_vaultdeck/restore-jobs/";

/// Under which name a point tells when it was last proven, beside what its driver said of it.
pub const LAST_PROVEN: &str = "LastProven";

/// Under which name it tells when a test last found that it cannot be restored as it should.
pub const LAST_DISPROVEN: &str = "LastDisproven";

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(checks: Vec<Check>) -> Proof {
        Proof::of("arn:aws:backup:us-east-1:123456789012:recovery-point:p".parse().unwrap(), checks, 1.23456)
    }

    #[test]
    fn a_point_is_proven_when_something_was_compared_and_all_of_it_holds() {
        assert!(!proof(vec![]).proven, "nothing was proven");
        assert!(proof(vec![Check::new("Files", 3, "3")]).proven);
        let refuted = proof(vec![Check::new("Files", 3, 3), Check::of("It starts", "yes", Err("no disk"))]);
        assert!(!refuted.proven);
        assert_eq!(refuted.faults(), "It starts: expected yes, found no disk");
        assert!((refuted.seconds - 1.235).abs() < 1e-9);
    }

    #[test]
    fn it_is_written_in_the_form_that_others_build_on() {
        let json = serde_json::to_value(proof(vec![Check::new("Files", 3, 3)])).unwrap();
        let expected = serde_json::json!({
            "RecoveryPointArn": "arn:aws:backup:us-east-1:123456789012:recovery-point:p", "Proven": true,
            "Checks": [{ "Name": "Files", "Expected": "3", "Found": "3" }], "Seconds": 1.235,
        });
        assert_eq!(json, expected);
    }
}
