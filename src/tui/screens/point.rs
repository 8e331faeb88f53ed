//! One recovery point: what it is, and the files in it.

use crate::client::{Answer, Feature, Key, Query};
use crate::domain::extension::{Item, MissingItem};
use crate::domain::job::JobState;
use crate::domain::proof::{LAST_DISPROVEN, LAST_PROVEN};
use crate::domain::vault::VaultRef;
use crate::domain::{Arn, Known, KnownPoint, PointDetails, Scope, Time};
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::screens::details::{self, Detail, Scroll};
use crate::tui::screens::points::resource_name;
use crate::tui::screens::screen::Screen;
use crate::tui::screens::{pane, status};
use crate::tui::store::Line;
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, List, Record, Table, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, holds, said};
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A recovery point with a folder of it.
#[derive(Debug)]
pub struct Point {
    scope: Scope,
    vault: VaultRef,
    arn: Arn,
    path: String,
    list: List<Item>,
    /// What is marked to be restored, in all folders: paths from the resource's root.
    marked: BTreeSet<String>,
    missing: Vec<(String, String)>,
    /// What was in it and cannot be restored any more.
    lost: Vec<(String, String)>,
    /// Why none of it can be shown.
    note: Option<String>,
    /// What its driver said of it.
    said: PointDetails,
    details: bool,
    scroll: Scroll,
}

impl Point {
    /// The recovery point, at the root of its files.
    pub fn new(scope: Scope, vault: VaultRef, arn: Arn) -> Self {
        Self {
            scope,
            vault,
            arn,
            path: "/".to_owned(),
            list: List::default(),
            marked: BTreeSet::new(),
            missing: Vec::new(),
            lost: Vec::new(),
            note: None,
            said: PointDetails::new(),
            details: false,
            scroll: Scroll::default(),
        }
    }

    fn items_key(&self) -> Key {
        let query = Query::Items { recovery_point: self.arn.clone(), path: self.path.clone() };
        Key::scoped(self.scope.clone(), query)
    }

    fn point_key(&self) -> Key {
        let query = Query::RecoveryPoint { vault: self.vault.clone(), recovery_point: self.arn.clone() };
        Key::scoped(self.scope.clone(), query)
    }

    fn point<'a>(&self, world: &'a World) -> Option<&'a Arc<KnownPoint>> {
        match &world.store.slot(&self.point_key()).answer {
            Some(Answer::RecoveryPoint(point)) => Some(point),
            _ => world.store.find_point(&self.scope, &self.arn),
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
        self.details || self.is_composite(world) || world.store.capabilities.allows(Feature::Items).is_err()
    }

    /// Whether it holds no data of its own, but other recovery points.
    fn is_composite(&self, world: &World) -> bool {
        self.point(world).is_some_and(|point| point.nesting.is_parent())
    }

    fn nested_key(&self) -> Key {
        Key::scoped(self.scope.clone(), Query::RecoveryPoints { vault: self.vault.clone() })
    }

    /// What is nested in a composite recovery point: each is restored by itself. Of a nested one, what it is nested in.
    fn nested(&self, world: &World) -> Vec<Detail> {
        let parent = self.point(world).and_then(|point| point.nesting.parent());
        if !self.is_composite(world) {
            return Detail::maybe("Nested in", parent.map(Arn::to_string)).into_iter().collect();
        }
        let scopes = std::slice::from_ref(&self.scope);
        let query = Query::RecoveryPoints { vault: self.vault.clone() };
        let lines = world.store.gather(scopes, &query, Answer::recovery_points);
        let of_this = lines.iter().filter(|line| line.record.nesting.parent() == Some(&self.arn));
        let mut nested: Vec<&KnownPoint> = of_this.map(|line| line.record.as_ref()).collect();
        nested.sort_by_key(|point| (point.nesting.member().map(str::to_owned), point.arn.clone()));
        let heading = "Nested recovery points: open one of them in the vault to restore it";
        let one = |point: &KnownPoint| {
            let (name, state) = (point.nesting.member().unwrap_or("template"), status::point(point, world.glyphs));
            Detail::cell(name, Cell::new(format!("{} {} {}", point.resource_type, state.text, point.arn), state.role))
        };
        std::iter::once(Detail::heading(heading)).chain(nested.into_iter().map(one)).collect()
    }

    fn copies_key(&self) -> Key {
        Key::scoped(self.scope.clone(), Query::CopyJobs)
    }

    /// Where it was copied to, and when that was done: the copy may be gone since.
    fn copies(&self, world: &World) -> Vec<Detail> {
        let jobs = world.store.copy_jobs(&self.scope).into_iter().flat_map(|jobs| jobs.iter());
        let of_this = jobs.filter(|job| job.source_recovery_point_arn.as_ref() == Some(&self.arn));
        let done = of_this.filter_map(|job| Some((job.destination_vault_arn.as_ref()?, job.completed?, &job.state)));
        done.filter(|(.., state)| **state == JobState::Completed)
            .enumerate()
            .map(|(nth, (vault, at, _))| {
                let name = vault.vault_name().unwrap_or_else(|| vault.as_str());
                let place = vault.scope().map(|scope| format!(" in {}", world.scope_name(&scope))).unwrap_or_default();
                Detail::new(if nth == 0 { "Copied to" } else { "" }, format!("{name}{place}, {}", fmt::exact(at)))
            })
            .collect()
    }

    fn facts(&self, world: &World) -> Vec<Detail> {
        let Some(point) = self.point(world) else { return vec![Detail::new("Recovery point", self.arn.to_string())] };
        let now = world.now();
        let moment = |time| format!("{} ({})", fmt::exact(time), fmt::relative(now, time));
        let mut facts = vec![
            Detail::cell("Status", status::point(point, world.glyphs)),
            Detail::new("Resource", resource_name(point.resource_name.as_ref(), &point.resource_arn)),
            Detail::new("Resource ARN", point.resource_arn.to_string()),
            Detail::new("Type", point.resource_type.as_str()),
            Detail::new("Vault", point.vault_name.clone()),
            Detail::new("Created", moment(point.created)),
        ];
        let owner = point.shared_by().map(|owner| format!("{}, for restores alone", world.account(&owner)));
        facts.extend(Detail::maybe("Shared by", owner));
        let source = point.source_vault_arn.as_ref().map(Option::as_ref).told();
        facts.extend(Detail::maybe("Copied from", source.map(Arn::to_string)));
        facts.extend(self.copies(world));
        facts.extend(Detail::maybe("Completed", point.completed.told().map(moment)));
        facts.extend(Detail::maybe("Size", point.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
        let time = |value: &str| value.parse::<Time>().map_or_else(|_| value.to_owned(), moment);
        facts.extend(self.said.iter().map(|(name, value)| match name.as_str() {
            LAST_PROVEN => Detail::cell("Restore proven", Cell::new(time(value), Role::Good)),
            LAST_DISPROVEN => Detail::cell("Restore failed", Cell::new(time(value), Role::Bad)),
            _ => Detail::new(&said::label(name), said::value(name, value)),
        }));
        facts.extend(Detail::maybe("Message", point.status_message.clone()));
        facts.extend(
            holds::named(point, world).map(|titles| Detail::cell("Legal hold", Cell::new(titles, Role::Accent))),
        );
        let never = || "never".to_owned();
        facts.push(Detail::known("Deleted", point.delete_at().map(|at| at.map_or_else(never, moment))));
        facts.extend(Detail::maybe("Storage", point.storage_class.clone().told()));
        let moved = point.is_cold().known() == Some(true);
        let title = if moved { "Cold since" } else { "To cold storage" };
        facts.extend(Detail::maybe(title, point.cold_at().told().map(moment)));
        facts.push(Detail::known(
            "Made by",
            point.created_by.as_ref().map(|creator| match creator {
                None => "on demand".to_owned(),
                Some(creator) => format!("plan {}, rule {}", creator.backup_plan_name, creator.backup_rule_name),
            }),
        ));
        facts.extend(Detail::maybe("Role", point.iam_role_arn.as_ref().map(Option::as_ref).told().map(Arn::to_string)));
        facts.extend(Detail::maybe("Last restored", point.last_restore.told().map(moment)));
        facts.extend(Detail::maybe("Encryption key", point.encryption_key_arn.clone()));
        facts.push(Detail::new("ARN", point.arn.to_string()));
        facts.push(Detail::new("Account, region", world.scope_name(&point.scope)));
        facts.extend(self.nested(world));
        let lists = [
            ("What cannot be restored any more", &self.lost, Role::Bad),
            ("What could not be read when it was made", &self.missing, Role::Warning),
        ];
        for (heading, items, role) in lists.into_iter().filter(|(_, items, _)| !items.is_empty()) {
            facts.push(Detail::heading(heading));
            facts.extend(
                items.iter().map(|(path, reason)| Detail::cell("", Cell::new(format!("{path}: {reason}"), role))),
            );
        }
        facts
    }

    fn view_summary(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let Some(point) = self.point(world) else { return };
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
        let said = self.point(world).and_then(|point| point.status_message.clone());
        let missing = (!self.missing.is_empty()).then(|| {
            let items = crate::tui::text::count(self.missing.len(), "item was", "items were");
            format!("{items} not read when it was made: tab lists them")
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
        self.point(world).map_or_else(
            || self.arn.last_part().to_owned(),
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
        let mut keys = vec![self.point_key()];
        if world.store.capabilities.allows(Feature::Items).is_ok() {
            keys.push(self.items_key());
        }
        if self.shows_facts(world) {
            keys.push(self.copies_key());
        }
        if self.is_composite(world) {
            keys.push(self.nested_key());
        }
        keys.extend(holds::keys(&self.scope, world));
        keys
    }
    fn sync(&mut self, world: &World) {
        let Some(items) = world.store.items(&self.scope, &self.arn, &self.path) else { return };
        let stale = world.store.slot(&self.items_key()).fault.is_some();
        if self.path == "/" {
            let named = |items: &[MissingItem]| {
                items.iter().map(|item| (item.path.clone(), item.reason.clone())).collect::<Vec<_>>()
            };
            (self.missing, self.lost) = (named(&items.missing), named(&items.lost));
            self.said.clone_from(&items.details);
            self.note.clone_from(&items.note);
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
        if self.is_composite(world) && command != Command::Back {
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
        let Some(point) = self.point(world) else { return Subject::Nothing };
        match self.list.selected() {
            Some(line) if !self.details => {
                Subject::Path(Arc::clone(point), self.chosen(), self.path_of(&line.record.name))
            }
            _ => Subject::Point(Arc::clone(point), self.chosen()),
        }
    }
    fn filter(&mut self, text: &str) {
        self.list.filter(text);
    }
    fn table(&self) -> Option<&Table> {
        (!self.details).then(|| self.list.table())
    }
    fn unfilter(&mut self) -> bool {
        self.list.unfilter()
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let items = world.store.capabilities.allows(Feature::Items).is_ok().then(|| self.items_key());
        let fresh = world.store.freshness(std::iter::once(&self.point_key()).chain(items.as_ref()));
        let items = world.store.capabilities.allows(Feature::Items);
        if self.shows_facts(world) {
            let head = Rect::new(area.x, area.y, area.width, 1);
            painter.rule(head, &pane::title("Recovery point", "", world), &pane::freshness(&fresh, world));
            let mut facts = self.facts(world);
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
