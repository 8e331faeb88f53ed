//! Why something could not be done, in plain words, and what can be offered about it.

use crate::domain::denial;
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
    /// The command that signs in again, where a sign-in that is over is what is wrong.
    pub login: Option<String>,
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
    /// Sign in with this command; then it goes on by itself, as it is asked again and again.
    LogIn(String),
    /// Nothing but reading the message.
    Nothing,
}

impl Fault {
    /// A fault of `kind` that says `message`.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, request_id: None, login: None }
    }

    /// The operation is not there, so what needs it cannot be shown.
    pub fn not_supported(operation: &'static str) -> Self {
        Self::new(FaultKind::NotSupported { operation }, format!("this endpoint has no {operation}"))
    }

    /// Whether asking again later can help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, FaultKind::Throttled | FaultKind::Network | FaultKind::Other)
    }

    /// What can be offered.
    pub fn offer(&self) -> Offer {
        match &self.kind {
            FaultKind::Throttled | FaultKind::Network | FaultKind::Other => Offer::Retry,
            // Keys that come from no sign-in may be renewed by other means, and are read anew each time.
            FaultKind::Expired => self.login.clone().map_or(Offer::Retry, Offer::LogIn),
            FaultKind::Denied | FaultKind::NotFound | FaultKind::NotSupported { .. } | FaultKind::Refused => {
                Offer::Nothing
            }
        }
    }

    /// Where one learns what is only told in an encoded form.
    pub fn hint(&self) -> Option<&'static str> {
        denial::encoded(&self.message).map(|_| "vaultdeck decode MESSAGE tells what the encoded message says")
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
        write!(f, "{}: {}", self.label(), self.message)?;
        if let Some(login) = &self.login {
            write!(f, "; to sign in again: {login}")?;
        }
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_how_one_signs_in_and_how_an_encoded_message_is_read() {
        let signed_out =
            Fault { login: Some("aws sso login".to_owned()), ..Fault::new(FaultKind::Expired, "it is over") };
        assert_eq!(signed_out.to_string(), "credentials expired: it is over; to sign in again: aws sso login");
        let blob = "oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj";
        let encoded = Fault::new(FaultKind::Denied, format!("no. Encoded authorization failure message: {blob}"));
        assert!(
            encoded.to_string().ends_with("; vaultdeck decode MESSAGE tells what the encoded message says"),
            "{encoded}"
        );
        assert_eq!(Fault::new(FaultKind::Denied, "no").to_string(), "access denied: no");
    }
}
