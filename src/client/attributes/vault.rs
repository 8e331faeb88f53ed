//! What is told of a vault.

use super::{Attribute, account, region};
use crate::domain::vault::Vault;

/// Its name.
pub const NAME: Attribute<Vault> = Attribute::text("VAULT", "BackupVaultName", |record| (&record.name).into());
/// Its ARN.
pub const ARN: Attribute<Vault> = Attribute::text("ARN", "BackupVaultArn", |record| (&record.arn).into());
/// Its type, by which AWS tells air-gapped vaults from others.
pub const TYPE: Attribute<Vault> = Attribute::text("TYPE", "VaultType", |record| (&record.vault_type).into());
/// How many recovery points it holds.
pub const POINTS: Attribute<Vault> =
    Attribute::number("POINTS", "NumberOfRecoveryPoints", |record| record.recovery_points.into());
/// When it was created.
pub const CREATED: Attribute<Vault> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// The key that wraps its data key.
pub const KEY: Attribute<Vault> =
    Attribute::text("KEY", "EncryptionKeyArn", |record| record.encryption_key_arn.as_ref().into());
/// Whether Vault Lock protects it.
pub const LOCKED: Attribute<Vault> = Attribute::text("LOCKED", "Locked", |record| record.locked.into());
/// The account that it lives in.
pub const ACCOUNT: Attribute<Vault> = account();
/// The region that it lives in.
pub const REGION: Attribute<Vault> = region();

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<Vault>] = &[&NAME, &ARN, &TYPE, &POINTS, &CREATED, &KEY, &LOCKED, &ACCOUNT, &REGION];
