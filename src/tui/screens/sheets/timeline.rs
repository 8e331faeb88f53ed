//! A job's way through time: what happened to it when, and what has to happen until when.

use crate::domain::Time;
use crate::domain::job::{BackupJob, JobState};
use crate::tui::fmt;
use crate::tui::screens::details::Detail;
use crate::tui::screens::status;
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;
use chrono::Duration;

/// The way of a backup job. No API tells the attempts of a job one by one: where it was tried again it tells when it started last.
pub fn of_backup(job: &BackupJob, world: &World) -> Vec<Detail> {
    let now = world.now();
    let mut events = vec![(job.created, Cell::plain("created"))];
    events.extend(job.initiated.map(|at| (at, Cell::plain(format!("started{}", after(at - job.created))))));
    let state = status::backup_job(job, world.glyphs);
    match job.completed {
        Some(at) => {
            let took = job.initiated.map(|started| format!(", took {}", fmt::duration(at - started)));
            events.push((at, Cell::new(format!("{}{}", state.text, took.unwrap_or_default()), state.role)));
        }
        None => {
            let since = job.initiated.unwrap_or(job.created);
            let lasts = if job.initiated.is_some() { "has run" } else { "has waited" };
            events.push((
                now,
                Cell::new(format!("now: {}, {lasts} {}", state.text, fmt::coarse(now - since)), state.role),
            ));
        }
    }
    let (is_final, expired) = (job.state.is_final(), job.state == JobState::Expired);
    if let Some(by) = job.start_by {
        // What ended without a word of its start may have started in time: only what expired has not.
        let never_began = expired || (!is_final && by <= now);
        let missed = job.initiated.map_or(never_began, |started| started > by);
        let open = job.initiated.is_none() && !is_final;
        events.push((by, deadline("must have started", by, missed, open, now)));
    }
    if let Some(by) = done_by(job, world) {
        let late = job.completed.map_or(!is_final && by <= now, |ended| ended > by);
        let missed = late || (expired && job.initiated.is_some());
        events.push((by, deadline("must be done", by, missed, !is_final, now)));
    }
    if let Some(at) = job.expected_completion.filter(|_| !job.state.is_final()) {
        events.push((at, Cell::dim("expected to be done")));
    }
    events.sort_by_key(|(at, _)| *at);
    let day = |at: Time| at.format("%m-%d %H:%M:%S").to_string();
    let told = events.into_iter().map(|(at, said)| Detail::cell(&day(at), said));
    std::iter::once(Detail::heading("Timeline, UTC")).chain(told).collect()
}

/// When the completion window ends, where the plan that made the job is known and still is of the version that made it: another
/// version may have another window.
fn done_by(job: &BackupJob, world: &World) -> Option<Time> {
    let creator = job.created_by.as_ref()?;
    let id = creator.backup_plan_id.parse().ok()?;
    let plan = &world.store.plan(&job.scope, &id)?.plan;
    if plan.version_id != creator.backup_plan_version {
        return None;
    }
    let of_this = |rule: &&crate::domain::plan::Rule| {
        rule.rule_id.as_deref() == Some(&creator.backup_rule_id) || rule.rule_name == creator.backup_rule_name
    };
    let window = Duration::try_minutes(plan.document.rules.iter().find(of_this)?.completion_window())?;
    job.created.checked_add_signed(window)
}

/// The end of a window: one that still runs is told with the time left, one that was missed is bad.
fn deadline(what: &str, by: Time, missed: bool, open: bool, now: Time) -> Cell {
    match () {
        () if missed => Cell::new(format!("{what}: missed"), Role::Expired),
        () if open && by > now => Cell::new(format!("{what}: {} left", fmt::coarse(by - now)), Role::Text),
        () => Cell::dim(what.to_owned()),
    }
}

/// How much later than what came before.
fn after(span: Duration) -> String {
    if span < Duration::seconds(1) { String::new() } else { format!(", {} later", fmt::duration(span)) }
}
