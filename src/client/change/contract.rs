//! What every change says of itself.

use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// How much harm a change can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// It adds something, or can be undone.
    Low,
    /// It changes or stops something that others may rely on.
    Medium,
    /// It cannot be undone: it destroys something, or forbids something for good.
    High,
}

/// What must be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `y`.
    Yes,
    /// Exactly this text.
    Type(String),
}

/// How much harm a change can do, with what must be typed before it does what cannot be undone.
pub(crate) enum Harm {
    /// [`Danger::Low`].
    Low,
    /// [`Danger::Medium`].
    Medium,
    /// [`Danger::High`]: this text must be typed.
    High(String),
}

impl From<Harm> for (Danger, Ask) {
    fn from(harm: Harm) -> Self {
        match harm {
            Harm::Low => (Danger::Low, Ask::Yes),
            Harm::Medium => (Danger::Medium, Ask::Yes),
            Harm::High(text) => (Danger::High, Ask::Type(text)),
        }
    }
}

/// A change: what is shown before it, and how it is sent. Each has a file of its own.
pub(crate) trait Change {
    /// The requests, in the order in which they are sent. `token` makes sending them twice create one thing only.
    fn requests(&self, token: &str) -> Vec<Request>;

    /// What it does, in one line without a full stop.
    fn summary(&self) -> String;

    /// How much harm it can do.
    fn harm(&self) -> Harm;

    /// What else it means, in whole sentences; empty for nothing.
    fn consequence(&self) -> String {
        String::new()
    }

    /// Sends exactly [`Change::requests`] of the sending's token, in their order, each by a step of `sending`.
    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure>
    where
        Self: Sized;

    /// Some of its kind, with and without each member that may be absent: the tests send them and compare.
    #[cfg(test)]
    fn examples() -> Vec<Self>
    where
        Self: Sized;
}
