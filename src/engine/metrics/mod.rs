//! What AWS Backup counts in CloudWatch: how many jobs and recovery points came into which state, by five minutes, vault and resource
//! type.
//!
//! They are counted by the transaction that writes the state (`rows::count`), so that what happened is counted once, and the counts
//! outlive the jobs and points for as long as CloudWatch keeps its own. A job counts in the five minutes in which it came into the
//! state, in the account and region that own it; as AWS publishes no zeros, five minutes in which nothing happened are no data point.

mod data;
mod list;
pub(crate) mod rows;
#[cfg(test)]
mod tests;

pub use data::{Data, DataRequest, Points, Query, Stat};
pub use list::{ListRequest, Listed};

use crate::domain::{Scope, Time};
use crate::engine::Engine;
use crate::engine::error::Result;
use chrono::Duration;

/// How long CloudWatch keeps data: 15 months.
pub const DAYS: i64 = 455;

/// Which counts of an account and region: all, or those of one vault, one resource type, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Series {
    /// The metric's name.
    pub name: String,
    /// Of the vault of this name.
    pub vault: Option<String>,
    /// Of this resource type.
    pub resource_type: Option<String>,
}

/// Something came into a state.
pub(crate) struct Happened<'a> {
    /// Whose it is.
    pub(crate) scope: &'a Scope,
    /// The metric that counts it; none where AWS counts none.
    pub(crate) metric: Option<&'static str>,
    /// The name of the vault that it has to do with.
    pub(crate) vault: &'a str,
    /// The type of the resource that it has to do with.
    pub(crate) resource_type: &'a str,
    /// When.
    pub(crate) at: Time,
}

impl Engine {
    /// Removes the counts that CloudWatch would not keep any more.
    pub(crate) fn forget_old_counts(&self, now: Time) -> Result<()> {
        let before = now - Duration::days(DAYS);
        if self.catalog.read(|connection| rows::any_before(connection, before))? {
            self.catalog.keep(|tx| rows::forget_before(tx, before))?;
        }
        Ok(())
    }
}
