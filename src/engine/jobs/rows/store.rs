//! The rows of jobs that are not over: what the engine needs of them beyond what the API shows, and their transitions.
//!
//! One function writes a job's state, and it asks [`JobState::can_become`]. The catalog has one writer at a time, so of
//! two hands on one job only one finds it in the state that it wants to leave.

use crate::domain::job::{BackupJob, JobKind, JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::types::Location;
use crate::domain::{Tags, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{StartBackupJob, StartRestoreJob, StopBackupJob};
use crate::engine::catalog::job_states::OPEN;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, to_json};
use crate::engine::drivers::Mark;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::{backups, restores};
use crate::engine::points::rows::{creating, point_id};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use std::collections::BTreeMap;

/// A backup job with what only the engine knows of it.
#[derive(Debug, Clone)]
pub struct BackupRecord {
    /// The job.
    pub job: BackupJob,
    /// Until when it must be done.
    pub complete_by: Time,
    /// What its recovery point will be tagged with beyond the resource's tags.
    pub recovery_point_tags: Tags,
    /// How often it was begun.
    pub attempts: i64,
    /// Whether it was ever begun before: an orderly stop is no attempt, and yet it may have left something.
    pub was_begun: bool,
}

/// A restore job with what only the engine knows of it.
#[derive(Debug, Clone)]
pub struct RestoreRecord {
    /// The job.
    pub job: RestoreJob,
    /// What was asked for.
    pub metadata: BTreeMap<String, String>,
    /// Where it writes.
    pub target: Location,
    /// The id of the resource that it makes, if it makes one.
    pub new_resource_id: Option<String>,
    /// Whether a new resource takes the recovery point's tags.
    pub copy_tags: bool,
    /// How often it was begun.
    pub attempts: i64,
    /// What an earlier attempt said of the target that it had begun, if one came so far.
    pub begun: Option<Mark>,
}

/// What a backup job moved, for its row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moved {
    /// The size of what it protects.
    pub size: i64,
    /// What it read.
    pub bytes: i64,
}

/// Adds a backup job, and its recovery point in status CREATING.
pub fn insert_backup(
    connection: &Connection,
    permit: &Permit<'_, StartBackupJob>,
    record: &BackupRecord,
) -> Result<()> {
    let job = &record.job;
    connection
        .prepare_cached(
            "INSERT INTO backup_jobs (id, account, region, vault_name, vault_arn, recovery_point_arn, lifecycle,
                 encryption_key_arn, resource_arn, resource_name, resource_type, created, initiated, completed, start_by,
                 state, status_message, message_category, percent_done, size_bytes, bytes_transferred, iam_role_arn,
                 created_by, backup_options, is_parent, complete_by, recovery_point_tags, attempts, recovery_point_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                 ?23, ?24, ?25, ?26, ?27, ?28, ?29)",
        )?
        .execute(params![
            job.id.as_str(),
            job.scope.account.as_str(),
            job.scope.region.as_str(),
            job.vault_name,
            job.vault_arn.as_str(),
            job.recovery_point_arn.as_ref().map(|arn| arn.as_str()),
            job.lifecycle.as_ref().map(to_json).transpose()?,
            job.encryption_key_arn,
            job.resource_arn.as_str(),
            job.resource_name,
            job.resource_type.as_str(),
            millis(job.created),
            job.initiated.map(millis),
            job.completed.map(millis),
            job.start_by.map(millis),
            job.state.as_str(),
            job.status_message,
            job.message_category,
            job.percent_done,
            job.size_bytes,
            job.bytes_transferred,
            job.iam_role_arn.as_ref().map(|arn| arn.as_str()),
            job.created_by.as_ref().map(to_json).transpose()?,
            to_json(&job.backup_options)?,
            job.is_parent,
            millis(record.complete_by),
            to_json(&record.recovery_point_tags)?,
            record.attempts,
            job.recovery_point_arn.as_ref().map(point_id),
        ])?;
    creating::insert(connection, permit, job, &record.recovery_point_tags)
}

/// Adds a restore job.
pub fn insert_restore(
    connection: &Connection,
    _permit: &Permit<'_, StartRestoreJob>,
    record: &RestoreRecord,
) -> Result<()> {
    let job = &record.job;
    let Some(resource_type) = &job.resource_type else {
        return Err(Error::Internal(format!("restore job {} is of no resource type", job.id)));
    };
    connection
        .prepare_cached(
            "INSERT INTO restore_jobs (id, account, region, recovery_point_arn, recovery_point_created,
                 source_resource_arn, vault_arn, created, state, status_message, percent_done, size_bytes, iam_role_arn,
                 created_resource_arn, resource_type, metadata, target, copy_tags, attempts, created_resource_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        )?
        .execute(params![
            job.id.as_str(),
            job.scope.account.as_str(),
            job.scope.region.as_str(),
            job.recovery_point_arn.as_ref().map(|arn| arn.as_str()),
            job.recovery_point_created.map(millis),
            job.source_resource_arn.as_ref().map(|arn| arn.as_str()),
            job.vault_arn.as_ref().map(|arn| arn.as_str()),
            millis(job.created),
            job.state.as_str(),
            job.status_message,
            job.percent_done,
            job.size_bytes,
            job.iam_role_arn.as_ref().map(|arn| arn.as_str()),
            job.created_resource_arn.as_ref().map(|arn| arn.as_str()),
            resource_type.as_str(),
            to_json(&record.metadata)?,
            to_json(&record.target)?,
            record.copy_tags,
            record.attempts,
            record.new_resource_id,
        ])?;
    Ok(())
}

/// Backup jobs that are not over, the oldest first.
pub fn open_backups(connection: &Connection) -> Result<Vec<BackupRecord>> {
    query::all(
        connection,
        &format!(
            "SELECT {}, complete_by, recovery_point_tags, attempts FROM backup_jobs
             WHERE state IN {} ORDER BY created, rowid",
            backups::COLUMNS,
            *OPEN
        ),
        [],
        |row| {
            let job = backups::from_row(row)?;
            Ok(BackupRecord {
                was_begun: job.initiated.is_some(),
                job,
                complete_by: row.time("complete_by")?,
                recovery_point_tags: row.json("recovery_point_tags")?,
                attempts: row.column("attempts")?,
            })
        },
    )
}

/// Restore jobs that are not over, the oldest first.
pub fn open_restores(connection: &Connection) -> Result<Vec<RestoreRecord>> {
    query::all(
        connection,
        &format!(
            "SELECT {}, metadata, target, copy_tags, attempts, created_resource_id, target_mark FROM restore_jobs
             WHERE state IN {} ORDER BY created, rowid",
            restores::COLUMNS,
            *OPEN
        ),
        [],
        |row| {
            Ok(RestoreRecord {
                job: restores::from_row(row)?,
                metadata: row.json("metadata")?,
                target: row.json("target")?,
                new_resource_id: row.column("created_resource_id")?,
                copy_tags: row.column("copy_tags")?,
                attempts: row.column("attempts")?,
                begun: row.column::<Option<String>>("target_mark")?.as_deref().and_then(Mark::from_text),
            })
        },
    )
}

/// How many jobs run or wait to run.
pub fn count_active(connection: &Connection) -> Result<u64> {
    let count: i64 = connection
        .prepare_cached(&format!(
            "SELECT (SELECT count(*) FROM backup_jobs WHERE state IN {open})
                  + (SELECT count(*) FROM restore_jobs WHERE state IN {open})",
            open = *OPEN
        ))?
        .query_row([], |row| row.get(0))?;
    Ok(count.max(0) as u64)
}

/// The table of a kind of job.
fn table(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Backup => "backup_jobs",
        JobKind::Copy => "copy_jobs",
        JobKind::Restore => "restore_jobs",
    }
}

/// The state of a job; none when there is no such job.
fn state_of(connection: &Connection, kind: JobKind, id: &JobId) -> Result<Option<JobState>> {
    let state: Option<String> = connection
        .prepare_cached(&format!("SELECT state FROM {} WHERE id = ?1", table(kind)))?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    Ok(state.as_deref().map(JobState::from))
}

/// Moves a job to `next` if it may go there from where it is, and with that writes `also`, assignments whose values are ?3 and
/// on. Whether it went. Nothing else writes a state.
fn advance(
    connection: &Connection,
    kind: JobKind,
    id: &JobId,
    next: &JobState,
    also: &str,
    values: &[&dyn ToSql],
) -> Result<bool> {
    if !state_of(connection, kind, id)?.is_some_and(|state| state.can_become(kind, next)) {
        return Ok(false);
    }
    let (id, next) = (id.as_str(), next.as_str());
    let all: Vec<&dyn ToSql> = [&id as &dyn ToSql, &next].into_iter().chain(values.iter().copied()).collect();
    connection
        .prepare_cached(&format!("UPDATE {} SET state = ?2{also} WHERE id = ?1", table(kind)))?
        .execute(all.as_slice())?;
    Ok(true)
}

/// A job begins, or begins again: RUNNING, one attempt more, and what the last one said of itself is past. Whether it was
/// there to begin.
pub fn begin(connection: &Connection, kind: JobKind, id: &JobId, now: Time) -> Result<bool> {
    const BEGUN: &str = "initiated = coalesce(initiated, ?3), attempts = attempts + 1, status_message = NULL";
    if advance(connection, kind, id, &JobState::Running, &format!(", {BEGUN}"), &[&millis(now)])? {
        return Ok(true);
    }
    let again = connection
        .prepare_cached(&format!("UPDATE {} SET {BEGUN} WHERE id = ?1 AND state = ?2", table(kind)))?
        .execute(params![id.as_str(), JobState::Running.as_str(), millis(now)])?;
    Ok(again > 0)
}

/// A restore job has begun the target that it writes into, and has written nothing yet.
pub fn remember_target(connection: &Connection, id: &JobId, target: &Mark) -> Result<()> {
    connection
        .prepare_cached("UPDATE restore_jobs SET target_mark = ?2 WHERE id = ?1")?
        .execute([id.as_str(), &target.to_text()])?;
    Ok(())
}

/// A running backup job is being stopped. Whether it was running.
pub fn begin_abort(connection: &Connection, _permit: &Permit<'_, StopBackupJob>, id: &JobId) -> Result<bool> {
    advance(connection, JobKind::Backup, id, &JobState::Aborting, "", &[])
}

/// An orderly shutdown interrupted the job: that attempt does not count.
pub fn forget_attempt(connection: &Connection, kind: JobKind, id: &JobId) -> Result<()> {
    connection
        .prepare_cached(&format!(
            "UPDATE {} SET attempts = max(0, attempts - 1) WHERE id = ?1 AND state = 'RUNNING'",
            table(kind)
        ))?
        .execute([id.as_str()])?;
    Ok(())
}

/// Says why a job that goes on running did not come to its end this time.
pub fn note_setback(connection: &Connection, kind: JobKind, id: &JobId, why: &str) -> Result<()> {
    connection
        .prepare_cached(&format!("UPDATE {} SET status_message = ?2 WHERE id = ?1 AND state = 'RUNNING'", table(kind)))?
        .execute([id.as_str(), why])?;
    Ok(())
}

/// A backup job ends, and with it its recovery point in status CREATING, unless it completes: then whoever ends it makes the
/// whole point of it. Whether it was still open; a completed one must also not have been stopped meanwhile.
pub fn end_backup(connection: &Connection, id: &JobId, ending: &Ending, moved: Moved, now: Time) -> Result<bool> {
    let completed = ending.state == JobState::Completed;
    let ended = advance(
        connection,
        JobKind::Backup,
        id,
        &ending.state,
        ", status_message = ?3, message_category = ?4, completed = ?5, percent_done = ?6, size_bytes = ?7,
         bytes_transferred = ?8",
        &[
            &ending.message,
            &ending.category,
            &millis(now),
            &if completed { 100.0 } else { 0.0 },
            &moved.size,
            &moved.bytes,
        ],
    )?;
    if ended && !completed {
        creating::remove(connection, id)?;
    }
    Ok(ended)
}

/// A restore job ends. Whether it was still open.
pub fn end_restore(connection: &Connection, id: &JobId, ending: &Ending, size: Option<i64>, now: Time) -> Result<bool> {
    let completed = ending.state == JobState::Completed;
    advance(
        connection,
        JobKind::Restore,
        id,
        &ending.state,
        ", status_message = ?3, completed = ?4, percent_done = CASE WHEN ?5 THEN 100.0 ELSE percent_done END,
         size_bytes = coalesce(?6, size_bytes)",
        &[&ending.message, &millis(now), &completed, &size],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample::{Job, at, catalog, insert, insert_restore};

    const ALL: [&str; 9] =
        ["CREATED", "PENDING", "RUNNING", "ABORTING", "ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL"];

    #[test]
    fn a_jobs_state_is_written_exactly_where_the_rules_let_it_go() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        for kind in [JobKind::Backup, JobKind::Restore] {
            for (from, to) in ALL.iter().flat_map(|from| ALL.iter().map(move |to| (*from, *to))) {
                let went: Result<(bool, String)> = catalog.write(|tx| {
                    tx.execute_batch("DELETE FROM backup_jobs; DELETE FROM restore_jobs")?;
                    if kind == JobKind::Backup {
                        insert(tx, &Job { id: "job", state: from, ..Job::default() });
                    } else {
                        insert_restore(tx, "job", at(1), None, from);
                    }
                    let id = "job".parse()?;
                    let went = advance(tx, kind, &id, &JobState::from(to), "", &[])?;
                    Ok((went, state_of(tx, kind, &id)?.unwrap().as_str().to_owned()))
                });
                let allowed = JobState::from(from).can_become(kind, &JobState::from(to));
                assert_eq!(
                    went.unwrap(),
                    (allowed, if allowed { to } else { from }.to_owned()),
                    "{kind:?} {from} {to}"
                );
            }
        }
    }

    #[test]
    fn a_job_that_is_being_stopped_can_end_in_any_way_but_as_completed() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        let id: JobId = "job".parse().unwrap();
        let end = |ending: &Ending| {
            catalog
                .write(|tx| {
                    tx.execute("DELETE FROM backup_jobs", [])?;
                    insert(tx, &Job { id: "job", state: "ABORTING", ..Job::default() });
                    end_backup(tx, &id, ending, Moved::default(), at(1))
                })
                .unwrap()
        };
        assert!(end(&Ending::stopped()));
        assert!(end(&Ending::failed(false, "the disk is gone")));
        assert!(!end(&Ending::completed(&[], false)));
    }
}
