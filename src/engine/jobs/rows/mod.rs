//! What the rows of all kinds of jobs have in common: their transitions, what they need and leave, their lists, their counts.

pub(in crate::engine) mod children;
pub(in crate::engine) mod list;
pub(in crate::engine) mod store;
pub mod summaries;
pub(in crate::engine) mod table;
pub(in crate::engine) mod uses;
