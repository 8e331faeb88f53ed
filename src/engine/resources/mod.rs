//! Resources: what is registered to be backed up, and where it lies.

pub mod ops;
pub(crate) mod rows;
