//! Whether a job's vault is open and lets the job in, without ever waiting for it.
//!
//! Opening a vault reads its index, which takes as long as the vault is large, and a vault may be held by restic or by a
//! collection. All of that happens beside the conductor's turn: until a vault is open, its jobs stay where they are.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::entered::{Closed, Entered, Use};
use crate::engine::jobs::turn::Turn;
use std::sync::Arc;

/// Whether a job may begin as far as its vault is concerned.
pub(crate) enum Readiness {
    /// It may.
    Ready(Entered),
    /// The vault is being opened or collected; the conductor is woken when that has ended.
    NotNow,
    /// The vault cannot be opened, or is not what it was when it was.
    Closed(Closed),
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
                Ok(pass) => Readiness::Ready(Entered { vault: open, pass, from: None }),
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
