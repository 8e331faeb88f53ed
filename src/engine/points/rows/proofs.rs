//! When a recovery point was last proven to be restorable.

use crate::domain::proof::{LAST_DISPROVEN, LAST_PROVEN};
use crate::domain::{Arn, PointDetails, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// A restore test has found that a point can be restored, or that it cannot.
pub fn set_proven(connection: &Connection, arn: &Arn, is_proven: bool, now: Time) -> Result<()> {
    let sql = if is_proven {
        "UPDATE recovery_points SET last_proven = ?2 WHERE arn = ?1"
    } else {
        "UPDATE recovery_points SET last_disproven = ?2 WHERE arn = ?1"
    };
    connection.prepare_cached(sql)?.execute(params![arn.as_str(), millis(now)])?;
    Ok(())
}

/// When a point was last proven, and when a test last failed, as details of it; nothing of one that was never tested.
pub fn details(connection: &Connection, arn: &Arn) -> Result<PointDetails> {
    let sql = "SELECT last_proven, last_disproven FROM recovery_points WHERE arn = ?1";
    let found = query::first(connection, sql, [arn.as_str()], |row| {
        Ok([(LAST_PROVEN, row.time_option("last_proven")?), (LAST_DISPROVEN, row.time_option("last_disproven")?)])
    })?;
    let told = |(name, at): (&str, Option<Time>)| {
        Some((name.to_owned(), at?.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
    };
    Ok(found.into_iter().flatten().filter_map(told).collect())
}
