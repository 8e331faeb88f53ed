//! Screen 1: what needs a look now, what runs, what comes next.

use crate::client::query::PlanDetail;
use crate::client::{Key, Query};
use crate::domain::job::{BackupJob, RestoreJob};
use crate::domain::{Scope, Time};
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::screens::chart::Day;
use crate::tui::screens::points::resource_name;
use crate::tui::screens::problems::{self, Problem};
use crate::tui::screens::screen::Screen;
use crate::tui::screens::{pane, plan};
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{List, Table};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, text};
use ratatui::layout::Rect;
use std::sync::Arc;

/// The landing page of a person on call.
#[derive(Debug, Default)]
pub struct Overview {
    problems: List<Problem>,
    running: Vec<Running>,
    next: Vec<Next>,
    day: Day,
    plans: Vec<Key>,
    /// Whether any list of jobs was ever answered.
    known: bool,
}

/// A job under way.
#[derive(Debug)]
struct Running {
    name: String,
    verb: &'static str,
    percent: Option<f64>,
    waiting: bool,
    since: Time,
    scope: Scope,
}

/// A run to come.
#[derive(Debug)]
struct Next {
    at: Time,
    plan: String,
    rule: String,
    scope: Scope,
}

/// How the panes share the screen.
struct Places {
    problems: Rect,
    day: Rect,
    running: Rect,
    next: Rect,
    reminder: Rect,
}

impl Overview {
    fn gather_jobs(&mut self, world: &World) {
        let jobs =
            || world.shown.iter().filter_map(|scope| world.store.backup_jobs(scope)).flat_map(|jobs| jobs.iter());
        self.known =
            jobs().next().is_some() || world.shown.iter().any(|scope| world.store.backup_jobs(scope).is_some());
        self.day = Day::of(jobs().map(Arc::as_ref), world.now());
        let mut running: Vec<Running> =
            jobs().filter(|job| !job.state.is_final()).map(|job| backup_running(job)).collect();
        let restores =
            world.shown.iter().filter_map(|scope| world.store.restore_jobs(scope)).flat_map(|jobs| jobs.iter());
        running.extend(restores.filter(|job| !job.state.is_final()).map(|job| restore_running(job, world)));
        running.sort_by(|a, b| a.waiting.cmp(&b.waiting).then(a.since.cmp(&b.since)));
        self.running = running;
    }

    fn gather_plans(&mut self, world: &World) {
        let now = world.now();
        let mut next = Vec::new();
        let mut keys = Vec::new();
        for scope in &world.shown {
            for summary in world.store.plans(scope).into_iter().flat_map(|plans| plans.iter()) {
                keys.push(Key::scoped(scope.clone(), Query::Plan { id: summary.id.clone() }));
                if let Some(detail) = world.store.plan(scope, &summary.id) {
                    next.extend(runs(detail, scope, now));
                }
            }
        }
        next.sort_by_key(|run| run.at);
        self.next = next;
        self.plans = keys;
    }

    /// The keys of what is asked of every scope.
    fn list_keys(world: &World) -> Vec<Key> {
        let mut keys = Vec::new();
        for query in [Query::BackupJobs, Query::RestoreJobs, Query::Plans] {
            keys.extend(world.everywhere(&query));
        }
        keys
    }

    /// What the engine reminds of: vaults whose key exists only here.
    fn reminder(world: &World) -> Option<(String, String)> {
        let status = world.store.status()?;
        let (scope, name) = status.without_recovery_key().next()?;
        let number = status.without_recovery_key().count();
        let place = match world.scopes.first() {
            Some(home) if *home != scope => format!(" --account {} --region {}", scope.account, scope.region),
            _ => String::new(),
        };
        Some((
            format!(
                "{} no recovery key: if this machine's key is lost, so is the data.",
                text::count(number, "vault has", "vaults have")
            ),
            format!("vaultdeck vault recovery-key {name}{place}"),
        ))
    }

    fn places(&self, area: Rect, reminder: bool) -> Places {
        let bottom = u16::from(reminder) * if area.width >= 140 { 1 } else { 2 };
        let bottom = if area.height < 14 { bottom.min(1) } else { bottom };
        let body = Rect::new(area.x, area.y, area.width, area.height.saturating_sub(bottom));
        let reminder = Rect::new(area.x, body.bottom(), area.width, bottom);
        let wanted = |rows: usize, most: u16| 1 + (rows.max(1) as u16).min(most);
        if area.width >= 110 {
            let right = (area.width * 2 / 5).min(80);
            let left = area.width - right - 1;
            let column = Rect::new(area.x + left + 1, body.y, right, body.height);
            let day = (body.height / 4).clamp(4, 8).min(column.height);
            let rest = column.height - day;
            let running = wanted(self.running.len(), rest.saturating_sub(4).max(1)).min(rest);
            return Places {
                problems: Rect::new(body.x, body.y, left, body.height),
                day: Rect::new(column.x, column.y, right, day),
                running: Rect::new(column.x, column.y + day, right, running),
                next: Rect::new(column.x, column.y + day + running, right, rest - running),
                reminder,
            };
        }
        let small = body.height < 16;
        let day = if small { 2 } else { 5 };
        let running = wanted(self.running.len(), if small { 1 } else { 4 });
        let next = if small { 2 } else { wanted(self.next.len(), if body.height < 26 { 3 } else { 6 }) };
        let problems = body.height.saturating_sub(day + running + next);
        let mut y = body.y;
        let mut take = |height: u16| {
            let height = height.min(body.bottom().saturating_sub(y));
            let place = Rect::new(body.x, y, body.width, height);
            y += height;
            place
        };
        Places { problems: take(problems), day: take(day), running: take(running), next: take(next), reminder }
    }

    fn view_problems(&self, fresh: &Freshness, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let first = world.shown.iter().all(|scope| world.store.backup_jobs(scope).is_some_and(|jobs| jobs.is_empty()));
        let welcome: pane::Empty<'_> = &[
            "Welcome. Nothing was backed up yet. Four steps to a first backup:",
            "",
            "1. Register a folder, a database, a bucket:",
            "$ :add-resource",
            "2. Make a vault, or use Default:",
            "$ :create-vault",
            "3. Back it up now:",
            "$ :start-backup",
            "4. Let a plan do it every night:",
            "$ :create-plan",
            "",
            "? lists everything, a shows what can be done with what is selected.",
        ];
        let well: pane::Empty<'_> = &["Nothing needs a look: no failed, expired or missing backup."];
        let (title, empty) = if first && !fresh.waiting { ("First steps", welcome) } else { ("Needs a look", well) };
        let selected = self.problems.selected().filter(|_| area.height >= 12);
        let detail = selected.map_or(0, |_| (area.height / 3).clamp(5, 10));
        let list = Rect::new(area.x, area.y, area.width, area.height - detail);
        pane::view_list(&self.problems, title, fresh, empty, world, list, painter);
        if let Some(line) = selected {
            problems::view_detail(&line.record, world, Rect::new(area.x, list.bottom(), area.width, detail), painter);
        }
    }

    fn view_day(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 2 {
            return;
        }
        let head = Rect::new(area.x, area.y, area.width, 1);
        painter.rule(head, &pane::title("Backup jobs of the last 24 h", "", world), &Vec::new());
        let inner = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(2), area.height - 1);
        if !self.known {
            painter.put(inner.x, inner.y, inner.width, "not known yet", Role::Dim);
            return;
        }
        self.day.view_counts(inner, painter);
        if inner.height > 2 {
            self.day.view_bars(Rect::new(inner.x, inner.y + 1, inner.width, inner.height - 1), painter);
        }
    }

    fn view_running(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height == 0 {
            return;
        }
        let counts = if self.running.is_empty() { String::new() } else { self.running.len().to_string() };
        painter.rule(Rect::new(area.x, area.y, area.width, 1), &pane::title("Running", &counts, world), &Vec::new());
        let rows = usize::from(area.height - 1);
        let inner = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(2), area.height - 1);
        if self.running.is_empty() {
            let said = if self.known { "no job runs" } else { "not known yet" };
            painter.put(inner.x, inner.y, inner.width, said, Role::Dim);
        }
        for (nth, job) in self.running.iter().take(rows).enumerate() {
            let y = inner.y + nth as u16;
            let name = inner.width.saturating_sub(34).clamp(10, 30);
            painter.put(inner.x, y, 8, job.verb, Role::Running);
            painter.put(inner.x + 8, y, name, &job.name, Role::Text);
            let x = inner.x + 9 + name;
            if job.waiting {
                painter.put(x, y, inner.right().saturating_sub(x), "waiting", Role::Pending);
            } else {
                let percent = job.percent.unwrap_or(0.0);
                painter.bar(x, y, 12, percent / 100.0, Role::Running);
                let label = format!("{} {}", fmt::percent(percent), fmt::coarse(world.now() - job.since));
                painter.put(x + 13, y, inner.right().saturating_sub(x + 13), &label, Role::Text);
            }
            let where_ = world.account(&job.scope.account);
            if world.many_accounts() && inner.width > 90 {
                painter.put_right(inner.right() - 22, y, 20, &where_, Role::Dim);
            }
        }
    }

    fn view_next(&self, fresh: &Freshness, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height == 0 {
            return;
        }
        painter.rule(
            Rect::new(area.x, area.y, area.width, 1),
            &pane::title("Next runs", "", world),
            &pane::freshness(fresh, world),
        );
        let rows = usize::from(area.height - 1);
        let inner = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(2), area.height - 1);
        if self.next.is_empty() {
            let said = match (fresh.waiting, fresh.oldest) {
                (true, _) => "loading",
                (false, None) => "not known yet",
                (false, Some(_)) => "no plan runs next: :create-plan makes one",
            };
            painter.put(inner.x, inner.y, inner.width, said, Role::Dim);
        }
        for (nth, run) in self.next.iter().take(rows).enumerate() {
            let mut line = vec![
                segment(format!("{:<11}", fmt::relative(world.now(), run.at)), Role::Text),
                segment(format!("{}  ", fmt::short(run.at)), Role::Dim),
                segment(run.plan.clone(), Role::Accent),
                segment(format!(" {} {}", painter.glyphs.crumb, run.rule), Role::Dim),
            ];
            if world.many_accounts() {
                line.push(segment(format!("  {}", world.account(&run.scope.account)), Role::Dim));
            }
            painter.line(inner.x, inner.y + nth as u16, inner.width, &line);
        }
    }
}

fn backup_running(job: &BackupJob) -> Running {
    Running {
        name: resource_name(job.resource_name.as_ref(), &job.resource_arn),
        verb: "backup",
        percent: job.percent_done,
        waiting: job.initiated.is_none(),
        since: job.initiated.unwrap_or(job.created),
        scope: job.scope.clone(),
    }
}

fn restore_running(job: &RestoreJob, world: &World) -> Running {
    let source = job.source_resource_arn.as_ref().or(job.recovery_point_arn.as_ref());
    Running {
        name: source.map(|arn| world.resource_name(&job.scope, arn)).unwrap_or_default(),
        verb: "restore",
        percent: job.percent_done,
        waiting: job.state == crate::domain::job::JobState::Pending,
        since: job.created,
        scope: job.scope.clone(),
    }
}

fn runs(detail: &PlanDetail, scope: &Scope, now: Time) -> Vec<Next> {
    let document = &detail.plan.document;
    let rule_name = |id: &str| {
        let rule = document.rules.iter().find(|rule| rule.rule_id.as_deref() == Some(id));
        rule.map(|rule| rule.rule_name.clone()).unwrap_or_default()
    };
    if detail.selections.as_ref().is_ok_and(|selections| selections.is_empty()) {
        return Vec::new();
    }
    plan::next_runs(detail, now, 3)
        .into_iter()
        .map(|run| Next {
            at: run.at,
            plan: document.backup_plan_name.clone(),
            rule: rule_name(&run.rule_id),
            scope: scope.clone(),
        })
        .collect()
}

impl Screen for Overview {
    fn crumb(&self, _: &World) -> String {
        "Overview".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = Self::list_keys(world);
        keys.extend(world.everywhere(&Query::Vaults));
        keys.extend(crate::tui::keys::keys_of_shown(world));
        keys.extend(self.plans.iter().cloned());
        keys
    }
    fn sync(&mut self, world: &World) {
        self.gather_jobs(world);
        self.gather_plans(world);
        let problems = problems::of_now(world);
        self.problems
            .set(problems.into_iter().map(|problem| Line { record: Arc::new(problem), stale: false }).collect());
    }
    fn handle(&mut self, command: Command, _: &World) -> Option<Vec<Act>> {
        if command == Command::Open {
            let route = self.problems.choose()?.record.route.clone();
            return Some(vec![Act::Open(route)]);
        }
        self.problems.handle(command).then(Vec::new)
    }
    fn subject(&self, world: &World) -> Subject {
        self.problems.selected().map_or(Subject::Nothing, |line| problems::subject(&line.record, world))
    }
    fn filter(&mut self, text: &str) {
        self.problems.filter(text);
    }
    fn table(&self) -> Option<&Table> {
        Some(self.problems.table())
    }
    fn unfilter(&mut self) -> bool {
        self.problems.unfilter()
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let reminder = Self::reminder(world);
        let places = self.places(area, reminder.is_some());
        let fresh = world.store.freshness(&Self::list_keys(world));
        let plans = world.store.freshness(self.plans.iter().chain(&world.everywhere(&Query::Plans)));
        self.view_problems(&fresh, world, places.problems, painter);
        self.view_day(world, places.day, painter);
        self.view_running(world, places.running, painter);
        self.view_next(&plans, world, places.next, painter);
        if let Some((said, command)) = reminder {
            let place = places.reminder;
            let said = format!("{} {said} ", painter.glyphs.warning);
            let used = painter.put(place.x, place.y, place.width, &said, Role::Warning);
            if place.height > 1 {
                painter.put(place.x + 2, place.y + 1, place.width.saturating_sub(2), &command, Role::Accent);
            } else {
                painter.put(place.x + used, place.y, place.width.saturating_sub(used), &command, Role::Accent);
            }
        }
    }
}
