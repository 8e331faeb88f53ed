//! Screen 1, the wall: how many are protected, what became of each day, what needs a look now and why, what runs, what comes
//! next.
//!
//! What is counted lives in [`Wall`], which a refresh brings up to date by what changed; no key counts anything.

mod days;
mod next;
mod places;
mod running;
mod tiles;
mod words;

use crate::client::wall::{Only, Turn, Wall};
use crate::client::{Key, Query, survey};
use crate::domain::Time;
use crate::domain::day::{DayState, Owner};
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::route::{Route, Slice};
use crate::tui::screens::causes::{self, Causes};
use crate::tui::screens::screen::Screen;
use crate::tui::screens::{pane, problems};
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{List, Listing, Table};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
use chrono::{Duration, DurationRound};
use days::DaysPane;
use places::{Places, Wanted, places};
use ratatui::layout::Rect;
use std::sync::Arc;

/// The landing page of a person on call.
#[derive(Debug, Default)]
pub struct Overview {
    wall: Wall,
    focus: Focus,
    tiles: Vec<tiles::Tile>,
    tile: usize,
    days: DaysPane,
    problems: List<Causes>,
    running: Vec<running::Running>,
    next: Vec<next::Next>,
    plans: Vec<Key>,
    /// Whether any list of jobs was ever answered.
    known: bool,
    /// The time of the last refresh.
    now: Option<Time>,
}

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Focus {
    #[default]
    Problems,
    Tiles,
    Days,
}

/// Whether a command is one that the overview carries out, wherever one is.
pub fn leads(command: Command) -> bool {
    tiles::COMMANDS.contains(&command) || command == Command::Turn
}

impl Overview {
    /// How far the answers to all of these questions can be relied on; with the plans, whether each is known.
    fn told(world: &World, queries: &[Query]) -> tiles::Told {
        let mut told = tiles::Told { all: world.shown.len(), ..tiles::Told::default() };
        for scope in &world.shown {
            let mut answered = !queries.contains(&Query::Plans) || survey::plans_of(world, scope).1;
            for query in queries {
                let slot = world.store.slot(&Key::scoped(scope.clone(), query.clone()));
                answered &= slot.answer.is_some();
                let old = slot.at.filter(|_| slot.fault.is_some()).map(|at| world.wall - at);
                told.stale = told.stale.max(old);
            }
            told.answered += usize::from(answered);
        }
        told
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
            format!("{} no recovery key", text::count(number, "vault has", "vaults have")),
            format!("vaultdeck vault recovery-key {name}{place}"),
        ))
    }

    /// Whether nothing was backed up yet, as far as all scopes tell.
    fn is_first(world: &World) -> bool {
        !world.shown.is_empty()
            && world.shown.iter().all(|scope| world.store.backup_jobs(scope).is_some_and(|jobs| jobs.is_empty()))
    }

    fn places(&self, world: &World, area: Rect) -> Places {
        let nothing = self.days.is_empty() && self.days.only == Only::All && Self::is_first(world);
        let wanted = Wanted {
            days: (!nothing).then(|| self.days.len()),
            running: self.running.len(),
            reminder: Self::reminder(world).is_some(),
            on_days: self.focus == Focus::Days,
        };
        places(area, wanted)
    }

    /// The pane that has the keys next.
    fn turn_focus(&mut self, forward: bool) {
        let order = [Focus::Tiles, Focus::Days, Focus::Problems];
        let at = order.iter().position(|focus| *focus == self.focus).unwrap_or_default();
        self.look_at(order[(at + if forward { 1 } else { order.len() - 1 }) % order.len()]);
    }

    fn look_at(&mut self, focus: Focus) {
        self.focus = focus;
        self.problems.set_aside(focus != Focus::Problems);
    }

    /// What a tile leads to: jobs, or the days of the resources that it counts.
    fn lead(&mut self, command: Command, world: &World) -> Vec<Act> {
        let now = world.now();
        let minute = now.duration_trunc(Duration::minutes(1)).unwrap_or(now);
        let since = Some(minute - Duration::days(1));
        let jobs = |ended, state| vec![Act::Open(Route::Jobs(Slice { ended, state: Some(state), ..Slice::default() }))];
        self.tile = tiles::COMMANDS.iter().position(|tile| *tile == command).unwrap_or(self.tile);
        let (turn, only) = match command {
            Command::ShowFailed => return jobs(since, DayState::Failed),
            Command::ShowExpired => return jobs(since, DayState::Expired),
            Command::ShowRunning => return jobs(None, DayState::Running),
            Command::ShowMissing => (Turn::Resources, Only::Missing),
            Command::ShowUnproven => (Turn::Resources, Only::Unproven),
            Command::ShowUnprotected => (Turn::Resources, Only::Unprotected),
            _ => match self.days.turn {
                Turn::Resources => (Turn::Accounts, Only::All),
                Turn::Accounts => (Turn::Plans, Only::All),
                Turn::Plans => (Turn::Resources, Only::All),
            },
        };
        self.look_at(Focus::Days);
        self.days.show(turn, only, &self.wall, now);
        Vec::new()
    }

    fn handle_tiles(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        let last = tiles::COMMANDS.len() - 1;
        match command {
            Command::Left | Command::Up => self.tile = self.tile.saturating_sub(1),
            Command::Right | Command::Down => self.tile = (self.tile + 1).min(last),
            Command::Open => return Some(self.lead(tiles::COMMANDS[self.tile.min(last)], world)),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn handle_days(&mut self, command: Command) -> Option<Vec<Act>> {
        if command == Command::Open {
            let slice = self.days.slice(self.wall.zone())?;
            return Some(vec![Act::Open(Route::Jobs(slice))]);
        }
        self.days.handle(command).then(Vec::new)
    }

    fn view_days(&self, fresh: &Freshness, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 3 {
            return;
        }
        let (number, focused) = (self.days.len(), self.focus == Focus::Days);
        let counted = match self.days.turn {
            _ if number == 0 && self.days.only == Only::All => String::new(),
            Turn::Resources => text::count(number, "resource", "resources"),
            Turn::Accounts => text::count(number, "account", "accounts"),
            Turn::Plans => text::count(number, "plan", "plans"),
        };
        let counted = match self.days.only {
            Only::All => counted,
            Only::Unprotected => format!("{counted} not protected"),
            Only::Missing => format!("{counted} with missing runs in 24 h"),
            Only::Unproven => format!("{counted} not proven"),
        };
        let (key, does) = match (self.days.only, focused) {
            (Only::All, true) => (world.keymap.told(Command::Turn), " turns"),
            (_, true) => ("esc", " shows all"),
            (_, false) => (world.keymap.told(Command::NextTab), " walks"),
        };
        let mut parts = Vec::new();
        if let Some(stands) = self.days.standing(&self.wall, world.now()).filter(|_| focused) {
            parts.push(vec![segment(stands, Role::Text)]);
        }
        parts.push(vec![segment(key, Role::Key), segment(does, Role::Dim)]);
        // What is cut off where there is no room is the last: that is not what is not known.
        let place = if fresh.faults.is_empty() && !fresh.is_waiting() { parts.len() } else { 0 };
        parts.insert(place, pane::freshness(fresh, world));
        let right = parts.join(&segment(format!(" {} ", world.glyphs.dot), Role::Rule));
        let head = Rect::new(area.x, area.y, area.width, 1);
        painter.rule(head, &title("Days", &counted, focused, world), &right);
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
        if self.days.is_empty() {
            let said = match (fresh.is_waiting(), self.days.only) {
                (true, _) => "loading",
                (false, Only::All) if !fresh.faults.is_empty() => "not known",
                (false, Only::All) => "no resource is known: its days would be here",
                (false, _) => "none: that is well. esc shows all",
            };
            painter.put(body.x + 2, body.y, body.width.saturating_sub(2), said, Role::Dim);
        } else {
            self.days.view(&self.wall, focused, world, body, painter);
        }
    }

    fn view_problems(&self, fresh: &Freshness, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 2 {
            return;
        }
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
            "{help} lists everything, {actions} shows what can be done with what is selected.",
        ];
        let well: pane::Empty<'_> = &["Nothing needs a look: no failed, expired or missing backup."];
        let first = Self::is_first(world) && !fresh.is_waiting();
        let (title, empty) = if first { ("First steps", welcome) } else { ("Needs a look", well) };
        let selected = self.problems.selected().filter(|_| area.height >= 8);
        let detail = selected.map_or(0, |_| if area.height < 12 { 4 } else { (area.height / 3).clamp(5, 10) });
        let list = Rect::new(area.x, area.y, area.width, area.height - detail);
        pane::view_list(&self.problems, title, fresh, empty, world, list, painter);
        if let Some(line) = selected {
            line.record.view_detail(world, Rect::new(area.x, list.bottom(), area.width, detail), painter);
        }
    }

    fn view_reminder(world: &World, area: Rect, painter: &mut Painter<'_>) {
        let Some((said, command)) = Self::reminder(world).filter(|_| area.height > 0) else { return };
        let lost = "if this machine's key is lost, so is the data.";
        let long = said.len() + lost.len() + command.len() + 5 < usize::from(area.width);
        let said =
            format!("{} {said}: {}", painter.glyphs.warning, if long { format!("{lost} ") } else { String::new() });
        let used = painter.put(area.x, area.y, area.width, &said, Role::Warning);
        painter.put(area.x + used, area.y, area.width.saturating_sub(used), &command, Role::Accent);
    }
}

/// A pane's title, marked where the pane has the keys.
fn title(name: &str, counts: &str, focused: bool, world: &World) -> Segments<'static> {
    let mut title = pane::title(name, counts, world);
    if focused && let Some(first) = title.first_mut() {
        first.1 = Role::Focus;
    }
    title
}

impl Screen for Overview {
    fn crumb(&self, _: &World) -> String {
        "Overview".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = Self::list_keys(world);
        for query in [Query::Vaults, Query::Resources, Query::ProtectedResources] {
            keys.extend(world.everywhere(&query));
        }
        if world.is_engine() {
            keys.extend(world.everywhere(&Query::NewData { job: None }));
        } else if world.store.known {
            // An engine lists all its jobs.
            keys.extend(world.everywhere(&Query::JobCounts));
        }
        keys.extend(crate::tui::keys::keys_of_shown(world));
        keys.extend(self.plans.iter().cloned());
        keys
    }
    fn sync(&mut self, world: &World) {
        survey::take_in(&mut self.wall, world, &world.shown, world.now());
        self.now = Some(world.now());
        let lists = tiles::Lists {
            jobs: Self::told(world, &[Query::BackupJobs]),
            promised: Self::told(world, &[Query::BackupJobs, Query::Plans]),
            running: Self::told(world, &[Query::BackupJobs, Query::RestoreJobs]),
            tests: Self::told(world, &[Query::RestoreJobs]),
        };
        self.known = lists.jobs.any();
        self.days.set(&self.wall, world.now());
        self.running = running::gather(&self.wall, world);
        self.tiles = tiles::tiles(&self.wall.counts(world.now()), &self.running, &lists);
        (self.next, self.plans) = next::gather(world);
        let groups = causes::group(problems::of_now(world));
        self.problems.set(
            groups.into_iter().map(|group| Line { record: Arc::new(group), stale: false }).collect(),
            false,
            world,
        );
    }
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        if matches!(command, Command::NextTab | Command::PreviousTab) {
            self.turn_focus(command == Command::NextTab);
            return Some(Vec::new());
        }
        if leads(command) {
            return Some(self.lead(command, world));
        }
        match self.focus {
            Focus::Tiles => self.handle_tiles(command, world),
            Focus::Days => self.handle_days(command),
            Focus::Problems if command == Command::Open => Some(vec![self.problems.choose()?.record.open()]),
            Focus::Problems => self.problems.handle(command, world).then(Vec::new),
        }
    }
    fn pointed(&mut self, spot: &Spot, asked: Asked, across: u16, _: &World) -> bool {
        match spot {
            Spot::Row(row) => {
                let met = self.problems.point(row, asked);
                if met && asked == Asked::Select {
                    self.look_at(Focus::Problems);
                }
                met
            }
            Spot::Days { line, before, cell, cells } => {
                let place = across.checked_sub(*before).map(|across| usize::from(across / (*cell).max(1)));
                self.days.point(*line, place.filter(|place| place < cells), asked);
                if asked == Asked::Select {
                    self.look_at(Focus::Days);
                }
                true
            }
            _ => false,
        }
    }
    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        match self.focus {
            Focus::Problems => &[("{next-tab}", "pane")],
            Focus::Tiles => &[("arrows", "walk"), ("{next-tab}", "pane")],
            Focus::Days => &[("arrows", "walk"), ("{turn}", "turn"), ("{next-tab}", "pane")],
        }
    }
    fn subject(&self, world: &World) -> Subject {
        match (self.focus, self.days.selected().map(|line| &line.owner)) {
            (Focus::Days, Some(Owner::Resource(scope, arn))) => Subject::Resource(scope.clone(), arn.clone()),
            (Focus::Days, Some(Owner::Account(account))) => Subject::Account(account.clone()),
            (Focus::Problems, _) => {
                let selected = self.problems.selected();
                selected.map_or(Subject::Nothing, |line| problems::subject(&line.record.first, world))
            }
            _ => Subject::Nothing,
        }
    }
    fn is_filtering(&self) -> bool {
        self.problems.table().is_filtering()
    }
    fn step(&mut self, world: &World) -> bool {
        self.problems.step(world)
    }
    fn listing(&self) -> Option<&dyn Listing> {
        (self.focus == Focus::Problems).then_some(&self.problems)
    }
    fn listing_mut(&mut self) -> Option<&mut dyn Listing> {
        (self.focus == Focus::Problems).then_some(&mut self.problems)
    }
    fn built(&self) -> usize {
        if self.focus == Focus::Days { self.days.built() } else { self.table().map_or(0, Table::built) }
    }
    fn unfilter(&mut self, world: &World) -> bool {
        match (self.focus, self.now) {
            (Focus::Problems, _) => return self.problems.unfilter(world),
            (Focus::Days, Some(now)) if self.days.only != Only::All => {
                self.days.show(self.days.turn, Only::All, &self.wall, now);
            }
            _ => self.look_at(Focus::Problems),
        }
        true
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let places = self.places(world, area);
        let fresh = world.store.freshness(&Self::list_keys(world));
        let plans = world.store.freshness(self.plans.iter().chain(&world.everywhere(&Query::Plans)));
        let tile = (self.focus == Focus::Tiles).then_some(self.tile);
        tiles::view(&self.tiles, tile, &world.keymap, places.tiles, painter);
        self.view_days(&fresh, world, places.days, painter);
        self.view_problems(&fresh, world, places.problems, painter);
        running::view(&self.running, self.known, world, places.running, painter);
        next::view(&self.next, &plans, world, places.next, painter);
        Self::view_reminder(world, places.reminder, painter);
    }
}
