//! How a change ended.

use crate::client::Fault;
use crate::domain::PlanId;
use crate::domain::names::JobId;
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
    /// A backup job to follow.
    BackupJob(JobId),
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
            Self::BackupJob(id) => format!("backup job {id}"),
            Self::RestoreJob(id) => format!("restore job {id}"),
        }
    }
}

/// A change that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFailure {
    /// What went wrong.
    pub fault: Fault,
    /// The operations that were already done, in their order; they are not undone.
    pub done: Vec<&'static str>,
}

impl fmt::Display for ChangeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.done.as_slice() {
            [] => write!(f, "{}", self.fault),
            done => write!(f, "{} (already done: {})", self.fault, done.join(", ")),
        }
    }
}

impl std::error::Error for ChangeFailure {}

impl From<ChangeFailure> for Fault {
    /// The fault, which says what was already done.
    fn from(failure: ChangeFailure) -> Self {
        let message = failure.to_string();
        let mut fault = failure.fault;
        if !failure.done.is_empty() {
            fault.message = message;
        }
        fault
    }
}
