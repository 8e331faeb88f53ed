//! Recovery points: their rows, their manifests in the vaults, what they hold, and what of them was lost.

pub(crate) mod chains;
mod disassociate;
pub mod expiry;
pub mod explore;
pub(crate) mod insert;
pub mod items;
pub mod manifest;
pub mod ops;
pub mod rows;
mod sight;
pub(crate) mod tiers;

/// What the tag of a snapshot begins with; the id of its recovery point follows.
pub const TAG: &str = "vaultdeck:";
