//! New copy jobs, on demand or by a plan: one way to draw them up.

use crate::domain::copies::lifecycle;
use crate::domain::job::{BackupJob, CopyJob, JobState};
use crate::domain::names::JobId;
use crate::domain::plan::CopyAction;
use crate::domain::recovery_point::{Creator, RecoveryPoint};
use crate::domain::{Arn, Lifecycle, Time};
use crate::engine::authorize::action::StartCopyJob;
use crate::engine::authorize::subject::{PointNamed, PointToCopy};
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::catalog::ordered_id::ordered_id;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::copy::rows::{self, CopyRecord};
use crate::engine::jobs::id::new_job_id;
use crate::engine::points;

/// What a new copy job is made of.
pub(super) struct Draft<'a> {
    /// What is copied.
    pub(super) point: &'a RecoveryPoint,
    /// The vault that it is copied into.
    pub(super) destination: &'a Arn,
    /// How long the copy is to live, as it was asked for.
    pub(super) lifecycle: Option<Lifecycle>,
    /// The role to run under.
    pub(super) role: &'a Arn,
    /// When it is created.
    pub(super) created: Time,
    /// The plan and rule behind it, and the backup job.
    pub(super) by: Option<(Creator, JobId)>,
}

impl Draft<'_> {
    /// The job, CREATED, with the ids of itself and of the point that it makes.
    pub(super) fn record(self) -> Result<CopyRecord> {
        let (point, destination) = (self.point, self.destination);
        let scope = destination.scope();
        let scope = scope.ok_or_else(|| Error::invalid_parameter(format!("{destination} is in no region")))?;
        let (created_by, backup_job_id) = self.by.unzip();
        let job = CopyJob {
            id: new_job_id(self.created)?,
            scope: point.scope.clone(),
            source_vault_arn: Some(point.vault_arn.clone()),
            source_recovery_point_arn: Some(point.arn.clone()),
            destination_vault_arn: Some(destination.clone()),
            destination_vault_type: None,
            destination_recovery_point_arn: None,
            resource_arn: Some(point.resource_arn.clone()),
            resource_name: point.resource_name.clone(),
            resource_type: point.resource_type.clone(),
            created: Some(self.created),
            completed: None,
            state: JobState::Created,
            status_message: None,
            message_category: None,
            size_bytes: point.size_bytes,
            lifecycle: lifecycle(self.lifecycle, point.lifecycle),
            iam_role_arn: Some(self.role.clone()),
            created_by,
            backup_job_id,
        };
        Ok(CopyRecord {
            job,
            source_point: point.arn.clone(),
            source_vault: point.vault_arn.clone(),
            destination: destination.clone(),
            destination_scope: scope,
            point_id: ordered_id(self.created).to_string(),
            role: self.role.clone(),
            attempts: 0,
            was_begun: false,
        })
    }
}

/// Makes the copy jobs that the rule behind a backup job asks for, of the recovery point that it has just made.
pub(in crate::engine) fn scheduled(
    connection: &Connection,
    backup: &BackupJob,
    actions: &[CopyAction],
    now: Time,
) -> Result<()> {
    let (Some(arn), Some(role)) = (&backup.recovery_point_arn, &backup.iam_role_arn) else { return Ok(()) };
    let Some(point) = points::rows::get(connection, arn)?.filter(|_| !actions.is_empty()) else { return Ok(()) };
    for action in actions {
        let destination = action.destination()?;
        let subject = PointToCopy(PointNamed { arn, found: Some(&point) });
        let permit = authorize(connection, Doing::Schedule, StartCopyJob, &subject)?;
        let by = backup.created_by.clone().map(|creator| (creator, backup.id.clone()));
        let lifecycle = action.lifecycle;
        let draft = Draft { point: &point, destination: &destination, lifecycle, role, created: now, by };
        rows::insert(connection, &permit, &draft.record()?)?;
    }
    Ok(())
}
