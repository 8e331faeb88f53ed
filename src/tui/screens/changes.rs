//! What is different in a recovery point from the one before it.

use crate::client::query::SoMany;
use crate::client::{Key, Query};
use crate::domain::extension::{ChangedItem, ItemChange};
use crate::domain::value::Unit;
use crate::domain::vault::VaultRef;
use crate::domain::{Arn, KnownPoint};
use crate::tui::fmt;
use crate::tui::route::Pair;
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::{Part, Subject};
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::text::Elide;
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::sync::Arc;

/// The list of differences.
#[derive(Debug)]
pub struct ChangesList {
    pair: Pair,
    counts: String,
}

/// The sign and the word of a change.
fn look(item: &ChangedItem, _: &World) -> Cell {
    let (sign, role) = match item.change {
        ItemChange::Added => ('+', Role::Good),
        ItemChange::Removed => ('-', Role::Bad),
        ItemChange::Changed => ('~', Role::Warning),
        ItemChange::Metadata => ('.', Role::Dim),
    };
    Cell::new(format!("{sign} {}", item.change.as_str()), role)
}

fn size(bytes: Option<u64>) -> Cell {
    bytes.map_or_else(|| Cell::dim(""), |bytes| Cell::plain(fmt::bytes(bytes)))
}

static COLUMNS: &[Column<ChangedItem>] = &[
    Column::<ChangedItem>::new("CHANGE", 10, 10, look).sorted(|a, b| a.change.cmp(&b.change)),
    Column::<ChangedItem>::new("PATH", 20, 60, |item, _| Cell::new(item.path.clone(), Role::Accent))
        .grows()
        .elide(Elide::Middle)
        .sorted(|a, b| by_text(&a.path, &b.path)),
    Column::<ChangedItem>::new("BEFORE", 8, 9, |item, _| size(item.size_before))
        .measured(Unit::Bytes, |item, _| item.size_before.into())
        .right()
        .sorted(|a, b| b.size_before.cmp(&a.size_before))
        .priority(2),
    Column::<ChangedItem>::new("AFTER", 8, 9, |item, _| size(item.size_after))
        .measured(Unit::Bytes, |item, _| item.size_after.into())
        .right()
        .sorted(|a, b| b.size_after.cmp(&a.size_after))
        .priority(1),
    Column::<ChangedItem>::new("MODIFIED", 11, 11, |item, _| {
        item.modified_after.or(item.modified_before).map_or_else(|| Cell::dim(""), |at| Cell::dim(fmt::short(at)))
    })
    .measured(Unit::Moment, |item, _| item.modified_after.or(item.modified_before).into())
    .sorted(|a, b| b.modified_after.cmp(&a.modified_after))
    .priority(3),
];

impl Record for ChangedItem {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.path)
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in [self.change.as_str(), &self.path, &self.kind] {
            words.push_str(word);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        self.change == ItemChange::Removed
    }
}

const EMPTY: pane::Empty<'_> = &[
    "Nothing is different: every file is the same, with the same rights, owner and times.",
    "",
    "A folder that only got another time is no difference.",
];

impl ChangesList {
    /// Of this pair.
    pub fn new(pair: Pair) -> Self {
        Self { pair, counts: String::new() }
    }

    fn key(&self) -> Key {
        let (recovery_point, since) = (self.pair.newer.clone(), self.pair.older.clone());
        Key::scoped(self.pair.scope.clone(), Query::Changes { recovery_point, since })
    }

    fn told<'a>(&self, world: &'a World) -> Option<&'a Arc<SoMany<ChangedItem>>> {
        world.store.changes(&self.pair.scope, &self.pair.newer, &self.pair.older)
    }

    fn point<'a>(&self, arn: &Arn, world: &'a World) -> Option<&'a Arc<KnownPoint>> {
        world.store.find_point(&self.pair.scope, arn)
    }
}

/// How many there are of each kind.
fn counted(told: &SoMany<ChangedItem>) -> String {
    let count = |change| told.rows.iter().filter(|item| item.change == change).count();
    let kinds = [ItemChange::Added, ItemChange::Removed, ItemChange::Changed, ItemChange::Metadata];
    let counts = kinds.map(|kind| (count(kind), kind)).into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, kind)| format!("{count} {}", kind.as_str())).collect();
    let more = if told.more { ", and more" } else { "" };
    format!("{}{more}", counts.join(", "))
}

impl Listed for ChangesList {
    type Row = ChangedItem;

    fn title(&self, world: &World) -> String {
        let of = |arn: &Arn| {
            let point = self.point(arn, world);
            point.map_or_else(|| arn.last_part().to_owned(), |point| fmt::short(point.created))
        };
        let counts = if self.counts.is_empty() { String::new() } else { format!(": {}", self.counts) };
        format!("From {} to {}{counts}", of(&self.pair.older), of(&self.pair.newer))
    }
    fn crumb(&self, _: &World) -> String {
        "changes".to_owned()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        let points =
            |vault: &VaultRef| Key::scoped(self.pair.scope.clone(), Query::RecoveryPoints { vault: vault.clone() });
        vec![self.key(), points(&self.pair.vault), points(&self.pair.older_vault)]
    }
    fn rows(&mut self, world: &World) -> Vec<Line<ChangedItem>> {
        let stale = world.store.slot(&self.key()).fault.is_some();
        let told = self.told(world);
        self.counts = told.map(|told| counted(told)).unwrap_or_default();
        let rows = told.into_iter().flat_map(|told| told.rows.iter());
        rows.map(|item| Line { record: Arc::clone(item), stale }).collect()
    }
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&[self.key()])
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn subject(&self, item: &Arc<ChangedItem>, world: &World) -> Subject {
        // What was removed or changed is wanted as it was; what was added is only in the newer one.
        let arn = if item.change == ItemChange::Added { &self.pair.newer } else { &self.pair.older };
        match self.point(arn, world) {
            Some(point) => Subject::Path(Arc::clone(point), vec![item.path.clone()], item.path.clone()),
            None => self.owner(world),
        }
    }
    fn owner(&self, world: &World) -> Subject {
        let point = self.point(&self.pair.newer, world);
        point.map_or(Subject::Nothing, |point| Subject::Point(Arc::clone(point), Part::Whole))
    }
}
