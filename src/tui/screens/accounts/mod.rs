//! Screen 5: the organization's accounts × the regions, and how each of them is doing in each of these.

mod sight;
mod words;

use crate::client::{Answer, Fault, Key, Query};
use crate::domain::filter::FilterError;
use crate::domain::organization::{Unit, name_of};
use crate::domain::{Account, AccountId, Region, Scope};
use crate::tui::command::Command;
use crate::tui::msg::{Act, Tone};
use crate::tui::paint::{Painter, Segments};
use crate::tui::screens::beside::Beside;
use crate::tui::screens::pane;
use crate::tui::screens::screen::Screen;
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Grid, List, Listing, Record, When, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
use ratatui::layout::Rect;
use sight::{Sight, Why};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use words::{blind, view_chosen};

/// An account and what is seen of it in each region.
#[derive(Debug)]
pub struct Row {
    account: Account,
    /// The names of the units down to it.
    unit: String,
    sights: Vec<Sight>,
}

/// Accounts × regions.
#[derive(Debug, Default)]
pub struct Accounts {
    list: List<Row>,
    regions: Vec<Region>,
    /// What stands above the cells.
    titles: Vec<String>,
    /// The chosen region.
    at: usize,
    beside: Beside,
}

static COLUMNS: &[Column<Row>] = &[
    Column::<Row>::new("ACCOUNT", 8, 24, |row, _| Cell::new(row.account.name.clone(), Role::Accent))
        .sorted(|a, b| by_text(&a.account.name, &b.account.name))
        .grows(),
    Column::<Row>::new("UNIT", 8, 28, |row, _| Cell::plain(row.unit.clone()))
        .sorted(|a, b| by_text(&a.unit, &b.unit))
        .once(|a, b| a.unit == b.unit)
        .grows()
        .priority(1),
    Column::<Row>::new("ID", 12, 12, |row, _| Cell::dim(row.account.id.to_string())).priority(3),
    Column::<Row>::new("STATUS", 9, 12, |row, _| {
        let active = row.account.status == "ACTIVE";
        if active { Cell::dim("active") } else { Cell::new(row.account.status.clone(), Role::Warning) }
    })
    .when(When::InactiveAccounts)
    .priority(2),
];

impl Record for Row {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.account.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in [&self.account.name, self.account.id.as_str(), &self.account.email, &self.unit] {
            words.push_str(word);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        self.sights.iter().any(Sight::is_problem)
    }
}

/// The accounts that are known: the organization's, and those of scopes that it does not tell of.
fn known(world: &World) -> BTreeMap<AccountId, Account> {
    let mut accounts: BTreeMap<AccountId, Account> = BTreeMap::new();
    for scope in &world.scopes {
        accounts.entry(scope.account.clone()).or_insert_with(|| Account {
            id: scope.account.clone(),
            name: scope.account.to_string(),
            email: String::new(),
            management: false,
            status: String::new(),
            joined: None,
            unit: None,
        });
    }
    for account in world.store.accounts().into_iter().flat_map(|accounts| accounts.iter()) {
        accounts.insert(account.id.clone(), Account::clone(account));
    }
    accounts
}

/// What is seen of an account in each region, with what went wrong in which scope. One that no scope enters is one without a
/// role.
fn sights(
    account: &Account,
    regions: &[Region],
    scopes: &BTreeSet<&Scope>,
    faults: &BTreeMap<&Scope, &Fault>,
    world: &World,
) -> Vec<Sight> {
    let scope_in = |region: &Region| Scope::new(account.id.clone(), region.clone());
    let entered = regions.iter().any(|region| scopes.contains(&scope_in(region)));
    let sight = |region: &Region| {
        let scope = scope_in(region);
        if !scopes.contains(&scope) {
            return Sight::Blind(if entered { Why::NotAsked } else { Why::NoRole });
        }
        sight::of(&scope, faults.get(&scope).copied(), world)
    };
    regions.iter().map(sight).collect()
}

const EMPTY: pane::Empty<'_> =
    &["No account is known.", "", "On an engine, add one in another shell:", "$ vaultdeck account add staging"];

/// Below this height the rows need the room that the chosen cell would take.
const LEAST_FOR_DETAIL: u16 = 12;

impl Accounts {
    fn chosen(&self) -> Option<(&Row, &Region, &Sight)> {
        let row: &Row = &self.list.selected()?.record;
        Some((row, self.regions.get(self.at)?, row.sights.get(self.at)?))
    }

    fn freshness(&self, world: &World) -> Freshness {
        let accounts = Key::context(Query::Accounts);
        match world.store.slot(&accounts).answer {
            // That the units are not told takes nothing from what the cells say.
            Some(Answer::Accounts(_)) => {
                world.store.freshness(self.keys(world).iter().filter(|key| key.query != Query::Units))
            }
            _ => world.store.freshness(&[accounts]),
        }
    }

    /// The id of the chosen cell.
    fn chosen_id(&self) -> Option<String> {
        self.chosen().map(|(row, region, _)| format!("{} {region}", row.account.id))
    }

    fn follow(&mut self, world: &World) {
        let id = self.chosen_id();
        let chosen = self.list.selected().map(|line| &line.record);
        let chosen = chosen.and_then(|row| Some((row, self.regions.get(self.at)?, row.sights.get(self.at)?)));
        let sheet = || chosen.map(|(row, region, sight)| words::sheet(row, region, sight, world));
        self.beside.follow(id.as_deref(), world, sheet);
    }

    fn turn(&mut self, forward: bool) {
        let number = self.regions.len().max(1);
        self.at = (self.at + if forward { 1 } else { number - 1 }) % number;
    }

    /// What the chosen cell shows: its jobs; one that no scope belongs to says why it shows nothing.
    fn open(&mut self, world: &World) -> Option<Vec<Act>> {
        let (row, region, sight) = self.chosen()?;
        let acts = match sight {
            Sight::Blind(why @ (Why::NoRole | Why::NotAsked)) => {
                vec![Act::Say(Tone::Plain, blind(why, &row.account, region, world).0)]
            }
            _ => {
                let scope = Scope::new(row.account.id.clone(), region.clone());
                vec![Act::Narrow(Some(scope)), Act::Run(Command::Jobs)]
            }
        };
        self.list.choose();
        Some(acts)
    }
}

impl Screen for Accounts {
    fn crumb(&self, _: &World) -> String {
        "Accounts".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys: Vec<Key> = [Query::Accounts, Query::Units, Query::Scopes].map(Key::context).into();
        for query in sight::ASKED {
            keys.extend(world.scopes.iter().map(|scope| Key::scoped(scope.clone(), query.clone())));
        }
        keys
    }
    fn sync(&mut self, world: &World) {
        let chosen = self.regions.get(self.at).cloned();
        let mut regions: Vec<Region> = Vec::new();
        for scope in &world.scopes {
            if !regions.contains(&scope.region) {
                regions.push(scope.region.clone());
            }
        }
        self.at = chosen.and_then(|chosen| regions.iter().position(|region| *region == chosen)).unwrap_or(0);
        self.titles = regions.iter().map(Region::to_string).collect();
        let units: Vec<Unit> =
            world.store.units().into_iter().flat_map(|units| units.iter()).map(|unit| Unit::clone(unit)).collect();
        let scopes: BTreeSet<&Scope> = world.scopes.iter().collect();
        let views = world.store.scopes().into_iter().flat_map(|views| views.iter());
        let faults: BTreeMap<&Scope, &Fault> =
            views.filter_map(|view| Some((&view.scope, view.fault.as_ref()?))).collect();
        let stale = world.store.slot(&Key::context(Query::Accounts)).fault.is_some();
        let mut rows: Vec<Row> = known(world)
            .into_values()
            .map(|account| {
                let unit = name_of(&units, account.unit.as_ref());
                Row { sights: sights(&account, &regions, &scopes, &faults, world), unit, account }
            })
            .collect();
        rows.sort_by(|a, b| {
            (!a.account.management, &a.unit, &a.account.id).cmp(&(!b.account.management, &b.unit, &b.account.id))
        });
        self.regions = regions;
        let lines = rows.into_iter().map(|row| Line { record: Arc::new(row), stale }).collect();
        self.list.set(lines, !self.freshness(world).is_waiting(), world);
        self.follow(world);
    }
    fn is_moving(&self) -> bool {
        self.beside.is_moving()
    }
    fn rest(&mut self, world: &World) {
        self.beside.rest();
        self.follow(world);
    }
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        let acts = match command {
            Command::Open => self.open(world),
            Command::NextTab | Command::PreviousTab => {
                self.turn(command == Command::NextTab);
                Some(Vec::new())
            }
            _ => self.list.handle(command, world).then(Vec::new),
        };
        self.beside.moved(self.chosen_id().as_deref(), world);
        acts
    }
    fn pointed(&mut self, spot: &Spot, asked: Asked, _: u16, world: &World) -> bool {
        let Spot::Row(row) = spot else { return false };
        let met = self.list.point(row, asked);
        self.beside.moved(self.chosen_id().as_deref(), world);
        met
    }
    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        &[("{next-tab}", "region")]
    }
    fn subject(&self, _: &World) -> Subject {
        self.list.selected().map_or(Subject::Nothing, |line| Subject::Account(line.record.account.id.clone()))
    }
    fn filter(&mut self, text: &str, world: &World) -> Result<(), FilterError> {
        let read = self.list.filter(text, world);
        self.beside.moved(self.chosen_id().as_deref(), world);
        read
    }
    fn listing(&self) -> Option<&dyn Listing> {
        Some(&self.list)
    }
    fn listing_mut(&mut self) -> Option<&mut dyn Listing> {
        Some(&mut self.list)
    }
    fn unfilter(&mut self, world: &World) -> bool {
        let restricted = self.list.unfilter(world);
        self.beside.moved(self.chosen_id().as_deref(), world);
        restricted
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let area = self.beside.view(world, area, painter);
        let chosen = self.chosen().filter(|_| area.height >= LEAST_FOR_DETAIL && !world.beside);
        let below = chosen.map_or(0, |_| (area.height / 3).clamp(6, 8));
        let above = Rect::new(area.x, area.y, area.width, area.height - below);
        let fresh = self.freshness(world);
        let body = pane::view_head(&self.list, "Accounts", &fresh, world, above, painter);
        if self.list.table().is_empty() {
            pane::view_no_row(&self.list, &fresh, EMPTY, world, body, painter);
        } else {
            let grid = Grid { titles: &self.titles, at: self.at, cell };
            self.list.view_grid(&grid, world, body, painter);
        }
        if let Some((row, region, sight)) = chosen {
            let place = Rect::new(area.x, above.bottom(), area.width, below);
            view_chosen(row, region, sight, world, place, painter);
        }
    }
}

/// What stands in a cell.
fn cell(row: &Row, at: usize, world: &World) -> Segments<'static> {
    row.sights.get(at).map_or_else(Segments::new, |sight| sight.cell(world))
}
