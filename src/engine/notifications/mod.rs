//! Notifications: events of the feed on their way to topics, webhooks and commands.
//!
//! One thread reads the feed from a durable cursor and notes for each target what it is to be told ([`fan_out`]); each target
//! has a thread that delivers that ([`lane`]). The note and the cursor are one transaction, and a note goes only when its
//! event was delivered: whatever the process comes to, nothing is lost, and what was under way is delivered again. Events of a
//! vault reach their topic in their order. A target that does not answer holds up nobody but itself.

pub mod fan_out;
pub mod lane;
pub mod ops;
pub(crate) mod rows;
pub mod standing;
pub mod target;
