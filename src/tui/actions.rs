//! What can be done with what is selected, and why not.

use crate::client::change::{
    DeletePlan, DeleteRecoveryPoint, DeleteVault, DisassociateFromParent, SelectionRef, StartRestore, StopBackup,
};
use crate::client::{Feature, Mutation};
use crate::domain::copies::copyable;
use crate::domain::vault_lock::LockMode;
use crate::domain::{KnownPoint, PlanId, Scope};
use crate::tui::command::Command;
use crate::tui::dialog::Dialog;
use crate::tui::fmt;
use crate::tui::holds;
use crate::tui::msg::{Act, Tone};
use crate::tui::route::Route;
use crate::tui::subject::Subject;
use crate::tui::world::World;
use std::sync::Arc;

/// Whether a command that changes something can be started now; the error says why not.
pub fn check(command: Command, subject: &Subject, world: &World) -> Result<(), String> {
    if command != Command::WhoCan {
        world.store.capabilities.allows(Feature::Write).map_err(str::to_owned)?;
    }
    if world.scopes.is_empty() {
        return Err("not connected yet".to_owned());
    }
    let only_reads = [Command::Restore, Command::WhoCan].contains(&command);
    if let (Some(why), false) = (world.read_only_directory(), only_reads) {
        let fact = why.split(": ").next().unwrap_or(why);
        return Err(format!("{fact}: only restores can be started"));
    }
    if let Some(owner) = subject.shared_by().filter(|_| is_the_owners(command)) {
        return Err(format!("{} shares it for restores, and for nothing else", world.account(&owner)));
    }
    let needs = |what: &str| Err(format!("select {what} first"));
    match command {
        Command::AddResource => world.store.capabilities.allows(Feature::Resources).map_err(str::to_owned),
        Command::CreateVault | Command::CreatePlan | Command::StartBackup | Command::CreateHold => Ok(()),
        Command::CancelHold => match subject {
            Subject::LegalHold(hold) if hold.status.holds() => Ok(()),
            Subject::LegalHold(_) => Err("it was released already".to_owned()),
            _ => needs("a legal hold (:legal-holds)"),
        },
        Command::DeletePoint | Command::Disassociate if held(subject, world).is_some() => Err(format!(
            "legal hold {} is on it: release that first (:legal-holds)",
            held(subject, world).unwrap_or_default()
        )),
        Command::Restore if subject.chooses_from().is_some() => Ok(()),
        Command::Restore => subject.restorable(world).map(|_| ()),
        Command::TestRestore => {
            let is_engine = world.store.capabilities.allows(Feature::Items).is_ok();
            let refuse = || {
                "AWS Backup tests restores by restore testing plans; an engine of vaultdeck tests one here".to_owned()
            };
            is_engine.then_some(()).ok_or_else(refuse).and_then(|()| subject.restorable(world).map(|_| ()))
        }
        Command::EditPlan | Command::DeletePlan => match subject {
            Subject::Plan(_, id, ..) if id.is_of_organization() => {
                Err("a backup policy of the organization makes this plan: it is changed there".to_owned())
            }
            Subject::Plan(_, id, ..) if id.as_str().starts_with("aws/") => {
                Err("AWS made this plan; it cannot be changed here".to_owned())
            }
            Subject::Plan(..) => Ok(()),
            _ => needs("a plan (3)"),
        },
        Command::StartCopy => match subject {
            Subject::Point(point, _) | Subject::Path(point, ..) => copyable(point),
            _ => needs("a recovery point (2, enter)"),
        },
        Command::Disassociate => match subject {
            Subject::Point(point, _) | Subject::Path(point, ..) if point.nesting.parent().is_some() => {
                unlocked(point, world)
            }
            Subject::Point(..) | Subject::Path(..) => Err("it is nested in no composite recovery point".to_owned()),
            _ => needs("a nested recovery point (2, enter)"),
        },
        Command::EditLifecycle | Command::DeletePoint => match subject {
            Subject::Point(point, _) | Subject::Path(point, ..) => unlocked(point, world),
            _ => needs("a recovery point (2, enter)"),
        },
        Command::Tags => {
            subject.tagged().map_or_else(|| needs("a vault, plan, recovery point or legal hold"), |_| Ok(()))
        }
        Command::VaultLock => match subject {
            Subject::Vault(vault) => match vault.lock.map(|lock| lock.mode(world.now())) {
                Some(LockMode::Compliance(date)) => {
                    Err(format!("nobody can change this lock any more: it is final since {}", fmt::exact(date)))
                }
                _ => Ok(()),
            },
            _ => needs("a vault (2)"),
        },
        Command::ShareVault => match subject {
            Subject::Vault(vault) if vault.vault_type.is_air_gapped() => Ok(()),
            Subject::Vault(_) => Err("only a logically air-gapped vault can be shared".to_owned()),
            _ => needs("a vault (2)"),
        },
        Command::AccessPolicy | Command::Notifications | Command::WhoCan => match subject {
            Subject::Vault(_) => Ok(()),
            _ => needs("a vault (2)"),
        },
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

/// Whether only the owner of a vault, or of a point in it, can do this to it.
fn is_the_owners(command: Command) -> bool {
    matches!(
        command,
        Command::StartBackup
            | Command::CreateHold
            | Command::StartCopy
            | Command::Disassociate
            | Command::EditLifecycle
            | Command::DeletePoint
            | Command::Tags
            | Command::VaultLock
            | Command::ShareVault
            | Command::AccessPolicy
            | Command::Notifications
            | Command::WhoCan
            | Command::DeleteVault
    )
}

/// The change that a command makes of a subject without asking for anything more, and where; none where a form asks first.
pub fn change(command: Command, subject: &Subject, world: &mut World) -> Option<Result<(Scope, Mutation), String>> {
    Some(Ok(match (command, subject) {
        (Command::TestRestore, subject) => match subject.restorable(world) {
            Ok((point, _)) => (point.scope.clone(), StartRestore::test(&point, (world.tokens.0)()).into()),
            Err(reason) => return Some(Err(reason)),
        },
        (Command::StopJob, Subject::BackupJob(job)) => (job.scope.clone(), StopBackup { id: job.id.clone() }.into()),
        (Command::Disassociate, Subject::Point(point, _) | Subject::Path(point, ..)) => {
            let (vault, recovery_point) = (point.vault_name.clone(), point.arn.clone());
            (point.scope.clone(), DisassociateFromParent { vault, recovery_point }.into())
        }
        (Command::DeletePoint, Subject::Point(point, _) | Subject::Path(point, ..)) => {
            let (vault, recovery_point) = (point.vault_name.clone(), point.arn.clone());
            (point.scope.clone(), DeleteRecoveryPoint { vault, recovery_point }.into())
        }
        (Command::DeleteVault, Subject::Vault(vault)) => {
            (vault.scope.clone(), DeleteVault { name: vault.name.clone() }.into())
        }
        (Command::DeletePlan, Subject::Plan(scope, id, name, _)) => match delete_plan(scope, id, name, world) {
            Ok(change) => (scope.clone(), change.into()),
            Err(reason) => return Some(Err(reason)),
        },
        _ => return None,
    }))
}

/// Starts a command that changes something: the dialog that asks for what is missing, or at once what asks for a yes.
pub fn start(command: Command, subject: &Subject, world: &mut World) -> Vec<Act> {
    if let Err(reason) = check(command, subject, world) {
        return vec![Act::Say(Tone::Bad, reason)];
    }
    match change(command, subject, world) {
        Some(Ok((scope, mutation))) => return vec![Act::Propose(scope, Box::new(mutation))],
        Some(Err(reason)) => return vec![Act::Say(Tone::Bad, reason)],
        None => {}
    }
    let show = |dialog: Dialog| vec![Act::Show(dialog)];
    match (command, subject) {
        (Command::AddResource, _) => show(Dialog::AddResource),
        (Command::CreateVault, _) => show(Dialog::CreateVault),
        (Command::CreateHold, subject) => show(Dialog::CreateHold(subject.clone())),
        (Command::CancelHold, Subject::LegalHold(hold)) => show(Dialog::CancelHold(Arc::clone(hold))),
        (Command::CreatePlan, _) => show(Dialog::CreatePlan),
        (Command::EditPlan, Subject::Plan(scope, id, ..)) => show(Dialog::EditPlan(scope.clone(), id.clone())),
        (Command::StartBackup, subject) => show(Dialog::Backup(subject.clone())),
        (Command::Restore, subject) => match (subject.chooses_from(), subject.restorable(world)) {
            (Some((scope, arn)), _) => vec![
                Act::Open(Route::Resource(scope, arn)),
                Act::Say(Tone::Plain, "choose a recovery point, and restore again".to_owned()),
            ],
            (None, Ok((point, part))) => show(Dialog::Restore(point, part)),
            (None, Err(reason)) => vec![Act::Say(Tone::Bad, reason)],
        },
        (Command::StartCopy, Subject::Point(point, _) | Subject::Path(point, ..)) => {
            show(Dialog::Copy(Arc::clone(point)))
        }
        (Command::EditLifecycle, Subject::Point(point, _) | Subject::Path(point, ..)) => {
            show(Dialog::Lifecycle(Arc::clone(point)))
        }
        (Command::Tags, subject) => match subject.tagged() {
            Some((scope, arn)) => show(Dialog::Tags(scope, arn)),
            None => Vec::new(),
        },
        (Command::AccessPolicy, Subject::Vault(vault)) => show(Dialog::AccessPolicy(Arc::clone(vault))),
        (Command::VaultLock, Subject::Vault(vault)) => show(Dialog::VaultLock(Arc::clone(vault))),
        (Command::ShareVault, Subject::Vault(vault)) => show(Dialog::ShareVault(Arc::clone(vault))),
        (Command::Notifications, Subject::Vault(vault)) => show(Dialog::Notifications(Arc::clone(vault))),
        (Command::WhoCan, Subject::Vault(vault)) => show(Dialog::WhoCan(Arc::clone(vault))),
        _ => Vec::new(),
    }
}

/// The titles of the holds that are on a recovery point, as far as they are known.
fn held(subject: &Subject, world: &World) -> Option<String> {
    match subject {
        Subject::Point(point, _) | Subject::Path(point, ..) => holds::named(point, world),
        _ => None,
    }
}

/// Refuses what the lock of a point's vault forbids, as far as the vault is known here.
fn unlocked(point: &KnownPoint, world: &World) -> Result<(), String> {
    let vaults = world.store.vaults(&point.scope);
    let vault = vaults.and_then(|vaults| vaults.iter().find(|vault| vault.name == point.vault_name));
    let Some(mode) = vault.and_then(|vault| vault.lock).map(|lock| lock.mode(world.now())) else { return Ok(()) };
    Err(match mode {
        LockMode::Governance => "its vault is locked; the lock can be taken off (2, a)".to_owned(),
        LockMode::CoolingOff(date) => {
            format!("its vault is locked; the lock is final {}", fmt::relative(world.now(), date))
        }
        LockMode::Compliance(_) => "its vault is locked for good; it goes on its day".to_owned(),
    })
}

/// A plan's selections go with it, so they must be known before it is asked.
fn delete_plan(scope: &Scope, id: &PlanId, name: &str, world: &World) -> Result<DeletePlan, String> {
    let detail = world.store.plan(scope, id);
    let selections = detail.and_then(|detail| detail.selections.as_ref().ok());
    let selections = selections.ok_or("open the plan (enter) first, so that its selections are known")?;
    let selections = selections
        .iter()
        .map(|selection| SelectionRef { id: selection.id.clone(), name: selection.document.selection_name.clone() })
        .collect();
    Ok(DeletePlan { id: id.clone(), name: name.to_owned(), selections })
}
