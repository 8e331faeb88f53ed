//! The times that are kept of what has happened and is counted from.

use crate::engine::error::Result;
use rusqlite::Connection;

/// Nothing was seen or done later than `time`, in milliseconds since 1970: a clock that was ahead would let a plan rest, and
/// young packs and damaged files stay, until it is there again.
pub fn none_later_than(connection: &Connection, time: i64) -> Result<()> {
    connection.execute("UPDATE plan_progress SET evaluated_until = ?1 WHERE evaluated_until > ?1", [time])?;
    connection.execute("UPDATE packs SET added_at = ?1 WHERE added_at > ?1", [time])?;
    connection.execute("UPDATE set_aside SET seen = ?1 WHERE seen > ?1", [time])?;
    connection.execute("UPDATE vaults SET whole_since = NULL WHERE whole_since > ?1", [time])?;
    Ok(())
}
