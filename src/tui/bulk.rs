//! What can be done to several marked rows at once, to how many of them, and why not to the others. Each command that can be
//! done to one and needs no more to know of each than of the others can be done to several.

use crate::client::Mutation;
use crate::domain::{KnownPoint, Scope};
use crate::tui::actions;
use crate::tui::command::Command;
use crate::tui::dialog::Dialog;
use crate::tui::fmt::{self, resource_name};
use crate::tui::msg::{Act, Tone};
use crate::tui::proposal::{LeftOut, Proposal, Proposed};
use crate::tui::several::{Marked, Several, Target};
use crate::tui::stranded;
use crate::tui::subject::Subject;
use crate::tui::text::count;
use crate::tui::world::World;
use std::collections::HashMap;

/// What can be done to several, those that destroy at the end.
const COMMANDS: [Command; 10] = [
    Command::StartBackup,
    Command::TestRestore,
    Command::StartCopy,
    Command::EditLifecycle,
    Command::Tags,
    Command::StopJob,
    Command::Disassociate,
    Command::DeletePoint,
    Command::DeletePlan,
    Command::DeleteVault,
];

/// More are not done at once: nobody reads what would be.
const MOST: usize = 1_000;

/// Whether a command is one that can be done to several.
pub fn takes(command: Command) -> bool {
    COMMANDS.contains(&command)
}

/// Whether a command that changes something is about nothing that is there, whatever is marked.
pub fn makes_new(command: Command) -> bool {
    matches!(command, Command::CreateVault | Command::CreatePlan | Command::AddResource)
}

/// Why a command that is for one is not done where several are marked.
pub fn only_one(marked: &Marked) -> String {
    format!("this is done to one at a time: {} are marked", marked.rows.len())
}

/// Why nothing is done to that many; nothing of any of them is looked at then.
fn too_many(marked: &Marked) -> Option<String> {
    let number = marked.rows.len();
    (number > MOST).then(|| format!("{number} are marked: at most {MOST} are changed at once"))
}

/// The commands that belong to anything that is marked, each with what it can be done to.
pub fn offers(marked: &Marked, world: &World) -> Vec<Several> {
    let is_own = |command: &Command| marked.rows.iter().any(|(_, subject)| belongs(*command, subject));
    COMMANDS.into_iter().filter(is_own).map(|command| of(command, marked, world)).collect()
}

/// What a command can be done to, and what not.
pub fn of(command: Command, marked: &Marked, world: &World) -> Several {
    let mut targets: Vec<Target> = Vec::new();
    let mut left_out = LeftOut::default();
    let why_none = too_many(marked);
    let rows = if why_none.is_some() { &[] } else { marked.rows.as_slice() };
    if let Some(why) = why_none {
        left_out.add(why);
    }
    // Where each of them is a job, each may go into the vault that it had.
    let by_vault = rows.iter().filter(|(_, subject)| belongs(command, subject)).all(|(_, subject)| is_job(subject));
    let mut places: HashMap<String, Option<usize>> = HashMap::new();
    for (row, subject) in rows {
        if !belongs(command, subject) {
            left_out.add(format!("this is not done to {}", kind(subject)));
            continue;
        }
        // Two rows may be about the same.
        let identity = identity(command, subject, by_vault);
        match places.get(&identity) {
            Some(Some(place)) => {
                targets[*place].rows.push(row.clone());
                continue;
            }
            Some(None) => continue,
            None => {}
        }
        let place = match actions::check(command, subject, world) {
            Ok(()) => {
                targets.push(Target { rows: vec![row.clone()], subject: subject.clone() });
                Some(targets.len() - 1)
            }
            Err(why) => {
                left_out.add(why);
                None
            }
        };
        places.insert(identity, place);
    }
    let route = marked.route.clone();
    Several { command, targets, left_out, marked: marked.rows.len(), hidden: marked.hidden, route }
}

/// Starts a command on what is marked: the form that asks for what is missing, or at once what shows all of it.
pub fn start(command: Command, marked: &Marked, world: &mut World) -> Vec<Act> {
    let several = of(command, marked, world);
    if several.targets.is_empty() {
        return vec![Act::Say(Tone::Bad, several.left_out.why_none())];
    }
    if matches!(command, Command::StartBackup | Command::StartCopy | Command::EditLifecycle | Command::Tags) {
        return vec![Act::Show(Dialog::Several(Box::new(several)))];
    }
    vec![Act::ProposeAll(Box::new(at_once(several, world)))]
}

/// The changes of a command that asks for nothing more.
fn at_once(several: Several, world: &mut World) -> Proposal {
    let mut proposal = several.proposal(String::new());
    let mut points: Vec<&KnownPoint> = Vec::new();
    for target in &several.targets {
        match actions::change(several.command, &target.subject, world) {
            Some(Ok(change)) => {
                let mut change = proposed(target, change, world);
                match &target.subject {
                    // What is left of a resource is told of all of them together.
                    Subject::Point(point, _) if several.command == Command::DeletePoint => points.push(point),
                    _ => change.told = stranded::of(&change.scope, &change.mutation, world),
                }
                proposal.changes.push(change);
            }
            Some(Err(why)) => proposal.left_out.add(why),
            None => {}
        }
    }
    if !points.is_empty() {
        proposal.notes.push(stranded::of_points(&points, world));
    }
    proposal.title = title(several.command, proposal.changes.len());
    proposal
}

/// A change of a target, with nothing more to tell of it.
pub fn proposed(target: &Target, change: (Scope, Mutation), world: &World) -> Proposed {
    let (scope, mutation) = change;
    let (name, place) = (name(&target.subject, world), place(&target.subject));
    Proposed { rows: target.rows.clone(), name, place, scope, mutation, told: String::new() }
}

/// What a command does to so many: `Delete 3 recovery points`.
pub fn title(command: Command, number: usize) -> String {
    let points = count(number, "recovery point", "recovery points");
    let jobs = count(number, "job", "jobs");
    match command {
        Command::StartBackup => format!("Back up {} now", count(number, "resource", "resources")),
        Command::TestRestore => format!("Test a restore of {points}"),
        Command::StartCopy => format!("Copy {points} into another vault"),
        Command::EditLifecycle => format!("Change how long {points} are kept"),
        Command::Tags => format!("Set or remove a tag of {number}"),
        Command::StopJob => format!("Stop {jobs}"),
        Command::Disassociate => format!("Take {points} out of their composites"),
        Command::DeletePoint => format!("Delete {points}"),
        Command::DeletePlan => format!("Delete {}", count(number, "plan", "plans")),
        Command::DeleteVault => format!("Delete {}", count(number, "vault", "vaults")),
        Command::Mute => format!("Mute {}, or let them speak again", count(number, "finding", "findings")),
        other => format!("{} ({number})", other.info().title),
    }
}

/// What people call it.
pub fn name(subject: &Subject, world: &World) -> String {
    match subject {
        Subject::Point(point, _) | Subject::Path(point, ..) => {
            let resource = resource_name(point.resource_name.as_ref(), &point.resource_arn);
            format!("{resource} of {}", fmt::short(point.created))
        }
        Subject::BackupJob(job) => {
            format!("{} of {}", resource_name(job.resource_name.as_ref(), &job.resource_arn), fmt::short(job.created))
        }
        Subject::Resource(scope, arn) => world.resource_name(scope, arn),
        Subject::Plan(_, _, name, _) => name.clone(),
        Subject::LegalHold(hold) => hold.title.clone(),
        other => other.id().unwrap_or_default(),
    }
}

/// Where in its account and region it is: its vault.
fn place(subject: &Subject) -> String {
    match subject {
        Subject::Point(point, _) => point.vault_name.clone(),
        Subject::BackupJob(job) => job.vault_name.clone(),
        _ => String::new(),
    }
}

/// Whether a command is one of those that a subject has for itself. A path of a recovery point is no point: who marks files
/// means files.
fn belongs(command: Command, subject: &Subject) -> bool {
    match subject {
        Subject::Path(..) | Subject::Nothing => false,
        Subject::Vault(_) if command == Command::StartBackup => false,
        other => other.own_offers().contains(&command),
    }
}

fn is_job(subject: &Subject) -> bool {
    matches!(subject, Subject::BackupJob(_))
}

/// What tells one thing from another that a command is done to.
fn identity(command: Command, subject: &Subject, by_vault: bool) -> String {
    let part = |text: Option<String>| text.unwrap_or_default();
    match (command, subject) {
        (Command::StartBackup, Subject::BackupJob(job)) if by_vault => {
            format!("{} {} {}", job.scope, job.resource_arn, job.vault_name)
        }
        (Command::StartBackup, subject) => part(subject.resource().map(|(scope, arn)| format!("{scope} {arn}"))),
        (_, Subject::Point(point, _)) => format!("{} {}", point.vault_arn, point.arn),
        (_, subject) => format!("{} {}", part(subject.id()), part(subject.arn())),
    }
}

/// What a subject is, for why something is not done to it.
fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Nothing => "what is not known here",
        Subject::Vault(_) | Subject::VaultName(..) => "a vault",
        Subject::Point(..) => "a recovery point",
        Subject::LegalHold(_) => "a legal hold",
        Subject::Plan(..) => "a plan",
        Subject::BackupJob(_) => "a backup job",
        Subject::RestoreJob(_) => "a restore job",
        Subject::CopyJob(_) => "a copy job",
        Subject::Resource(..) => "a resource",
        Subject::Account(_) => "an account",
        Subject::Path(..) => "a file",
    }
}
