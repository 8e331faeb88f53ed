//! One line for whoever writes a state: the event goes into the feed with the same transaction.

use crate::domain::event::Change;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::events::rows;

/// Writes an event. `connection` is the transaction that makes the change.
pub fn record(connection: &Connection, change: &Change<'_>) -> Result<()> {
    rows::append(connection, uuid::Uuid::new_v4(), change)
}
