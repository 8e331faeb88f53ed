//! How long events are kept: at most so many days, and so many of them.

use crate::domain::Time;
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::events::rows;
use chrono::Duration;

/// How many days of engine time events are kept.
pub const DAYS: i64 = 30;
/// How many are kept at most; some 100 MB.
pub const COUNT: u64 = 100_000;

/// Up to which position the feed may be forgotten at `now`; none when all of it is kept.
fn forgettable(connection: &Connection, now: Time) -> Result<Option<u64>> {
    let Some((oldest, last)) = rows::bounds(connection)? else { return Ok(None) };
    let by_count = last.saturating_sub(COUNT);
    let by_age = rows::last_before(connection, now - Duration::days(DAYS))?.unwrap_or(0);
    // The newest stays, however old it is.
    let up_to = by_count.max(by_age).min(last - 1);
    Ok((up_to >= oldest).then_some(up_to))
}

impl Engine {
    /// Removes the events that are old enough to be forgotten.
    pub(crate) fn forget_old_events(&self, now: Time) -> Result<()> {
        if let Some(up_to) = self.catalog.read(|connection| forgettable(connection, now))? {
            let gone = self.catalog.write(|tx| rows::forget(tx, up_to))?;
            tracing::debug!(gone, up_to, "old events are forgotten");
        }
        Ok(())
    }
}
