//! The recovery point of a backup job that is not over: a row of status CREATING, so that who was given its ARN can look
//! at it and tag it. It has no snapshot, no manifest and no packs, and nothing takes it for one that can be restored. It
//! goes with the end of its job; of a job that completes it becomes the whole point.

use crate::domain::event::detail;
use crate::domain::job::BackupJob;
use crate::domain::tags::MAX_TAGS;
use crate::domain::{Arn, Tags};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{AddRecoveryPoint, DeleteBackupVault, StartBackupJob};
use crate::engine::catalog::values::{creator, millis, to_json};
use crate::engine::error::Result;
use crate::engine::events::record::record;
use crate::engine::points::rows::{NewPoint, point_id};
use crate::engine::tags;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Adds the point of a new job, with the tags that it is to have: the resource's and its own. A job that is over already,
/// or whose vault is not there, has none; that of a job that renews a continuous point is there already.
pub fn insert(connection: &Connection, permit: &Permit<'_, StartBackupJob>, job: &BackupJob, own: &Tags) -> Result<()> {
    let Some(arn) = job.recovery_point_arn.as_ref().filter(|_| !job.state.is_final()) else { return Ok(()) };
    let acts = job
        .lifecycle
        .map(|lifecycle| lifecycle.acts_on(job.resource_type.goes_cold_by(&lifecycle), job.created))
        .unwrap_or_default();
    let made = connection
        .prepare_cached(
            "INSERT INTO recovery_points (arn, account, region, vault_arn, vault_name, resource_arn, resource_name,
                 resource_type, plan_id, created_by, iam_role_arn, status, created, lifecycle, delete_at,
                 encryption_key_arn, storage_class, point_id, source_path, backup_job_id, cold_due, is_parent, parent_arn, member)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'CREATING', ?12, ?13, ?14, ?15, 'WARM', ?16, '', ?17, ?18, ?19,
                 (SELECT parent.recovery_point_arn FROM backup_jobs AS parent WHERE parent.id = ?20),
                 (SELECT own.member FROM backup_jobs AS own WHERE own.id = ?17)
             WHERE EXISTS (SELECT 1 FROM vaults WHERE arn = ?4) AND NOT EXISTS (SELECT 1 FROM recovery_points WHERE arn = ?1)",
        )?
        .execute(params![
            arn.as_str(),
            job.scope.account.as_str(),
            job.scope.region.as_str(),
            job.vault_arn.as_str(),
            job.vault_name,
            job.resource_arn.as_str(),
            job.resource_name,
            job.resource_type.as_str(),
            job.created_by.as_ref().map(|creator| creator.backup_plan_id.as_str()),
            job.created_by.as_deref().map(creator).transpose()?,
            job.iam_role_arn.as_ref().map(|arn| arn.as_str()),
            millis(job.created),
            job.lifecycle.as_ref().map(to_json).transpose()?,
            acts.delete_at.map(millis),
            job.encryption_key_arn,
            point_id(arn),
            job.id.as_str(),
            acts.move_to_cold_storage_at.map(millis),
            job.is_parent,
            job.parent_job_id.as_ref().map(crate::domain::names::JobId::as_str),
        ])?;
    if made == 0 {
        return Ok(());
    }
    record(connection, &detail::point_of_new_job(job, arn))?;
    let mut all = tags::rows::get(connection, job.resource_arn.as_str())?;
    all.extend(own.clone());
    // With more the job will fail, and say why.
    if all.len() <= MAX_TAGS { tags::rows::put(connection, permit, arn.as_str(), &all) } else { Ok(()) }
}

/// The tags that the point of a job has now; none when there is no such row.
pub fn tags_of(connection: &Connection, arn: &Arn) -> Result<Option<Tags>> {
    let there: Option<i64> = connection
        .prepare_cached("SELECT 1 FROM recovery_points WHERE arn = ?1 AND status = 'CREATING'")?
        .query_row([arn.as_str()], |row| row.get(0))
        .optional()?;
    there.map(|_| tags::rows::get(connection, arn.as_str())).transpose()
}

/// Makes a whole point of the row of a job that completes: what it is of stays, and with it most of the indexes. Whether there
/// is such a row.
pub fn complete(connection: &Connection, _permit: &Permit<'_, AddRecoveryPoint>, new: &NewPoint<'_>) -> Result<bool> {
    let NewPoint { point, manifest, delete_due } = new;
    let completed = connection
        .prepare_cached(
            "UPDATE recovery_points SET status = ?14, status_message = ?2, initiated = ?3, completed = ?4,
                 size_bytes = ?5, lifecycle = ?6, delete_at = ?7, encryption_key_arn = ?8, snapshot_id = ?9,
                 source_path = ?10, missing_items = ?11, delete_due = ?12, cold_due = ?13
             WHERE arn = ?1 AND status = 'CREATING'",
        )?
        .execute(params![
            point.arn.as_str(),
            point.status_message,
            point.initiated.map(millis),
            point.completed.map(millis),
            point.size_bytes,
            point.lifecycle.as_ref().map(to_json).transpose()?,
            point.calculated_lifecycle.delete_at.map(millis),
            point.encryption_key_arn,
            manifest.snapshot,
            manifest.root.to_string_lossy(),
            manifest.missing.len() as i64,
            delete_due.map(millis),
            point.calculated_lifecycle.move_to_cold_storage_at.map(millis),
            point.status.as_str(),
        ])?;
    if completed > 0 {
        super::tell_completed(connection, new)?;
    }
    Ok(completed > 0)
}

/// Removes the point of a job that ended without one.
pub fn remove(connection: &Connection, job: &crate::domain::names::JobId) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM recovery_points WHERE status = 'CREATING'
             AND arn = (SELECT recovery_point_arn FROM backup_jobs WHERE id = ?1)",
        )?
        .execute([job.as_str()])?;
    Ok(())
}

/// Removes the points of the jobs that wait to write into a vault which is deleted.
pub fn remove_of_vault(connection: &Connection, permit: &Permit<'_, DeleteBackupVault>) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM recovery_points WHERE status = 'CREATING' AND vault_arn = ?1")?
        .execute([permit.on()])?;
    Ok(())
}
