//! How a change ended.

use crate::client::Fault;
use crate::domain::names::JobId;
use crate::domain::{Arn, PlanId};
use std::fmt;

/// What a change made: where the dashboard goes, and what the command line follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; there is nothing new to point at.
    Done,
    /// A vault of this name.
    Vault(String),
    /// A plan, new or changed.
    Plan(PlanId),
    /// A registered resource.
    Resource(Arn),
    /// A legal hold of this id.
    LegalHold(String),
    /// A KMS key of this id.
    KmsKey(String),
    /// A backup job to follow.
    BackupJob(JobId),
    /// A copy job to follow.
    CopyJob(JobId),
    /// A restore job to follow.
    RestoreJob(JobId),
}

impl Outcome {
    /// What was made, in words; empty where there is nothing to point at.
    pub fn made(&self) -> String {
        match self {
            Self::Done => String::new(),
            Self::Vault(name) => format!("vault {name}"),
            Self::Plan(id) => format!("plan {id}"),
            Self::Resource(arn) => arn.to_string(),
            Self::LegalHold(id) => format!("legal hold {id}"),
            Self::KmsKey(id) => format!("KMS key {id}"),
            Self::BackupJob(id) => format!("backup job {id}"),
            Self::CopyJob(id) => format!("copy job {id}"),
            Self::RestoreJob(id) => format!("restore job {id}"),
        }
    }
}

/// A change that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFailure {
    /// What went wrong.
    pub fault: Box<Fault>,
    /// The operations that were already done, in their order; they are not undone.
    pub done: Vec<&'static str>,
}

impl ChangeFailure {
    /// What was already done, as the end of a message; empty for nothing.
    fn done(&self) -> String {
        match self.done.as_slice() {
            [] => String::new(),
            done => format!(" (already done: {})", done.join(", ")),
        }
    }
}

impl fmt::Display for ChangeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.fault, self.done())
    }
}

impl std::error::Error for ChangeFailure {}

impl From<ChangeFailure> for Fault {
    /// The fault, whose message says what was already done.
    fn from(failure: ChangeFailure) -> Self {
        let done = failure.done();
        let mut fault = *failure.fault;
        fault.message.push_str(&done);
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::FaultKind;

    #[test]
    fn a_change_that_stops_half_way_says_once_why_and_once_what_is_done() {
        let fault = Fault::new(FaultKind::Refused, "the role cannot be assumed");
        let failure = ChangeFailure { fault: Box::new(fault), done: vec!["CreateBackupPlan", "CreateBackupSelection"] };
        let said = "refused: the role cannot be assumed (already done: CreateBackupPlan, CreateBackupSelection)";
        assert_eq!(failure.to_string(), said);
        assert_eq!(Fault::from(failure).to_string(), said);
    }
}
