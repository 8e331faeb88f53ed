//! Vaults.

use crate::domain::air_gap::RetentionBounds;
use crate::domain::vault::Vault;
use crate::domain::vault_lock::LockRequest;
use crate::engine::NewVault;
use crate::engine::vaults::ops::VaultAt;
use crate::server::call::{Answer, Call, Stamp, account, stamp};
use crate::server::failure::Failure;
use serde::Serialize;
use serde_with::skip_serializing_none;

/// The `VaultState` of a vault that is there.
const AVAILABLE: &str = "AVAILABLE";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    backup_vault_name: String,
    backup_vault_arn: String,
    creation_date: Option<Stamp>,
}

/// CreateLogicallyAirGappedBackupVault's answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreatedAirGapped {
    #[serde(flatten)]
    created: Created,
    vault_state: &'static str,
}

/// `BackupVaultListMember`, and DescribeBackupVault's answer.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VaultView {
    backup_vault_name: String,
    backup_vault_arn: String,
    vault_type: String,
    vault_state: &'static str,
    encryption_key_arn: Option<String>,
    encryption_key_type: Option<&'static str>,
    creation_date: Option<Stamp>,
    creator_request_id: Option<String>,
    number_of_recovery_points: i64,
    locked: bool,
    min_retention_days: Option<i64>,
    max_retention_days: Option<i64>,
    lock_date: Option<Stamp>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    backup_vault_list: Vec<VaultView>,
    next_token: Option<String>,
}

impl From<Vault> for VaultView {
    fn from(vault: Vault) -> Self {
        let encryption_key_type = encryption_key_type(&vault);
        Self {
            backup_vault_name: vault.name,
            backup_vault_arn: vault.arn.into(),
            encryption_key_type,
            vault_type: vault.vault_type.into(),
            vault_state: AVAILABLE,
            encryption_key_arn: vault.encryption_key_arn,
            creation_date: stamp(vault.created),
            creator_request_id: vault.creator_request_id,
            number_of_recovery_points: vault.recovery_points,
            locked: vault.lock.is_some(),
            min_retention_days: vault.lock.and_then(|lock| lock.min_retention_days),
            max_retention_days: vault.lock.and_then(|lock| lock.max_retention_days),
            lock_date: stamp(vault.lock.and_then(|lock| lock.lock_date)),
        }
    }
}

/// `EncryptionKeyType`, which AWS tells of air-gapped vaults.
fn encryption_key_type(vault: &Vault) -> Option<&'static str> {
    let whose = if vault.encryption_key_arn.is_some() { "CUSTOMER_MANAGED_KMS_KEY" } else { "AWS_OWNED_KMS_KEY" };
    vault.vault_type.is_air_gapped().then_some(whose)
}

/// CreateBackupVault.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let request = NewVault {
        tags: body.string_map("BackupVaultTags")?.unwrap_or_default(),
        encryption_key_arn: body.string("EncryptionKeyArn")?,
        creator_request_id: body.string("CreatorRequestId")?,
    };
    body.finish()?;
    let vault = call.engine.create_vault(call.caller, &call.segment(0).parse()?, request)?;
    call.answer(&Created {
        backup_vault_name: vault.name,
        backup_vault_arn: vault.arn.into(),
        creation_date: stamp(vault.created),
    })
}

/// CreateLogicallyAirGappedBackupVault. The vault is usable at once.
pub(super) fn create_air_gapped(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let request = NewVault {
        tags: body.string_map("BackupVaultTags")?.unwrap_or_default(),
        encryption_key_arn: body.string("EncryptionKeyArn")?,
        creator_request_id: body.string("CreatorRequestId")?,
    };
    let mut days = |name| body.integer(name)?.ok_or_else(|| Failure::missing(name));
    let bounds = RetentionBounds { min_days: days("MinRetentionDays")?, max_days: days("MaxRetentionDays")? };
    body.finish()?;
    let vault = call.engine.create_air_gapped_vault(call.caller, &call.segment(0).parse()?, bounds, &request)?;
    call.answer(&CreatedAirGapped {
        created: Created {
            backup_vault_name: vault.name,
            backup_vault_arn: vault.arn.into(),
            creation_date: stamp(vault.created),
        },
        vault_state: AVAILABLE,
    })
}

/// DescribeBackupVault.
pub(super) fn describe(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let owner = query.string("backupVaultAccountId");
    query.finish()?;
    let account = account(owner.as_deref())?;
    let vault = VaultAt { account: account.as_ref(), name: call.segment(0) };
    call.answer(&VaultView::from(call.engine.describe_vault(call.caller, vault)?))
}

/// ListBackupVaults.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let vault_type = query.string("vaultType");
    let shared = query.boolean("shared")?;
    let page = query.camel_page()?;
    query.finish()?;
    let vaults = if shared == Some(true) {
        call.engine.list_shared_vaults(call.caller, vault_type.as_deref(), &page)?
    } else {
        call.engine.list_vaults(call.caller, vault_type.as_deref(), &page)?
    };
    call.answer(&List {
        backup_vault_list: vaults.items.into_iter().map(VaultView::from).collect(),
        next_token: vaults.next_token,
    })
}

/// PutBackupVaultLockConfiguration.
pub(super) fn put_lock(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let request = LockRequest {
        min_retention_days: body.integer("MinRetentionDays")?,
        max_retention_days: body.integer("MaxRetentionDays")?,
        changeable_for_days: body.integer("ChangeableForDays")?,
    };
    body.finish()?;
    call.engine.put_vault_lock(call.caller, call.segment(0), &request)?;
    call.done()
}

/// DeleteBackupVaultLockConfiguration.
pub(super) fn delete_lock(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    call.engine.delete_vault_lock(call.caller, call.segment(0))?;
    call.done()
}

/// DeleteBackupVault.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    call.engine.delete_vault(call.caller, call.segment(0))?;
    call.done()
}
