//! What is told of a copy job.

use super::{Attribute, account, marked, region, resource, took};
use crate::domain::job::{CopyJob, JobState};

/// That it is a copy.
pub const KIND: Attribute<CopyJob> = Attribute::text("KIND", "Kind", |_| "copy".into());
/// Its id.
pub const ID: Attribute<CopyJob> = Attribute::text("ID", "JobId", |record| record.id.as_str().into());
/// Its state.
pub const STATE: Attribute<CopyJob> =
    Attribute::choice("STATE", "State", JobState::NAMES, |record| record.state.as_str().into());
/// The name of what the recovery point is of, as the service tells it.
pub const RESOURCE_NAME: Attribute<CopyJob> =
    Attribute::text("RESOURCE NAME", "ResourceName", |record| record.resource_name.as_ref().into());
/// The ARN of what the recovery point is of.
pub const RESOURCE_ARN: Attribute<CopyJob> =
    Attribute::text("RESOURCE ARN", "ResourceArn", |record| record.resource_arn.as_ref().into());
/// The type of what the recovery point is of.
pub const TYPE: Attribute<CopyJob> =
    Attribute::text("TYPE", "ResourceType", |record| record.resource_type.as_str().into());
/// The vault that is copied from.
pub const FROM: Attribute<CopyJob> =
    Attribute::text("FROM", "SourceBackupVaultArn", |record| record.source_vault_arn.as_ref().into());
/// The vault that is copied into.
pub const TO: Attribute<CopyJob> =
    Attribute::text("TO", "DestinationBackupVaultArn", |record| record.destination_vault_arn.as_ref().into());
/// When it was created.
pub const CREATED: Attribute<CopyJob> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// When it ended, well or badly.
pub const ENDED: Attribute<CopyJob> = Attribute::time("ENDED", "CompletionDate", |record| record.completed.into());
/// Its size.
pub const SIZE: Attribute<CopyJob> = Attribute::bytes("SIZE", "BackupSizeInBytes", |record| record.size_bytes.into());
/// What there is to say about it.
pub const MESSAGE: Attribute<CopyJob> =
    Attribute::text("MESSAGE", "StatusMessage", |record| record.status_message.as_ref().into());
/// The category of that.
pub const CATEGORY: Attribute<CopyJob> =
    Attribute::text("CATEGORY", "MessageCategory", |record| record.message_category.as_ref().into());
/// Whether it stands for child jobs, as that of a composite recovery point does.
pub const IS_PARENT: Attribute<CopyJob> = Attribute::text("IS PARENT", "IsParent", |record| record.is_parent.into());
/// The job that stands for it, if it is a child job.
pub const PARENT: Attribute<CopyJob> =
    Attribute::text("PARENT", "ParentJobId", |record| record.parent_job_id.as_ref().map(|id| id.as_str()).into());
/// What its recovery point is called in the composite one.
pub const MEMBER: Attribute<CopyJob> =
    Attribute::text("MEMBER", "CompositeMemberIdentifier", |record| record.member.as_deref().into());
/// The account that it lives in.
pub const ACCOUNT: Attribute<CopyJob> = account();
/// The region that it lives in.
pub const REGION: Attribute<CopyJob> = region();
/// What people call that which the recovery point is of; lists have it beside what AWS tells.
pub const RESOURCE: Attribute<CopyJob> = Attribute::text("RESOURCE", "Resource", |record| {
    let name = resource(record.resource_name.as_ref(), record.resource_arn.as_ref());
    let nested = record.parent_job_id.as_ref().map(|_| "nested");
    marked(name, if record.is_parent { Some("composite") } else { nested })
});

/// How long it took, once it has ended.
pub const TOOK: Attribute<CopyJob> =
    Attribute::span("TOOK", "TookSeconds", |record| took(record.created, record.completed));

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<CopyJob>] = &[
    &KIND,
    &ID,
    &STATE,
    &RESOURCE_NAME,
    &RESOURCE_ARN,
    &TYPE,
    &FROM,
    &TO,
    &CREATED,
    &ENDED,
    &SIZE,
    &MESSAGE,
    &CATEGORY,
    &IS_PARENT,
    &PARENT,
    &MEMBER,
    &ACCOUNT,
    &REGION,
    &TOOK,
];
