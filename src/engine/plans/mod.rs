//! Backup plans and what they select.

pub(crate) mod of_policy;
pub mod ops;
pub(crate) mod rows;
pub mod selections;
