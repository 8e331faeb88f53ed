//! Roots: where the secret lies from which everything else is wrapped.
//!
//! Each root has a secret of 32 random bytes, which does the wrapping; what tells the kinds apart is the lock that
//! keeps it: a [file](mod@file), a [passphrase], or a key in AWS [KMS](kms). A lock is opened once, when the engine starts.
//! What opening one takes beyond the data directory, the [`Keeper`] has. Which roots a directory has stands in its
//! [record](mod@record).
//!
//! A new kind is one file here with its lock, its variants in `Lock` and [`Kind`], and what the keeper must have for it. The
//! conformance suite judges what comes of it.

#[cfg(test)]
pub(super) mod conformance;
pub mod file;
pub mod keeper;
pub mod kms;
pub mod passphrase;
pub mod record;
pub mod secret;
mod written;

pub use keeper::{Asked, Keeper, Kind, Unattended};
pub use passphrase::{Cost, Passphrase};

use crate::engine::data_dir::DataDir;
use crate::engine::error::{Error, Result};
use keeper::Asking;
use secret::Secret;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use zeroize::Zeroizing;

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

/// What keeps the secret of a root, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "Kind", rename_all = "lowercase")]
pub(crate) enum Lock {
    /// It lies in `keys/local.key`.
    File,
    /// A key that is derived from a passphrase seals it.
    Passphrase(passphrase::Lock),
    /// A key in AWS KMS encrypts it.
    Kms(kms::Lock),
}

impl Lock {
    /// Draws a secret and locks it; the root's name. Of a file only the secret is drawn: writing it is the last step.
    pub(super) fn make(kind: &Kind, keeper: &dyn Keeper) -> Result<(String, Self, Secret)> {
        let secret = Secret::draw()?;
        let name = match kind {
            Kind::File => file::NAME.to_owned(),
            Kind::Passphrase => format!("passphrase {}", drawn_id()?),
            Kind::Kms(_) => format!("kms {}", drawn_id()?),
        };
        let lock = match kind {
            Kind::File => Self::File,
            Kind::Passphrase => {
                let told = keeper.passphrase(Asked::New)?.ok_or_else(passphrase::none_new)?;
                Self::Passphrase(passphrase::Lock::close(&told, keeper.cost(), &name, &secret)?)
            }
            Kind::Kms(key) => Self::Kms(kms::Lock::close(keeper.kms(), key, &name, &secret)?),
        };
        Ok((name, lock, secret))
    }

    /// The secret of the root of this name. Nothing is changed by it.
    pub(super) fn open(&self, name: &str, data_dir: &DataDir, asking: &Asking<'_>) -> Result<Secret> {
        match self {
            Self::File => file::read(&data_dir.local_key()),
            Self::Passphrase(lock) => lock.open(asking.passphrase()?.as_ref(), name),
            Self::Kms(lock) => lock.open(asking.keeper().kms(), name),
        }
    }

    /// Where the secret lies, as messages tell it.
    pub(super) fn place(&self) -> String {
        match self {
            Self::File => "keys/local.key".to_owned(),
            Self::Passphrase(_) => "passphrase".to_owned(),
            Self::Kms(lock) => format!("AWS KMS key {}", lock.key),
        }
    }

    /// Whether it is of a kind. Which key of KMS an alias stands for is not asked.
    pub(super) fn is_of(&self, kind: &Kind) -> bool {
        match (self, kind) {
            (Self::File, Kind::File) | (Self::Passphrase(_), Kind::Passphrase) => true,
            (Self::Kms(lock), Kind::Kms(key)) => lock.key == *key || !key.resource().starts_with("key/"),
            _ => false,
        }
    }
}

/// What tells a root from others of its kind.
fn drawn_id() -> Result<String> {
    let mut id = [0; 8];
    super::sealing::random(&mut id)?;
    Ok(hex::encode(id))
}

/// A root that does not open now, with what to do about it. Nothing was changed.
fn closed(what: impl Into<String>, advice: impl Into<String>, temporary: bool) -> Error {
    Error::RootClosed { what: what.into(), advice: advice.into(), temporary }
}
