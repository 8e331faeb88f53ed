//! The actions that a vault's policy can name, and what each is done to.

/// What copies into a vault need of it. The only action that a policy can give to other accounts.
pub const COPY_INTO_VAULT: &str = "backup:CopyIntoBackupVault";

/// What an action is done to, which is what the resources of a statement are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The vault: its ARN.
    Vault,
    /// A recovery point in it: its ARN, which does not tell the vault.
    RecoveryPoint,
    /// The one or the other, by the ARN that is given.
    Either,
}

/// The actions that name a vault.
const ON_VAULTS: [&str; 23] = [
    "backup:AssociateBackupVaultMpaApprovalTeam",
    "backup:CopyFromBackupVault",
    COPY_INTO_VAULT,
    "backup:CreateBackupVault",
    "backup:CreateLogicallyAirGappedBackupVault",
    "backup:DeleteBackupVault",
    "backup:DeleteBackupVaultAccessPolicy",
    "backup:DeleteBackupVaultLockConfiguration",
    "backup:DeleteBackupVaultNotifications",
    "backup:DescribeBackupVault",
    "backup:DisassociateBackupVaultMpaApprovalTeam",
    "backup:GetBackupVaultAccessPolicy",
    "backup:GetBackupVaultNotifications",
    "backup:ListProtectedResourcesByBackupVault",
    "backup:ListRecoveryPointsByBackupVault",
    "backup:ListRestoreAccessBackupVaults",
    "backup:PutBackupVaultAccessPolicy",
    "backup:PutBackupVaultLockConfiguration",
    "backup:PutBackupVaultNotifications",
    "backup:RevokeRestoreAccessBackupVault",
    "backup:StartBackupJob",
    "backup:CreateRestoreAccessBackupVault",
    // With a recovery key restic reads all that the vault holds.
    "vaultdeck:MakeRecoveryKey",
];

/// The actions that name a recovery point.
const ON_POINTS: [&str; 14] = [
    "backup:DeleteRecoveryPoint",
    "backup:DescribeRecoveryPoint",
    "backup:DisassociateRecoveryPoint",
    "backup:DisassociateRecoveryPointFromParent",
    "backup:GetPITRMalwareScanResults",
    "backup:GetRecoveryPointIndexDetails",
    "backup:GetRecoveryPointRestoreMetadata",
    "backup:GetRestoreTestingInferredMetadata",
    "backup:StartCopyJob",
    "backup:StartRestoreJob",
    "backup:StartScanJob",
    "backup:UpdateRecoveryPointIndexSettings",
    "backup:UpdateRecoveryPointLifecycle",
    "vaultdeck:ListRecoveryPointItems",
];

/// The actions on whatever has tags.
const ON_EITHER: [&str; 3] = ["backup:ListTags", "backup:TagResource", "backup:UntagResource"];

/// What an action is done to; none where no vault's policy can speak of it. The case does not matter.
pub fn target_of(action: &str) -> Option<Target> {
    let among = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(action));
    match () {
        () if among(&ON_VAULTS) => Some(Target::Vault),
        () if among(&ON_POINTS) => Some(Target::RecoveryPoint),
        () if among(&ON_EITHER) => Some(Target::Either),
        () => None,
    }
}

/// An action as AWS writes it, in whatever case it is given.
pub fn spelled(action: &str) -> Option<&'static str> {
    let all = ON_VAULTS.iter().chain(&ON_POINTS).chain(&ON_EITHER);
    all.copied().find(|name| name.eq_ignore_ascii_case(action))
}

/// All of them.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = &'static str> {
    ON_VAULTS.iter().chain(&ON_POINTS).chain(&ON_EITHER).copied()
}
