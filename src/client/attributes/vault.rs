//! What is told of a vault.

use super::{Attribute, Value, account, region};
use crate::domain::vault::Vault;

/// Its name.
pub const NAME: Attribute<Vault> = Attribute::text("VAULT", "BackupVaultName", |record| (&record.name).into());
/// Its ARN.
pub const ARN: Attribute<Vault> = Attribute::text("ARN", "BackupVaultArn", |record| (&record.arn).into());
/// Its type, by which AWS tells air-gapped vaults from others.
pub const TYPE: Attribute<Vault> = Attribute::text("TYPE", "VaultType", |record| record.vault_type.as_str().into());
/// How many recovery points it holds.
pub const POINTS: Attribute<Vault> =
    Attribute::number("POINTS", "NumberOfRecoveryPoints", |record| record.recovery_points.into());
/// When it was created.
pub const CREATED: Attribute<Vault> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// The key that wraps its data key.
pub const KEY: Attribute<Vault> =
    Attribute::text("KEY", "EncryptionKeyArn", |record| record.encryption_key_arn.as_ref().into());
/// Whether Vault Lock protects it.
pub const LOCKED: Attribute<Vault> = Attribute::text("LOCKED", "Locked", |record| record.lock.is_some().into());
/// The shortest retention that its lock lets in, in days.
pub const MIN_RETENTION: Attribute<Vault> = Attribute::number("MIN DAYS", "MinRetentionDays", |record| {
    record.lock.and_then(|lock| lock.min_retention_days).into()
});
/// The longest retention that its lock lets in, in days.
pub const MAX_RETENTION: Attribute<Vault> = Attribute::number("MAX DAYS", "MaxRetentionDays", |record| {
    record.lock.and_then(|lock| lock.max_retention_days).into()
});
/// From when on its lock cannot be changed.
pub const LOCK_DATE: Attribute<Vault> =
    Attribute::time("LOCK DATE", "LockDate", |record| record.lock.and_then(|lock| lock.lock_date).into());
/// The account that shares it; none where it is not another's.
pub const SHARED_BY: Attribute<Vault> = Attribute::text("SHARED BY", "SharedBy", |record| {
    record.shared_by().map_or(Value::Nothing, |owner| Value::Text(owner.to_string().into()))
});
/// The account that it lives in, or with which it is shared.
pub const ACCOUNT: Attribute<Vault> = account();
/// The region that it lives in.
pub const REGION: Attribute<Vault> = region();

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<Vault>] = &[
    &NAME,
    &ARN,
    &TYPE,
    &POINTS,
    &CREATED,
    &KEY,
    &LOCKED,
    &MIN_RETENTION,
    &MAX_RETENTION,
    &LOCK_DATE,
    &ACCOUNT,
    &REGION,
    &SHARED_BY,
];
