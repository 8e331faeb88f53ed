//! Restore jobs.

pub mod ops;
pub mod rows;
pub mod run;
pub(crate) mod target;
