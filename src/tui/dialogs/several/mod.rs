//! The forms that ask what else has to be said before something is done to several at once: one answer for all of them. What
//! it cannot be done to is left out, with the reason.

mod backup;
mod copy;
mod lifecycle;
mod tags;

use crate::domain::KnownPoint;
use crate::tui::bulk;
use crate::tui::command::Command;
use crate::tui::dialogs::form_dialog::Submitted;
use crate::tui::dialogs::modal::Modal;
use crate::tui::msg::Act;
use crate::tui::proposal::Proposal;
use crate::tui::several::{Several, Target};
use crate::tui::subject::Subject;
use crate::tui::widgets::form::FieldError;
use crate::tui::world::World;
use std::sync::Arc;

/// The form of a command.
pub fn open(several: Several, world: &World) -> Box<dyn Modal> {
    match several.command {
        Command::StartCopy => Box::new(copy::CopyAll::new(several, world)),
        Command::EditLifecycle => Box::new(lifecycle::LifecycleOfAll::new(several)),
        Command::Tags => Box::new(tags::TagAll::new(several)),
        _ => Box::new(backup::BackUpAll::new(several, world)),
    }
}

/// Asks for the proposal once all changes of it are known; where there is none, says at a field why.
fn ask_all(mut proposal: Proposal, command: Command, field: &'static str) -> Result<Submitted, Vec<FieldError>> {
    if proposal.changes.is_empty() {
        return Err(vec![FieldError::new(field, proposal.left_out.why_none())]);
    }
    proposal.title = bulk::title(command, proposal.changes.len());
    Ok(vec![Act::ProposeAll(Box::new(proposal))])
}

/// The recovery points among them.
fn points(several: &Several) -> impl Iterator<Item = (&Target, &Arc<KnownPoint>)> {
    several.targets.iter().filter_map(|target| match &target.subject {
        Subject::Point(point, _) => Some((target, point)),
        _ => None,
    })
}

/// What the form is for, in one line.
fn heading(several: &Several) -> String {
    let left_out = several.left_out.count();
    let of = bulk::title(several.command, several.targets.len());
    if left_out == 0 { format!("{of}.") } else { format!("{of}; {left_out} of {} are left out.", several.marked) }
}
