//! Child jobs, by the job that stands for them, whatever their kind.

use crate::domain::job::JobState;
use crate::domain::names::JobId;
use crate::domain::{Arn, ResourceType};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use crate::engine::jobs::rows::table::JobTable;
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// How many child jobs there are in each state.
pub type States = BTreeMap<JobState, u64>;

/// A child job, as far as it matters to its parent.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// `CompositeMemberIdentifier`: what its resource is called in its parent's; nothing of what is the parent's own.
    pub member: Option<String>,
    /// Its state.
    pub state: JobState,
    /// What there is to say about it.
    pub status_message: Option<String>,
    /// The category of that.
    pub message_category: Option<String>,
    /// What it backs up, or what that which it copies is of.
    pub resource_arn: Arn,
    /// The name of that, where it has one.
    pub resource_name: Option<String>,
    /// The type of that.
    pub resource_type: ResourceType,
    /// The recovery point that it makes, or was to make.
    pub point: Option<Arn>,
}

/// The child jobs of a job, counted by their states.
pub fn states(connection: &Connection, table: &JobTable, parent: &JobId) -> Result<States> {
    let sql = format!("SELECT state, count(*) AS jobs FROM {} WHERE parent_job_id = ?1 GROUP BY state", table.rows);
    let counted = query::all(connection, &sql, [parent.as_str()], |row| {
        let jobs: i64 = row.column("jobs")?;
        Ok((JobState::from(row.column::<String>("state")?.as_str()), jobs.max(0) as u64))
    })?;
    Ok(counted.into_iter().collect())
}

/// The child jobs of a job: that of what is its own first, then by what their resources are called.
pub fn of(connection: &Connection, table: &JobTable, parent: &JobId) -> Result<Vec<Child>> {
    let (Some(into), Some(makes)) = (table.writes_into, table.makes) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT member, state, status_message, message_category, resource_arn, resource_name, resource_type,
             {into} AS vault, {makes} AS point FROM {} WHERE parent_job_id = ?1 ORDER BY member, id",
        table.rows
    );
    query::all(connection, &sql, [parent.as_str()], from_row)
}

fn from_row(row: &Row<'_>) -> Result<Child> {
    let (vault, point): (Arn, Option<String>) = (row.parsed("vault")?, row.column("point")?);
    Ok(Child {
        member: row.column("member")?,
        state: JobState::from(row.column::<String>("state")?.as_str()),
        status_message: row.column("status_message")?,
        message_category: row.column("message_category")?,
        resource_arn: row.parsed("resource_arn")?,
        resource_name: row.column("resource_name")?,
        resource_type: row.column::<String>("resource_type")?.into(),
        point: vault.scope().zip(point).map(|(scope, id)| Arn::recovery_point(&scope, &id)),
    })
}
