//! Jobs that stand for others: a backup of a resource that is made of others, and a copy of the recovery point that came of it.
//!
//! Once it has its children a parent job has no thread: it waits until they are over. Then it begins, to store what became of them
//! as its own recovery point ([`conclude`]), and ends COMPLETED, or PARTIAL when some child did not complete or something that it
//! should be made of has none. When no child completed there is no recovery point, and it fails.

pub(super) mod conclude;

use crate::domain::job::{JobKind, JobState, category};
use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::catalog::ordered_id::ordered_id;
use crate::engine::error::Result;
use crate::engine::jobs::MAX_ATTEMPTS;
use crate::engine::jobs::kind::{Chance, Decision};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::children::{self, Child, States};
use crate::engine::jobs::rows::table::JobTable;

/// How many children a message names before it only counts.
pub(super) const NAMES: usize = 10;

/// A job that stands for others.
pub(super) struct Parent<'a> {
    /// Where its row and those of its children are.
    pub(super) table: &'static JobTable,
    /// Its id.
    pub(super) id: &'a JobId,
    /// How many of its children are in which state.
    pub(super) children: &'a States,
    /// How often it was begun since it has children.
    pub(super) attempts: i64,
    /// What its row says of it.
    pub(super) told: Option<&'a str>,
    /// What it is of.
    pub(super) resource: &'a Arn,
    /// The composite recovery point that it makes.
    pub(super) point: Option<Arn>,
    /// What makes the composite a part only, whatever becomes of the children.
    pub(super) issue: Option<String>,
}

/// The id of a new composite recovery point.
pub(super) fn point_id(created: Time) -> String {
    format!("composite:{}", ordered_id(created))
}

/// Whether any child is not over.
pub(super) fn any_open(states: &States) -> bool {
    states.keys().any(|state| !state.is_final())
}

/// What becomes of a parent that has its children; nothing when it is to begin, to make its recovery point of them.
pub(super) fn decide(engine: &Engine, parent: &Parent<'_>, chance: Chance) -> Result<Option<Decision>> {
    if any_open(parent.children) || !engine.jobs.resumes() {
        return Ok(Some(Decision::Wait));
    }
    if !parent.children.contains_key(&JobState::Completed) {
        let all = engine.catalog.read(|connection| children::of(connection, parent.table, parent.id))?;
        return Ok(Some(Decision::End(none_completed(parent.table.kind, &all))));
    }
    if parent.attempts >= MAX_ATTEMPTS {
        return Ok(Some(Decision::End(engine.given_up(parent.id, parent.told, parent.attempts))));
    }
    Ok((!chance.free || engine.rests(parent.id, chance.now)).then_some(Decision::Wait))
}

fn none_completed(kind: JobKind, all: &[Child]) -> Ending {
    let what = if kind == JobKind::Copy { "copies" } else { "backups" };
    let is_denied = |child: &Child| child.message_category.as_deref() == Some(category::ACCESS_DENIED);
    let whole = format!("None of {} nested {what} completed: {}", all.len(), names(all.iter()));
    Ending::failed(!all.is_empty() && all.iter().all(is_denied), whole)
}

/// Children with their states and what they say of themselves.
fn names<'a>(children: impl Iterator<Item = &'a Child>) -> String {
    let mut shown: Vec<String> = Vec::new();
    for child in children {
        if shown.len() == NAMES {
            shown.push("…".to_owned());
            break;
        }
        let what = child.member.as_deref().unwrap_or("the template");
        if child.state == JobState::Completed {
            shown.push(format!("{what} (its recovery point is gone, or is not nested in it any more)"));
            continue;
        }
        let why = child.status_message.as_deref().map(|why| format!(" ({})", why.trim_end_matches('.')));
        shown.push(format!("{what} {}{}", child.state.as_str(), why.unwrap_or_default()));
    }
    shown.join(", ")
}
