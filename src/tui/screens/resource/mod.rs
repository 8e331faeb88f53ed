//! A resource: its recovery points in a list, and on a calendar from which one restores by picking a day.

mod calendar;

use crate::client::{Answer, Key, Query};
use crate::domain::filter::FilterError;
use crate::domain::{Arn, Scope};
use crate::tui::command::Command;
use crate::tui::msg::{Act, Tone};
use crate::tui::paint::{Painter, segment};
use crate::tui::screens::list::ListScreen;
use crate::tui::screens::pane;
use crate::tui::screens::points::Points;
use crate::tui::screens::screen::Screen;
use crate::tui::several::Marked;
use crate::tui::subject::{Part, Subject, check_restorable};
use crate::tui::table::Listing;
use crate::tui::theme::Role;
use crate::tui::timeline;
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
use calendar::Calendar;
use ratatui::layout::Rect;
use std::sync::Arc;

/// A resource.
#[derive(Debug)]
pub struct ResourceScreen {
    scope: Scope,
    arn: Arn,
    list: ListScreen<Points>,
    calendar: Calendar,
    /// What tells what can be restored to any second, as of the newest data.
    windows: Vec<Key>,
    /// Whether the calendar is open, and not the list.
    by_day: bool,
}

const EMPTY: pane::Empty<'_> = &[
    "This resource was never backed up: a day with a recovery point is marked here, and enter restores it.",
    "",
    "Back it up now:",
    "$ :start-backup",
];

impl ResourceScreen {
    /// The resource of this ARN.
    pub fn new(scope: Scope, arn: Arn) -> Self {
        let list = ListScreen::new(Points::of_resource(scope.clone(), arn.clone()));
        Self { scope, arn, list, calendar: Calendar::default(), windows: Vec::new(), by_day: false }
    }

    fn key(&self) -> Key {
        let resource = self.arn.clone();
        Key::scoped(self.scope.clone(), Query::RecoveryPointsOfResource { resource })
    }

    /// The tabs' names, the open one first to the eye.
    fn view_tabs(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let mut tabs = Vec::new();
        for (title, open) in [("List", !self.by_day), ("Calendar", self.by_day)] {
            let (left, right, role) = if open { ("[", "]", Role::Strong) } else { (" ", " ", Role::Dim) };
            tabs.push(segment(format!("{left}{title}{right} "), role));
        }
        tabs.push(segment(format!("  {}", world.keymap.told(Command::NextTab)), Role::Key));
        tabs.push(segment(if self.by_day { " the list" } else { " by day" }, Role::Dim));
        painter.line(area.x + 1, area.y, area.width.saturating_sub(1), &tabs);
    }

    /// Restores what the chosen day has, or says why not.
    fn restore_of_day(&self) -> Act {
        match (self.calendar.pick(), self.calendar.chosen().next()) {
            (Some(_), _) => Act::Run(Command::Restore),
            (None, None) => Act::Say(Tone::Plain, "no recovery point is of that day: choose a marked one".to_owned()),
            (None, Some(point)) => Act::Say(Tone::Bad, check_restorable(point).err().unwrap_or_default()),
        }
    }

    fn view_calendar(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let fresh = world.store.freshness(&[self.key()]);
        let title = format!("Recovery points of {}", self.list.crumb(world));
        let head = Rect::new(area.x, area.y, area.width, 1);
        let count = if self.calendar.points() == 0 { String::new() } else { self.calendar.points().to_string() };
        painter.rule(head, &pane::title(&title, &count, world), &pane::freshness(&fresh, world));
        let body = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        if self.calendar.points() == 0 {
            pane::view_nothing(&fresh, EMPTY, world, body, painter);
        } else {
            self.calendar.view(world, body, painter);
        }
    }
}

impl Screen for ResourceScreen {
    fn crumb(&self, world: &World) -> String {
        self.list.crumb(world)
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        if !self.by_day {
            return self.list.keys(world);
        }
        std::iter::once(self.key()).chain(self.windows.iter().cloned()).collect()
    }
    fn sync(&mut self, world: &World) {
        self.list.sync(world);
        self.windows = timeline::window_keys(&self.scope, &self.arn, world);
        let scopes = std::slice::from_ref(&self.scope);
        let points = world.store.gather(scopes, &self.key().query, Answer::recovery_points);
        let points = points.into_iter().map(|line| line.record);
        self.calendar.set(points.collect(), timeline::windows(&self.scope, &self.arn, world), world);
    }
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        if matches!(command, Command::NextTab | Command::PreviousTab) {
            self.by_day = !self.by_day;
            return Some(Vec::new());
        }
        if !self.by_day {
            return self.list.handle(command, world);
        }
        if command == Command::Open {
            self.calendar.choose();
            return Some(vec![self.restore_of_day()]);
        }
        self.calendar.handle(command).then(Vec::new)
    }
    fn is_text(&self) -> bool {
        !self.by_day && self.list.is_text()
    }
    fn pointed(&mut self, spot: &Spot, asked: Asked, across: u16, world: &World) -> bool {
        !self.by_day && self.list.pointed(spot, asked, across, world)
    }
    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        if self.by_day { &[("{open}", "restore"), ("{next-tab}", "list")] } else { &[("{next-tab}", "calendar")] }
    }
    fn marked(&self, world: &World) -> Marked {
        if self.by_day { Marked::default() } else { self.list.marked(world) }
    }
    fn unmark(&mut self, rows: &[String]) {
        self.list.unmark(rows);
    }
    fn subject(&self, world: &World) -> Subject {
        if !self.by_day {
            return self.list.subject(world);
        }
        // What of the day cannot be restored can be deleted still, or kept longer.
        let picked = self.calendar.pick().or_else(|| Some((self.calendar.chosen().next()?, Part::Whole)));
        picked.map_or_else(
            || Subject::Resource(self.scope.clone(), self.arn.clone()),
            |(point, part)| Subject::Point(Arc::clone(point), part),
        )
    }
    fn is_moving(&self) -> bool {
        !self.by_day && self.list.is_moving()
    }
    fn has_detail(&self) -> bool {
        !self.by_day && self.list.has_detail()
    }
    fn rest(&mut self, world: &World) {
        self.list.rest(world);
    }
    fn filter(&mut self, text: &str, world: &World) -> Result<(), FilterError> {
        self.list.filter(text, world)
    }
    fn is_filtering(&self) -> bool {
        self.list.is_filtering()
    }
    fn step(&mut self, world: &World) -> bool {
        self.list.step(world)
    }
    fn listing(&self) -> Option<&dyn Listing> {
        self.list.listing().filter(|_| !self.by_day)
    }
    fn listing_mut(&mut self) -> Option<&mut dyn Listing> {
        self.list.listing_mut().filter(|_| !self.by_day)
    }
    fn unfilter(&mut self, world: &World) -> bool {
        !self.by_day && self.list.unfilter(world)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        self.view_tabs(world, Rect::new(area.x, area.y, area.width, 1), painter);
        let below = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        if self.by_day {
            self.view_calendar(world, below, painter);
        } else {
            self.list.view(world, below, painter);
        }
    }
}
