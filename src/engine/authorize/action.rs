//! What can be done, by the names that policies use.

use super::subject::{
    Anything, HoldToCancel, InOrganization, JobToStop, KeyToChange, KeyToDelete, KeyToDestroy, KeyToKeep, KeyToRead,
    NewThing, Organization, PlanNamed, PlanOfSelection, PointToChange, PointToCopy, PointToDelete, PointToDisassociate,
    PointToRead, PointToRestore, PolicyToDelete, Region, RoleToAssume, RoleToPass, ShareNamed, Subject, Tagged,
    UnitToDelete, VaultFound, VaultKey, VaultNamed, VaultToDelete, VaultToLeave, VaultToLock, VaultToShare,
};

/// Something that can be done.
pub trait Action: sealed::Sealed + Copy {
    /// Its name in policies: AWS's where AWS has one, and `vaultdeck:…` otherwise.
    const NAME: &'static str;
    /// What is known of the thing that it is done to.
    type On<'a>: Subject;
}

/// An action that sets tags, on what it makes or on what is there.
#[diagnostic::on_unimplemented(message = "{Self} sets no tags")]
pub trait SetsTags: Action {}

/// An action by which the data of a recovery point lies elsewhere.
#[diagnostic::on_unimplemented(message = "{Self} moves no data")]
pub trait MovesData: Action {}

/// An action that sets the document of a plan.
#[diagnostic::on_unimplemented(message = "{Self} sets no plan's document")]
pub trait SetsDocument: Action {}

/// An action that names whom something is shared with.
#[diagnostic::on_unimplemented(message = "{Self} shares nothing")]
pub trait NamesPrincipals: Action {}

/// An action that changes what belongs to a resource share.
#[diagnostic::on_unimplemented(message = "{Self} changes no share")]
pub trait ChangesShare: Action {}

/// An action that makes a vault.
#[diagnostic::on_unimplemented(message = "{Self} makes no vault")]
pub trait MakesVault: SetsTags {}

/// An action that sets the lock of a vault.
#[diagnostic::on_unimplemented(message = "{Self} sets no vault's lock")]
pub trait SetsLock: Action {}

/// An action that sets the access policy of a vault.
#[diagnostic::on_unimplemented(message = "{Self} sets no vault's access policy")]
pub trait SetsAccessPolicy: Action {}

/// An action that changes what a KMS key is, and not its material.
#[diagnostic::on_unimplemented(message = "{Self} changes no key")]
pub trait ChangesKey: Action {}

/// An action by which an account joins the organization.
#[diagnostic::on_unimplemented(message = "by {Self} no account joins the organization")]
pub trait AddsAccount: Action {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal on $subject:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $action;

            impl sealed::Sealed for $action {}

            impl Action for $action {
                const NAME: &'static str = $name;
                type On<'a> = $subject<'a>;
            }
        )+

        #[cfg(test)]
        pub(crate) const NAMES: &[&str] = &[$($action::NAME),+];
    };
}

actions! {
    /// A vault is made.
    CreateBackupVault = "backup:CreateBackupVault" on NewThing;
    /// A logically air-gapped vault is made, with its lock.
    CreateLogicallyAirGappedBackupVault = "backup:CreateLogicallyAirGappedBackupVault" on NewThing;
    /// A vault is deleted.
    DeleteBackupVault = "backup:DeleteBackupVault" on VaultToDelete;
    /// A vault is read.
    DescribeBackupVault = "backup:DescribeBackupVault" on VaultFound;
    /// What has recovery points in a vault is listed.
    ListProtectedResourcesByBackupVault = "backup:ListProtectedResourcesByBackupVault" on VaultFound;
    /// The recovery points of a vault are listed.
    ListRecoveryPointsByBackupVault = "backup:ListRecoveryPointsByBackupVault" on VaultFound;
    /// A vault's access policy is read.
    GetBackupVaultAccessPolicy = "backup:GetBackupVaultAccessPolicy" on VaultFound;
    /// A vault gets an access policy.
    PutBackupVaultAccessPolicy = "backup:PutBackupVaultAccessPolicy" on VaultFound;
    /// A vault loses its access policy.
    DeleteBackupVaultAccessPolicy = "backup:DeleteBackupVaultAccessPolicy" on VaultFound;
    /// The access policy of a vault is known again where the catalog had lost it.
    KeepVaultAccessPolicy = "vaultdeck:KeepVaultAccessPolicy" on Anything;
    /// What a vault tells of its events is read.
    GetBackupVaultNotifications = "backup:GetBackupVaultNotifications" on VaultFound;
    /// A vault tells a topic of its events.
    PutBackupVaultNotifications = "backup:PutBackupVaultNotifications" on VaultFound;
    /// A vault tells nobody of its events any more.
    DeleteBackupVaultNotifications = "backup:DeleteBackupVaultNotifications" on VaultFound;
    /// The vaults by which others may restore from a vault are listed.
    ListRestoreAccessBackupVaults = "backup:ListRestoreAccessBackupVaults" on VaultFound;
    /// A vault gets a lock, or another one.
    PutBackupVaultLockConfiguration = "backup:PutBackupVaultLockConfiguration" on VaultToLock;
    /// A vault loses its lock.
    DeleteBackupVaultLockConfiguration = "backup:DeleteBackupVaultLockConfiguration" on VaultToLock;
    /// The lock of a vault becomes final, or is known again where the catalog had lost it.
    KeepVaultLock = "vaultdeck:KeepVaultLock" on Anything;
    /// A vault gets a recovery key, with which plain restic reads all that it holds.
    MakeRecoveryKey = "vaultdeck:MakeRecoveryKey" on VaultKey;
    /// A copy comes into a vault, also from another account.
    CopyIntoBackupVault = "backup:CopyIntoBackupVault" on VaultNamed;
    /// A copy is taken out of a vault.
    CopyFromBackupVault = "backup:CopyFromBackupVault" on VaultToLeave;
    /// A recovery point is read.
    DescribeRecoveryPoint = "backup:DescribeRecoveryPoint" on PointToRead;
    /// What a recovery point can be restored with is read.
    GetRecoveryPointRestoreMetadata = "backup:GetRecoveryPointRestoreMetadata" on PointToRead;
    /// What a test would restore a recovery point with is read.
    GetRestoreTestingInferredMetadata = "backup:GetRestoreTestingInferredMetadata" on PointToRead;
    /// What is known of a recovery point's index is read.
    GetRecoveryPointIndexDetails = "backup:GetRecoveryPointIndexDetails" on PointToRead;
    /// What scans found in a recovery point is read.
    GetPITRMalwareScanResults = "backup:GetPITRMalwareScanResults" on PointToRead;
    /// The files of a recovery point are listed.
    ListRecoveryPointItems = "vaultdeck:ListRecoveryPointItems" on PointToRead;
    /// A copy job is made.
    StartCopyJob = "backup:StartCopyJob" on PointToCopy;
    /// A recovery point begins to be deleted, by a call or because its life is over.
    DeleteRecoveryPoint = "backup:DeleteRecoveryPoint" on PointToDelete;
    /// A continuous recovery point is handed back to the service that makes it.
    DisassociateRecoveryPoint = "backup:DisassociateRecoveryPoint" on PointToDisassociate;
    /// A recovery point is taken out of the one that it is a part of.
    DisassociateRecoveryPointFromParent = "backup:DisassociateRecoveryPointFromParent" on PointToDisassociate;
    /// A recovery point that is being deleted is gone.
    EraseRecoveryPoint = "vaultdeck:EraseRecoveryPoint" on Anything;
    /// A recovery point lives longer or shorter.
    UpdateRecoveryPointLifecycle = "backup:UpdateRecoveryPointLifecycle" on PointToChange;
    /// The data of a recovery point moves to another storage class.
    MoveToColdStorage = "vaultdeck:MoveToColdStorage" on Anything;
    /// A live continuous recovery point has more of its service's log, or another base.
    GrowRecoveryPoint = "vaultdeck:GrowRecoveryPoint" on Anything;
    /// A finished backup's recovery point comes into its vault.
    AddRecoveryPoint = "vaultdeck:AddRecoveryPoint" on Anything;
    /// A legal hold is made and put on what it catches, or is found again.
    CreateLegalHold = "backup:CreateLegalHold" on NewThing;
    /// A legal hold releases what it holds.
    CancelLegalHold = "backup:CancelLegalHold" on HoldToCancel;
    /// A plan is made.
    CreateBackupPlan = "backup:CreateBackupPlan" on NewThing;
    /// A plan gets a new version.
    UpdateBackupPlan = "backup:UpdateBackupPlan" on PlanNamed;
    /// A plan is deleted.
    DeleteBackupPlan = "backup:DeleteBackupPlan" on PlanNamed;
    /// A plan gets a selection.
    CreateBackupSelection = "backup:CreateBackupSelection" on PlanOfSelection;
    /// A plan loses a selection.
    DeleteBackupSelection = "backup:DeleteBackupSelection" on PlanOfSelection;
    /// A backup job is made.
    StartBackupJob = "backup:StartBackupJob" on VaultNamed;
    /// A backup job is stopped.
    StopBackupJob = "backup:StopBackupJob" on JobToStop;
    /// A restore job is made.
    StartRestoreJob = "backup:StartRestoreJob" on PointToRestore;
    /// The tags of a thing are read.
    ListTags = "backup:ListTags" on Tagged;
    /// A thing gets tags.
    TagResource = "backup:TagResource" on Tagged;
    /// A thing loses tags.
    UntagResource = "backup:UntagResource" on Tagged;
    /// An account's settings for a region change.
    UpdateRegionSettings = "backup:UpdateRegionSettings" on Region;
    /// The organization's settings change.
    UpdateGlobalSettings = "backup:UpdateGlobalSettings" on Organization;
    /// A resource share is made.
    CreateResourceShare = "ram:CreateResourceShare" on NewThing;
    /// A resource share gets more vaults or accounts.
    AssociateResourceShare = "ram:AssociateResourceShare" on ShareNamed;
    /// A resource share loses some.
    DisassociateResourceShare = "ram:DisassociateResourceShare" on ShareNamed;
    /// A resource share is deleted.
    DeleteResourceShare = "ram:DeleteResourceShare" on ShareNamed;
    /// The shares of a vault are counted, or known again where the catalog had lost them.
    KeepVaultShares = "vaultdeck:KeepVaultShares" on Anything;
    /// A vault comes into a resource share.
    ShareBackupVault = "vaultdeck:ShareBackupVault" on VaultToShare;
    /// AWS Backup is told to run jobs under a role.
    PassRole = "iam:PassRole" on RoleToPass;
    /// The management account enters a member.
    AssumeRole = "sts:AssumeRole" on RoleToAssume;
    /// A KMS key is made.
    CreateKey = "kms:CreateKey" on NewThing;
    /// What is known of a KMS key is read.
    DescribeKey = "kms:DescribeKey" on KeyToRead;
    /// The policy of a KMS key is read.
    GetKeyPolicy = "kms:GetKeyPolicy" on KeyToRead;
    /// Whether a KMS key is rotated is read.
    GetKeyRotationStatus = "kms:GetKeyRotationStatus" on KeyToRead;
    /// The aliases of a KMS key are read.
    ListAliases = "kms:ListAliases" on KeyToRead;
    /// The tags of a KMS key are read.
    ListResourceTags = "kms:ListResourceTags" on KeyToRead;
    /// A KMS key gets another name.
    CreateAlias = "kms:CreateAlias" on KeyToChange;
    /// A KMS key can be used again.
    EnableKey = "kms:EnableKey" on KeyToChange;
    /// A KMS key cannot be used until it is enabled.
    DisableKey = "kms:DisableKey" on KeyToChange;
    /// A KMS key is to be deleted after some days.
    ScheduleKeyDeletion = "kms:ScheduleKeyDeletion" on KeyToDelete;
    /// A KMS key is not to be deleted after all.
    CancelKeyDeletion = "kms:CancelKeyDeletion" on KeyToKeep;
    /// The material of a KMS key is destroyed: its days are over.
    DestroyKey = "vaultdeck:DestroyKey" on KeyToDestroy;
    /// A secret of the catalog is wrapped by another root of the key ring; it stays the same.
    RewrapSecret = "vaultdeck:RewrapSecret" on Anything;
    /// An account gets its access key.
    CreateAccessKey = "iam:CreateAccessKey" on Anything;
    /// An account is made in the organization.
    CreateAccount = "organizations:CreateAccount" on InOrganization;
    /// An account goes to another place in the organization.
    MoveAccount = "organizations:MoveAccount" on InOrganization;
    /// A unit is made.
    CreateOrganizationalUnit = "organizations:CreateOrganizationalUnit" on InOrganization;
    /// A unit gets another name.
    UpdateOrganizationalUnit = "organizations:UpdateOrganizationalUnit" on InOrganization;
    /// A unit is deleted.
    DeleteOrganizationalUnit = "organizations:DeleteOrganizationalUnit" on UnitToDelete;
    /// A member comes to administer AWS Backup.
    RegisterDelegatedAdministrator = "organizations:RegisterDelegatedAdministrator" on InOrganization;
    /// A member administers AWS Backup no more.
    DeregisterDelegatedAdministrator = "organizations:DeregisterDelegatedAdministrator" on InOrganization;
    /// A backup policy is made.
    CreatePolicy = "organizations:CreatePolicy" on InOrganization;
    /// A backup policy changes.
    UpdatePolicy = "organizations:UpdatePolicy" on InOrganization;
    /// A backup policy is deleted.
    DeletePolicy = "organizations:DeletePolicy" on PolicyToDelete;
    /// A backup policy comes to hold somewhere.
    AttachPolicy = "organizations:AttachPolicy" on InOrganization;
    /// A backup policy holds somewhere no more.
    DetachPolicy = "organizations:DetachPolicy" on InOrganization;
    /// The organization comes to have backup policies.
    EnablePolicyType = "organizations:EnablePolicyType" on InOrganization;
    /// The organization has no backup policies any more.
    DisablePolicyType = "organizations:DisablePolicyType" on InOrganization;
    /// An account joins the organization.
    AddAccount = "vaultdeck:AddAccount" on Anything;
    /// A role is made that AWS Backup can assume.
    AddRole = "vaultdeck:AddRole" on Anything;
    /// Such a role is taken away.
    RemoveRole = "vaultdeck:RemoveRole" on Anything;
    /// A resource is registered.
    AddResource = "vaultdeck:AddResource" on Anything;
    /// A resource is taken off the register.
    RemoveResource = "vaultdeck:RemoveResource" on Anything;
}

impl AddsAccount for AddAccount {}
impl AddsAccount for CreateAccount {}

impl MovesData for MoveToColdStorage {}
impl MovesData for GrowRecoveryPoint {}

impl SetsDocument for CreateBackupPlan {}
impl SetsDocument for UpdateBackupPlan {}

impl ChangesKey for CreateAlias {}
impl ChangesKey for EnableKey {}
impl ChangesKey for DisableKey {}
impl ChangesKey for ScheduleKeyDeletion {}
impl ChangesKey for CancelKeyDeletion {}

impl SetsLock for PutBackupVaultLockConfiguration {}
impl SetsLock for DeleteBackupVaultLockConfiguration {}
impl SetsLock for KeepVaultLock {}
impl SetsLock for CreateLogicallyAirGappedBackupVault {}

impl NamesPrincipals for CreateResourceShare {}
impl NamesPrincipals for AssociateResourceShare {}

impl ChangesShare for AssociateResourceShare {}
impl ChangesShare for DisassociateResourceShare {}

impl MakesVault for CreateBackupVault {}
impl MakesVault for CreateLogicallyAirGappedBackupVault {}

impl SetsAccessPolicy for PutBackupVaultAccessPolicy {}
impl SetsAccessPolicy for DeleteBackupVaultAccessPolicy {}
impl SetsAccessPolicy for KeepVaultAccessPolicy {}

impl SetsTags for CreateBackupVault {}
impl SetsTags for CreateKey {}
impl SetsTags for CreateLogicallyAirGappedBackupVault {}
impl SetsTags for CreateBackupPlan {}
impl SetsTags for CreateLegalHold {}
impl SetsTags for StartBackupJob {}
impl SetsTags for AddRecoveryPoint {}
impl SetsTags for AddResource {}
impl SetsTags for TagResource {}
