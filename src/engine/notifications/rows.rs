//! What vaults notify of, and what is to be delivered yet, as rows.

use crate::domain::notification::VaultNotifications;
use crate::domain::{Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{DeleteBackupVaultNotifications, PutBackupVaultNotifications};
use crate::engine::catalog::values::{Columns as _, to_json};
use crate::engine::catalog::{query, state};
use crate::engine::error::Result;
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

/// What a vault notifies of, and the position of the last event before it did.
pub type Since = (VaultNotifications, u64);

fn notifications(row: &Row<'_>) -> Result<VaultNotifications> {
    Ok(VaultNotifications { topic: row.parsed("topic_arn")?, events: row.json("events")? })
}

/// What a vault notifies of.
pub fn get(connection: &Connection, vault: &Arn) -> Result<Option<VaultNotifications>> {
    let sql = "SELECT topic_arn, events FROM vault_notifications WHERE vault_arn = ?1";
    query::first(connection, sql, [vault.as_str()], notifications)
}

/// What a vault notifies of, if it did already when the event at `position` happened.
pub fn get_for(connection: &Connection, vault: &Arn, position: u64) -> Result<Option<VaultNotifications>> {
    let sql = "SELECT topic_arn, events FROM vault_notifications WHERE vault_arn = ?1 AND since < ?2";
    query::first(connection, sql, params![vault.as_str(), position as i64], notifications)
}

/// What all vaults notify of, by their ARNs.
pub fn all(connection: &Connection) -> Result<BTreeMap<String, Since>> {
    let sql = "SELECT vault_arn, topic_arn, events, since FROM vault_notifications";
    let rows = query::all(connection, sql, [], |row| {
        Ok((row.column("vault_arn")?, (notifications(row)?, row.column::<i64>("since")? as u64)))
    })?;
    Ok(rows.into_iter().collect())
}

/// Whether any vault notifies anybody.
pub fn any(connection: &Connection) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM vault_notifications)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// From now on the permit's vault notifies of this. `last` is the position of the last event; where the vault has notified
/// before, what it did not tell yet is told as well.
pub fn put(
    connection: &Connection,
    permit: &Permit<'_, PutBackupVaultNotifications>,
    notifications: &VaultNotifications,
    last: u64,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO vault_notifications (vault_arn, topic_arn, events, since) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (vault_arn) DO UPDATE SET topic_arn = excluded.topic_arn, events = excluded.events",
        )?
        .execute(params![permit.on(), notifications.topic.as_str(), to_json(&notifications.events)?, last as i64])?;
    Ok(())
}

/// The permit's vault notifies nobody any more, not of what it has not told yet either. Whether it has notified anybody.
pub fn remove(connection: &Connection, permit: &Permit<'_, DeleteBackupVaultNotifications>) -> Result<bool> {
    let notified = "DELETE FROM vault_notifications WHERE vault_arn = ?1";
    let removed = connection.prepare_cached(notified)?.execute([permit.on()])? > 0;
    connection.prepare_cached("DELETE FROM deliveries WHERE queue = ?1")?.execute([permit.on()])?;
    Ok(removed)
}

/// From which position on a target is told; a new one from `last` on.
pub fn know_target(connection: &Connection, name: &str, last: u64) -> Result<u64> {
    connection
        .prepare_cached("INSERT INTO notification_targets (name, since) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING")?
        .execute(params![name, last as i64])?;
    let mut statement = connection.prepare_cached("SELECT since FROM notification_targets WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get::<_, i64>(0))? as u64)
}

/// Where the engine remembers how far the feed was read.
const NOTED: &str = "notifications.noted";

/// Up to which position it is noted who is to be told; none before there was a target.
pub fn noted(connection: &Connection) -> Result<Option<u64>> {
    Ok(state::get(connection, NOTED)?.and_then(|text| text.parse().ok()))
}

/// It is noted up to here.
pub fn set_noted(connection: &Connection, position: u64) -> Result<()> {
    state::set(connection, NOTED, &position.to_string())
}

/// An event that a target is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The target.
    pub target: String,
    /// The vault's ARN where a vault notifies; otherwise empty.
    pub queue: String,
    /// The event's position.
    pub position: u64,
}

/// Notes deliveries.
pub fn queue(connection: &Connection, deliveries: &[Delivery]) -> Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT OR IGNORE INTO deliveries (target, queue, position) VALUES (?1, ?2, ?3)")?;
    for delivery in deliveries {
        statement.execute(params![delivery.target, delivery.queue, delivery.position as i64])?;
    }
    Ok(())
}

/// The queues of a target in which something waits.
pub fn queues(connection: &Connection, target: &str) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT queue FROM deliveries WHERE target = ?1 ORDER BY queue";
    query::all(connection, sql, [target], |row| row.column("queue"))
}

/// The positions of the next events of a queue, at most `limit`.
pub fn next(connection: &Connection, target: &str, queue: &str, limit: usize) -> Result<Vec<u64>> {
    let sql = "SELECT position FROM deliveries WHERE target = ?1 AND queue = ?2 ORDER BY position LIMIT ?3";
    query::all(connection, sql, params![target, queue, limit as i64], |row| Ok(row.column::<i64>("position")? as u64))
}

/// The events of a queue up to a position were delivered.
pub fn settle(connection: &Connection, target: &str, queue: &str, up_to: u64) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM deliveries WHERE target = ?1 AND queue = ?2 AND position <= ?3")?
        .execute(params![target, queue, up_to as i64])?;
    Ok(())
}

/// The first position that somebody waits for.
pub fn first_waiting(connection: &Connection) -> Result<Option<u64>> {
    let mut statement = connection.prepare_cached("SELECT min(position) FROM deliveries")?;
    Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?.map(|position| position as u64))
}

/// What waits for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The target.
    pub target: String,
    /// How many events.
    pub count: u64,
    /// When the oldest happened; none when it is not kept any more.
    pub oldest: Option<Time>,
}

/// What waits, by target.
pub fn waiting(connection: &Connection) -> Result<Vec<Waiting>> {
    let sql = "SELECT target, count, (SELECT time FROM events WHERE position = first) AS oldest
         FROM (SELECT target, count(*) AS count, min(position) AS first FROM deliveries GROUP BY target) ORDER BY target";
    query::all(connection, sql, [], |row| {
        Ok(Waiting {
            target: row.column("target")?,
            count: row.column::<i64>("count")? as u64,
            oldest: row.time_option("oldest")?,
        })
    })
}
