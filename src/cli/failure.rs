//! How a command ends: its exit code, and what it says on standard error.

use crate::client::history::HistoryError;
use crate::client::{Fault, FaultKind};
use crate::domain::Invalid;
use crate::engine;
use std::process::ExitCode;

/// The codes of commands that did what they were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// All of it.
    Done,
    /// What was asked for ended badly, and the command has said so.
    Failed,
    /// But not without issues.
    DoneWithIssues,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    message: String,
    damage: bool,
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const WITH_ISSUES: u8 = 3;
const OUT_OF_REACH: u8 = 4;

impl Exit {
    pub(super) fn code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Failed => ExitCode::from(FAILED),
            Self::DoneWithIssues => ExitCode::from(WITH_ISSUES),
        }
    }
}

impl Failure {
    /// It was tried and did not work.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self { code: FAILED, message: message.into(), damage: false }
    }

    /// It was asked in a way that makes no sense.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into(), damage: false }
    }

    /// The engine is held by another process, or does not answer.
    pub(super) fn out_of_reach(message: impl Into<String>) -> Self {
        Self { code: OUT_OF_REACH, message: message.into(), damage: false }
    }

    /// The same with more to say.
    pub(super) fn with(mut self, more: &str) -> Self {
        self.message.push_str(more);
        self
    }

    /// Whether the engine did not open because something that it keeps is damaged.
    pub(super) fn is_damage(&self) -> bool {
        self.damage
    }

    /// Its exit code.
    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// What it says.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let code = if fault.kind == FaultKind::Network { OUT_OF_REACH } else { FAILED };
        Self { code, message: fault.to_string(), damage: false }
    }
}

impl From<crate::client::ChangeFailure> for Failure {
    fn from(failure: crate::client::ChangeFailure) -> Self {
        let message = failure.to_string();
        Self { message, ..Self::from(*failure.fault) }
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        let code = if matches!(error, engine::Error::Held { .. }) { OUT_OF_REACH } else { FAILED };
        Self { code, message: error.to_string(), damage: matches!(error, engine::Error::Damaged { .. }) }
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::usage(invalid.message)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_went_wrong() {
        let held = engine::Error::Held { pid: Some(7), socket: None };
        let held = Failure::from(held);
        assert_eq!(held.code, OUT_OF_REACH);
        assert!(held.message.contains('7'));
        assert_eq!(Failure::from(Fault::new(FaultKind::Network, "no answer")).code, OUT_OF_REACH);
        assert_eq!(Failure::from(Fault::new(FaultKind::Refused, "no")).code, FAILED);
        assert_eq!(Failure::from(Invalid::value("Region", "no")).code, USAGE);
    }
}
