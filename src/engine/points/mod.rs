//! Recovery points: their rows, their manifests in the vaults, what they hold, and what of them was lost.

mod disassociate;
pub mod expiry;
pub(crate) mod insert;
pub mod items;
pub mod manifest;
pub mod ops;
pub mod rows;
pub(crate) mod tiers;
