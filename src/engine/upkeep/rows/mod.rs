//! The rows of upkeep: how far it is, and what it may forget.

pub mod old_records;
pub mod scrubs;
pub mod set_aside;
