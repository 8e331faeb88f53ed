//! The last runs of what a job is of, as bars: whether this one takes longer, moves more, or fails as the ones before did.

use crate::domain::job::{BackupJob, JobState};
use crate::tui::fmt;
use crate::tui::screens::details::Detail;
use crate::tui::screens::status;
use crate::tui::table::Cell;
use crate::tui::text;
use crate::tui::world::World;
use std::sync::Arc;

/// So many runs are shown.
const MOST: usize = 14;

/// This run and the last ones before it of the same resource by the same rule, as far as the list of jobs has them and this
/// machine remembers them, the newest first; nothing where this is the only one.
pub fn last(job: &BackupJob, world: &World) -> Vec<Detail> {
    let listed = world.store.backup_jobs(&job.scope).into_iter().flat_map(|jobs| jobs.iter());
    let jobs = listed.chain(world.store.older_backup_jobs(&job.scope, world.now()));
    let mut runs: Vec<&Arc<BackupJob>> =
        jobs.filter(|other| other.created <= job.created && is_same(job, other)).collect();
    if runs.len() < 2 {
        return Vec::new();
    }
    let newest = |a: &&Arc<BackupJob>, b: &&Arc<BackupJob>| (b.created, &b.id).cmp(&(a.created, &a.id));
    // There may be very many: only those that are shown are sorted.
    if runs.len() > MOST {
        runs.select_nth_unstable_by(MOST - 1, newest);
        runs.truncate(MOST);
    }
    runs.sort_by(newest);
    let seconds = |run: &BackupJob| {
        let ended = run.completed.unwrap_or_else(|| if run.state.is_final() { run.created } else { world.now() });
        run.initiated.map_or(0, |started| (ended - started).num_seconds().max(0))
    };
    let longest = runs.iter().map(|run| seconds(run)).max().unwrap_or(0).max(1);
    let said: Vec<Cell> = runs.iter().map(|run| said(run, world)).collect();
    let widest = said.iter().map(|said| text::width(&said.text)).max().unwrap_or(0);
    let by = if job.created_by.is_some() { "of this rule" } else { "on demand" };
    let mut details = vec![Detail::heading(&format!("Last {} runs {by}, how long they took", runs.len()))];
    details.extend(runs.iter().zip(said).map(|(run, said)| {
        let pad = widest - text::width(&said.text);
        let here = if run.id == job.id { world.glyphs.cursor } else { "" };
        let label = format!("{} {here}", fmt::short(run.created));
        let text = format!("{}{}", said.text, " ".repeat(pad));
        Detail::bar(&label, seconds(run) as f64 / longest as f64, said.role, Cell::new(text, said.role))
    }));
    details
}

/// Whether two jobs are of one resource and one rule, or both were asked for.
fn is_same(job: &BackupJob, other: &BackupJob) -> bool {
    fn rule(job: &BackupJob) -> Option<(&String, &String)> {
        job.created_by.as_ref().map(|creator| (&creator.backup_plan_id, &creator.backup_rule_id))
    }
    job.resource_arn == other.resource_arn && rule(job) == rule(other)
}

/// How a run ended and how long it took, and how much it is.
fn said(run: &BackupJob, world: &World) -> Cell {
    let state = status::backup_job(run, world.glyphs);
    let sign: String = state.text.chars().take(1).collect();
    let took = fmt::took(run.initiated, run.completed, world.now());
    let took = if took.is_empty() { "never ran".to_owned() } else { took };
    let word = match run.state {
        JobState::Completed | JobState::Running => String::new(),
        _ => format!(" {}", run.state.as_str().to_lowercase()),
    };
    Cell::new(format!("{sign}{word} {took} {}", fmt::maybe_bytes(run.size_bytes)), state.role)
}
