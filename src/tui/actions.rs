//! What can be done with what is selected, and why not.

use crate::client::mutation::SelectionRef;
use crate::client::{Feature, Mutation};
use crate::domain::KnownPoint;
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::vault::Vault;
use crate::domain::{Arn, PlanId, Scope};
use crate::tui::command::Command;
use crate::tui::dialogs::Dialog;
use crate::tui::msg::Act;
use crate::tui::world::World;
use std::sync::Arc;

/// What is selected.
#[derive(Debug, Clone)]
pub enum Subject {
    /// Nothing that anything could be done with.
    Nothing,
    /// A vault.
    Vault(Arc<Vault>),
    /// A vault of which only the place and the name are known yet.
    VaultName(Scope, String),
    /// A recovery point, and the paths in it that are marked or selected to be restored; none means the whole.
    Point(Arc<KnownPoint>, Vec<String>),
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
    Account(crate::domain::AccountId),
    /// A path in a recovery point.
    Path(Arc<KnownPoint>, Vec<String>, String),
}

impl Subject {
    /// The commands that belong to it, those that destroy at the end; what can always be done comes first.
    pub fn offers(&self) -> Vec<Command> {
        let own: &[Command] = match self {
            Self::Vault(_) => &[Command::StartBackup, Command::Tags, Command::DeleteVault],
            Self::Point(..) | Self::Path(..) => {
                &[Command::Restore, Command::EditLifecycle, Command::Tags, Command::DeletePoint]
            }
            Self::Plan(..) => &[Command::EditPlan, Command::Tags, Command::DeletePlan],
            Self::BackupJob(_) => &[Command::Restore, Command::StartBackup, Command::StopJob],
            Self::Resource(..) => &[Command::StartBackup, Command::Restore],
            Self::VaultName(..) => &[Command::StartBackup],
            Self::Nothing | Self::RestoreJob(_) | Self::CopyJob(_) | Self::Account(_) => &[],
        };
        let general = [Command::CreateVault, Command::CreatePlan, Command::StartBackup];
        let general = general.into_iter().filter(|command| !own.contains(command));
        let copy: &[Command] = if self.id().is_some() { &[Command::CopyId, Command::CopyArn] } else { &[] };
        own.iter().copied().chain(general).chain(copy.iter().copied()).collect()
    }

    /// What `y` copies.
    pub fn id(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Vault(vault) => vault.name.clone(),
            Self::VaultName(_, name) => name.clone(),
            Self::Point(point, _) => last_part(&point.arn),
            Self::Path(_, _, path) => path.clone(),
            Self::Plan(_, id, ..) => id.to_string(),
            Self::BackupJob(job) => job.id.to_string(),
            Self::RestoreJob(job) => job.id.to_string(),
            Self::CopyJob(job) => job.id.to_string(),
            Self::Resource(_, arn) => last_part(arn),
            Self::Account(id) => id.to_string(),
        })
    }

    /// What `Y` copies.
    pub fn arn(&self) -> Option<String> {
        Some(match self {
            Self::Vault(vault) => vault.arn.to_string(),
            Self::Point(point, _) | Self::Path(point, ..) => point.arn.to_string(),
            Self::Plan(_, _, _, arn) | Self::Resource(_, arn) => arn.to_string(),
            Self::BackupJob(job) => job.resource_arn.to_string(),
            Self::RestoreJob(job) => job.recovery_point_arn.as_ref()?.to_string(),
            Self::CopyJob(job) => job.source_recovery_point_arn.as_ref()?.to_string(),
            Self::Nothing | Self::Account(_) | Self::VaultName(..) => return None,
        })
    }

    /// What carries tags here.
    fn tagged(&self) -> Option<(Scope, Arn)> {
        match self {
            Self::Vault(vault) => Some((vault.scope.clone(), vault.arn.clone())),
            Self::Point(point, _) | Self::Path(point, ..) => Some((point.scope.clone(), point.arn.clone())),
            Self::Plan(scope, _, _, arn) => Some((scope.clone(), arn.clone())),
            _ => None,
        }
    }

    /// The recovery point that would be restored, and what of it.
    fn restorable(&self, world: &World) -> Result<(Arc<KnownPoint>, Vec<String>), String> {
        let (point, items) = match self {
            Self::Point(point, items) | Self::Path(point, items, _) => (Arc::clone(point), items.clone()),
            Self::BackupJob(job) => match &job.recovery_point_arn {
                Some(arn) if job.state == crate::domain::job::JobState::Completed => {
                    let point = world.store.find_point(arn).map(Arc::clone);
                    (point.ok_or("open the job's recovery point (enter) and restore from there")?, Vec::new())
                }
                _ => return Err("this job has no recovery point to restore from".to_owned()),
            },
            Self::Resource(..) => return Err("open the resource (enter) and choose a recovery point".to_owned()),
            _ => return Err("select a recovery point: 2 vaults, enter, enter".to_owned()),
        };
        match point.status {
            RecoveryPointStatus::Completed | RecoveryPointStatus::Partial | RecoveryPointStatus::Available => {
                Ok((point, items))
            }
            ref other => Err(format!("a recovery point that is {} cannot be restored", other.as_str())),
        }
    }
}

/// What follows the last colon or slash.
pub fn last_part(arn: &Arn) -> String {
    arn.resource().rsplit([':', '/']).next().unwrap_or_default().to_owned()
}

/// Whether a command that changes something can be started now; the error says why not.
pub fn check(command: Command, subject: &Subject, world: &World) -> Result<(), String> {
    world.store.capabilities.allows(Feature::Write).map_err(str::to_owned)?;
    if world.scopes.is_empty() {
        return Err("not connected yet".to_owned());
    }
    if let (Some(why), false) = (world.read_only_directory(), command == Command::Restore) {
        let fact = why.split(": ").next().unwrap_or(why);
        return Err(format!("{fact}: only restores can be started"));
    }
    let needs = |what: &str| Err(format!("select {what} first"));
    match command {
        Command::CreateVault | Command::CreatePlan | Command::StartBackup => Ok(()),
        Command::Restore => subject.restorable(world).map(|_| ()),
        Command::EditPlan | Command::DeletePlan => match subject {
            Subject::Plan(_, id, ..) if id.as_str().starts_with("aws/") || id.as_str().starts_with("orgs/") => {
                Err("AWS made this plan; it cannot be changed here".to_owned())
            }
            Subject::Plan(..) => Ok(()),
            _ => needs("a plan (3)"),
        },
        Command::EditLifecycle | Command::DeletePoint => match subject {
            Subject::Point(..) | Subject::Path(..) => Ok(()),
            _ => needs("a recovery point (2, enter)"),
        },
        Command::Tags => subject.tagged().map_or_else(|| needs("a vault, plan or recovery point"), |_| Ok(())),
        Command::StopJob => match subject {
            Subject::BackupJob(job) if job.state.is_final() => {
                Err(format!("this job has ended: {}", job.state.as_str()))
            }
            Subject::BackupJob(job) if !job.resource_type.can_stop_backup() => {
                Err(format!("AWS Backup cannot stop a backup job of {}", job.resource_type))
            }
            Subject::BackupJob(_) => Ok(()),
            Subject::RestoreJob(_) | Subject::CopyJob(_) => Err("AWS Backup can only stop backup jobs".to_owned()),
            _ => needs("a backup job (4)"),
        },
        Command::DeleteVault => match subject {
            Subject::Vault(vault) if vault.name == "Default" => Err("the Default vault cannot be deleted".to_owned()),
            Subject::Vault(vault) if vault.recovery_points > 0 => {
                Err(format!("it holds {} recovery points; delete those first", vault.recovery_points))
            }
            Subject::Vault(_) => Ok(()),
            _ => needs("a vault (2)"),
        },
        _ => Ok(()),
    }
}

/// Starts a command that changes something: the dialog that asks for what is missing, or at once what asks for a yes.
pub fn start(command: Command, subject: &Subject, world: &mut World) -> Vec<Act> {
    if let Err(reason) = check(command, subject, world) {
        return vec![Act::Say(crate::tui::msg::Tone::Bad, reason)];
    }
    let show = |dialog: Dialog| vec![Act::Show(Box::new(dialog))];
    match (command, subject) {
        (Command::CreateVault, _) => show(Dialog::create_vault(world)),
        (Command::CreatePlan, _) => show(Dialog::create_plan(world)),
        (Command::EditPlan, Subject::Plan(scope, id, ..)) => show(Dialog::edit_plan(scope.clone(), id.clone(), world)),
        (Command::StartBackup, subject) => show(Dialog::back_up(subject, world)),
        (Command::Restore, subject) => match subject.restorable(world) {
            Ok((point, items)) => show(Dialog::restore(point, items, world)),
            Err(reason) => vec![Act::Say(crate::tui::msg::Tone::Bad, reason)],
        },
        (Command::EditLifecycle, Subject::Point(point, _) | Subject::Path(point, ..)) => {
            show(Dialog::lifecycle(Arc::clone(point), world))
        }
        (Command::Tags, subject) => match subject.tagged() {
            Some((scope, arn)) => show(Dialog::tags(scope, arn, world)),
            None => Vec::new(),
        },
        (Command::StopJob, Subject::BackupJob(job)) => {
            vec![Act::Propose(job.scope.clone(), Box::new(Mutation::StopBackup { id: job.id.clone() }))]
        }
        (Command::DeletePoint, Subject::Point(point, _) | Subject::Path(point, ..)) => vec![Act::Propose(
            point.scope.clone(),
            Box::new(Mutation::DeleteRecoveryPoint {
                vault: point.vault_name.clone(),
                recovery_point: point.arn.clone(),
            }),
        )],
        (Command::DeleteVault, Subject::Vault(vault)) => {
            vec![Act::Propose(vault.scope.clone(), Box::new(Mutation::DeleteVault { name: vault.name.clone() }))]
        }
        (Command::DeletePlan, Subject::Plan(scope, id, name, _)) => delete_plan(scope, id, name, world),
        _ => Vec::new(),
    }
}

/// A plan's selections go with it, so they must be known before it is asked.
fn delete_plan(scope: &Scope, id: &PlanId, name: &str, world: &World) -> Vec<Act> {
    let detail = world.store.plan(scope, id);
    let Some(selections) = detail.and_then(|detail| detail.selections.as_ref().ok()) else {
        let said = "open the plan (enter) first, so that its selections are known".to_owned();
        return vec![Act::Say(crate::tui::msg::Tone::Plain, said)];
    };
    let selections = selections
        .iter()
        .map(|selection| SelectionRef { id: selection.id.clone(), name: selection.document.selection_name.clone() })
        .collect();
    let mutation = Mutation::DeletePlan { id: id.clone(), name: name.to_owned(), selections };
    vec![Act::Propose(scope.clone(), Box::new(mutation))]
}
