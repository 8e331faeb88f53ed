//! `detail` of each kind of event, member by member as AWS spells it: some numbers are texts, and a backup job's status
//! message is quoted inside its quotes.

use super::finding::FindingDetail;
use super::{Change, DetailType};
use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use crate::domain::plan::Plan;
use crate::domain::recovery_point::{Creator, RecoveryPoint, RecoveryPointStatus};
use crate::domain::vault::Vault;
use crate::domain::{Arn, CalculatedLifecycle, Lifecycle, Scope, Time};
use chrono::SecondsFormat;
use serde::{Serialize, Serializer};
use serde_with::skip_serializing_none;
use std::collections::BTreeMap;

/// What changed, and how it is now.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Detail<'a> {
    /// A backup job that has just been made.
    NewBackupJob(NewBackupJob<'a>),
    /// A backup job.
    BackupJob(Box<BackupJobDetail<'a>>),
    /// A copy job that has just been made.
    NewCopyJob(NewCopyJob<'a>),
    /// A copy job.
    CopyJob(Box<CopyJobDetail<'a>>),
    /// A restore job that has just been made.
    NewRestoreJob(NewRestoreJob<'a>),
    /// A restore job.
    RestoreJob(Box<RestoreJobDetail<'a>>),
    /// A recovery point.
    RecoveryPoint(Box<PointDetail<'a>>),
    /// A plan.
    Plan(PlanDetail<'a>),
    /// A vault.
    Vault(VaultDetail<'a>),
    /// Region settings.
    RegionSetting(RegionSettingDetail<'a>),
    /// A new finding.
    Finding(Box<FindingDetail<'a>>),
}

impl Detail<'_> {
    /// What changed.
    pub fn detail_type(&self) -> DetailType {
        match self {
            Self::NewBackupJob(_) | Self::BackupJob(_) => DetailType::BackupJob,
            Self::NewCopyJob(_) | Self::CopyJob(_) => DetailType::CopyJob,
            Self::NewRestoreJob(_) | Self::RestoreJob(_) => DetailType::RestoreJob,
            Self::RecoveryPoint(_) => DetailType::RecoveryPoint,
            Self::Plan(_) => DetailType::BackupPlan,
            Self::Vault(_) => DetailType::BackupVault,
            Self::RegionSetting(_) => DetailType::RegionSetting,
            Self::Finding(_) => DetailType::Finding,
        }
    }
}

/// A time as details have it: `2020-07-15T21:40:31.207Z`.
#[derive(Debug, Clone, Copy)]
struct Moment(Time);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// A number that AWS writes as a text.
#[derive(Debug, Clone, Copy)]
struct Text<T>(T);

impl<T: ToString> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

/// A text within quotes of its own.
#[derive(Debug, Clone, Copy)]
struct Quoted<'a>(&'a str);

impl Serialize for Quoted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("\"{}\"", self.0))
    }
}

/// An ARN, or the empty object that AWS writes where there is none yet.
#[derive(Debug, Clone, Copy)]
struct ArnOrNothing<'a>(Option<&'a Arn>);

impl Serialize for ArnOrNothing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(arn) => serializer.serialize_str(arn.as_str()),
            None => BTreeMap::<String, String>::new().serialize(serializer),
        }
    }
}

/// The plan and rule behind something.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedBy<'a> {
    backup_plan_id: &'a str,
    backup_plan_arn: &'a str,
    backup_plan_version: &'a str,
    backup_plan_rule_id: &'a str,
}

impl<'a> From<&'a Creator> for CreatedBy<'a> {
    fn from(creator: &'a Creator) -> Self {
        Self {
            backup_plan_id: &creator.backup_plan_id,
            backup_plan_arn: &creator.backup_plan_arn,
            backup_plan_version: &creator.backup_plan_version,
            backup_plan_rule_id: &creator.backup_rule_id,
        }
    }
}

/// Of a job that is CREATED AWS tells no more.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewBackupJob<'a> {
    backup_job_id: &'a str,
    state: &'a str,
    creation_date: Moment,
}

/// A backup job on its way.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupJobDetail<'a> {
    backup_job_id: &'a str,
    backup_size_in_bytes: Option<Text<i64>>,
    backup_vault_arn: &'a str,
    backup_vault_name: &'a str,
    bytes_transferred: Text<i64>,
    creation_date: Moment,
    iam_role_arn: Option<&'a str>,
    resource_arn: &'a str,
    resource_type: &'a str,
    state: &'a str,
    status_message: Option<Quoted<'a>>,
    completion_date: Option<Moment>,
    start_by: Option<Moment>,
    percent_done: i64,
    created_by: Option<CreatedBy<'a>>,
}

/// What is told of a backup job as it is now: nothing while it is ABORTING, which is none of AWS's events.
pub fn backup_job(job: &BackupJob) -> Option<Change<'_>> {
    let is_completed = matches!(job.state, JobState::Completed | JobState::Partial);
    let state = job.state.as_str();
    let detail = match &job.state {
        JobState::Aborting => return None,
        JobState::Created => Detail::NewBackupJob(NewBackupJob {
            backup_job_id: job.id.as_str(),
            state,
            creation_date: Moment(job.created),
        }),
        _ => Detail::BackupJob(Box::new(BackupJobDetail {
            backup_job_id: job.id.as_str(),
            backup_size_in_bytes: job.size_bytes.filter(|_| is_completed).map(Text),
            backup_vault_arn: job.vault_arn.as_str(),
            backup_vault_name: &job.vault_name,
            bytes_transferred: Text(job.bytes_transferred.unwrap_or(0)),
            creation_date: Moment(job.created),
            iam_role_arn: job.iam_role_arn.as_ref().map(Arn::as_str),
            resource_arn: job.resource_arn.as_str(),
            resource_type: job.resource_type.as_str(),
            state,
            status_message: job.status_message.as_deref().map(Quoted),
            completion_date: job.completed.map(Moment),
            start_by: job.start_by.map(Moment),
            percent_done: job.percent_done.unwrap_or(0.0) as i64,
            created_by: job.created_by.as_deref().map(CreatedBy::from),
        })),
    };
    // Only a job that is done has made its recovery point.
    let point = job.recovery_point_arn.as_ref().filter(|_| is_completed);
    let at = job.completed.or(job.initiated).unwrap_or(job.created);
    Some(Change { scope: &job.scope, at, resources: point.map(Arn::as_str).into_iter().collect(), detail })
}

/// A copy job that is CREATED.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCopyJob<'a> {
    copy_job_id: &'a str,
    creation_date: Option<Moment>,
    state: &'a str,
    source_backup_vault_arn: Option<&'a str>,
    destination_backup_vault_arn: Option<&'a str>,
}

/// A copy job on its way.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CopyJobDetail<'a> {
    copy_job_id: &'a str,
    backup_size_in_bytes: Option<i64>,
    creation_date: Option<Moment>,
    iam_role_arn: Option<&'a str>,
    resource_arn: Option<&'a str>,
    resource_type: &'a str,
    source_backup_vault_arn: Option<&'a str>,
    state: &'a str,
    status_message: Option<&'a str>,
    completion_date: Option<Moment>,
    destination_backup_vault_arn: Option<&'a str>,
    destination_recovery_point_arn: ArnOrNothing<'a>,
    created_by: Option<CreatedBy<'a>>,
}

/// What is told at `now` of a copy job as it is then.
pub fn copy_job(job: &CopyJob, now: Time) -> Change<'_> {
    let state = job.state.as_str();
    let source_backup_vault_arn = job.source_vault_arn.as_ref().map(Arn::as_str);
    let destination_backup_vault_arn = job.destination_vault_arn.as_ref().map(Arn::as_str);
    let (copy_job_id, creation_date) = (job.id.as_str(), job.created.map(Moment));
    let detail = if job.state == JobState::Created {
        Detail::NewCopyJob(NewCopyJob {
            copy_job_id,
            creation_date,
            state,
            source_backup_vault_arn,
            destination_backup_vault_arn,
        })
    } else {
        let is_made = matches!(job.state, JobState::Completed | JobState::Partial);
        let made = job.destination_recovery_point_arn.as_ref().filter(|_| is_made);
        Detail::CopyJob(Box::new(CopyJobDetail {
            copy_job_id,
            backup_size_in_bytes: job.size_bytes,
            creation_date,
            iam_role_arn: job.iam_role_arn.as_ref().map(Arn::as_str),
            resource_arn: job.resource_arn.as_ref().map(Arn::as_str),
            resource_type: job.resource_type.as_str(),
            source_backup_vault_arn,
            state,
            status_message: job.status_message.as_deref(),
            completion_date: job.completed.map(Moment),
            destination_backup_vault_arn,
            destination_recovery_point_arn: ArnOrNothing(made),
            created_by: job.created_by.as_deref().map(CreatedBy::from),
        }))
    };
    let source = job.source_recovery_point_arn.as_ref().map(Arn::as_str);
    Change { scope: &job.scope, at: now, resources: source.into_iter().collect(), detail }
}

/// A restore job that is CREATED; what it has then AWS calls its `state`, and its `status` later.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewRestoreJob<'a> {
    restore_job_id: &'a str,
    creation_date: Moment,
    state: &'a str,
}

/// A restore job on its way.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreJobDetail<'a> {
    restore_job_id: &'a str,
    backup_vault_arn: Option<&'a str>,
    recovery_point_arn: Option<&'a str>,
    source_resource_arn: Option<&'a str>,
    backup_size_in_bytes: Option<Text<i64>>,
    creation_date: Moment,
    iam_role_arn: Option<&'a str>,
    percent_done: i64,
    resource_type: Option<&'a str>,
    status: &'a str,
    status_message: Option<&'a str>,
    created_resource_arn: Option<&'a str>,
    completion_date: Option<Moment>,
}

/// What is told at `now` of a restore job as it is then.
pub fn restore_job(job: &RestoreJob, now: Time) -> Change<'_> {
    let (restore_job_id, creation_date) = (job.id.as_str(), Moment(job.created));
    let detail = if job.state == JobState::Created {
        Detail::NewRestoreJob(NewRestoreJob { restore_job_id, creation_date, state: job.state.as_str() })
    } else {
        Detail::RestoreJob(Box::new(RestoreJobDetail {
            restore_job_id,
            backup_vault_arn: job.vault_arn.as_ref().map(Arn::as_str),
            recovery_point_arn: job.recovery_point_arn.as_ref().map(Arn::as_str),
            source_resource_arn: job.source_resource_arn.as_ref().map(Arn::as_str),
            backup_size_in_bytes: job.size_bytes.map(Text),
            creation_date,
            iam_role_arn: job.iam_role_arn.as_ref().map(Arn::as_str),
            percent_done: job.percent_done.unwrap_or(0.0) as i64,
            resource_type: job.resource_type.as_ref().map(|kind| kind.as_str()),
            status: job.state.as_str(),
            status_message: job.status_message.as_deref(),
            created_resource_arn: job.created_resource_arn.as_ref().map(Arn::as_str),
            completion_date: job.completed.map(Moment),
        }))
    };
    let point = job.recovery_point_arn.as_ref().map(Arn::as_str);
    Change { scope: &job.scope, at: now, resources: point.into_iter().collect(), detail }
}

/// When a lifecycle acts.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CalculatedDetail {
    move_to_cold_storage_at: Option<Moment>,
    delete_at: Option<Moment>,
}

/// How long a recovery point lives.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct LifecycleDetail {
    move_to_cold_storage_after_days: Option<i64>,
    delete_after_days: Option<i64>,
}

impl LifecycleDetail {
    fn of(lifecycle: &Lifecycle) -> Self {
        Self { move_to_cold_storage_after_days: lifecycle.cold_days(), delete_after_days: lifecycle.delete_days() }
    }
}

/// A recovery point.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PointDetail<'a> {
    backup_vault_name: &'a str,
    backup_vault_arn: &'a str,
    creation_date: Moment,
    iam_role_arn: Option<&'a str>,
    resource_type: &'a str,
    resource_arn: &'a str,
    status: &'a str,
    status_message: Option<&'a str>,
    is_encrypted: Text<bool>,
    storage_class: Option<&'a str>,
    completion_date: Option<Moment>,
    created_by: Option<CreatedBy<'a>>,
    lifecycle: Option<LifecycleDetail>,
    calculated_life_cycle: Option<CalculatedDetail>,
}

fn calculated(calculated: CalculatedLifecycle) -> Option<CalculatedDetail> {
    let CalculatedLifecycle { move_to_cold_storage_at, delete_at } = calculated;
    let detail = CalculatedDetail {
        move_to_cold_storage_at: move_to_cold_storage_at.map(Moment),
        delete_at: delete_at.map(Moment),
    };
    (move_to_cold_storage_at.is_some() || delete_at.is_some()).then_some(detail)
}

/// What is told of a recovery point that has come to `status`; all else is as in `point`.
pub fn recovery_point<'a>(point: &'a RecoveryPoint, status: &'a RecoveryPointStatus, now: Time) -> Change<'a> {
    let detail = Detail::RecoveryPoint(Box::new(PointDetail {
        backup_vault_name: &point.vault_name,
        backup_vault_arn: point.vault_arn.as_str(),
        creation_date: Moment(point.created),
        iam_role_arn: point.iam_role_arn.as_ref().map(Arn::as_str),
        resource_type: point.resource_type.as_str(),
        resource_arn: point.resource_arn.as_str(),
        status: status.as_str(),
        status_message: point.status_message.as_deref(),
        is_encrypted: Text(point.encrypted),
        storage_class: point.storage_class.as_deref(),
        completion_date: point.completed.map(Moment),
        created_by: point.created_by.as_ref().map(CreatedBy::from),
        lifecycle: point.lifecycle.as_ref().map(LifecycleDetail::of),
        calculated_life_cycle: calculated(point.calculated_lifecycle),
    }));
    Change { scope: &point.scope, at: now, resources: vec![point.arn.as_str()], detail }
}

/// What is told of the recovery point that a new job is to make: it is CREATING.
pub fn point_of_new_job<'a>(job: &'a BackupJob, point: &'a Arn) -> Change<'a> {
    let acts = |lifecycle: Lifecycle| lifecycle.acts_on(job.resource_type.goes_cold_by(&lifecycle), job.created);
    let at = job.lifecycle.map(acts).unwrap_or_default();
    let detail = Detail::RecoveryPoint(Box::new(PointDetail {
        backup_vault_name: &job.vault_name,
        backup_vault_arn: job.vault_arn.as_str(),
        creation_date: Moment(job.created),
        iam_role_arn: job.iam_role_arn.as_ref().map(Arn::as_str),
        resource_type: job.resource_type.as_str(),
        resource_arn: job.resource_arn.as_str(),
        status: "CREATING",
        status_message: None,
        is_encrypted: Text(true),
        storage_class: Some("WARM"),
        completion_date: None,
        created_by: job.created_by.as_deref().map(CreatedBy::from),
        lifecycle: job.lifecycle.as_ref().map(LifecycleDetail::of),
        calculated_life_cycle: calculated(at),
    }));
    Change { scope: &job.scope, at: job.created, resources: vec![point.as_str()], detail }
}

/// What became of a plan or a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Became {
    /// It was made.
    Created,
    /// It is another than before.
    Modified,
    /// It is gone.
    Deleted,
}

/// A plan.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanDetail<'a> {
    backup_plan_id: &'a str,
    version_id: &'a str,
    creation_date: Option<Moment>,
    modified_at: Option<Moment>,
    deletion_date: Option<Moment>,
    state: Became,
}

/// What is told of a plan.
pub fn plan(plan: &Plan, became: Became, now: Time) -> Change<'_> {
    let at = |wanted| (became == wanted).then_some(Moment(now));
    let detail = Detail::Plan(PlanDetail {
        backup_plan_id: plan.id.as_str(),
        version_id: &plan.version_id,
        creation_date: at(Became::Created),
        modified_at: at(Became::Modified),
        deletion_date: at(Became::Deleted),
        state: became,
    });
    Change { scope: &plan.scope, at: now, resources: vec![plan.arn.as_str()], detail }
}

/// A vault.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VaultDetail<'a> {
    backup_vault_name: &'a str,
    state: Became,
    is_locked: Option<Text<bool>>,
}

/// What is told of a vault; whether it is locked only where it was modified, as AWS does.
pub fn vault(vault: &Vault, became: Became, now: Time) -> Change<'_> {
    let is_locked = (became == Became::Modified).then_some(Text(vault.lock.is_some()));
    let detail = Detail::Vault(VaultDetail { backup_vault_name: &vault.name, state: became, is_locked });
    Change { scope: &vault.scope, at: now, resources: vec![vault.arn.as_str()], detail }
}

/// Region settings: only what changed.
#[derive(Debug, Clone, Serialize)]
pub struct RegionSettingDetail<'a> {
    #[serde(rename = "modifiedAt")]
    modified_at: Moment,
    #[serde(rename = "ResourceTypeOptInPreference")]
    opt_in: &'a BTreeMap<String, bool>,
    state: Became,
}

/// What is told of the settings of an account in a region: the preferences that changed.
pub fn region_setting<'a>(scope: &'a Scope, opt_in: &'a BTreeMap<String, bool>, now: Time) -> Change<'a> {
    let detail =
        Detail::RegionSetting(RegionSettingDetail { modified_at: Moment(now), opt_in, state: Became::Modified });
    Change { scope, at: now, resources: Vec::new(), detail }
}

#[cfg(test)]
#[path = "detail_tests.rs"]
mod detail_tests;
