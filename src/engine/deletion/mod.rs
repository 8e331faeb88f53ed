//! Deletions: what is marked first and erased when nothing needs it any more.

pub mod points;
mod resources;
mod vaults;
