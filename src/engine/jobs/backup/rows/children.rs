//! What becomes of a parent job and its children beyond what every kind of job knows of them.

use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::plan::CopyAction;
use crate::domain::{Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::StopBackupJob;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use crate::engine::jobs::backup::rows::{COLUMNS, from_row};
use crate::engine::jobs::copy;
use crate::engine::points::rows::composite;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// The child jobs were made: what was tried up to here counts no more, and `issue` is what lacks one and makes the job PARTIAL.
pub fn note_divided(connection: &Connection, parent: &JobId, issue: Option<&str>) -> Result<()> {
    connection
        .prepare_cached("UPDATE backup_jobs SET attempts = 0, issue = ?2 WHERE id = ?1")?
        .execute(params![parent.as_str(), issue])?;
    Ok(())
}

/// The child jobs of a job that is stopped and that are not over, the permit being for the parent.
pub fn to_stop(connection: &Connection, _permit: &Permit<'_, StopBackupJob>, parent: &JobId) -> Result<Vec<BackupJob>> {
    Ok(all(connection, parent)?.into_iter().filter(|job| !job.state.is_final()).collect())
}

/// A parent ends without its recovery point: what its children completed is nested in none, and is copied by itself as the composite
/// would have been.
pub fn let_go(connection: &Connection, parent: &BackupJob, now: Time) -> Result<()> {
    let Some(point) = &parent.recovery_point_arn else { return Ok(()) };
    let nested: BTreeSet<Arn> = composite::nested(connection, point)?.into_iter().map(|point| point.arn).collect();
    composite::let_go(connection, point)?;
    let sql = "SELECT copy_actions FROM backup_jobs WHERE id = ?1";
    let actions: Option<Vec<CopyAction>> =
        query::first(connection, sql, [parent.id.as_str()], |row| row.json_option("copy_actions"))?.flatten();
    let Some(actions) = actions else { return Ok(()) };
    let is_whole = |job: &BackupJob| {
        job.state == JobState::Completed && job.recovery_point_arn.as_ref().is_some_and(|arn| nested.contains(arn))
    };
    for child in all(connection, &parent.id)?.into_iter().filter(is_whole) {
        copy::create::scheduled(connection, &child, &actions, now)?;
    }
    Ok(())
}

fn all(connection: &Connection, parent: &JobId) -> Result<Vec<BackupJob>> {
    let sql = format!("SELECT {COLUMNS} FROM backup_jobs WHERE parent_job_id = ?1 ORDER BY member, id");
    query::all(connection, &sql, [parent.as_str()], from_row)
}
