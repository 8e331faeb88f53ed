//! Resources: what is registered to be backed up, and where it lies.

pub mod ops;
mod registered;
pub(crate) mod rows;
