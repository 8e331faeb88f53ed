//! New copy jobs, on demand or by a plan: one way to draw them up.

use crate::domain::copies::lifecycle;
use crate::domain::job::{BackupJob, CopyJob, JobState};
use crate::domain::names::JobId;
use crate::domain::plan::CopyAction;
use crate::domain::recovery_point::{Creator, RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, Lifecycle, Time};
use crate::engine::authorize::action::StartCopyJob;
use crate::engine::authorize::subject::{PointNamed, PointToCopy};
use crate::engine::authorize::{Doing, Permit, authorize};
use crate::engine::catalog::Connection;
use crate::engine::catalog::ordered_id::ordered_id;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::composite as composite_jobs;
use crate::engine::jobs::copy::rows::{self, CopyRecord};
use crate::engine::jobs::id::new_job_id;
use crate::engine::jobs::rows::children::States;
use crate::engine::points;
use crate::engine::points::rows::composite;
use std::sync::Arc;

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
    /// The job that stands for it, if it is a child job.
    pub(super) parent: Option<JobId>,
}

/// Adds the job of a draft; that of a composite recovery point together with a child job for each point that is nested in it now,
/// which from then on none of them can go before it is copied.
pub(super) fn insert(connection: &Connection, permit: &Permit<'_, StartCopyJob>, draft: Draft<'_>) -> Result<JobId> {
    let (point, destination, lifecycle) = (draft.point, draft.destination, draft.lifecycle);
    let (role, created, by) = (draft.role, draft.created, draft.by.clone());
    let record = draft.record()?;
    rows::insert(connection, permit, &record)?;
    let id = record.job.id;
    if record.job.is_parent {
        for nested in composite::nested(connection, &point.arn)? {
            let (by, parent) = (by.clone(), Some(id.clone()));
            let mut child = Draft { point: &nested, destination, lifecycle, role, created, by, parent }.record()?;
            if lifecycle.is_some() {
                child.job.lifecycle = of_nested(child.job.lifecycle, record.job.lifecycle);
            }
            rows::insert(connection, permit, &child)?;
        }
    }
    Ok(id)
}

/// How long a nested copy lives: as its own point adds to what was asked for, or, where these do not go together, as the composite.
fn of_nested(own: Option<Lifecycle>, composite: Option<Lifecycle>) -> Option<Lifecycle> {
    own.filter(|own| own.validate().is_ok()).or(composite)
}

impl Draft<'_> {
    /// The job, CREATED, with the ids of itself and of the point that it makes.
    pub(super) fn record(self) -> Result<CopyRecord> {
        let (point, destination) = (self.point, self.destination);
        let scope = destination.scope();
        let scope = scope.ok_or_else(|| Error::invalid_parameter(format!("{destination} is in no region")))?;
        let (created_by, backup_job_id) = self.by.unzip();
        let is_parent = point.nesting.is_parent();
        let new_id = || ordered_id(self.created).to_string();
        let point_id = if is_parent { composite_jobs::point_id(self.created) } else { new_id() };
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
            created_by: created_by.map(Arc::new),
            backup_job_id,
            is_parent,
            member: self.parent.as_ref().and_then(|_| point.nesting.member().map(str::to_owned)),
            parent_job_id: self.parent,
        };
        Ok(CopyRecord {
            job,
            source_point: point.arn.clone(),
            source_vault: point.vault_arn.clone(),
            destination: destination.clone(),
            destination_scope: scope,
            point_id,
            role: self.role.clone(),
            attempts: 0,
            // The row has it, once there is one.
            parent_point: None,
            issue: is_parent.then(|| lacking(point)).flatten(),
            children: States::new(),
            was_begun: false,
        })
    }
}

/// What a composite point lacks, in words.
fn lacking(point: &RecoveryPoint) -> Option<String> {
    let why = point.status_message.as_deref().unwrap_or("It does not say what it lacks");
    (point.status == RecoveryPointStatus::Partial).then(|| format!("What it copies is partial: {why}"))
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
        let by = backup.created_by.as_deref().cloned().map(|creator| (creator, backup.id.clone()));
        let lifecycle = action.lifecycle;
        let draft = Draft { point: &point, destination: &destination, lifecycle, role, created: now, by, parent: None };
        insert(connection, &permit, draft)?;
    }
    Ok(())
}
