//! The counts as rows.

use super::{Happened, Series};
use crate::domain::metric::EVERY;
use crate::domain::{Scope, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// The five minutes that a moment lies in.
fn slot(at: Time) -> i64 {
    at.timestamp().div_euclid(EVERY)
}

/// The first five minutes that do not begin before a moment.
fn slot_from(second: i64) -> i64 {
    second.div_euclid(EVERY) + i64::from(second.rem_euclid(EVERY) > 0)
}

/// Counts what happened, if AWS counts such. `connection` is the transaction in which it happens.
pub(crate) fn count(connection: &Connection, happened: &Happened<'_>) -> Result<()> {
    let Some(name) = happened.metric else { return Ok(()) };
    let (account, region) = (happened.scope.account.as_str(), happened.scope.region.as_str());
    let series = [account, region, name, happened.vault, happened.resource_type];
    let known = "SELECT id FROM metric_series
        WHERE account = ?1 AND region = ?2 AND name = ?3 AND vault = ?4 AND resource_type = ?5";
    let new = "INSERT INTO metric_series (account, region, name, vault, resource_type) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id";
    let id: i64 = match query::first(connection, known, series, |row| row.column("id"))? {
        Some(id) => id,
        None => connection.prepare_cached(new)?.query_row(series, |row| row.get(0))?,
    };
    connection
        .prepare_cached(
            "INSERT INTO metric_counts (series, slot, number) VALUES (?1, ?2, 1)
             ON CONFLICT (series, slot) DO UPDATE SET number = number + 1",
        )?
        .execute([id, slot(happened.at)])?;
    Ok(())
}

/// A period's data points put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Which period, from the beginning of what is asked for.
    pub(super) number: i64,
    /// The sum of its data points.
    pub(super) sum: i64,
    /// How many there are.
    pub(super) samples: i64,
    /// The least of them.
    pub(super) least: i64,
    /// The greatest.
    pub(super) most: i64,
}

/// Which periods: those of `length` seconds, counted from `origin`, of which data points lie in `from..until`; in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periods {
    pub(super) origin: i64,
    pub(super) length: i64,
    pub(super) from: i64,
    pub(super) until: i64,
}

/// The counts of these vaults and types together are one data point for each five minutes.
pub(super) fn sql(newest_first: bool) -> String {
    let order = if newest_first { "DESC" } else { "ASC" };
    format!(
        "SELECT bucket, sum(number) AS total, count(*) AS samples, min(number) AS least, max(number) AS most FROM (
             SELECT (c.slot * {EVERY} - ?6) / ?7 AS bucket, sum(c.number) AS number
             FROM metric_series s CROSS JOIN metric_counts c ON c.series = s.id
             WHERE s.account = ?1 AND s.region = ?2 AND s.name = ?3
                 AND (?4 IS NULL OR s.vault = ?4) AND (?5 IS NULL OR s.resource_type = ?5)
                 AND c.slot >= ?8 AND c.slot < ?9
             GROUP BY c.slot)
         GROUP BY bucket ORDER BY bucket {order} LIMIT ?10"
    )
}

/// At most `limit` of the periods that have data, in their order.
pub(super) fn buckets(
    connection: &Connection,
    scope: &Scope,
    series: &Series,
    periods: Periods,
    newest_first: bool,
    limit: usize,
) -> Result<Vec<Bucket>> {
    let parameters = params![
        scope.account.as_str(),
        scope.region.as_str(),
        series.name,
        series.vault,
        series.resource_type,
        periods.origin,
        periods.length,
        slot_from(periods.from),
        slot_from(periods.until),
        i64::try_from(limit).unwrap_or(i64::MAX),
    ];
    query::all(connection, &sql(newest_first), parameters, |row| {
        Ok(Bucket {
            number: row.column("bucket")?,
            sum: row.column("total")?,
            samples: row.column("samples")?,
            least: row.column("least")?,
            most: row.column("most")?,
        })
    })
}

/// The series of a scope that have data since a moment, by one vault and one type each.
pub(super) fn active(connection: &Connection, scope: &Scope, name: Option<&str>, since: Time) -> Result<Vec<Series>> {
    let sql = "SELECT name, vault, resource_type FROM metric_series s
        WHERE account = ?1 AND region = ?2 AND (?3 IS NULL OR name = ?3)
            AND EXISTS (SELECT 1 FROM metric_counts c WHERE c.series = s.id AND c.slot >= ?4)";
    let parameters = params![scope.account.as_str(), scope.region.as_str(), name, slot(since)];
    query::all(connection, sql, parameters, |row| {
        let (vault, resource_type) = (row.column("vault")?, row.column("resource_type")?);
        Ok(Series { name: row.column("name")?, vault: Some(vault), resource_type: Some(resource_type) })
    })
}

/// Whether there are counts from before a moment. Cheap, however many there are.
pub(super) fn any_before(connection: &Connection, time: Time) -> Result<bool> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM metric_series s CROSS JOIN metric_counts c ON c.series = s.id AND c.slot < ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([slot(time)], |row| row.get(0))?)
}

/// Removes the counts from before a moment, and the series that have no other.
pub(super) fn forget_before(connection: &Connection, time: Time) -> Result<()> {
    let slot = slot(time);
    let old = "DELETE FROM metric_counts WHERE series IN (SELECT id FROM metric_series) AND slot < ?1";
    connection.prepare_cached(old)?.execute([slot])?;
    let empty =
        "DELETE FROM metric_series WHERE NOT EXISTS (SELECT 1 FROM metric_counts WHERE series = metric_series.id)";
    connection.prepare_cached(empty)?.execute([])?;
    Ok(())
}
