//! Restore jobs.

pub mod ops;
pub mod run;
pub(crate) mod target;
