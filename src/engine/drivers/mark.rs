//! What a driver wants to be told again: the engine keeps it and knows nothing of what is in it.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a driver remembers of a resource from one backup to the next, or of a restore's target from one attempt to the next.
/// No secret may be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(serde_json::Value);

impl Mark {
    /// A mark that says `what`; one that JSON cannot hold says nothing.
    pub fn of(what: &impl Serialize) -> Self {
        Self(serde_json::to_value(what).unwrap_or_default())
    }

    /// What it says; `None` when it is not of this form.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.0.clone()).ok()
    }

    /// As the catalog keeps it.
    pub(in crate::engine) fn to_text(&self) -> String {
        self.0.to_string()
    }

    /// From what the catalog kept.
    pub(in crate::engine) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }
}
