//! Backup plans and what they select.

pub mod ops;
pub mod selections;
