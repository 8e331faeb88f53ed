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

/// How many are kept at most where somebody waits for them.
pub const COUNT_WAITED_FOR: u64 = 1_000_000;

/// Up to which position the feed may be forgotten at `now`; none when all of it is kept. `waited_for` is the first position
/// that is to be delivered yet.
fn forgettable(connection: &Connection, now: Time, waited_for: Option<u64>) -> Result<Option<u64>> {
    let Some((oldest, last)) = rows::bounds(connection)? else { return Ok(None) };
    let by_count = last.saturating_sub(COUNT);
    let by_age = rows::last_before(connection, now - Duration::days(DAYS))?.unwrap_or(0);
    let held = waited_for.map_or(last, |first| first.saturating_sub(1));
    // The newest stays, however old it is.
    let up_to = by_count.max(by_age).min(held).max(last.saturating_sub(COUNT_WAITED_FOR)).min(last - 1);
    Ok((up_to >= oldest).then_some(up_to))
}

impl Engine {
    /// Removes the events that are old enough to be forgotten. `waited_for` is the first position that is to be delivered yet.
    pub(crate) fn forget_old_events(&self, now: Time, waited_for: Option<u64>) -> Result<()> {
        if let Some(up_to) = self.catalog.read(|connection| forgettable(connection, now, waited_for))? {
            let gone = self.catalog.write(|tx| rows::forget(tx, up_to))?;
            tracing::debug!(gone, up_to, "old events are forgotten");
        }
        Ok(())
    }
}
