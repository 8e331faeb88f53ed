//! One recovery point: what it is, and the files in it.

use crate::client::{Feature, Key};
use crate::domain::extension::Item;
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
use crate::tui::table::{Cell, Column, List, Record, Table, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, holds};
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

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
        for (nth, text) in self.warnings(world).iter().enumerate() {
            let text = format!("{} {text}", painter.glyphs.warning);
            painter.put(area.x, area.y + 1 + nth as u16, area.width, &text, Role::Warning);
        }
    }

    /// What is wrong with it: what the service says, and what could not be read when it was made.
    fn warnings(&self, world: &World) -> Vec<String> {
        let said = self.of.known(world).and_then(|point| point.status_message.clone());
        let missing = (self.missing > 0).then(|| {
            let items = crate::tui::text::count(self.missing, "item was", "items were");
            format!("{items} not read when it was made: tab lists them")
        });
        said.into_iter().chain(missing).collect()
    }
}

static COLUMNS: &[Column<Item>] = &[
    Column::<Item>::new("NAME", 16, 40, |item, _| {
        let role = if item.kind == "dir" { Role::Accent } else { Role::Text };
        let target = item.link_target.as_ref().map(|target| format!(" -> {target}")).unwrap_or_default();
        let slash = if item.kind == "dir" { "/" } else { "" };
        Cell::new(format!("{}{slash}{target}", item.name), role)
    })
    .grows()
    .sorted(|a, b| by_text(&a.name, &b.name)),
    Column::<Item>::new("SIZE", 8, 9, |item, _| {
        if item.kind == "file" { Cell::plain(fmt::bytes(item.size)) } else { Cell::plain("") }
    })
    .right()
    .sorted(|a, b| b.size.cmp(&a.size))
    .priority(1),
    Column::<Item>::new("CHANGED", 11, 11, |item, _| Cell::dim(item.modified.map(fmt::short).unwrap_or_default()))
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
        own.into_iter().chain(holds::keys(&self.of.scope, world)).collect()
    }
    fn sync(&mut self, world: &World) {
        self.sheet = Some(self.of.sheet(world));
        let Some(items) = world.store.items(&self.of.scope, &self.of.arn, &self.path) else { return };
        let stale = world.store.slot(&self.of.items_key(&self.path)).fault.is_some();
        if self.path == "/" {
            self.missing = items.missing.len();
        }
        let mut items: Vec<Item> = items.items.clone();
        items.sort_by_key(|item| item.kind != "dir");
        self.list.set(items.into_iter().map(|item| Line { record: Arc::new(item), stale }).collect());
        let marked = self.marked.clone();
        let prefix = self.path_of("");
        self.list.mark_where(|item| marked.contains(&format!("{prefix}{}", item.name)));
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
                self.list.handle(Command::Mark);
                Some(Vec::new())
            }
            Command::ClearMarks => {
                self.marked.clear();
                self.list.handle(command);
                Some(Vec::new())
            }
            other => self.list.handle(other).then(Vec::new),
        }
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
    fn filter(&mut self, text: &str, _: &World) {
        self.list.filter(text);
    }
    fn table(&self) -> Option<&Table> {
        (!self.details).then(|| self.list.table())
    }
    fn unfilter(&mut self, _: &World) -> bool {
        self.list.unfilter()
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
        let summary = 1 + self.warnings(world).len() as u16;
        let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(1), summary);
        self.view_summary(world, inner, painter);
        let list = Rect::new(area.x, area.y + summary, area.width, area.height.saturating_sub(summary));
        let marks = match self.marked.len() {
            0 => String::new(),
            number => format!("  {number} marked: a restores them"),
        };
        let name = format!("Files {}{marks}", crate::tui::text::harmless(&self.path));
        pane::view_list(&self.list, &name, &fresh, &["This folder is empty."], world, list, painter);
    }
}
