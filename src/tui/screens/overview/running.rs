//! What runs: how far it is, and how long it will take as its past jobs tell.

use crate::client::wall::Wall;
use crate::domain::day::Owner;
use crate::domain::job::{BackupJob, JobState, RestoreJob};
use crate::domain::{Scope, Time};
use crate::tui::fmt;
use crate::tui::fmt::resource_name;
use crate::tui::paint::Painter;
use crate::tui::screens::pane;
use crate::tui::theme::Role;
use crate::tui::world::World;
use chrono::Duration;
use ratatui::layout::Rect;

/// A job under way.
#[derive(Debug)]
pub struct Running {
    name: String,
    verb: &'static str,
    /// As the service tells it, 0 to 100.
    pub percent: Option<f64>,
    /// Whether it has not begun.
    pub waiting: bool,
    since: Time,
    scope: Scope,
    /// How long jobs of this resource take.
    usual: Option<Duration>,
    /// What is left of that; negative when it takes longer.
    pub left: Option<Duration>,
}

/// All that have not ended, those that run first, the oldest first.
pub fn gather(wall: &Wall, world: &World) -> Vec<Running> {
    let now = world.now();
    let mut running: Vec<Running> = wall.open().map(|job| of_backup(job, wall, now)).collect();
    let restores = world.shown.iter().filter_map(|scope| world.store.restore_jobs(scope)).flat_map(|jobs| jobs.iter());
    running.extend(restores.filter(|job| !job.state.is_final()).map(|job| of_restore(job, world)));
    running.sort_by(|a, b| a.waiting.cmp(&b.waiting).then(a.since.cmp(&b.since)));
    running
}

fn of_backup(job: &BackupJob, wall: &Wall, now: Time) -> Running {
    let since = job.initiated.unwrap_or(job.created);
    let owner = Owner::Resource(job.scope.clone(), job.resource_arn.clone());
    let usual = wall.row(&owner).and_then(crate::client::wall::Row::usual);
    Running {
        name: resource_name(job.resource_name.as_ref(), &job.resource_arn),
        verb: "backup",
        percent: job.percent_done,
        waiting: job.initiated.is_none(),
        since,
        scope: job.scope.clone(),
        usual,
        left: usual.filter(|_| job.initiated.is_some()).map(|usual| usual - (now - since)),
    }
}

fn of_restore(job: &RestoreJob, world: &World) -> Running {
    let source = job.source_resource_arn.as_ref().or(job.recovery_point_arn.as_ref());
    let usual = job.expected_minutes.and_then(Duration::try_minutes);
    Running {
        name: source.map(|arn| world.resource_name(&job.scope, arn)).unwrap_or_default(),
        verb: "restore",
        percent: job.percent_done,
        waiting: job.state == JobState::Pending,
        since: job.created,
        scope: job.scope.clone(),
        usual,
        left: usual.map(|usual| usual - (world.now() - job.created)),
    }
}

impl Running {
    /// Whether it is a backup.
    pub fn is_backup(&self) -> bool {
        self.verb == "backup"
    }

    /// How much of it is done, from 0 to 1: as the service says, else by how long its past jobs took. What the service says
    /// is 0 and 99 for long with some types, so a job that is far along by its time counts as that.
    pub fn done(&self) -> f64 {
        let told = self.percent.unwrap_or_default() / 100.0;
        let by_time = match (self.usual, self.left) {
            (Some(usual), Some(left)) if usual.num_seconds() > 0 => {
                1.0 - left.num_seconds().max(0) as f64 / usual.num_seconds() as f64
            }
            _ => 0.0,
        };
        if self.percent.is_some_and(|percent| percent > 0.0) { told } else { by_time.min(0.99) }
    }

    /// `~4m left`, `12m over usual`.
    pub fn left_in_words(&self) -> Option<String> {
        let left = self.left?;
        Some(if left > Duration::zero() {
            format!("~{} left", fmt::coarse(left))
        } else {
            format!("{} over usual", fmt::coarse(left))
        })
    }
}

/// Draws them, as many as fit.
pub fn view(running: &[Running], known: bool, world: &World, area: Rect, painter: &mut Painter<'_>) {
    if area.height == 0 {
        return;
    }
    let counts = if running.is_empty() { String::new() } else { running.len().to_string() };
    painter.rule(Rect::new(area.x, area.y, area.width, 1), &pane::title("Running", &counts, world), &Vec::new());
    let inner = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(2), area.height - 1);
    if running.is_empty() {
        painter.put(inner.x, inner.y, inner.width, if known { "no job runs" } else { "not known yet" }, Role::Dim);
    }
    for (nth, job) in running.iter().take(usize::from(inner.height)).enumerate() {
        view_one(job, world, Rect::new(inner.x, inner.y + nth as u16, inner.width, 1), painter);
    }
}

fn view_one(job: &Running, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let y = area.y;
    let name = area.width.saturating_sub(46).clamp(10, 30);
    painter.put(area.x, y, 8, job.verb, Role::Running);
    painter.put(area.x + 8, y, name, &job.name, Role::Text);
    let x = area.x + 9 + name;
    let rest = |x: u16| area.right().saturating_sub(x);
    if job.waiting {
        painter.put(x, y, rest(x), "waiting", Role::Pending);
    } else {
        let done = job.done();
        painter.bar(x, y, 12, done, Role::Running);
        let spent = fmt::coarse(world.now() - job.since);
        let left = job.left_in_words().map_or_else(|| format!("since {spent}"), |left| format!("{spent}, {left}"));
        painter.put(x + 13, y, rest(x + 13), &format!("{} {left}", fmt::percent(done * 100.0)), Role::Text);
    }
    if world.many_accounts() && area.width > 90 {
        painter.put_right(area.right() - 22, y, 20, &world.account(&job.scope.account), Role::Dim);
    }
}
