//! New backup jobs, on demand or by a plan: one way to draw them up.

use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::plan::CopyAction;
use crate::domain::recovery_point::Creator;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Lifecycle, Resource, Scope, Tags, Time, VaultName};
use crate::engine::catalog::Connection;
use crate::engine::catalog::ordered_id::ordered_id;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::backup::rows::record::BackupRecord;
use crate::engine::jobs::composite;
use crate::engine::jobs::id::new_job_id;
use crate::engine::jobs::rows::children::States;
use crate::engine::points::rows::chains;
use crate::engine::vaults;
use chrono::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Minutes in which a job must start when nobody says.
pub const START_WINDOW: i64 = 480;
/// Minutes in which a job must be done when nobody says.
pub const COMPLETE_WINDOW: i64 = 10_080;

/// What a new backup job is made of.
pub struct Draft<'a> {
    /// Where it and its vault live.
    pub scope: &'a Scope,
    /// The vault.
    pub vault: &'a VaultName,
    /// The kind of vault that it is named as.
    pub vault_type: VaultType,
    /// What is backed up.
    pub resource: &'a Resource,
    /// The role to run under.
    pub role: &'a Arn,
    /// When it is created; windows and retention count from here.
    pub created: Time,
    /// Minutes in which it must start.
    pub start_window: i64,
    /// Minutes in which it must be done.
    pub complete_window: i64,
    /// How long the recovery point lives.
    pub lifecycle: Option<Lifecycle>,
    /// The recovery point's own tags.
    pub tags: Tags,
    /// The plan and rule behind it.
    pub creator: Option<Creator>,
    /// What the recovery point is to be copied into.
    pub copies: Vec<CopyAction>,
    /// Whether it is to be a continuous backup; for types that have such a thing here.
    pub continuous: bool,
    /// `BackupOptions` as given.
    pub options: BTreeMap<String, String>,
    /// The job that stands for it, if it is a child job.
    pub parent: Option<JobId>,
}

impl Draft<'_> {
    /// The job, CREATED, with the ids of itself and of its recovery point.
    pub fn record(self, connection: &Connection) -> Result<BackupRecord> {
        let vault_arn = Arn::vault(self.scope, self.vault);
        let start_by = later(self.created, self.start_window)?;
        // In an air-gapped vault every type's points are named alike.
        let own = self.resource.resource_type.facts().filter(|_| !self.vault_type.is_air_gapped());
        let point_id = own.and_then(|facts| facts.point_id);
        let (continuous, issue) = self.as_continuous(connection, &vault_arn)?;
        let is_composite = self.resource.resource_type.facts().is_some_and(|facts| facts.is_composite);
        let is_parent = is_composite && self.parent.is_none();
        let point_id = match (&continuous, point_id) {
            (Some(id), _) => id.clone(),
            (None, _) if is_parent => composite::point_id(self.created),
            // It takes what makes it unique from the beginning of a text, which of an ordered id is the time.
            (None, Some(made)) => made(&self.resource.arn, self.created, &uuid::Uuid::new_v4().to_string()),
            (None, None) => ordered_id(self.created).to_string(),
        };
        let job = BackupJob {
            id: new_job_id(self.created)?,
            scope: self.scope.clone(),
            vault_name: self.vault.to_string(),
            encryption_key_arn: vaults::rows::vault_key(connection, &vault_arn)?.flatten(),
            vault_arn,
            vault_type: self.vault_type,
            recovery_point_arn: Some(Arn::recovery_point(self.scope, &point_id)),
            lifecycle: self.lifecycle,
            resource_arn: self.resource.arn.clone(),
            resource_name: Some(self.resource.name.clone()),
            resource_type: self.resource.resource_type.clone(),
            created: self.created,
            initiated: None,
            completed: None,
            expected_completion: None,
            start_by: Some(start_by),
            state: JobState::Created,
            status_message: None,
            message_category: None,
            percent_done: Some(0.0),
            size_bytes: None,
            bytes_transferred: None,
            iam_role_arn: Some(self.role.clone()),
            created_by: self.creator.map(Arc::new),
            backup_options: self.options,
            is_parent,
            parent_job_id: self.parent,
        };
        Ok(BackupRecord {
            job,
            complete_by: later(self.created, self.complete_window)?,
            recovery_point_tags: self.tags,
            copy_actions: self.copies,
            continuous: continuous.is_some(),
            issue,
            attempts: 0,
            member: None,
            children: States::new(),
            was_begun: false,
        })
    }
}

impl Draft<'_> {
    /// The id of the continuous recovery point that it makes or renews, or what it completes with as a snapshot instead. Each
    /// resource has one, and only one vault holds it.
    fn as_continuous(&self, connection: &Connection, vault: &Arn) -> Result<(Option<String>, Option<String>)> {
        if !self.continuous || self.vault_type.is_air_gapped() {
            return Ok((None, None));
        }
        let resource = &self.resource.arn;
        match chains::live_of(connection, resource)? {
            Some(live) if live.vault == *vault => Ok((Some(live.point.point_id().to_owned()), None)),
            Some(live) => {
                let plan = live.created_by.map_or_else(|| live.point.to_string(), |by| by.backup_plan_arn);
                let why = format!(
                    "Enabling continuous backup failed for the resource {resource}: PITR already configured in backup plan: [{plan}]"
                );
                Ok((None, Some(why)))
            }
            None => {
                let unique = uuid::Uuid::new_v4().simple().to_string();
                if let Some(id) = self.resource.resource_type.facts().and_then(|facts| facts.continuous_point_id) {
                    return Ok((Some(id(resource, &unique)), None));
                }
                let (kind, _) = resource.resource().split_once(':').unwrap_or(("resource", ""));
                Ok((Some(format!("continuous:{kind}-{unique}")), None))
            }
        }
    }
}

/// `minutes` after `time`.
fn later(time: Time, minutes: i64) -> Result<Time> {
    Duration::try_minutes(minutes)
        .and_then(|window| time.checked_add_signed(window))
        .ok_or_else(|| Error::invalid_parameter("the window ends later than any time"))
}
