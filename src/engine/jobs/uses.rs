//! What jobs of any kind need, write and leave behind: what a deletion, a collection or a check has to know of them.

use crate::domain::job::JobState;
use crate::domain::{Arn, Time};
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::jobs::KINDS;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::jobs::rows::uses;
use std::collections::BTreeSet;

/// The tables of all kinds of job.
pub(in crate::engine) fn tables() -> impl Iterator<Item = &'static JobTable> {
    KINDS.iter().map(|kind| kind.table())
}

/// How many jobs run or wait to run.
pub fn count_open(connection: &Connection) -> Result<u64> {
    tables().map(|table| uses::count_open(connection, table)).sum()
}

/// Whether a job writes into a vault.
pub fn writes_into(connection: &Connection, vault: &Arn) -> Result<bool> {
    any(|table| uses::writes_into(connection, table, vault))
}

/// Whether a job that is not over needs a recovery point.
pub fn needs_point(connection: &Connection, point: &Arn) -> Result<bool> {
    any(|table| uses::reads(connection, table, point))
}

/// Whether a job is at work on a resource.
pub fn needs_resource(connection: &Connection, resource: &Arn) -> Result<bool> {
    any(|table| uses::reads_resource(connection, table, resource))
}

/// Whether a job that is not over makes the recovery point of this id.
pub fn makes_point(connection: &Connection, point_id: &str) -> Result<bool> {
    any(|table| uses::makes(connection, table, point_id))
}

/// The state of the job that makes, or was to make, a point of a vault.
pub fn state_of_maker(connection: &Connection, vault: &Arn, point_id: &str) -> Result<Option<JobState>> {
    for table in tables() {
        let state = uses::state_of_maker(connection, table, vault, point_id)?;
        if state.is_some() {
            return Ok(state);
        }
    }
    Ok(None)
}

/// The vaults into which jobs wrote that ended without a recovery point after `since`.
pub fn littered(connection: &Connection, since: Time) -> Result<BTreeSet<Arn>> {
    let vaults = tables().map(|table| uses::littered(connection, table, since)).collect::<Result<Vec<_>>>()?;
    Ok(vaults.into_iter().flatten().collect())
}

fn any(holds: impl Fn(&'static JobTable) -> Result<bool>) -> Result<bool> {
    for table in tables() {
        if holds(table)? {
            return Ok(true);
        }
    }
    Ok(false)
}
