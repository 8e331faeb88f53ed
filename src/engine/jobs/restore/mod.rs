//! Restore jobs.

pub(crate) mod kind;
pub mod ops;
pub mod run;
