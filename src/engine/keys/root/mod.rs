//! Roots: where the secret lies from which everything else is wrapped.
//!
//! A new kind of root is one file beside [`file`](mod@file), its line in `ROOTS`, and a test that runs the conformance
//! suite on it.

#[cfg(test)]
pub(super) mod conformance;
pub mod file;

use crate::engine::data_dir::DataDir;
use crate::engine::error::Result;
use std::fmt::Debug;
use zeroize::Zeroizing;

/// Opens the root of one kind that a data directory has, if it has one. It makes one only in a `fresh` directory.
type Open = fn(data_dir: &DataDir, fresh: bool) -> Result<Option<Box<dyn Root>>>;

/// Every kind of root. The first that a data directory has wraps what is new there.
pub(super) const ROOTS: &[Open] = &[file::open];

/// A root. Its secret never leaves it: neither [`Debug`] nor an error shows it, nor what it is given to wrap.
pub trait Root: Debug + Send + Sync {
    /// Wraps `secret` so that only this root gives it back, and only for the same `context`.
    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>>;

    /// Unwraps what [`wrap`](Self::wrap) made. `None` when another root or another context wrapped it, or it was changed;
    /// an error when this cannot be known now.
    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>>;

    /// What it is called.
    fn describe(&self) -> Description;
}

/// What a root is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its name before what it wrapped, of at most 255 bytes: it can never change, and no other root may bear it.
    pub name: String,
    /// Where its secret lies, as messages tell it: `keys/local.key`.
    pub place: String,
}
