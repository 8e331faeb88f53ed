//! Where a name is in all recovery points of a resource or a vault, and which of them hold which version.

use crate::client::query::{FoundItems, Place};
use crate::client::versions::{Version, versions};
use crate::client::{Key, Query};
use crate::domain::value::Unit;
use crate::tui::fmt;
use crate::tui::msg::Act;
use crate::tui::route::{Route, Sought};
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::text::{self, Elide};
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::sync::Arc;

/// The list of versions.
#[derive(Debug)]
pub struct FoundList {
    sought: Sought,
    more: bool,
    /// How many recovery points could not be looked through, and why the first.
    unread: Option<(usize, String)>,
    /// The last answer, and the versions in it.
    known: Option<(Arc<FoundItems>, Vec<Arc<Version>>)>,
}

static COLUMNS: &[Column<Version>] = &[
    Column::<Version>::new("PATH", 20, 60, |version, _| Cell::new(version.item.path.clone(), Role::Accent))
        .grows()
        .elide(Elide::Middle)
        .sorted(|a, b| by_text(&a.item.path, &b.item.path)),
    Column::<Version>::new("RESOURCE", 10, 20, |version, _| {
        Cell::plain(fmt::resource_name(version.resource_name.as_ref(), &version.resource_arn))
    })
    .once(|a, b| a.resource_arn == b.resource_arn)
    .priority(1),
    Column::<Version>::new("SIZE", 8, 9, |version, _| match version.item.kind.as_str() {
        "file" => Cell::plain(fmt::bytes(version.item.size)),
        kind => Cell::dim(kind.to_owned()),
    })
    .measured(Unit::Bytes, |version, _| (version.item.kind == "file").then_some(version.item.size).into())
    .right()
    .sorted(|a, b| b.item.size.cmp(&a.item.size)),
    Column::<Version>::new("MODIFIED", 11, 11, |version, _| {
        version.item.modified.map_or_else(|| Cell::dim(""), |at| Cell::plain(fmt::short(at)))
    })
    .measured(Unit::Moment, |version, _| version.item.modified.into())
    .sorted(|a, b| b.item.modified.cmp(&a.item.modified)),
    Column::<Version>::new("LAST IN", 11, 11, |version, _| Cell::plain(fmt::short(version.newest_creation_date)))
        .measured(Unit::Moment, |version, _| version.newest_creation_date.into())
        .sorted(|a, b| b.newest_creation_date.cmp(&a.newest_creation_date)),
    Column::<Version>::new("FIRST IN", 11, 11, |version, _| Cell::dim(fmt::short(version.oldest_creation_date)))
        .measured(Unit::Moment, |version, _| version.oldest_creation_date.into())
        .sorted(|a, b| b.oldest_creation_date.cmp(&a.oldest_creation_date))
        .priority(2),
    Column::<Version>::new("POINTS", 6, 7, |version, _| Cell::dim(version.recovery_points.to_string()))
        .measured(Unit::Pieces, |version, _| (version.recovery_points as u64).into())
        .right()
        .priority(3),
];

impl Record for Version {
    fn id(&self) -> Cow<'_, str> {
        let at = self.item.modified.map(|at| at.timestamp_nanos_opt());
        Cow::Owned(format!("{} {} {} {} {at:?}", self.resource_arn, self.item.path, self.item.kind, self.item.size))
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in
            [self.resource_arn.as_str(), self.item.path.as_str(), &self.item.kind, &self.newest_backup_vault_name]
        {
            words.push_str(word);
            words.push(' ');
        }
    }
}

const EMPTY: pane::Empty<'_> = &[
    "Nothing of this name is in these recovery points.",
    "",
    "Without a slash a name is looked for, with one a path: *.toml, conf/**/*.toml.",
];

impl FoundList {
    /// Of this.
    pub fn new(sought: Sought) -> Self {
        Self { sought, more: false, unread: None, known: None }
    }

    fn key(&self) -> Key {
        let Sought { scope, place, name, is_regex } = self.sought.clone();
        Key::scoped(scope, Query::Find { place, name, is_regex })
    }
}

impl Listed for FoundList {
    type Row = Version;

    fn title(&self, world: &World) -> String {
        let place = match &self.sought.place {
            Place::Vault(name) => name.clone(),
            Place::Resource(arn) => world.resource_name(&self.sought.scope, arn),
        };
        let more = if self.more { ", the first" } else { "" };
        let unread = self.unread.as_ref().map(|(count, reason)| {
            format!("; {} not looked through: {reason}", text::count(*count, "point", "points"))
        });
        format!("{} in all recovery points of {place}{more}{}", self.sought.name, unread.unwrap_or_default())
    }
    fn crumb(&self, _: &World) -> String {
        self.sought.name.clone()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        let scope = self.sought.scope.clone();
        let points = match &self.sought.place {
            Place::Resource(arn) => Query::RecoveryPointsOfResource { resource: arn.clone() },
            Place::Vault(name) => Query::RecoveryPoints { vault: name.clone().into() },
        };
        vec![self.key(), Key::scoped(scope, points)]
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Version>> {
        let Sought { scope, place, name, is_regex } = &self.sought;
        let Some(told) = world.store.found(scope, place, name, *is_regex) else { return Vec::new() };
        if self.known.as_ref().is_none_or(|(known, _)| !Arc::ptr_eq(known, told)) {
            self.known = Some((Arc::clone(told), versions(&told.points).into_iter().map(Arc::new).collect()));
        }
        self.more = told.more;
        self.unread = told.unread.first().map(|first| (told.unread.len(), first.reason.clone()));
        let stale = world.store.slot(&self.key()).fault.is_some();
        let rows = self.known.iter().flat_map(|(_, rows)| rows);
        rows.map(|version| Line { record: Arc::clone(version), stale }).collect()
    }
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&[self.key()])
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, version: &Version, _: &World) -> Option<Vec<Act>> {
        let (vault, arn) = (version.newest_backup_vault_name.clone(), version.newest_recovery_point_arn.clone());
        Some(vec![Act::Open(Route::Point(self.sought.scope.clone(), vault.into(), arn))])
    }
    fn subject(&self, version: &Arc<Version>, world: &World) -> Subject {
        match world.store.find_point(&self.sought.scope, &version.newest_recovery_point_arn) {
            Some(point) => {
                let path = version.item.path.clone();
                Subject::Path(Arc::clone(point), vec![path.clone()], path)
            }
            None => Subject::Nothing,
        }
    }
}
