//! Vaults: their rows, their folders on disk, and who may work in one.

mod air_gap;
pub(crate) mod cold;
pub(crate) mod copies;
pub(in crate::engine) mod data_key;
pub mod folder;
pub mod gate;
pub mod id;
pub mod identity;
pub mod lock;
pub mod lock_record;
pub mod ops;
pub mod policy_record;
pub(crate) mod protection;
pub(crate) mod records;
pub mod recovery_keys;
pub mod rows;
pub mod shares_record;
pub mod store;
pub mod trash;
