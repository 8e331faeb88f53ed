//! Screen 8: what was changed, by this dashboard, by other sessions of its user, and on an engine by whomever else.

mod told;

use crate::client::Key;
use crate::client::Query;
use crate::domain::deed::Deed;
use crate::domain::value::Unit;
use crate::tui::fmt;
use crate::tui::screens::details::Detail;
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::screens::sheets::Sheet;
use crate::tui::store::{Freshness, Line};
use crate::tui::table::{Cell, Column, Record};
use crate::tui::theme::Role;
use crate::tui::world::World;
use chrono::Duration;
use std::borrow::Cow;
use std::sync::Arc;
use told::Told;

/// What the log says no end of for so long has none to come: its program ended.
const LONGEST: Duration = Duration::hours(1);

/// The list of changes, newest first.
#[derive(Debug, Default)]
pub struct Activities {
    told: Told,
}

static COLUMNS: &[Column<Deed>] = &[
    Column::<Deed>::new("WHEN", 11, 11, |deed, _| Cell::plain(fmt::short(deed.at)))
        .measured(Unit::Moment, |deed, _| deed.at.into()),
    Column::<Deed>::new("RESULT", 11, 14, result),
    Column::<Deed>::new("WHO", 5, 16, |deed, _| Cell::plain(deed.who.clone())).once(|a, b| a.who == b.who),
    Column::<Deed>::new("WHAT", 20, 50, |deed, _| Cell::new(deed.summary.clone(), Role::Accent)),
    Column::account(12, 20).priority(2),
    Column::<Deed>::new("REGION", 12, 14, |deed, _| Cell::plain(deed.scope.region.to_string()))
        .once(|a, b| a.scope.region == b.scope.region)
        .priority(4),
    Column::<Deed>::new("BY", 12, 24, |deed, _| Cell::dim(deed.by.clone())).once(|a, b| a.by == b.by).priority(5),
    Column::<Deed>::new("CALLS", 16, 30, |deed, _| Cell::dim(deed.operations.clone())).priority(3),
    Column::<Deed>::new("DETAIL", 20, 32, |deed, _| match &deed.outcome {
        Some(Ok(text)) => Cell::dim(text.clone()),
        Some(Err(text)) => Cell::new(text.clone(), Role::Bad),
        None => Cell::dim(""),
    })
    .grows()
    .priority(1),
];

fn result(deed: &Deed, world: &World) -> Cell {
    match &deed.outcome {
        None if world.wall - deed.at > LONGEST => Cell::new("? unknown", Role::Stale),
        None => Cell::new(format!("{} under way", world.glyphs.running), Role::Running),
        Some(Ok(_)) => Cell::new(format!("{} done", world.glyphs.good), Role::Good),
        Some(Err(_)) => Cell::new(format!("{} refused", world.glyphs.bad), Role::Bad),
    }
}

impl Record for Deed {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for text in [&self.who, &self.summary, &self.operations, &self.by] {
            words.push_str(text);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }
}

const EMPTY: pane::Empty<'_> = &[
    "Nothing was changed from this machine, as far as its audit log goes back.",
    "",
    "Every change that vaultdeck makes is shown here with its result: those of this dashboard, of other sessions of yours, and of the command line. On an engine also what anybody else changed, or tried to change, over its API.",
];

const EMPTY_ON_AWS: pane::Empty<'_> = &[
    "Nothing was changed from this machine, as far as its audit log goes back.",
    "",
    "Every change that vaultdeck makes is shown here with its result. What others changed CloudTrail knows:",
    "$ aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=backup.amazonaws.com",
];

impl Listed for Activities {
    type Row = Deed;

    fn title(&self, _: &World) -> String {
        "Activity".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        if world.is_engine() { world.everywhere(&Query::ApiCalls) } else { Vec::new() }
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Deed>> {
        self.told.rows(world)
    }
    fn freshness(&self, world: &World) -> Freshness {
        match &world.logged {
            Err(_) => Freshness::default(),
            Ok(_) if world.is_engine() => world.store.freshness(&self.keys(world)),
            Ok(_) => Freshness { oldest: Some(world.wall), ..Freshness::default() },
        }
    }
    fn empty(&self, world: &World) -> pane::Empty<'static> {
        if world.is_engine() { EMPTY } else { EMPTY_ON_AWS }
    }
    fn sheet(&self, deed: &Arc<Deed>, world: &World) -> Option<Sheet> {
        let (said, role) = match &deed.outcome {
            None => ("", Role::Text),
            Some(Ok(text)) => (text.as_str(), Role::Text),
            Some(Err(text)) => (text.as_str(), Role::Bad),
        };
        let given = |name: &'static str, text: &str| {
            Some(text).filter(|text| !text.is_empty()).map(|text| Detail::new(name, text.to_owned()))
        };
        let mut facts = vec![Detail::cell("Result", result(deed, world))];
        let said = Some(said).filter(|said| !said.is_empty());
        facts.extend(said.map(|said| Detail::cell("Said", Cell::new(said.to_owned(), role))));
        facts.push(Detail::new("What", deed.summary.clone()));
        facts.push(Detail::new("When", format!("{} ({})", fmt::exact(deed.at), fmt::relative(world.wall, deed.at))));
        facts.push(Detail::new("Who", deed.who.clone()));
        facts.extend(given("Caller", &deed.caller));
        facts.extend(given("By", &deed.by));
        facts.push(Detail::new("Account, region", world.scope_name(&deed.scope)));
        facts.push(Detail::new("Calls", deed.operations.clone()));
        facts.extend(given("Request", &deed.request));
        Some(Sheet { kind: "Change", name: deed.summary.clone(), keys: Vec::new(), facts: Some(facts), absent: &[] })
    }
}
