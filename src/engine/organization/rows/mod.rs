//! The rows of the organization: its accounts, and who may act for them.

pub mod access_keys;
pub mod accounts;
pub mod global_settings;
pub mod region_settings;
pub mod roles;
pub mod sessions;
