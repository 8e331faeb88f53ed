//! The feed of events: what changed its state, in EventBridge's shapes, to be read again from any position.
//!
//! An event is written by the transaction that makes the change ([`record`]): what did not happen is never told, and what
//! happened is told whatever the process comes to. Positions only grow. The feed is bounded ([`retention`]); whoever asks for
//! what is gone is told so ([`feed`]).

pub mod feed;
pub mod record;
pub mod retention;
pub(crate) mod rows;
