//! What the actions are about.

use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use crate::domain::legal_hold::HoldSummary;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::vault::Vault;
use crate::domain::{AccountId, Arn, KnownPoint, PlanId, Scope, Time};
use crate::tui::command::Command;
use crate::tui::world::World;
use std::sync::Arc;

/// What of a recovery point is to be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All of it; of a continuous one its latest second.
    Whole,
    /// These paths in it, that are marked or selected; none means the whole.
    Paths(Vec<String>),
    /// It as it was at this second: it is continuous.
    Second(Time),
}

/// What is selected.
#[derive(Debug, Clone)]
pub enum Subject {
    /// Nothing that anything could be done with.
    Nothing,
    /// A vault.
    Vault(Arc<Vault>),
    /// A vault of which only the place and the name are known yet.
    VaultName(Scope, String),
    /// A recovery point, and what of it would be restored.
    Point(Arc<KnownPoint>, Part),
    /// A legal hold.
    LegalHold(Arc<HoldSummary>),
    /// A plan: scope, id, name, ARN.
    Plan(Scope, PlanId, String, Arn),
    /// A backup job.
    BackupJob(Arc<BackupJob>),
    /// A restore job.
    RestoreJob(Arc<RestoreJob>),
    /// A copy job.
    CopyJob(Arc<CopyJob>),
    /// A resource.
    Resource(Scope, Arn),
    /// An account.
    Account(AccountId),
    /// A path in a recovery point.
    Path(Arc<KnownPoint>, Vec<String>, String),
}

impl Subject {
    /// The commands that belong to it alone, those that destroy at the end.
    pub(super) fn own_offers(&self) -> &'static [Command] {
        match self {
            Self::Vault(vault) if vault.vault_type.is_air_gapped() => &[
                Command::StartBackup,
                Command::ShareVault,
                Command::WhoCan,
                Command::AccessPolicy,
                Command::Notifications,
                Command::Tags,
                Command::CreateHold,
                Command::DeleteVault,
            ],
            Self::Vault(_) => &[
                Command::StartBackup,
                Command::VaultLock,
                Command::WhoCan,
                Command::AccessPolicy,
                Command::Notifications,
                Command::Tags,
                Command::CreateHold,
                Command::DeleteVault,
            ],
            Self::Point(point, _) | Self::Path(point, ..) if point.nesting.parent().is_some() => &[
                Command::Restore,
                Command::TestRestore,
                Command::StartCopy,
                Command::EditLifecycle,
                Command::Tags,
                Command::CreateHold,
                Command::Disassociate,
                Command::DeletePoint,
            ],
            Self::Point(..) | Self::Path(..) => &[
                Command::Restore,
                Command::TestRestore,
                Command::StartCopy,
                Command::EditLifecycle,
                Command::Tags,
                Command::CreateHold,
                Command::DeletePoint,
            ],
            Self::LegalHold(_) => &[Command::Tags, Command::CreateHold, Command::CancelHold],
            Self::Plan(..) => &[Command::EditPlan, Command::Tags, Command::DeletePlan],
            Self::BackupJob(_) => &[Command::Restore, Command::StartBackup, Command::StopJob],
            Self::Resource(..) => &[Command::StartBackup, Command::Restore, Command::CreateHold],
            Self::VaultName(..) => &[Command::StartBackup],
            Self::Nothing | Self::RestoreJob(_) | Self::CopyJob(_) | Self::Account(_) => &[],
        }
    }

    /// The commands that it offers: its own, and those that can always be started.
    pub fn offers(&self) -> Vec<Command> {
        let own = self.own_offers();
        let general = [Command::CreateVault, Command::CreatePlan, Command::AddResource, Command::StartBackup];
        let general = general.into_iter().filter(|command| !own.contains(command));
        let copy: &[Command] = if self.id().is_some() { &[Command::CopyId, Command::CopyArn] } else { &[] };
        own.iter().copied().chain(general).chain(copy.iter().copied()).collect()
    }

    /// The account that shares it for restores alone; none where it is one's own.
    pub fn shared_by(&self) -> Option<AccountId> {
        match self {
            Self::Vault(vault) => vault.shared_by(),
            Self::Point(point, _) | Self::Path(point, ..) => point.shared_by(),
            _ => None,
        }
    }

    /// What `y` copies.
    pub fn id(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Vault(vault) => vault.name.clone(),
            Self::VaultName(_, name) => name.clone(),
            Self::Point(point, _) => point.arn.last_part().to_owned(),
            Self::Path(_, _, path) => path.clone(),
            Self::LegalHold(hold) => hold.id.clone(),
            Self::Plan(_, id, ..) => id.to_string(),
            Self::BackupJob(job) => job.id.to_string(),
            Self::RestoreJob(job) => job.id.to_string(),
            Self::CopyJob(job) => job.id.to_string(),
            Self::Resource(_, arn) => arn.last_part().to_owned(),
            Self::Account(id) => id.to_string(),
        })
    }

    /// What `Y` copies.
    pub fn arn(&self) -> Option<String> {
        Some(match self {
            Self::Vault(vault) => vault.arn.to_string(),
            Self::Point(point, _) | Self::Path(point, ..) => point.arn.to_string(),
            Self::LegalHold(hold) => hold.arn.to_string(),
            Self::Plan(_, _, _, arn) | Self::Resource(_, arn) => arn.to_string(),
            Self::BackupJob(job) => job.resource_arn.to_string(),
            Self::RestoreJob(job) => job.recovery_point_arn.as_ref()?.to_string(),
            Self::CopyJob(job) => job.source_recovery_point_arn.as_ref()?.to_string(),
            Self::Nothing | Self::Account(_) | Self::VaultName(..) => return None,
        })
    }

    /// The resource that it is, or that it is of.
    pub(super) fn resource(&self) -> Option<(Scope, Arn)> {
        Some(match self {
            Self::Resource(scope, arn) => (scope.clone(), arn.clone()),
            Self::Point(point, _) | Self::Path(point, ..) => (point.scope.clone(), point.resource_arn.clone()),
            Self::BackupJob(job) => (job.scope.clone(), job.resource_arn.clone()),
            Self::CopyJob(job) => (job.scope.clone(), job.resource_arn.clone()?),
            Self::RestoreJob(job) => (job.scope.clone(), job.source_resource_arn.clone()?),
            _ => return None,
        })
    }

    /// The resource of which a recovery point is to be chosen before anything is restored: it itself is none, and made none.
    pub(super) fn chooses_from(&self) -> Option<(Scope, Arn)> {
        match self {
            Self::BackupJob(job) if made_point(job).is_some() => None,
            Self::Resource(..) | Self::BackupJob(_) => self.resource(),
            _ => None,
        }
    }

    /// What carries tags here: where, and its ARN.
    pub(super) fn tagged(&self) -> Option<(Scope, Arn)> {
        match self {
            Self::Vault(vault) => Some((vault.scope.clone(), vault.arn.clone())),
            Self::Point(point, _) | Self::Path(point, ..) => Some((point.scope.clone(), point.arn.clone())),
            Self::LegalHold(hold) => Some((hold.scope.clone(), hold.arn.clone())),
            Self::Plan(scope, _, _, arn) => Some((scope.clone(), arn.clone())),
            _ => None,
        }
    }

    /// The recovery point that would be restored, and what of it.
    pub(super) fn restorable(&self, world: &World) -> Result<(Arc<KnownPoint>, Part), String> {
        let (point, part) = match self {
            Self::Point(point, part) => (Arc::clone(point), part.clone()),
            Self::Path(point, paths, _) => (Arc::clone(point), Part::Paths(paths.clone())),
            Self::BackupJob(job) => {
                let arn = made_point(job).ok_or("this job has no recovery point to restore from")?;
                let point = world.store.find_point(&job.scope, arn).map(Arc::clone);
                (point.ok_or("open the job's recovery point (enter) and restore from there")?, Part::Whole)
            }
            Self::Resource(..) => return Err("open the resource (enter) and choose a recovery point".to_owned()),
            _ => return Err("select a recovery point: 2 vaults, enter, enter".to_owned()),
        };
        check_restorable(&point)?;
        Ok((point, part))
    }
}

/// The recovery point that a job made.
fn made_point(job: &BackupJob) -> Option<&Arn> {
    let is_made = matches!(job.state, JobState::Completed | JobState::Partial);
    job.recovery_point_arn.as_ref().filter(|_| is_made)
}

/// Whether a recovery point can be restored at all; the error says why not.
pub(super) fn check_restorable(point: &KnownPoint) -> Result<(), String> {
    if point.nesting.is_parent() {
        return Err("a composite recovery point is not restored as a whole: open it, and restore what is nested in it"
            .to_owned());
    }
    match point.status {
        // A continuous one that was stopped keeps what it had until then.
        RecoveryPointStatus::Completed
        | RecoveryPointStatus::Partial
        | RecoveryPointStatus::Available
        | RecoveryPointStatus::Stopped => Ok(()),
        ref other => Err(format!("a recovery point that is {} cannot be restored", other.as_str())),
    }
}
