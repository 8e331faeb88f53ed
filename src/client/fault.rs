//! Why something could not be done, in plain words, and what can be offered about it.

use std::fmt;

/// A failure of a call, as the dashboard shows it. Cheap to clone, harmless to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of failure; decides what is offered.
    pub kind: FaultKind,
    /// What happened, in plain words with the service's own message.
    pub message: String,
    /// The service's error code, where it answered.
    pub code: Option<String>,
    /// The id of the request, where the service answered; for a support case.
    pub request_id: Option<String>,
}

/// The kinds of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Too many calls; it will be asked again later.
    Throttled,
    /// The credentials are expired or were never there: log in again.
    Expired,
    /// The caller may not do this, or (AWS does not tell which) the thing does not exist.
    Denied,
    /// Nothing answered: the connection failed or took too long.
    Network,
    /// There is no such thing.
    NotFound,
    /// The service does not have the operation (emulators, older engines).
    NotSupported {
        /// The operation that it lacks.
        operation: &'static str,
    },
    /// The request was refused as it stands: a wrong value, a wrong state, a limit.
    Refused,
    /// Anything else.
    Other,
}

/// What can be offered about a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// It is asked again by itself; `r` asks at once.
    Retry,
    /// Log in, then ask again; the text is the command to run when it is known.
    LogIn(String),
    /// Nothing but reading the message.
    Nothing,
}

impl Fault {
    /// A fault of `kind` that says `message`.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, request_id: None }
    }

    /// The operation is not there, so what needs it cannot be shown.
    pub fn not_supported(operation: &'static str) -> Self {
        Self::new(FaultKind::NotSupported { operation }, format!("this endpoint has no {operation}"))
    }

    /// Whether asking again later can help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, FaultKind::Throttled | FaultKind::Network | FaultKind::Other)
    }

    /// What can be offered; `profile` is the AWS profile of the context, if it has one.
    pub fn offer(&self, profile: Option<&str>) -> Offer {
        match &self.kind {
            FaultKind::Throttled | FaultKind::Network | FaultKind::Other => Offer::Retry,
            FaultKind::Expired => Offer::LogIn(match profile {
                Some(profile) => format!("aws sso login --profile {}", crate::client::text::shell_quote(profile)),
                None => "aws sso login".to_owned(),
            }),
            FaultKind::Denied | FaultKind::NotFound | FaultKind::NotSupported { .. } | FaultKind::Refused => {
                Offer::Nothing
            }
        }
    }

    /// One or two words for a badge.
    pub fn label(&self) -> &'static str {
        match self.kind {
            FaultKind::Throttled => "throttled",
            FaultKind::Expired => "credentials expired",
            FaultKind::Denied => "access denied",
            FaultKind::Network => "out of reach",
            FaultKind::NotFound => "not found",
            FaultKind::NotSupported { .. } => "not supported",
            FaultKind::Refused => "refused",
            FaultKind::Other => "failed",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.label(), self.message)
    }
}

impl std::error::Error for Fault {}
