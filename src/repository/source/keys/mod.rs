//! A flat store of keys, such as a bucket, as a tree that can be backed up and that restic can restore.
//!
//! ```text
//! ROOT/from-/photos/2024/a.jpg               the keys up to the next range, as the folders that people read in them
//! ROOT/from-photos%2F2024%2Fq.jpg/photos/…   the keys from photos/2024/q.jpg on
//! ```
//!
//! The folders directly below the root are ranges of the keys ([`ranges`]), so that no folder gets too large, whatever the
//! keys are; a small store has just one. In a range keys are written as paths ([`names`]). Whoever restores with restic
//! puts the ranges' folders into one, one after the other, and has the store's own paths; only a key that is also the folder
//! of keys in another range needs a hand then.

mod names;
mod paths;
mod range;
mod ranges;
mod store;
mod tree;

pub use paths::{folders_below_key, key_of_item, places_of_key};
pub use store::{KeyItem, KeyStore, Keys};
pub use tree::KeyTree;
