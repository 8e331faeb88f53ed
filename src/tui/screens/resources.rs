//! Screen 6: what can be protected, and whether it is.

use crate::client::attributes::Scoped;
use crate::client::{Key, Query};
use crate::domain::value::Unit;
use crate::domain::{Arn, ResourceType, Scope, Tags, Time};
use crate::tui::fmt;
use crate::tui::msg::Act;
use crate::tui::route::Route;
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::store::Line;
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::text::Elide;
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A resource: registered, protected, or both.
#[derive(Debug)]
pub struct Row {
    arn: Arn,
    scope: Scope,
    kind: ResourceType,
    name: String,
    path: String,
    tags: Tags,
    last: Option<Time>,
    vault: String,
    registered: bool,
}

/// The list of resources.
#[derive(Debug)]
pub struct Resources;

static COLUMNS: &[Column<Row>] = &[
    Column::<Row>::new("RESOURCE", 12, 28, |row, _| Cell::new(row.name.clone(), Role::Accent))
        .sorted(|a, b| by_text(&a.name, &b.name)),
    Column::<Row>::new("TYPE", 4, 9, |row, _| Cell::plain(row.kind.as_str().to_owned()))
        .sorted(|a, b| a.kind.as_str().cmp(b.kind.as_str()))
        .once(|a, b| a.kind == b.kind)
        .priority(4),
    Column::<Row>::new("PROTECTED", 17, 18, |row, world| match (row.last, row.registered) {
        (Some(_), true) => Cell::new(format!("{} yes", world.glyphs.good), Role::Good),
        (Some(_), false) => Cell::new(format!("{} yes, was retired", world.glyphs.none), Role::Dim),
        (None, _) => Cell::new(format!("{} never backed up", world.glyphs.warning), Role::Warning),
    })
    .sorted(|a, b| a.last.is_some().cmp(&b.last.is_some())),
    Column::<Row>::new("LAST BACKUP", 11, 14, |row, world| {
        Cell::plain(row.last.map(|at| fmt::relative(world.now(), at)).unwrap_or_default())
    })
    .measured(Unit::Moment, |row, _| row.last.into())
    .right()
    .sorted(|a, b| a.last.cmp(&b.last)),
    Column::<Row>::new("VAULT", 12, 24, |row, _| Cell::plain(row.vault.clone()))
        .once(|a, b| a.vault == b.vault)
        .priority(2),
    Column::account(10, 20).by_account().priority(1),
    Column::region(12, 14).priority(5),
    Column::<Row>::new("TAGS", 10, 30, |row, _| {
        let tags: Vec<String> = row.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Cell::dim(tags.join(" "))
    })
    .priority(6),
    Column::<Row>::new("LOCATION", 14, 36, |row, _| Cell::dim(row.path.clone())).grows().elide(Elide::Left).priority(3),
];

impl Scoped for Row {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Record for Row {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.arn.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in [self.arn.as_str(), &self.name, &self.path, self.kind.as_str(), &self.vault] {
            words.push_str(word);
            words.push(' ');
        }
        for (key, value) in &self.tags {
            words.push_str(&format!("{key}={value} "));
        }
    }
    fn is_problem(&self) -> bool {
        self.last.is_none()
    }
}

const EMPTY: pane::Empty<'_> = &[
    "No resource is known yet.",
    "",
    "Register something to protect: a folder, a database, a bucket, a volume:",
    "$ :add-resource",
    "",
    "It appears here at once; then back it up:",
    "$ :start-backup",
];

const EMPTY_AWS: pane::Empty<'_> =
    &["No resource with tags is known in these accounts and regions, and none was backed up yet."];

/// The resources of a scope, each once, whether they are registered, protected or both.
fn rows(scope: &Scope, world: &World) -> BTreeMap<Arn, Row> {
    let mut rows = BTreeMap::new();
    for resource in world.store.resources(scope).into_iter().flat_map(|all| all.iter()) {
        let row = Row {
            arn: resource.arn.clone(),
            scope: scope.clone(),
            kind: resource.resource_type.clone(),
            name: resource.name.clone().known().unwrap_or_else(|| resource.arn.last_part().to_owned()),
            path: resource.path.clone().known().unwrap_or_default(),
            tags: resource.tags.clone(),
            last: None,
            vault: String::new(),
            registered: true,
        };
        rows.insert(resource.arn.clone(), row);
    }
    for protected in world.store.protected(scope).into_iter().flat_map(|all| all.iter()) {
        let row = rows.entry(protected.arn.clone()).or_insert_with(|| Row {
            arn: protected.arn.clone(),
            scope: scope.clone(),
            kind: protected.resource_type.clone(),
            name: protected.name.clone().unwrap_or_else(|| protected.arn.last_part().to_owned()),
            path: String::new(),
            tags: Tags::new(),
            last: None,
            vault: String::new(),
            registered: world.store.resources(scope).is_none(),
        });
        row.last = protected.last_backup_time;
        let vault = protected.last_backup_vault_arn.as_ref().and_then(Arn::vault_name);
        vault.unwrap_or_default().clone_into(&mut row.vault);
    }
    rows
}

impl Listed for Resources {
    type Row = Row;

    fn title(&self, _: &World) -> String {
        "Resources".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = world.everywhere(&Query::Resources);
        keys.extend(world.everywhere(&Query::ProtectedResources));
        keys
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Row>> {
        let mut lines = Vec::new();
        for scope in &world.shown {
            let stale = [Query::Resources, Query::ProtectedResources]
                .into_iter()
                .any(|query| world.store.slot(&Key::scoped(scope.clone(), query)).fault.is_some());
            lines.extend(rows(scope, world).into_values().map(|row| Line { record: Arc::new(row), stale }));
        }
        lines.sort_by(|a, b| by_text(&a.record.name, &b.record.name));
        lines
    }
    fn empty(&self, world: &World) -> pane::Empty<'static> {
        if world.is_engine() || !world.store.known { EMPTY } else { EMPTY_AWS }
    }
    fn open(&self, row: &Row, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::Resource(row.scope.clone(), row.arn.clone()))])
    }
    fn takes_several(&self) -> bool {
        true
    }
    fn subject(&self, row: &Arc<Row>, _: &World) -> Subject {
        Subject::Resource(row.scope.clone(), row.arn.clone())
    }
}
