//! The rows of the organization: its accounts, and who may act for them.

pub mod access_keys;
pub mod account_requests;
pub mod accounts;
pub mod delegated_administrators;
pub mod global_settings;
pub mod region_settings;
pub mod roles;
pub mod sessions;
pub mod units;
