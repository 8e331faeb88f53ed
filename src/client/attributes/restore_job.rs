//! What is told of a restore job.

use super::{Attribute, account, region, resource, took};
use crate::domain::ResourceType;
use crate::domain::job::{JobState, RestoreJob};

/// That it is a restore.
pub const KIND: Attribute<RestoreJob> = Attribute::text("KIND", "Kind", |_| "restore".into());
/// Its id.
pub const ID: Attribute<RestoreJob> = Attribute::text("ID", "JobId", |record| record.id.as_str().into());
/// Its state.
pub const STATE: Attribute<RestoreJob> =
    Attribute::choice("STATE", "State", JobState::NAMES, |record| record.state.as_str().into());
/// The ARN of what was backed up.
pub const RESOURCE_ARN: Attribute<RestoreJob> =
    Attribute::text("RESOURCE ARN", "ResourceArn", |record| record.source_resource_arn.as_ref().into());
/// The type of what is restored.
pub const TYPE: Attribute<RestoreJob> =
    Attribute::text("TYPE", "ResourceType", |record| record.resource_type.as_ref().map(ResourceType::as_str).into());
/// What is restored.
pub const POINT: Attribute<RestoreJob> =
    Attribute::text("RECOVERY POINT", "RecoveryPointArn", |record| record.recovery_point_arn.as_ref().into());
/// What it made or wrote into.
pub const RESTORED: Attribute<RestoreJob> =
    Attribute::text("RESTORED", "CreatedResourceArn", |record| record.created_resource_arn.as_ref().into());
/// When it was created.
pub const CREATED: Attribute<RestoreJob> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// When it ended, well or badly.
pub const ENDED: Attribute<RestoreJob> = Attribute::time("ENDED", "CompletionDate", |record| record.completed.into());
/// How far it is, 0 to 100.
pub const PERCENT: Attribute<RestoreJob> =
    Attribute::number("DONE", "PercentDone", |record| record.percent_done.into());
/// The size of what is restored.
pub const SIZE: Attribute<RestoreJob> =
    Attribute::bytes("SIZE", "BackupSizeInBytes", |record| record.size_bytes.into());
/// What became of a restore that is a test: `VALIDATING`, `SUCCESSFUL` or `FAILED`.
pub const VALIDATION: Attribute<RestoreJob> = Attribute::text("VALIDATION", "ValidationStatus", |record| {
    record.validation.as_ref().map(|test| test.status.as_str()).into()
});
/// What there is to say about it.
pub const MESSAGE: Attribute<RestoreJob> =
    Attribute::text("MESSAGE", "StatusMessage", |record| record.status_message.as_ref().into());
/// The account that it lives in.
pub const ACCOUNT: Attribute<RestoreJob> = account();
/// The region that it lives in.
pub const REGION: Attribute<RestoreJob> = region();
/// What people call that which was backed up; lists have it beside what AWS tells.
pub const RESOURCE: Attribute<RestoreJob> =
    Attribute::text("RESOURCE", "Resource", |record| resource(None, record.source_resource_arn.as_ref()));

/// How long it took, once it has ended.
pub const TOOK: Attribute<RestoreJob> =
    Attribute::span("TOOK", "TookSeconds", |record| took(Some(record.created), record.completed));

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<RestoreJob>] = &[
    &KIND,
    &ID,
    &STATE,
    &RESOURCE_ARN,
    &TYPE,
    &POINT,
    &RESTORED,
    &CREATED,
    &ENDED,
    &PERCENT,
    &SIZE,
    &MESSAGE,
    &VALIDATION,
    &ACCOUNT,
    &REGION,
    &TOOK,
];
