//! What opening a root takes beyond the data directory, and who has it: whoever starts the engine.

use super::kms::Kms;
use super::passphrase::{Cost, Passphrase};
use crate::domain::Arn;
use crate::engine::error::Result;
use std::fmt;
use std::sync::OnceLock;

/// A kind of root, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file of the data directory.
    File,
    /// A passphrase.
    Passphrase,
    /// A key in AWS KMS: its ARN, or that of an alias.
    Kms(Arn),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Passphrase => f.write_str("passphrase"),
            Self::Kms(key) => write!(f, "kms, {key}"),
        }
    }
}

/// Which passphrase is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The one that opens the root that is there.
    Existing,
    /// The one of a root that is made: it is asked for twice where a person types it.
    New,
}

/// What only whoever starts an engine has.
pub trait Keeper: Send + Sync {
    /// The kind of root that a new data directory gets, and that any other must have already; `None` for a file in a new one
    /// and whatever any other has.
    fn wanted(&self) -> Option<Kind>;

    /// A passphrase; `None` where none was given and nobody is there to be asked.
    fn passphrase(&self, asked: Asked) -> Result<Option<Passphrase>>;

    /// The way to AWS KMS.
    fn kms(&self) -> &dyn Kms;

    /// What guessing a new passphrase shall cost.
    fn cost(&self) -> Cost {
        Cost::STRONG
    }
}

/// The keeper of an engine that nobody tells anything: it opens a file, and makes one.
#[derive(Debug, Clone, Copy)]
pub struct Unattended;

impl Keeper for Unattended {
    fn wanted(&self) -> Option<Kind> {
        None
    }

    fn passphrase(&self, _asked: Asked) -> Result<Option<Passphrase>> {
        Ok(None)
    }

    fn kms(&self) -> &dyn Kms {
        &super::kms::NoKms
    }
}

/// One opening: the passphrase is asked for at most once, however many roots it is tried on.
pub(in crate::engine::keys) struct Asking<'a> {
    keeper: &'a dyn Keeper,
    /// What was answered, once it was.
    told: OnceLock<Option<Passphrase>>,
}

impl<'a> Asking<'a> {
    pub(in crate::engine::keys) fn of(keeper: &'a dyn Keeper) -> Self {
        Self { keeper, told: OnceLock::new() }
    }

    pub(super) fn keeper(&self) -> &'a dyn Keeper {
        self.keeper
    }

    pub(super) fn passphrase(&self) -> Result<Option<Passphrase>> {
        if let Some(told) = self.told.get() {
            return Ok(told.clone());
        }
        let told = self.keeper.passphrase(Asked::Existing)?;
        Ok(self.told.get_or_init(|| told).clone())
    }
}
