//! Jobs that stand for others: a backup of a resource that is made of others.
//!
//! A parent job begins as any other. Its work is to ask what its resource is made of and to make the child jobs, all in one
//! transaction ([`divide`]). From then on it has no thread: it waits, RUNNING, until its children are over. Then it begins once
//! more, to store what became of them as its own recovery point ([`conclude`]), and ends COMPLETED, or PARTIAL when some child did
//! not complete or a member that could have been backed up has none. When no child completed there is no recovery point, and it
//! fails.

pub(super) mod conclude;
pub(super) mod divide;

use crate::domain::job::{JobState, category};
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::jobs::MAX_ATTEMPTS;
use crate::engine::jobs::backup::rows::children::{self, Child, States};
use crate::engine::jobs::backup::rows::record::BackupRecord;
use crate::engine::jobs::entered::Use;
use crate::engine::jobs::kind::{Chance, Decision};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::turn::Turn;
use std::sync::Arc;

/// How many children a message names before it only counts.
const NAMES: usize = 10;

/// Whether any child is not over.
pub(super) fn any_open(states: &States) -> bool {
    states.keys().any(|state| !state.is_final())
}

/// What becomes of a parent whose children were made.
pub(super) fn decide(record: &BackupRecord, engine: &Arc<Engine>, turn: &mut Turn, chance: Chance) -> Result<Decision> {
    let job = &record.job;
    if any_open(&record.children) || !engine.jobs.resumes() {
        return Ok(Decision::Wait);
    }
    if !record.children.contains_key(&JobState::Completed) {
        let all = engine.catalog.read(|connection| children::of(connection, &job.id))?;
        return Ok(Decision::End(none_completed(&all)));
    }
    if record.attempts >= MAX_ATTEMPTS {
        return Ok(Decision::End(engine.given_up(&job.id, job.status_message.as_deref(), record.attempts)));
    }
    if !chance.free || engine.rests(&job.id, chance.now) {
        return Ok(Decision::Wait);
    }
    engine.start_again(turn, &job.id, &job.vault_arn, Use::Writing, chance.now)
}

fn none_completed(all: &[Child]) -> Ending {
    let is_denied = |child: &Child| child.job.message_category.as_deref() == Some(category::ACCESS_DENIED);
    let whole = format!("None of {} nested backups completed: {}", all.len(), names(all.iter()));
    Ending::failed(all.iter().all(is_denied), whole)
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
        if child.job.state == JobState::Completed {
            shown.push(format!("{what} (its recovery point is gone, or is not nested in it any more)"));
            continue;
        }
        let why = child.job.status_message.as_deref().map(|why| format!(" ({})", why.trim_end_matches('.')));
        shown.push(format!("{what} {}{}", child.job.state.as_str(), why.unwrap_or_default()));
    }
    shown.join(", ")
}
