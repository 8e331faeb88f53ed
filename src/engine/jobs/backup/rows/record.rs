//! The rows of backup jobs that are not over: what the engine needs of them beyond what the API shows, and their transitions.

use crate::domain::continuous::days;
use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::plan::CopyAction;
use crate::domain::recovery_point::Creator;
use crate::domain::{Lifecycle, Tags, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{StartBackupJob, StopBackupJob};
use crate::engine::authorize::rows::locks;
use crate::engine::catalog::job_states::OPEN;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, creator, millis, to_json};
use crate::engine::error::Result;
use crate::engine::jobs::backup::rows::{self, COLUMNS, TABLE, children as families, from_row, tell};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::children::{self, States};
use crate::engine::jobs::rows::store;
use crate::engine::points::rows::{chains, creating, point_id};
use crate::repository::NewData;
use rusqlite::{Connection, params};

/// A backup job with what only the engine knows of it.
#[derive(Debug, Clone)]
pub struct BackupRecord {
    /// The job.
    pub job: BackupJob,
    /// Until when it must be done.
    pub complete_by: Time,
    /// What its recovery point will be tagged with beyond the resource's tags.
    pub recovery_point_tags: Tags,
    /// What its recovery point is to be copied into.
    pub copy_actions: Vec<CopyAction>,
    /// Whether it makes or renews a continuous recovery point.
    pub continuous: bool,
    /// What it completes with though nothing of it failed.
    pub issue: Option<String>,
    /// How often it was begun.
    pub attempts: i64,
    /// What its resource is called in that of its parent, if it is a child job; nothing of what is the parent's own.
    pub member: Option<String>,
    /// Its child jobs by their states, if it is a parent and has made them.
    pub children: States,
    /// Whether it was ever begun before: an orderly stop is no attempt, and yet it may have left something.
    pub was_begun: bool,
}

/// What a backup job moved, for its row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moved {
    /// The size of what it protects.
    pub size: i64,
    /// What it read.
    pub bytes: i64,
    /// What of that its vault did not hold yet; none where it is not known.
    pub new_data: Option<NewData>,
}

/// Adds a backup job, and its recovery point in status CREATING.
pub fn insert(connection: &Connection, permit: &Permit<'_, StartBackupJob>, record: &BackupRecord) -> Result<()> {
    let job = &record.job;
    connection
        .prepare_cached(
            "INSERT INTO backup_jobs (id, account, region, vault_name, vault_arn, recovery_point_arn, lifecycle,
                 encryption_key_arn, resource_arn, resource_name, resource_type, created, initiated, completed, start_by,
                 state, status_message, message_category, percent_done, size_bytes, bytes_transferred, iam_role_arn,
                 created_by, backup_options, is_parent, complete_by, recovery_point_tags, attempts, recovery_point_id, copy_actions,
                 vault_type, continuous, issue, parent_job_id, member)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                 ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35)",
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
            job.created_by.as_deref().map(creator).transpose()?,
            to_json(&job.backup_options)?,
            job.is_parent,
            millis(record.complete_by),
            to_json(&record.recovery_point_tags)?,
            record.attempts,
            job.recovery_point_arn.as_ref().map(point_id),
            (!record.copy_actions.is_empty()).then(|| to_json(&record.copy_actions)).transpose()?,
            job.vault_type.as_str(),
            record.continuous,
            record.issue,
            job.parent_job_id.as_ref().map(JobId::as_str),
            record.member,
        ])?;
    tell(connection, job)?;
    if record.continuous {
        continuous(connection, permit, job)?;
    }
    creating::insert(connection, permit, job, &record.recovery_point_tags)
}

/// The service is to keep its log for the point of a new job; or it does so already, and the point is renewed by the job.
fn continuous(connection: &Connection, permit: &Permit<'_, StartBackupJob>, job: &BackupJob) -> Result<()> {
    let Some(point) = &job.recovery_point_arn else { return Ok(()) };
    chains::remember(connection, point, &job.resource_arn, &job.vault_arn, &new_hold())?;
    let Some(live) = chains::live_of(connection, &job.resource_arn)?.filter(|live| live.point == *point) else {
        return Ok(());
    };
    let rule = |by: Option<&Creator>| by.map(|by| by.backup_rule_id.clone());
    let (before, new) = (days(live.lifecycle.as_ref()), days(job.lifecycle.as_ref()));
    // What lies in a locked vault goes no earlier than was said when it came there.
    let is_locked = locks::state(connection, &live.vault)?.lock().is_some();
    let new = if is_locked { new.max(before) } else { new };
    // Of several rules the one that reaches back the farthest counts; what it says itself counts in any case.
    if rule(live.created_by.as_ref()) == rule(job.created_by.as_deref()) || new > before {
        let lifecycle = Lifecycle::delete_after(new);
        return chains::renew(connection, permit, point, &lifecycle, job.created_by.as_deref(), job.created);
    }
    chains::renew(connection, permit, point, &Lifecycle::delete_after(before), None, job.created)
}

/// A name under which no service keeps anything yet.
fn new_hold() -> String {
    format!("vaultdeck_{}", uuid::Uuid::new_v4().simple())
}

/// Backup jobs that are not over, the oldest first.
pub fn open(connection: &Connection) -> Result<Vec<BackupRecord>> {
    query::all(
        connection,
        &format!(
            "SELECT {}, complete_by, recovery_point_tags, copy_actions, attempts, continuous, issue, member FROM backup_jobs
             WHERE state IN {} ORDER BY created, rowid",
            COLUMNS, *OPEN
        ),
        [],
        |row| {
            let job = from_row(row)?;
            Ok(BackupRecord {
                was_begun: job.initiated.is_some(),
                children: if job.is_parent { children::states(connection, &TABLE, &job.id)? } else { States::new() },
                job,
                complete_by: row.time("complete_by")?,
                recovery_point_tags: row.json("recovery_point_tags")?,
                copy_actions: row.json_option("copy_actions")?.unwrap_or_default(),
                attempts: row.column("attempts")?,
                continuous: row.column("continuous")?,
                issue: row.column("issue")?,
                member: row.column("member")?,
            })
        },
    )
}

/// A running backup job is being stopped. Whether it was running.
pub fn begin_abort(connection: &Connection, _permit: &Permit<'_, StopBackupJob>, id: &JobId) -> Result<bool> {
    store::advance(connection, &TABLE, id, &JobState::Aborting, "", &[])
}

/// A backup job ends, and with it its recovery point in status CREATING, unless it completes: then whoever ends it makes the
/// whole point of it. What the children of a parent made without its point stands by itself. Whether it was still open; a completed one must also not have been stopped meanwhile.
pub fn end(connection: &Connection, id: &JobId, ending: &Ending, moved: Moved, now: Time) -> Result<bool> {
    let completed = matches!(ending.state, JobState::Completed | JobState::Partial);
    let ended = store::advance(
        connection,
        &TABLE,
        id,
        &ending.state,
        ", status_message = ?3, message_category = ?4, completed = ?5, percent_done = ?6, size_bytes = ?7,
         bytes_transferred = ?8, new_bytes = ?9, new_bytes_packed = ?10",
        &[
            &ending.message,
            &ending.category,
            &millis(now),
            &if completed { 100.0 } else { 0.0 },
            &moved.size,
            &moved.bytes,
            &moved.new_data.map(|new| new.bytes as i64),
            &moved.new_data.map(|new| new.packed as i64),
        ],
    )?;
    if ended && !completed {
        if let Some(parent) = rows::get(connection, id)?.filter(|job| job.is_parent) {
            families::let_go(connection, &parent, now)?;
        }
        creating::remove(connection, id)?;
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample::{Job, at, catalog, insert};

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
                    super::end(tx, &id, ending, Moved::default(), at(1))
                })
                .unwrap()
        };
        assert!(end(&Ending::stopped()));
        assert!(end(&Ending::failed(false, "the disk is gone")));
        assert!(!end(&Ending::completed(&[], false)));
    }
}
