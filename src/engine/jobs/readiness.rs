//! Whether a job's vault is open and lets the job in, without ever waiting for it.
//!
//! Opening a vault reads its index, which takes as long as the vault is large, and a vault may be held by restic or by a
//! collection. All of that happens beside the conductor's turn: until a vault is open, its jobs stay where they are.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::turn::Turn;
use crate::engine::jobs::worker::Failure;
use crate::engine::vaults::gate::Pass;
use crate::engine::vaults::store::OpenVault;
use std::sync::Arc;

/// An open vault, and the pass of a job that works in it.
pub(crate) struct Entered {
    /// The vault.
    pub vault: Arc<OpenVault>,
    /// Held as long as the job works.
    pub pass: Pass,
}

/// What a job does in its vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// It restores.
    Reading,
    /// It backs up, which no other program may exclude.
    Writing,
}

/// Whether a job may begin as far as its vault is concerned.
pub(crate) enum Readiness {
    /// It may.
    Ready(Entered),
    /// The vault is being opened or collected; the conductor is woken when that has ended.
    NotNow,
    /// The vault cannot be opened, or is not what it was when it was.
    Closed(Closed),
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
    fn by(error: Error) -> Self {
        let (temporary, why) = (error.is_temporary(), error.to_string());
        let ending = match Failure::from(error) {
            Failure::Ended(ending) => ending,
            Failure::Stopped | Failure::Later { .. } => Ending::failed(false, why.clone()),
        };
        Self { temporary, why, ending }
    }
}

impl Engine {
    /// Lets a job into its vault, or has the vault opened in the background.
    pub(crate) fn ready(self: &Arc<Self>, turn: &mut Turn, vault: &Arn, use_for: Use) -> Result<Readiness> {
        // Told to the jobs of one turn; for those of the next it may be open.
        if let Some(closed) = turn.closed.get(&(vault.clone(), use_for)) {
            return Ok(Readiness::Closed(closed.clone()));
        }
        let handle = self.vault_store.handle(vault);
        if let Some(open) = handle.filter(|open| use_for == Use::Reading || open.is_writable()) {
            return Ok(match open.enter() {
                Ok(pass) => Readiness::Ready(Entered { vault: open, pass }),
                Err(Error::Busy(_)) => Readiness::NotNow,
                Err(error) => Readiness::Closed(Closed::by(error)),
            });
        }
        if turn.opening.insert((vault.clone(), use_for)) {
            let (engine, vault) = (Arc::clone(self), vault.clone());
            self.jobs.in_background("open-vault", move || {
                let opened = engine.vault_store.get(&vault).and_then(|open| match use_for {
                    Use::Reading => Ok(()),
                    Use::Writing => open.may_write(),
                });
                let mut turn = engine.jobs.turn();
                turn.opening.remove(&(vault.clone(), use_for));
                if let Err(error) = opened {
                    turn.closed.insert((vault, use_for), Closed::by(error));
                }
            })?;
        }
        Ok(Readiness::NotNow)
    }
}
