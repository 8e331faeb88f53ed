//! Questions about one thing.

use super::{MOST_PAGES, PAGE, Question, list};
use crate::client::explain::Explain;
use crate::client::map;
use crate::client::query::{PlanDetail, RestoreMetadata};
use crate::client::text::clean;
use crate::client::{Answer, Fault, FaultKind, Query};
use crate::domain::names::JobId;
use crate::domain::notification::VaultNotifications;
use crate::domain::selection::Selection;
use crate::domain::{Arn, PlanId, ResourceType, Scope};
use std::sync::Arc;

/// How many of a plan's next runs are asked for.
const NEXT_RUNS: i32 = 10;

fn nothing_told(operation: &str) -> Fault {
    Fault::new(FaultKind::Other, format!("{operation} gave an answer that cannot be used"))
}

/// The questions that one call answers.
pub(super) async fn one(scope: &Scope, backup: &aws_sdk_backup::Client, query: &Query) -> Result<Answer, Fault> {
    match query {
        Query::Vault { name } => {
            let call = backup.describe_backup_vault().backup_vault_name(name);
            let vault = call.send().await.explain("DescribeBackupVault")?;
            let vault = map::described_vault(scope, &vault).ok_or_else(|| nothing_told("DescribeBackupVault"))?;
            Ok(Answer::Vault(Arc::new(vault)))
        }
        Query::RecoveryPoint { vault, recovery_point } => {
            let owner = vault.owner.as_ref().map(ToString::to_string);
            let call = backup.describe_recovery_point().backup_vault_name(&vault.name);
            let call = call.set_backup_vault_account_id(owner);
            let point =
                call.recovery_point_arn(recovery_point.as_str()).send().await.explain("DescribeRecoveryPoint")?;
            let point =
                map::described_recovery_point(scope, &point).ok_or_else(|| nothing_told("DescribeRecoveryPoint"))?;
            Ok(Answer::RecoveryPoint(Arc::new(point)))
        }
        Query::RestoreMetadata { vault, recovery_point } => {
            let owner = vault.owner.as_ref().map(ToString::to_string);
            let call = backup.get_recovery_point_restore_metadata().backup_vault_name(&vault.name);
            let call = call.set_backup_vault_account_id(owner).recovery_point_arn(recovery_point.as_str());
            let told = call.send().await.explain("GetRecoveryPointRestoreMetadata")?;
            let resource_type = told.resource_type().map(|text| ResourceType::from(clean(text)));
            let metadata = map::string_map(told.restore_metadata());
            Ok(Answer::RestoreMetadata(Arc::new(RestoreMetadata { resource_type, metadata })))
        }
        Query::BackupJob { id } => Ok(Answer::BackupJob(Arc::new(backup_job(scope, backup, id).await?))),
        Query::RestoreJob { id } => Ok(Answer::RestoreJob(Arc::new(restore_job(scope, backup, id).await?))),
        Query::CopyJob { id } => {
            let told = backup.describe_copy_job().copy_job_id(id.as_str()).send().await.explain("DescribeCopyJob")?;
            let job = told.copy_job().and_then(|job| map::copy_job(scope, job));
            Ok(Answer::CopyJob(Arc::new(job.ok_or_else(|| nothing_told("DescribeCopyJob"))?)))
        }
        Query::GlobalSettings => {
            let told = backup.describe_global_settings().send().await.explain("DescribeGlobalSettings")?;
            Ok(Answer::GlobalSettings(Arc::new(map::string_map(told.global_settings()))))
        }
        Query::ProtectedResource { arn } => {
            let call = backup.describe_protected_resource().resource_arn(arn.as_str());
            let told = call.send().await.explain("DescribeProtectedResource")?;
            let resource = map::described_protected_resource(scope, &told)
                .ok_or_else(|| nothing_told("DescribeProtectedResource"))?;
            Ok(Answer::ProtectedResource(Arc::new(resource)))
        }
        Query::LegalHold { id } => {
            let told = backup.get_legal_hold().legal_hold_id(id).send().await.explain("GetLegalHold")?;
            let hold = map::described_legal_hold(scope, &told).ok_or_else(|| nothing_told("GetLegalHold"))?;
            Ok(Answer::LegalHold(Arc::new(hold)))
        }
        Query::Tags { arn } => Ok(Answer::Tags(Arc::new(tags(backup, arn).await?))),
        Query::Notifications { vault } => Ok(Answer::Notifications(Arc::new(notifications(backup, vault).await?))),
        Query::AccessPolicy { vault } => Ok(Answer::AccessPolicy(Arc::new(access_policy(backup, vault).await?))),
        Query::RegionSettings => {
            let told = backup.describe_region_settings().send().await.explain("DescribeRegionSettings")?;
            let preferences = told.resource_type_opt_in_preference().into_iter().flatten();
            let preferences = preferences.map(|(kind, opted_in)| (clean(kind), *opted_in));
            Ok(Answer::RegionSettings(Arc::new(preferences.collect())))
        }
        Query::SupportedResourceTypes => {
            let told = backup.get_supported_resource_types().send().await.explain("GetSupportedResourceTypes")?;
            let types = told.resource_types().iter().map(|text| ResourceType::from(clean(text)));
            Ok(Answer::ResourceTypes(types.collect()))
        }
        _ => Err(Fault::new(FaultKind::Refused, "this is not asked of an account and a region")),
    }
}

pub(super) async fn backup_job(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    id: &JobId,
) -> Result<crate::domain::job::BackupJob, Fault> {
    let told = backup.describe_backup_job().backup_job_id(id.as_str()).send().await.explain("DescribeBackupJob")?;
    map::described_backup_job(scope, &told).ok_or_else(|| nothing_told("DescribeBackupJob"))
}

pub(super) async fn restore_job(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    id: &JobId,
) -> Result<crate::domain::job::RestoreJob, Fault> {
    let told = backup.describe_restore_job().restore_job_id(id.as_str()).send().await.explain("DescribeRestoreJob")?;
    map::described_restore_job(scope, &told).ok_or_else(|| nothing_told("DescribeRestoreJob"))
}

/// The text of a vault's policy. That there is none is an answer, which AWS gives as an exception.
async fn access_policy(backup: &aws_sdk_backup::Client, vault: &str) -> Result<Option<String>, Fault> {
    let call = backup.get_backup_vault_access_policy().backup_vault_name(vault);
    match call.send().await.explain("GetBackupVaultAccessPolicy") {
        Ok(told) => Ok(told.policy),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What a vault notifies of. That it is nothing is an answer, which AWS gives as an exception.
async fn notifications(backup: &aws_sdk_backup::Client, vault: &str) -> Result<Option<VaultNotifications>, Fault> {
    let call = backup.get_backup_vault_notifications().backup_vault_name(vault);
    match call.send().await.explain("GetBackupVaultNotifications") {
        Ok(told) => {
            // An event that this version does not know is left out: it could not be put again either.
            let events = told.backup_vault_events().iter().filter_map(|event| event.as_str().parse().ok());
            let topic = told.sns_topic_arn().and_then(|arn| arn.parse().ok());
            Ok(topic.map(|topic| VaultNotifications { topic, events: events.collect() }))
        }
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn tags(backup: &aws_sdk_backup::Client, arn: &Arn) -> Result<crate::domain::Tags, Fault> {
    let mut tags = crate::domain::Tags::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let call = backup.list_tags().resource_arn(arn.as_str()).set_next_token(token);
        let page = call.send().await.explain("ListTags")?;
        tags.extend(map::tags(page.tags()));
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(tags)
}

/// A plan, and its selections with their documents. Where selections cannot be read, the plan is still shown.
pub(super) async fn plan_detail(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    id: &PlanId,
    question: &Question,
) -> Result<PlanDetail, Fault> {
    question.bucket.turn().await;
    let call = backup.get_backup_plan().backup_plan_id(id.as_str()).max_scheduled_runs_preview(NEXT_RUNS);
    let told = call.send().await.explain("GetBackupPlan")?;
    let (plan, next_runs) = map::plan(scope, id, &told);
    let selections = selections(backup, id, question).await;
    Ok(PlanDetail { plan, selections, next_runs })
}

async fn selections(
    backup: &aws_sdk_backup::Client,
    plan: &PlanId,
    question: &Question,
) -> Result<Vec<Selection>, Fault> {
    let call = backup.list_backup_selections().backup_plan_id(plan.as_str()).max_results(PAGE);
    let ids = list!(question, call, "ListBackupSelections", backup_selections_list, |row| {
        row.selection_id().map(ToOwned::to_owned)
    });
    let mut selections = Vec::new();
    for id in ids.await? {
        question.bucket.turn().await;
        let call = backup.get_backup_selection().backup_plan_id(plan.as_str()).selection_id(id);
        selections.extend(map::selection(plan, &call.send().await.explain("GetBackupSelection")?));
    }
    Ok(selections)
}
