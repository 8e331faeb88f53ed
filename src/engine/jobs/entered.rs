//! How a job is let into its vault, or why it is not.

use crate::engine::error::Error;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::work::Failure;
use crate::engine::vaults::gate::Pass;
use crate::engine::vaults::store::OpenVault;
use std::sync::Arc;

/// An open vault, and the pass of a job that works in it.
pub(crate) struct Entered {
    /// The vault.
    pub vault: Arc<OpenVault>,
    /// Held as long as the job works.
    pub pass: Pass,
    /// The vault that it reads, where that is another one.
    pub from: Option<Box<Entered>>,
}

/// What a job does in its vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// It restores.
    Reading,
    /// It backs up, which no other program may exclude.
    Writing,
}

/// Why a vault could not be opened.
#[derive(Clone)]
pub struct Closed {
    /// Whether it may be open later: another program holds it.
    pub temporary: bool,
    /// In words.
    pub why: String,
    /// How a job ends by it.
    pub ending: Ending,
}

impl Closed {
    pub(super) fn by(error: Error) -> Self {
        let (temporary, why) = (error.is_temporary(), error.to_string());
        let ending = match Failure::from(error) {
            Failure::Ended(ending) => ending,
            Failure::Stopped | Failure::Later { .. } => Ending::failed(false, why.clone()),
        };
        Self { temporary, why, ending }
    }
}
