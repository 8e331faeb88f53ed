//! Child jobs, by the job that stands for them.

use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::StopBackupJob;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use crate::engine::jobs::backup::rows::{COLUMNS, from_row};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// How many child jobs there are in each state.
pub type States = BTreeMap<JobState, u64>;

/// A child job, with what its resource is called in its parent's; nothing of what is the parent's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// The job.
    pub job: BackupJob,
    /// `CompositeMemberIdentifier`.
    pub member: Option<String>,
}

/// The child jobs of a job, counted by their states.
pub fn states(connection: &Connection, parent: &JobId) -> Result<States> {
    let sql = "SELECT state, count(*) AS jobs FROM backup_jobs WHERE parent_job_id = ?1 GROUP BY state";
    let counted = query::all(connection, sql, [parent.as_str()], |row| {
        let jobs: i64 = row.column("jobs")?;
        Ok((JobState::from(row.column::<String>("state")?.as_str()), jobs.max(0) as u64))
    })?;
    Ok(counted.into_iter().collect())
}

/// The child jobs of a job: that of what is its own first, then by what their resources are called.
pub fn of(connection: &Connection, parent: &JobId) -> Result<Vec<Child>> {
    let sql = format!("SELECT {COLUMNS}, member FROM backup_jobs WHERE parent_job_id = ?1 ORDER BY member, id");
    query::all(connection, &sql, [parent.as_str()], |row| {
        Ok(Child { job: from_row(row)?, member: row.column("member")? })
    })
}

/// The child jobs were made: what was tried up to here counts no more, and `issue` is what lacks one and makes the job PARTIAL.
pub fn note_divided(connection: &Connection, parent: &JobId, issue: Option<&str>) -> Result<()> {
    connection
        .prepare_cached("UPDATE backup_jobs SET attempts = 0, issue = ?2 WHERE id = ?1")?
        .execute(params![parent.as_str(), issue])?;
    Ok(())
}

/// The child jobs of a job that is stopped and that are not over, the permit being for the parent.
pub fn to_stop(connection: &Connection, _permit: &Permit<'_, StopBackupJob>, parent: &JobId) -> Result<Vec<BackupJob>> {
    let children = of(connection, parent)?.into_iter().map(|child| child.job);
    Ok(children.filter(|job| !job.state.is_final()).collect())
}
