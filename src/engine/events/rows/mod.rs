//! The feed as rows.

use crate::domain::event::{Change, Event};
use crate::domain::{AccountId, Region, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, to_json};
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

/// Adds an event behind all others.
pub fn append(connection: &Connection, id: Uuid, change: &Change<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO events (id, time, account, region, detail_type, resources, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            id.as_bytes(),
            millis(change.at),
            change.scope.account.as_str(),
            change.scope.region.as_str(),
            change.detail.detail_type().as_str(),
            to_json(&change.resources)?,
            to_json(&change.detail)?,
        ])?;
    Ok(())
}

/// The first and the last position that are kept; none when nothing was ever told.
pub fn bounds(connection: &Connection) -> Result<Option<(u64, u64)>> {
    // Two looks at the ends of the table: one query for both would read all between.
    let end = |function: &str| -> Result<Option<i64>> {
        let mut statement = connection.prepare_cached(&format!("SELECT {function}(position) FROM events"))?;
        Ok(statement.query_row([], |row| row.get(0))?)
    };
    Ok(end("min")?.zip(end("max")?).map(|(first, last)| (first as u64, last as u64)))
}

/// Whose events are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whose {
    /// Of this account; of all when there is none.
    pub account: Option<AccountId>,
    /// Of this region; of all when there is none.
    pub region: Option<Region>,
}

/// At most `limit` events with a position in `after + 1 ..= until`, in their order.
pub fn read(connection: &Connection, whose: &Whose, after: u64, until: u64, limit: usize) -> Result<Vec<Event>> {
    let sql = "SELECT position, id, time, account, region, detail_type, resources, detail FROM events
         WHERE position > ?1 AND position <= ?2 AND (?3 IS NULL OR account = ?3) AND (?4 IS NULL OR region = ?4)
         ORDER BY position LIMIT ?5";
    let (account, region) = (whose.account.as_ref(), whose.region.as_ref());
    query::all(
        connection,
        sql,
        params![after as i64, until as i64, account.map(AccountId::as_str), region.map(Region::as_str), limit as i64],
        from_row,
    )
}

fn from_row(row: &Row<'_>) -> Result<Event> {
    let id = row.column::<Vec<u8>>("id")?;
    let id = Uuid::from_slice(&id).map_err(|_| Error::Internal("an event's id is no UUID".to_owned()))?;
    let position = row.column::<i64>("position")? as u64;
    let mut event = Event::new(position, id.to_string(), row.scope()?, row.time("time")?, row.parsed("detail_type")?);
    event.resources = row.json("resources")?;
    event.detail = row.json("detail")?;
    Ok(event)
}

/// The last position of what was told before `time`, as far as that is in one piece from the beginning of the feed; none when
/// its first event is not that old.
pub fn last_before(connection: &Connection, time: Time) -> Result<Option<u64>> {
    let first_kept = "SELECT position FROM events WHERE time >= ?1 ORDER BY position LIMIT 1";
    let first: Option<i64> =
        connection.prepare_cached(first_kept)?.query_row([millis(time)], |row| row.get(0)).optional()?;
    let Some((oldest, last)) = bounds(connection)? else { return Ok(None) };
    let before = first.map_or(last, |position| (position as u64).saturating_sub(1));
    Ok((before >= oldest).then_some(before))
}

/// Removes what was told up to a position, but the newest event stays. How many went.
pub fn forget(connection: &Connection, up_to: u64) -> Result<usize> {
    let sql = "DELETE FROM events WHERE position <= ?1 AND position < (SELECT max(position) FROM events)";
    Ok(connection.prepare_cached(sql)?.execute([up_to as i64])?)
}
