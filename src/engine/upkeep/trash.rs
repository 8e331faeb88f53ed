//! The trash is emptied of what has lain there for its days.

use crate::domain::Time;
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::jobs::turn::Turn;
use crate::engine::vaults::trash::{KEEP_DAYS, came};
use chrono::Duration;

/// How often the trash is looked through.
const EVERY: Duration = Duration::days(1);

impl Engine {
    /// Deletes what has lain in the trash for its days, once a day, in the background: a vault's folder may be large.
    pub(crate) fn empty_trash(self: &std::sync::Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.options.scheduler || !self.clock.is_trusted() || turn.next_emptying.is_some_and(|at| at > now) {
            return Ok(());
        }
        turn.next_emptying = Some(now + EVERY);
        let engine = std::sync::Arc::clone(self);
        self.jobs.in_background("trash", move || {
            if let Err(error) = engine.delete_old_trash(now - Duration::days(KEEP_DAYS)) {
                tracing::warn!(%error, "the trash could not be emptied; it is tried again in a day");
            }
        })
    }

    fn delete_old_trash(&self, before: Time) -> Result<()> {
        let places = self.vault_store.places();
        for grave in places.graves()? {
            let old = came(&grave.name).is_some_and(|came| came <= before);
            if !old || self.jobs.is_stopping() {
                continue;
            }
            places.remove_grave(&grave)?;
            tracing::info!(folder = %grave, days = KEEP_DAYS, "a deleted vault has lain in the trash for its days: it is gone");
        }
        Ok(())
    }
}
