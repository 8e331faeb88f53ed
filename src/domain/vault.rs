//! Backup vaults.

use crate::domain::{Arn, Scope, Time, VaultLock};

/// The vault that every account has in each of its regions, and keeps.
pub const DEFAULT_VAULT: &str = "Default";

/// The [`Vault::vault_type`] of a plain vault, the only one that the engine makes.
pub const BACKUP_VAULT: &str = "BACKUP_VAULT";

/// A vault as DescribeBackupVault and ListBackupVaults tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives.
    pub scope: Scope,
    /// Its name. A text and not a [`crate::domain::VaultName`], since AWS's own vaults have slashes in theirs.
    pub name: String,
    /// `BACKUP_VAULT`, `LOGICALLY_AIR_GAPPED_BACKUP_VAULT`, `RESTORE_ACCESS_BACKUP_VAULT`.
    pub vault_type: String,
    /// The key that wraps the vault's data key.
    pub encryption_key_arn: Option<String>,
    /// When it was created.
    pub created: Option<Time>,
    /// The token of the call that created it.
    pub creator_request_id: Option<String>,
    /// How many recovery points it holds (approximate on AWS).
    pub recovery_points: i64,
    /// What Vault Lock protects it with.
    pub lock: Option<VaultLock>,
}
