//! Screen 8: what this dashboard changed since it started.

use crate::client::Key;
use crate::client::attributes::Scoped;
use crate::domain::Scope;
use crate::tui::fmt;
use crate::tui::screens::details::Detail;
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::screens::sheets::Sheet;
use crate::tui::store::{Freshness, Line};
use crate::tui::table::{Cell, Column, Record};
use crate::tui::theme::Role;
use crate::tui::world::{Activity, World};
use std::borrow::Cow;
use std::sync::Arc;

/// The list of changes, newest first.
#[derive(Debug)]
pub struct Activities;

static COLUMNS: &[Column<Activity>] = &[
    Column::<Activity>::new("WHEN", 11, 11, |entry, _| Cell::plain(fmt::short(entry.at))),
    Column::<Activity>::new("RESULT", 12, 14, result),
    Column::<Activity>::new("WHAT", 20, 50, |entry, _| Cell::new(entry.summary.clone(), Role::Accent)),
    Column::account(12, 20).priority(2),
    Column::<Activity>::new("REGION", 12, 14, |entry, _| Cell::plain(entry.scope.region.to_string()))
        .once(|a, b| a.scope.region == b.scope.region)
        .priority(4),
    Column::<Activity>::new("CALLS", 16, 30, |entry, _| Cell::dim(entry.operations.clone())).priority(3),
    Column::<Activity>::new("DETAIL", 20, 32, |entry, _| match &entry.outcome {
        Some(Ok(text)) => Cell::dim(text.clone()),
        Some(Err(text)) => Cell::new(text.clone(), Role::Bad),
        None => Cell::dim(""),
    })
    .grows()
    .priority(1),
];

fn result(entry: &Activity, world: &World) -> Cell {
    match &entry.outcome {
        None => Cell::new(format!("{} under way", world.glyphs.running), Role::Running),
        Some(Ok(_)) => Cell::new(format!("{} done", world.glyphs.good), Role::Good),
        Some(Err(_)) => Cell::new(format!("{} refused", world.glyphs.bad), Role::Bad),
    }
}

impl Scoped for Activity {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Record for Activity {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.ticket.to_string())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        words.push_str(&self.summary);
        words.push(' ');
        words.push_str(&self.operations);
    }
    fn is_problem(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }
}

const EMPTY: pane::Empty<'_> = &[
    "Nothing was changed from here since the dashboard started.",
    "",
    "Every change is shown here with its result, and kept in the audit log: who, when, where, the exact request, and",
    "what came of it. A later version will show the whole log here.",
];

impl Listed for Activities {
    type Row = Activity;

    fn title(&self, _: &World) -> String {
        "Activity of this session".to_owned()
    }
    fn crumb(&self, _: &World) -> String {
        "Activity".to_owned()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        Vec::new()
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Activity>> {
        let entries = world.activity.iter().rev().cloned();
        entries.map(|entry| Line { record: Arc::new(entry), stale: false }).collect()
    }
    fn freshness(&self, world: &World) -> Freshness {
        Freshness { oldest: Some(world.wall), ..Freshness::default() }
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn sheet(&self, entry: &Arc<Activity>, world: &World) -> Option<Sheet> {
        let (said, role) = match &entry.outcome {
            None => ("", Role::Text),
            Some(Ok(text)) => (text.as_str(), Role::Text),
            Some(Err(text)) => (text.as_str(), Role::Bad),
        };
        let said = Some(said).filter(|said| !said.is_empty());
        let mut facts = vec![Detail::cell("Result", result(entry, world))];
        facts.extend(said.map(|said| Detail::cell("Said", Cell::new(said.to_owned(), role))));
        facts.push(Detail::new("What", entry.summary.clone()));
        facts.push(Detail::new("When", format!("{} ({})", fmt::exact(entry.at), fmt::relative(world.wall, entry.at))));
        facts.push(Detail::new("Account, region", world.scope_name(&entry.scope)));
        facts.push(Detail::new("Calls", entry.operations.clone()));
        let name = format!("number {}", entry.ticket);
        Some(Sheet { kind: "Change", name, keys: Vec::new(), facts: Some(facts), absent: &[] })
    }
}
