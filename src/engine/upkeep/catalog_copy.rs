//! The daily copy of the catalog.
//!
//! It goes by wall time, also under a simulated clock: it guards against what happens to the disk, and that lives in real
//! days. A simulated year would else cost 365 copies and leave the last seven simulated days, made within one second.

use crate::engine::Engine;
use crate::engine::catalog::copies;
use crate::engine::error::Result;
use crate::engine::jobs::turn::Turn;
use chrono::{Duration, Utc};
use std::sync::Arc;

/// How often it is looked whether a copy is due, and how soon one that failed is tried again.
const LOOK_EVERY: Duration = Duration::hours(1);

impl Engine {
    /// Copies the catalog in the background, when the newest copy is a day old.
    pub(crate) fn copy_catalog_due(self: &Arc<Self>, turn: &mut Turn) -> Result<()> {
        let now = Utc::now();
        // A look that seems to lie far ahead was planned by a clock that was wrong.
        let planned = turn.next_copy.is_some_and(|at| at > now && at - now <= LOOK_EVERY);
        if !self.options.scheduler || planned || self.jobs.is_stopping() {
            return Ok(());
        }
        turn.next_copy = Some(now + LOOK_EVERY);
        // The room that there is belongs to what must go on; the copies before are kept.
        if self.data_dir.reserve().standing().is_short() {
            return Ok(());
        }
        let path = self.data_dir.catalog();
        if !copies::is_due(&path, now)? {
            return Ok(());
        }
        self.jobs.in_background("catalog copy", move || match copies::make(&path, now) {
            Ok(copy) => tracing::info!(copy = %copy.path.display(), "the catalog was copied"),
            Err(error) => tracing::error!(%error, "the catalog could not be copied; the copies before are kept"),
        })
    }
}
