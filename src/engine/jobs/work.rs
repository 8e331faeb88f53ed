//! What comes of the work of a job's thread.

use crate::engine::drivers::{Fault, Meaning};
use crate::engine::error::Error;
use crate::engine::jobs::finish::Finish;
use crate::engine::jobs::outcome::Ending;
use crate::engine::vaults::gate::Pass;
use crate::repository;
use chrono::Duration;

/// Work that is done.
pub struct Worked {
    /// How much was moved; a simulated job with a rate lasts accordingly.
    pub bytes: u64,
    /// Writes it down.
    pub finish: Finish,
    /// Of the vault that it worked in; a job that is held gives it back until its end.
    pub pass: Pass,
}

/// Work that was not done.
pub enum Failure {
    /// It was asked to stop.
    Stopped,
    /// It cannot be done.
    Ended(Ending),
    /// It cannot be done now; the job is begun again.
    Later {
        /// What is in the way.
        why: String,
        /// When.
        after: Duration,
    },
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let Meaning { is_denied, message, again_after } = fault.meaning();
        match again_after {
            Some(after) => Self::Later { why: message, after },
            None => Self::Ended(Ending::failed(is_denied, message)),
        }
    }
}

impl From<Ending> for Failure {
    fn from(ending: Ending) -> Self {
        Self::Ended(ending)
    }
}

impl From<repository::Error> for Failure {
    fn from(error: repository::Error) -> Self {
        if error.is_cancelled() {
            return Self::Stopped;
        }
        match fault_behind(&error) {
            Some(fault) => fault.clone().into(),
            None => Self::Ended(ending_of(&error)),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Repository(error) => error.into(),
            other => Self::Ended(Ending::failed(false, other.to_string())),
        }
    }
}

/// What a driver said while the repository read from it or wrote into it.
fn fault_behind(error: &repository::Error) -> Option<&Fault> {
    match error {
        repository::Error::Source { source, .. } | repository::Error::Target { source, .. } => Fault::behind(source),
        _ => None,
    }
}

/// How a job ends that the repository failed.
fn ending_of(error: &repository::Error) -> Ending {
    let denied = |source: &std::io::Error| source.kind() == std::io::ErrorKind::PermissionDenied;
    match error {
        repository::Error::Source { source, .. } | repository::Error::Target { source, .. } => {
            Ending::failed(denied(source), error.to_string())
        }
        _ if error.is_storage_full() => Ending::disk_full(error),
        _ => Ending::failed(false, error.to_string()),
    }
}
