//! What is told of a recovery point.

use super::{Attribute, account, marked, region, resource};
use crate::domain::KnownPoint;
use crate::domain::recovery_point::RecoveryPointStatus;

/// Its ARN.
pub const ARN: Attribute<KnownPoint> =
    Attribute::text("RECOVERY POINT", "RecoveryPointArn", |record| (&record.arn).into());
/// Its state.
pub const STATUS: Attribute<KnownPoint> =
    Attribute::choice("STATUS", "Status", RecoveryPointStatus::NAMES, |record| record.status.as_str().into());
/// The name of what it is of, as the service tells it.
pub const RESOURCE_NAME: Attribute<KnownPoint> =
    Attribute::text("RESOURCE NAME", "ResourceName", |record| record.resource_name.as_ref().into());
/// The ARN of what it is of.
pub const RESOURCE_ARN: Attribute<KnownPoint> =
    Attribute::text("RESOURCE ARN", "ResourceArn", |record| (&record.resource_arn).into());
/// The type of what it is of.
pub const TYPE: Attribute<KnownPoint> =
    Attribute::text("TYPE", "ResourceType", |record| record.resource_type.as_str().into());
/// The vault that holds it.
pub const VAULT: Attribute<KnownPoint> =
    Attribute::text("VAULT", "BackupVaultName", |record| (&record.vault_name).into());
/// The start of its backup job.
pub const CREATED: Attribute<KnownPoint> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// When it was whole.
pub const COMPLETED: Attribute<KnownPoint> =
    Attribute::time("COMPLETED", "CompletionDate", |record| record.completed.told().into());
/// When its life is over; nothing for ever.
pub const DELETED: Attribute<KnownPoint> =
    Attribute::time("DELETED AT", "DeleteAt", |record| record.delete_at().told().into());
/// Whether it lies in warm storage or in cold.
pub const STORAGE: Attribute<KnownPoint> = Attribute::text("STORAGE", "StorageClass", |record| {
    record.storage_class.as_ref().known().and_then(Option::as_ref).into()
});
/// When it moves, or moved, to cold storage; nothing for never.
pub const COLD: Attribute<KnownPoint> =
    Attribute::time("COLD AT", "MoveToColdStorageAt", |record| record.cold_at().told().into());
/// Its size.
pub const SIZE: Attribute<KnownPoint> =
    Attribute::bytes("SIZE", "BackupSizeInBytes", |record| record.size_bytes.into());
/// Why it is in this state, or what is wrong with it.
pub const MESSAGE: Attribute<KnownPoint> =
    Attribute::text("MESSAGE", "StatusMessage", |record| record.status_message.as_ref().into());
/// The account that it lives in.
pub const ACCOUNT: Attribute<KnownPoint> = account();
/// The region that it lives in.
pub const REGION: Attribute<KnownPoint> = region();
/// Whether it is a composite one.
pub const IS_PARENT: Attribute<KnownPoint> =
    Attribute::text("IS PARENT", "IsParent", |record| record.nesting.is_parent().into());
/// The composite one that it is nested in; nothing of one that is nested in none.
pub const PARENT: Attribute<KnownPoint> =
    Attribute::text("PARENT", "ParentRecoveryPointArn", |record| record.nesting.parent().into());
/// What it is called there.
pub const MEMBER: Attribute<KnownPoint> =
    Attribute::text("MEMBER", "CompositeMemberIdentifier", |record| record.nesting.member().into());
/// What people call that which it is of; lists have it beside what AWS tells.
pub const RESOURCE: Attribute<KnownPoint> = Attribute::text("RESOURCE", "Resource", |record| {
    let name = resource(record.resource_name.as_ref(), Some(&record.resource_arn));
    let nested = record.nesting.parent().map(|_| "nested");
    marked(name, if record.nesting.is_parent() { Some("composite") } else { nested })
});

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<KnownPoint>] = &[
    &ARN,
    &STATUS,
    &RESOURCE_NAME,
    &RESOURCE_ARN,
    &TYPE,
    &VAULT,
    &CREATED,
    &COMPLETED,
    &DELETED,
    &STORAGE,
    &COLD,
    &SIZE,
    &MESSAGE,
    &IS_PARENT,
    &PARENT,
    &MEMBER,
    &ACCOUNT,
    &REGION,
];
