//! One recovery point: what it is, and the files in it.

use crate::client::{Feature, Key};
use crate::domain::extension::Item;
use crate::domain::value::Unit;
use crate::domain::vault::VaultRef;
use crate::domain::{Arn, Known, Scope, Time};
use crate::tui::command::Command;
use crate::tui::fmt::resource_name;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::screens::details::{self, Detail, Scroll};
use crate::tui::screens::screen::Screen;
use crate::tui::screens::sheets::Sheet;
use crate::tui::screens::sheets::point::PointOf;
use crate::tui::screens::{pane, status};
use crate::tui::store::Line;
use crate::tui::subject::{Part, Subject};
use crate::tui::table::{Cell, Column, List, Listing, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, holds, text};
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many columns an item's other facts take beside its name and note.
const BESIDE: usize = 40;

/// What stands where its files would, if none can be listed.
const UNLISTED: &str = "Its files cannot be listed; all of it can be restored.";

/// A recovery point with a folder of it.
#[derive(Debug)]
pub struct Point {
    of: PointOf,
    path: String,
    list: List<Item>,
    /// What is marked to be restored, in all folders: paths from the resource's root.
    marked: BTreeSet<String>,
    /// How many items could not be read when it was made.
    missing: usize,
    /// Why none of it can be shown.
    note: Option<String>,
    details: bool,
    sheet: Option<Sheet>,
    scroll: Scroll,
}

impl Point {
    /// The recovery point, at the root of its files.
    pub fn new(scope: Scope, vault: VaultRef, arn: Arn) -> Self {
        Self {
            of: PointOf::new(scope, vault, arn),
            path: "/".to_owned(),
            list: List::default(),
            marked: BTreeSet::new(),
            missing: 0,
            note: None,
            details: false,
            sheet: None,
            scroll: Scroll::default(),
        }
    }

    /// A path of an entry of the open folder.
    fn path_of(&self, name: &str) -> String {
        if self.path == "/" { format!("/{name}") } else { format!("{}/{name}", self.path) }
    }

    fn enter(&mut self, path: String, world: &World) {
        self.path = path;
        self.list = List::default();
        self.sync(world);
    }

    fn leave(&mut self, world: &World) -> bool {
        if self.path == "/" {
            return false;
        }
        let (parent, name) = self.path.rsplit_once('/').unwrap_or_default();
        let (parent, name) = (if parent.is_empty() { "/" } else { parent }.to_owned(), name.to_owned());
        self.enter(parent, world);
        self.list.select(&name);
        true
    }

    /// What would be restored: what is marked.
    fn chosen(&self) -> Vec<String> {
        self.marked.iter().cloned().collect()
    }

    /// Whether it shows what the point is, and not what is in it.
    fn shows_facts(&self, world: &World) -> bool {
        self.details || self.of.is_composite(world) || world.store.capabilities.allows(Feature::Items).is_err()
    }

    fn view_summary(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let Some(point) = self.of.known(world) else { return };
        let state = status::point(point, world.glyphs);
        let dot = format!(" {} ", painter.glyphs.dot);
        let mut line = vec![
            segment(resource_name(point.resource_name.as_ref(), &point.resource_arn), Role::Strong),
            segment(dot.clone(), Role::Rule),
            segment(state.text, state.role),
            segment(dot.clone(), Role::Rule),
            segment(fmt::short(point.created), Role::Text),
            segment(dot.clone(), Role::Rule),
            segment(fmt::maybe_bytes(point.size_bytes), Role::Text),
        ];
        let held = holds::named(point, world);
        let kept = |at: Option<Time>| match &held {
            Some(titles) => format!("kept by legal hold {titles}"),
            None => at
                .map_or_else(|| "kept for ever".to_owned(), |at| format!("deleted {}", fmt::relative(world.now(), at))),
        };
        if let Known::Known(at) = point.delete_at() {
            line.extend([segment(dot.clone(), Role::Rule), segment(kept(at), Role::Text)]);
        }
        painter.line(area.x, area.y, area.width, &line);
        for (text, y) in self.warning_lines(world, area.width).iter().zip(area.y + 1..area.bottom()) {
            painter.put(area.x, y, area.width, text, Role::Warning);
        }
    }

    /// The warnings in lines of so many columns, each whole.
    fn warning_lines(&self, world: &World, columns: u16) -> Vec<String> {
        let sign = world.glyphs.warning;
        let room = usize::from(columns).saturating_sub(text::width(sign) + 1);
        let lines = |text: String| {
            let lines = text::wrap(&text::harmless(&text), room).into_iter().enumerate();
            lines.map(|(nth, line)| format!("{} {line}", if nth == 0 { sign } else { " " })).collect::<Vec<_>>()
        };
        self.warnings(world).into_iter().flat_map(lines).collect()
    }

    /// What is to be said of the chosen item, where its line has no room for it.
    fn note_lines(&self, columns: u16) -> Vec<String> {
        let Some(line) = self.list.selected() else { return Vec::new() };
        let Some(note) = &line.record.note else { return Vec::new() };
        if text::width(&line.record.name) + text::width(note) + BESIDE <= usize::from(columns) {
            return Vec::new();
        }
        text::wrap(&text::harmless(&format!("{}: {note}", line.record.name)), usize::from(columns))
    }

    /// What is wrong with it: what the service says, and what could not be read when it was made.
    fn warnings(&self, world: &World) -> Vec<String> {
        let said = self.of.known(world).and_then(|point| point.status_message.clone());
        let missing = (self.missing > 0).then(|| {
            let items = text::count(self.missing, "item was", "items were");
            format!("{items} not read when it was made: {} lists them", world.keymap.told(Command::NextTab))
        });
        said.into_iter().chain(missing).chain(self.note.clone()).collect()
    }
}

static COLUMNS: &[Column<Item>] = &[
    Column::<Item>::new("NAME", 16, 40, |item, _| {
        let role = if item.kind == "dir" { Role::Accent } else { Role::Text };
        let target = item.link_target.as_ref().map(|target| format!(" -> {target}")).unwrap_or_default();
        let slash = if item.kind == "dir" { "/" } else { "" };
        let note = item.note.as_ref().map(|note| format!("  {note}")).unwrap_or_default();
        Cell::new(format!("{}{slash}{target}{note}", item.name), role)
    })
    .grows()
    .sorted(|a, b| by_text(&a.name, &b.name)),
    Column::<Item>::new("SIZE", 8, 9, |item, _| {
        if item.kind == "file" { Cell::plain(fmt::bytes(item.size)) } else { Cell::plain("") }
    })
    .measured(Unit::Bytes, |item, _| (item.kind == "file").then_some(item.size).into())
    .right()
    .sorted(|a, b| b.size.cmp(&a.size))
    .priority(1),
    Column::<Item>::new("CHANGED", 11, 11, |item, _| Cell::dim(item.modified.map(fmt::short).unwrap_or_default()))
        .measured(Unit::Moment, |item, _| item.modified.into())
        .sorted(|a, b| b.modified.cmp(&a.modified))
        .priority(2),
    Column::<Item>::new("MODE", 10, 10, |item, _| Cell::dim(fmt::mode(&item.kind, item.mode))).priority(3),
];

impl Record for Item {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        words.push_str(&self.name);
    }
}

impl Screen for Point {
    fn crumb(&self, world: &World) -> String {
        self.of.known(world).map_or_else(
            || self.of.arn.last_part().to_owned(),
            |point| {
                format!(
                    "{} {}",
                    resource_name(point.resource_name.as_ref(), &point.resource_arn),
                    fmt::short(point.created)
                )
            },
        )
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        if self.shows_facts(world) {
            return self.of.keys(world);
        }
        let own = [self.of.key(), self.of.items_key(&self.path)];
        own.into_iter().chain(self.of.siblings_key(world)).chain(holds::keys(&self.of.scope, world)).collect()
    }
    fn sync(&mut self, world: &World) {
        self.sheet = Some(self.of.sheet(world));
        let Some(items) = world.store.items(&self.of.scope, &self.of.arn, &self.path) else { return };
        let stale = world.store.slot(&self.of.items_key(&self.path)).fault.is_some();
        if self.path == "/" {
            self.missing = items.missing.len();
            self.note.clone_from(&items.note);
        }
        let mut items: Vec<Item> = items.items.clone();
        items.sort_by_key(|item| item.kind != "dir");
        self.list.set(items.into_iter().map(|item| Line { record: Arc::new(item), stale }).collect(), false, world);
        let prefix = self.path_of("");
        let here = self.marked.iter().filter_map(|path| path.strip_prefix(&prefix));
        self.list.mark_only(here.filter(|name| !name.contains('/')).map(str::to_owned).collect());
    }
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        if matches!(command, Command::NextTab | Command::PreviousTab) {
            self.details = !self.details;
            return Some(Vec::new());
        }
        if self.of.is_composite(world) && command != Command::Back {
            return self.scroll.handle(command).then(Vec::new);
        }
        if self.details {
            if command == Command::Back {
                self.details = false;
                return Some(Vec::new());
            }
            return self.scroll.handle(command).then(Vec::new);
        }
        match command {
            Command::Open => {
                let item = Arc::clone(&self.list.choose()?.record);
                if item.kind == "dir" {
                    let path = self.path_of(&item.name);
                    self.enter(path, world);
                }
                Some(Vec::new())
            }
            Command::Back => self.leave(world).then(Vec::new),
            Command::Mark => {
                let path = self.list.selected().map(|line| self.path_of(&line.record.name))?;
                if !self.marked.remove(&path) {
                    self.marked.insert(path);
                }
                self.list.handle(Command::Mark, world);
                Some(Vec::new())
            }
            Command::MarkShown => {
                let shown: Vec<String> = self.list.shown().map(|line| self.path_of(&line.record.name)).collect();
                if shown.iter().all(|path| self.marked.contains(path)) {
                    self.marked.retain(|path| !shown.contains(path));
                } else {
                    self.marked.extend(shown);
                }
                self.list.handle(command, world);
                Some(Vec::new())
            }
            Command::ClearMarks => {
                self.marked.clear();
                self.list.handle(command, world);
                Some(Vec::new())
            }
            other => self.list.handle(other, world).then(Vec::new),
        }
    }
    fn is_text(&self) -> bool {
        self.details
    }
    fn subject(&self, world: &World) -> Subject {
        let Some(point) = self.of.known(world) else { return Subject::Nothing };
        match self.list.selected() {
            Some(line) if !self.details => {
                Subject::Path(Arc::clone(point), self.chosen(), self.path_of(&line.record.name))
            }
            _ => Subject::Point(Arc::clone(point), Part::Paths(self.chosen())),
        }
    }
    fn listing(&self) -> Option<&dyn Listing> {
        (!self.details).then_some(&self.list)
    }
    fn listing_mut(&mut self) -> Option<&mut dyn Listing> {
        (!self.details).then_some(&mut self.list)
    }
    fn is_filtering(&self) -> bool {
        self.list.table().is_filtering()
    }
    fn step(&mut self, world: &World) -> bool {
        self.list.step(world)
    }
    fn unfilter(&mut self, world: &World) -> bool {
        self.list.unfilter(world)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let items = world.store.capabilities.allows(Feature::Items).is_ok().then(|| self.of.items_key(&self.path));
        let fresh = world.store.freshness(std::iter::once(&self.of.key()).chain(items.as_ref()));
        let items = world.store.capabilities.allows(Feature::Items);
        if self.shows_facts(world) {
            let head = Rect::new(area.x, area.y, area.width, 1);
            painter.rule(head, &pane::title("Recovery point", "", world), &pane::freshness(&fresh, world));
            let mut facts = self.sheet.as_ref().and_then(|sheet| sheet.facts.clone()).unwrap_or_default();
            if let Err(reason) = items {
                facts.push(Detail::heading("Files"));
                facts.push(Detail::cell("", Cell::dim(reason)));
            }
            let body = Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(1), area.height.saturating_sub(1));
            details::view(&facts, &self.scroll, body, painter);
            return;
        }
        let columns = area.width.saturating_sub(1);
        let summary = (1 + self.warning_lines(world, columns).len() as u16).min(area.height);
        let inner = Rect::new(area.x + 1, area.y, columns, summary);
        self.view_summary(world, inner, painter);
        let note = self.note_lines(columns);
        let below = (note.len() as u16).min(area.height.saturating_sub(summary) / 2);
        let list = Rect::new(area.x, area.y + summary, area.width, area.height.saturating_sub(summary + below));
        for (text, y) in note.iter().zip(list.bottom()..list.bottom() + below) {
            painter.put(area.x + 1, y, columns, text, Role::Dim);
        }
        let marks = match self.marked.len() {
            0 => String::new(),
            number => format!("  {number} marked: a restores them"),
        };
        let name = format!("Files {}{marks}", text::harmless(&self.path));
        let empty = if self.note.is_some() && self.path == "/" { UNLISTED } else { "This folder is empty." };
        pane::view_list(&self.list, &name, &fresh, &[empty], world, list, painter);
    }
}
