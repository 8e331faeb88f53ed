//! Something that somebody changed.

use crate::domain::{Scope, Time};

/// Something that was changed, or that somebody tried to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What tells it from others.
    pub id: String,
    /// When.
    pub at: Time,
    /// Where.
    pub scope: Scope,
    /// Who: a user of this machine, or the last part of a caller's ARN.
    pub who: String,
    /// By which way: a context of this machine, or the caller's program.
    pub by: String,
    /// What, in words.
    pub summary: String,
    /// The operations, in their order.
    pub operations: String,
    /// What came of it, or why not; none while it is under way.
    pub outcome: Option<Result<String, String>>,
    /// The exact request, as JSON; empty where it is not known.
    pub request: String,
    /// The caller's ARN; empty for a user of this machine.
    pub caller: String,
}
