//! Backup plans and what they select.

pub mod ops;
pub(crate) mod rows;
pub mod selections;
