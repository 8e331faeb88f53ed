//! The SDK's shapes to the domain's records and back. Text from the API is made harmless on the way in; members that are
//! absent are tolerated; a row without an id of its own is skipped with a warning in the log, since nothing could be done
//! with it.

mod documents;
mod holds;
mod jobs;
mod points;
mod shared;

pub(crate) use documents::{
    lifecycle_input, plan_document, plan_input, selection_document, selection_input, sent_map, string_map,
};
pub(crate) use holds::{described_legal_hold, held_point, hold_selection_input, legal_hold};
pub(crate) use jobs::{backup_job, copy_job, described_backup_job, described_restore_job, restore_job};
pub(crate) use points::{described_recovery_point, recovery_point, recovery_point_of_resource};

use crate::client::query::SelectableResource;
use crate::client::text::{clean, escape};
use crate::domain::backup_policy::Policy;
use crate::domain::extension::{Item, Items, MissingItem, ResourceView};
use crate::domain::organization::Unit;
use crate::domain::plan::{Plan, PlanSummary, ScheduledRun};
use crate::domain::recovery_point::Creator;
use crate::domain::resource::ProtectedResource;
use crate::domain::selection::Selection;
use crate::domain::vault::Vault;
use crate::domain::{Account, Arn, Known, PlanId, ResourceType, Scope, Tags, Time, UnitId, VaultLock};
use aws_sdk_backup::operation::describe_backup_vault::DescribeBackupVaultOutput;
use aws_sdk_backup::operation::describe_protected_resource::DescribeProtectedResourceOutput;
use aws_sdk_backup::operation::get_backup_plan::GetBackupPlanOutput;
use aws_sdk_backup::operation::get_backup_selection::GetBackupSelectionOutput;
use aws_sdk_backup::types as sdk;
use aws_smithy_types::DateTime;
use std::collections::HashMap;
use std::sync::Arc;

/// A moment of the SDK.
pub(crate) fn time(moment: &DateTime) -> Option<Time> {
    Time::from_timestamp(moment.secs(), moment.subsec_nanos())
}

/// A moment for the SDK.
pub(crate) fn moment(time: Time) -> DateTime {
    DateTime::from_secs_and_nanos(time.timestamp(), time.timestamp_subsec_nanos())
}

fn at(moment: Option<&DateTime>) -> Option<Time> {
    moment.and_then(time)
}

/// A moment that every record of its kind has; where it is absent all the same, the beginning of time.
fn at_or_epoch(moment: Option<&DateTime>) -> Time {
    at(moment).unwrap_or(Time::UNIX_EPOCH)
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(clean).filter(|text| !text.is_empty())
}

fn text_or_empty(value: Option<&str>) -> String {
    text(value).unwrap_or_default()
}

fn arn(text: Option<&str>) -> Option<Arn> {
    text.and_then(|text| text.parse().ok())
}

/// An ARN that many records tell.
fn common_arn(text: Option<&str>) -> Option<Arn> {
    arn(text).map(shared::shared_arn)
}

/// An ARN that every record of its kind has; where it is absent all the same, one that says so.
fn arn_or_unknown(text: Option<&str>) -> Arn {
    common_arn(text).unwrap_or_else(unknown_arn)
}

fn unknown_arn() -> Arn {
    Arn::unknown()
}

fn resource_type(text: Option<&str>, resource: Option<&Arn>) -> ResourceType {
    match text {
        Some(text) if !text.is_empty() => ResourceType::from(clean(text)),
        _ => resource.map_or_else(|| ResourceType::from(String::new()), type_of_arn),
    }
}

/// The type that an ARN tells. Aurora, DocumentDB and Neptune clusters look the same; what is unknown is called by its
/// service.
pub(crate) fn type_of_arn(arn: &Arn) -> ResourceType {
    ResourceType::of_arn(arn).unwrap_or_else(|| ResourceType::from(clean(arn.service())))
}

/// Says in the log that a row could not be used.
fn skipped<T>(what: &str) -> Option<T> {
    tracing::warn!("a {what} without a usable id was told and is not shown");
    None
}

fn creator(creator: Option<&sdk::RecoveryPointCreator>) -> Option<Arc<Creator>> {
    let creator = creator?;
    Some(shared::shared_creator(Creator {
        backup_plan_id: text_or_empty(creator.backup_plan_id()),
        backup_plan_arn: text_or_empty(creator.backup_plan_arn()),
        backup_plan_name: text_or_empty(creator.backup_plan_name()),
        backup_plan_version: text_or_empty(creator.backup_plan_version()),
        backup_rule_id: text_or_empty(creator.backup_rule_id()),
        backup_rule_name: text_or_empty(creator.backup_rule_name()),
        backup_rule_cron: text_or_empty(creator.backup_rule_cron()),
        backup_rule_timezone: text_or_empty(creator.backup_rule_timezone()),
    }))
}

/// An account of the organization; `management` is the id of the one that owns it.
pub(crate) fn account(account: &aws_sdk_organizations::types::Account, management: &str) -> Option<Account> {
    let Some(id) = account.id().and_then(|id| id.parse().ok()) else { return skipped("account") };
    let state = account.state().map(|state| state.as_str().to_owned());
    #[allow(deprecated, reason = "the older member is all that older endpoints tell")]
    let status = state.or_else(|| account.status().map(|status| status.as_str().to_owned()));
    Some(Account {
        management: account.id() == Some(management),
        id,
        name: text_or_empty(account.name()),
        email: text_or_empty(account.email()),
        status: text_or_empty(status.as_deref()),
        joined: at(account.joined_timestamp()),
        unit: account.paths().first().and_then(|path| unit_of(path)),
    })
}

/// A unit that lies in `parent`.
pub(crate) fn unit(unit: &aws_sdk_organizations::types::OrganizationalUnit, parent: Option<UnitId>) -> Option<Unit> {
    let Some(id) = unit.id().and_then(|id| id.parse().ok()) else { return skipped("unit") };
    Some(Unit { id, parent, name: text_or_empty(unit.name()) })
}

/// The last unit of `o-…/r-…/ou-…/123456789012/`.
fn unit_of(path: &str) -> Option<UnitId> {
    path.split('/').rev().find_map(|part| part.parse().ok())
}

/// A backup policy with its document.
pub(crate) fn backup_policy(policy: &aws_sdk_organizations::types::Policy) -> Option<Policy> {
    let summary = policy.policy_summary();
    let Some(id) = summary.and_then(|summary| summary.id()?.parse().ok()) else { return skipped("policy") };
    Some(Policy {
        id,
        name: text_or_empty(summary.and_then(|summary| summary.name())),
        description: text_or_empty(summary.and_then(|summary| summary.description())),
        content: text_or_empty(policy.content()),
    })
}

/// The list's row and the described vault have the same members under two types.
macro_rules! vault {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        pub(crate) fn $name(scope: &Scope, vault: &$type) -> Option<Vault> {
            let Some(arn) = arn(vault.backup_vault_arn()) else { return skipped("vault") };
            Some(Vault {
                name: text(vault.backup_vault_name()).or_else(|| arn.vault_name().map(clean)).unwrap_or_default(),
                arn,
                scope: scope.clone(),
                vault_type: vault.vault_type().map(|kind| clean(kind.as_str()).into()).unwrap_or_default(),
                encryption_key_arn: text(vault.encryption_key_arn()),
                created: at(vault.creation_date()),
                creator_request_id: text(vault.creator_request_id()),
                recovery_points: vault.number_of_recovery_points(),
                lock: vault.locked().unwrap_or_default().then(|| VaultLock {
                    min_retention_days: vault.min_retention_days(),
                    max_retention_days: vault.max_retention_days(),
                    lock_date: at(vault.lock_date()),
                }),
            })
        }
    };
}
vault!(
    /// A row of ListBackupVaults.
    vault,
    sdk::BackupVaultListMember
);
vault!(
    /// DescribeBackupVault's answer.
    described_vault,
    DescribeBackupVaultOutput
);

/// A row of ListBackupPlans.
pub(crate) fn plan_summary(scope: &Scope, plan: &sdk::BackupPlansListMember) -> Option<PlanSummary> {
    let Some(id) = plan.backup_plan_id().and_then(|id| id.parse::<PlanId>().ok()) else { return skipped("plan") };
    Some(PlanSummary {
        arn: arn(plan.backup_plan_arn()).unwrap_or_else(|| Arn::plan(scope, id.as_str())),
        id,
        scope: scope.clone(),
        name: text_or_empty(plan.backup_plan_name()),
        version_id: text_or_empty(plan.version_id()),
        creator_request_id: text(plan.creator_request_id()),
        created: at(plan.creation_date()),
        deleted: at(plan.deletion_date()),
        last_execution: at(plan.last_execution_date()),
        advanced_backup_settings: plan.advanced_backup_settings().iter().map(documents::advanced_setting).collect(),
    })
}

/// GetBackupPlan's answer: the plan, and its next runs where they are told.
pub(crate) fn plan(scope: &Scope, id: &PlanId, plan: &GetBackupPlanOutput) -> (Plan, Vec<ScheduledRun>) {
    let mut document = plan.backup_plan().map(plan_document).unwrap_or_default();
    if document.advanced_backup_settings.is_empty() {
        let settings = plan.advanced_backup_settings().iter().map(documents::advanced_setting);
        document.advanced_backup_settings = settings.collect();
    }
    let runs = plan.scheduled_runs_preview().iter().filter_map(|run| {
        Some(ScheduledRun {
            at: at(run.execution_time())?,
            rule_id: text_or_empty(run.rule_id()),
            execution_type: run.rule_execution_type().map(|kind| clean(kind.as_str())).unwrap_or_default(),
        })
    });
    let mapped = Plan {
        id: id.clone(),
        arn: arn(plan.backup_plan_arn()).unwrap_or_else(|| Arn::plan(scope, id.as_str())),
        scope: scope.clone(),
        version_id: text_or_empty(plan.version_id()),
        document,
        creator_request_id: text(plan.creator_request_id()),
        created: at(plan.creation_date()),
        deleted: at(plan.deletion_date()),
        last_execution: at(plan.last_execution_date()),
    };
    (mapped, runs.collect())
}

/// GetBackupSelection's answer.
pub(crate) fn selection(plan: &PlanId, selection: &GetBackupSelectionOutput) -> Option<Selection> {
    let id = selection.selection_id().and_then(|id| id.parse().ok());
    let (Some(id), Some(document)) = (id, selection.backup_selection()) else { return skipped("selection") };
    Some(Selection {
        id,
        plan_id: plan.clone(),
        document: selection_document(document),
        created: at(selection.creation_date()),
        creator_request_id: text(selection.creator_request_id()),
    })
}

/// A row of ListProtectedResources.
pub(crate) fn protected_resource(scope: &Scope, resource: &sdk::ProtectedResource) -> Option<ProtectedResource> {
    let Some(arn) = arn(resource.resource_arn()) else { return skipped("protected resource") };
    Some(ProtectedResource {
        resource_type: resource_type(resource.resource_type(), Some(&arn)),
        arn,
        scope: scope.clone(),
        name: text(resource.resource_name()),
        last_backup_time: at(resource.last_backup_time()),
        last_backup_vault_arn: self::arn(resource.last_backup_vault_arn()),
        last_recovery_point_arn: self::arn(resource.last_recovery_point_arn()),
        latest_restore_execution_minutes: Known::Unknown,
        latest_restore_job_creation: Known::Unknown,
        latest_restore_recovery_point_creation: Known::Unknown,
    })
}

/// DescribeProtectedResource's answer.
pub(crate) fn described_protected_resource(
    scope: &Scope,
    resource: &DescribeProtectedResourceOutput,
) -> Option<ProtectedResource> {
    let Some(arn) = arn(resource.resource_arn()) else { return skipped("protected resource") };
    Some(ProtectedResource {
        resource_type: resource_type(resource.resource_type(), Some(&arn)),
        arn,
        scope: scope.clone(),
        name: text(resource.resource_name()),
        last_backup_time: at(resource.last_backup_time()),
        last_backup_vault_arn: self::arn(resource.last_backup_vault_arn()),
        last_recovery_point_arn: self::arn(resource.last_recovery_point_arn()),
        latest_restore_execution_minutes: Known::Known(resource.latest_restore_execution_time_minutes()),
        latest_restore_job_creation: Known::Known(at(resource.latest_restore_job_creation_date())),
        latest_restore_recovery_point_creation: Known::Known(
            at(resource.latest_restore_recovery_point_creation_date()),
        ),
    })
}

/// A row of the tagging API's GetResources.
pub(crate) fn tagged(mapping: &aws_sdk_resourcegroupstagging::types::ResourceTagMapping) -> Option<SelectableResource> {
    let Some(arn) = arn(mapping.resource_arn()) else { return skipped("resource") };
    let tags = mapping.tags().iter().map(|tag| (clean(tag.key()), clean(tag.value()))).collect();
    Some(SelectableResource { resource_type: type_of_arn(&arn), arn, tags, name: Known::Unknown, path: Known::Unknown })
}

/// A resource as the engine itself tells it.
pub(crate) fn registered(resource: &ResourceView) -> Option<SelectableResource> {
    let Some(arn) = arn(Some(&resource.resource_arn)) else { return skipped("resource") };
    Some(SelectableResource {
        arn,
        resource_type: ResourceType::from(clean(&resource.resource_type)),
        tags: resource.tags.iter().map(|(key, value)| (clean(key), clean(value))).collect(),
        name: Known::Known(text_or_empty(Some(&resource.name))),
        path: Known::Known(text_or_empty(Some(&resource.location.to_string()))),
    })
}

/// The tags of anything.
pub(crate) fn tags(tags: Option<&HashMap<String, String>>) -> Tags {
    tags.into_iter().flatten().map(|(key, value)| (clean(key), clean(value))).collect()
}

fn named(items: Vec<MissingItem>) -> Vec<MissingItem> {
    let named = |item: MissingItem| MissingItem { path: escape(&item.path).into_owned(), reason: clean(&item.reason) };
    items.into_iter().map(named).collect()
}

/// Names in a recovery point, escaped and not stripped: they must name the same file when they are sent back.
pub(crate) fn items(items: Items) -> Items {
    Items {
        items: items
            .items
            .into_iter()
            .map(|item| Item {
                name: escape(&item.name).into_owned(),
                kind: clean(&item.kind),
                link_target: item.link_target.map(|target| escape(&target).into_owned()),
                note: item.note.as_deref().map(clean),
                ..item
            })
            .collect(),
        missing: named(items.missing),
        lost: named(items.lost),
        details: items.details.iter().map(|(name, value)| (clean(name), clean(value))).collect(),
        bases: items.bases,
        note: items.note.as_deref().map(clean),
        next_token: items.next_token,
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
