//! What is told of a backup job.

use super::{Attribute, account, marked, region, resource, took};
use crate::domain::job::{BackupJob, JobState};

/// That it is a backup.
pub const KIND: Attribute<BackupJob> = Attribute::text("KIND", "Kind", |_| "backup".into());
/// Its id.
pub const ID: Attribute<BackupJob> = Attribute::text("ID", "JobId", |record| record.id.as_str().into());
/// Its state.
pub const STATE: Attribute<BackupJob> =
    Attribute::choice("STATE", "State", JobState::NAMES, |record| record.state.as_str().into());
/// Whether it completed but could not read everything.
pub const ISSUES: Attribute<BackupJob> =
    Attribute::text("ISSUES", "CompletedWithIssues", |record| record.completed_with_issues().into());
/// The name of what is backed up, as the service tells it.
pub const RESOURCE_NAME: Attribute<BackupJob> =
    Attribute::text("RESOURCE NAME", "ResourceName", |record| record.resource_name.as_ref().into());
/// The ARN of what is backed up.
pub const RESOURCE_ARN: Attribute<BackupJob> =
    Attribute::text("RESOURCE ARN", "ResourceArn", |record| (&record.resource_arn).into());
/// The type of what is backed up.
pub const TYPE: Attribute<BackupJob> =
    Attribute::text("TYPE", "ResourceType", |record| record.resource_type.as_str().into());
/// The vault it backs up into.
pub const VAULT: Attribute<BackupJob> =
    Attribute::text("VAULT", "BackupVaultName", |record| (&record.vault_name).into());
/// The recovery point it makes.
pub const POINT: Attribute<BackupJob> =
    Attribute::text("RECOVERY POINT", "RecoveryPointArn", |record| record.recovery_point_arn.as_ref().into());
/// When it was created: the scheduled time, or the call's.
pub const CREATED: Attribute<BackupJob> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// When it ended, well or badly.
pub const ENDED: Attribute<BackupJob> = Attribute::time("ENDED", "CompletionDate", |record| record.completed.into());
/// How far it is, 0 to 100.
pub const PERCENT: Attribute<BackupJob> = Attribute::number("DONE", "PercentDone", |record| record.percent_done.into());
/// The size of what is backed up.
pub const SIZE: Attribute<BackupJob> = Attribute::bytes("SIZE", "BackupSizeInBytes", |record| record.size_bytes.into());
/// What was read and moved so far.
pub const MOVED: Attribute<BackupJob> =
    Attribute::bytes("MOVED", "BytesTransferred", |record| record.bytes_transferred.into());
/// What there is to say about it.
pub const MESSAGE: Attribute<BackupJob> =
    Attribute::text("MESSAGE", "StatusMessage", |record| record.status_message.as_ref().into());
/// The category of that.
pub const CATEGORY: Attribute<BackupJob> =
    Attribute::text("CATEGORY", "MessageCategory", |record| record.message_category.as_ref().into());
/// The plan behind it; nothing on demand.
pub const PLAN: Attribute<BackupJob> = Attribute::text("PLAN", "BackupPlanName", |record| {
    record.created_by.as_ref().map(|by| &by.backup_plan_name).into()
});
/// The rule behind it; nothing on demand.
pub const RULE: Attribute<BackupJob> = Attribute::text("RULE", "BackupRuleName", |record| {
    record.created_by.as_ref().map(|by| &by.backup_rule_name).into()
});
/// The account that it lives in.
pub const ACCOUNT: Attribute<BackupJob> = account();
/// The region that it lives in.
pub const REGION: Attribute<BackupJob> = region();
/// Whether it stands for child jobs.
pub const IS_PARENT: Attribute<BackupJob> = Attribute::text("IS PARENT", "IsParent", |record| record.is_parent.into());
/// The job that stands for it; nothing of one that is no child.
pub const PARENT: Attribute<BackupJob> =
    Attribute::text("PARENT", "ParentJobId", |record| record.parent_job_id.as_ref().map(|id| id.as_str()).into());
/// What people call that which is backed up; lists have it beside what AWS tells.
pub const RESOURCE: Attribute<BackupJob> = Attribute::text("RESOURCE", "Resource", |record| {
    let name = resource(record.resource_name.as_ref(), Some(&record.resource_arn));
    let nested = record.parent_job_id.as_ref().map(|_| "nested");
    marked(name, if record.is_parent { Some("composite") } else { nested })
});

/// How long it took, once it has ended.
pub const TOOK: Attribute<BackupJob> =
    Attribute::span("TOOK", "TookSeconds", |record| took(record.initiated, record.completed));

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<BackupJob>] = &[
    &KIND,
    &ID,
    &STATE,
    &ISSUES,
    &RESOURCE_NAME,
    &RESOURCE_ARN,
    &TYPE,
    &VAULT,
    &POINT,
    &CREATED,
    &ENDED,
    &PERCENT,
    &SIZE,
    &MOVED,
    &MESSAGE,
    &CATEGORY,
    &PLAN,
    &RULE,
    &IS_PARENT,
    &PARENT,
    &ACCOUNT,
    &REGION,
    &TOOK,
];
