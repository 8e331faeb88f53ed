//! The tags of everything that has an ARN.

pub mod ops;
pub mod rows;
