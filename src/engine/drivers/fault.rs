//! Why a driver could not do something.

use crate::domain::Invalid;
use crate::engine::error::Error;
use chrono::Duration;
use std::fmt::Display;
use std::io;

/// Why a driver could not do something. No secret may be in the words of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for is wrong in itself.
    Invalid(Invalid),
    /// It may succeed later: a server restarts, a limit is reached. A job is begun again after that time, within its window and
    /// as often as a job may be.
    Temporary {
        /// What is in the way.
        why: String,
        /// When to try again.
        after: Duration,
    },
    /// Rights are missing.
    Denied(String),
    /// What it is about is not there any more.
    Gone(String),
    /// The service is one that the driver cannot use.
    Unsupported {
        /// What it is.
        found: String,
        /// What it would have to be.
        needs: String,
    },
    /// This machine did not do what it was asked to: a disk is full or broken, a program does not start.
    System(String),
    /// All other trouble.
    Failed(String),
}

/// What a fault means for whoever asked: the one translation into AWS's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Whether rights were missing: a job's category is `AccessDenied`, and a request is answered so.
    pub is_denied: bool,
    /// In words.
    pub message: String,
    /// When to try again; no use in that with `None`.
    pub again_after: Option<Duration>,
}

impl Fault {
    /// What the system refused, as "what: the system's words".
    pub fn of_io(what: impl Display, error: &io::Error) -> Self {
        let message = format!("{what}: {error}");
        if error.kind() == io::ErrorKind::PermissionDenied { Self::Denied(message) } else { Self::System(message) }
    }

    /// What it means.
    pub fn meaning(&self) -> Meaning {
        let again_after = match self {
            Self::Temporary { after, .. } => Some(*after),
            _ => None,
        };
        Meaning { is_denied: matches!(self, Self::Denied(_)), message: self.to_string(), again_after }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid(invalid) => f.write_str(&invalid.message),
            Self::Unsupported { found, needs } => write!(f, "{found} cannot be used: {needs} is needed"),
            Self::Temporary { why: message, .. }
            | Self::Denied(message)
            | Self::Gone(message)
            | Self::System(message)
            | Self::Failed(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// As an error of reading or writing, from which a job takes it again ([`Self::behind`]).
    pub fn into_io(self) -> io::Error {
        let denied = matches!(self, Self::Denied(_));
        io::Error::new(if denied { io::ErrorKind::PermissionDenied } else { io::ErrorKind::Other }, self)
    }

    /// The fault that an error of reading or writing was made of.
    pub fn behind(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let meaning = fault.meaning();
        match fault {
            Fault::Invalid(invalid) => invalid.into(),
            _ if meaning.is_denied => Self::access_denied(meaning.message),
            _ if meaning.again_after.is_some() => Self::unavailable(meaning.message),
            _ => Self::invalid_parameter(meaning.message),
        }
    }
}
