//! A screen that is one list. What is special to a list is said by its [`Listed`]; everything that all lists do alike is
//! here, once.

use crate::client::Key;
use crate::domain::filter::FilterError;
use crate::tui::command::Command;
use crate::tui::msg::{Act, Tone};
use crate::tui::paint::Painter;
use crate::tui::screens::beside::Beside;
use crate::tui::screens::pane;
use crate::tui::screens::screen::Screen;
use crate::tui::screens::sheets::{self, Sheet};
use crate::tui::several::Marked;
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{List, Listing, Record, When};
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
use ratatui::layout::Rect;
use std::fmt::Debug;
use std::sync::Arc;

/// What a list screen is told: which rows it has, and what they mean. The columns are those of its rows' [`Record`].
pub trait Listed: Debug {
    /// A row.
    type Row: Record + Debug;

    /// What stands above the rows.
    fn title(&self, world: &World) -> String;
    /// What the title tells of all rows, so that its columns are left out.
    fn titled(&self) -> Option<When> {
        None
    }
    /// Its part of the path at the top.
    fn crumb(&self, world: &World) -> String {
        self.title(world)
    }
    /// What it asks for.
    fn keys(&self, world: &World) -> Vec<Key>;
    /// Its rows, from what is known by now. What [`Listed::keys`] or [`Listed::title`] need of them is kept here.
    fn rows(&mut self, world: &World) -> Vec<Line<Self::Row>>;
    /// How fresh the rows are: as fresh as all that it asks for, where nothing else is said.
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&self.keys(world))
    }
    /// What to say where there is no row.
    fn empty(&self, world: &World) -> pane::Empty<'static>;
    /// What enter does on a row; none where a row cannot be opened.
    fn open(&self, _row: &Self::Row, _world: &World) -> Option<Vec<Act>> {
        None
    }
    /// What a command does on the selected row that is special to the list; none where it is not.
    fn own(&self, _command: Command, _row: &Self::Row, _world: &World) -> Option<Vec<Act>> {
        None
    }
    /// Whether its rows are things that something can be done to, several at once: each row's subject is what the row is about.
    fn takes_several(&self) -> bool {
        false
    }
    /// What it does itself on several marked rows: the commands that [`Listed::own_of_several`] takes.
    fn also(&self) -> &'static [Command] {
        &[]
    }
    /// The same as [`Listed::own`], on all marked rows where any is.
    fn own_of_several(&self, _command: Command, _rows: &[&Self::Row], _world: &World) -> Option<Vec<Act>> {
        None
    }
    /// What the actions are about when a row is selected.
    fn subject(&self, _row: &Arc<Self::Row>, _world: &World) -> Subject {
        Subject::Nothing
    }
    /// What they are about when no row is: what the list belongs to.
    fn owner(&self, _world: &World) -> Subject {
        Subject::Nothing
    }
    /// What is told of the selected row beside the rows, where the screen is wide; what enter opens, where nothing else is
    /// said.
    fn sheet(&self, row: &Arc<Self::Row>, world: &World) -> Option<Sheet> {
        self.open(row, world)?.iter().find_map(|act| match act {
            Act::Open(route) => sheets::of(route, world),
            _ => None,
        })
    }
    /// How the selected row is told in full below the rows, where nothing stands beside them; none where the columns say all.
    fn detail(&self) -> Option<Detail<Self::Row>> {
        None
    }
}

/// Draws one row in full.
pub type Detail<T> = fn(&T, &World, Rect, &mut Painter<'_>);

/// Below this height the rows need the room that a detail would take.
const LEAST_FOR_DETAIL: u16 = 12;

/// The screen of a list.
#[derive(Debug)]
pub struct ListScreen<L: Listed> {
    listed: L,
    list: List<L::Row>,
    beside: Beside,
}

impl<L: Listed> ListScreen<L> {
    /// The screen, with no row yet.
    pub fn new(listed: L) -> Self {
        let list = List::titled(listed.titled());
        Self { listed, list, beside: Beside::default() }
    }

    fn follow(&mut self, world: &World) {
        let selected = self.list.selected();
        let id = selected.map(|line| line.record.id());
        let sheet = || self.listed.sheet(&selected?.record, world);
        self.beside.follow(id.as_deref(), world, sheet);
    }

    fn own_of_several(&self, command: Command, world: &World) -> Option<Vec<Act>> {
        if self.beside.is_full() || !self.listed.also().contains(&command) {
            return None;
        }
        let rows: Vec<&L::Row> = self.list.marked().into_iter().map(|line| &*line.record).collect();
        if rows.is_empty() { None } else { self.listed.own_of_several(command, &rows, world) }
    }

    /// Shows the selected row's sheet in full, or the rows again.
    fn turn_full(&mut self, world: &World) -> Vec<Act> {
        let opens = !self.beside.is_full();
        self.beside.turn_full();
        self.follow(world);
        let nothing = || Act::Say(Tone::Plain, "there is no more to tell of what is selected".to_owned());
        (opens && !self.beside.is_full()).then(nothing).into_iter().collect()
    }

    /// The selection may be another one now.
    fn moved(&mut self, world: &World) {
        self.beside.moved(self.list.selected().map(|line| line.record.id()).as_deref(), world);
    }
}

impl<L: Listed> Screen for ListScreen<L> {
    fn crumb(&self, world: &World) -> String {
        self.listed.crumb(world)
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        self.listed.keys(world).into_iter().chain(self.beside.keys(world)).collect()
    }
    fn sync(&mut self, world: &World) {
        let rows = self.listed.rows(world);
        self.list.set(rows, !self.listed.freshness(world).is_waiting(), world);
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
        if command == Command::Open {
            let acts = self.listed.open(&self.list.selected()?.record, world)?;
            self.list.choose();
            return Some(acts);
        }
        if let Some(acts) = self.own_of_several(command, world) {
            return Some(acts);
        }
        let selected = self.list.selected();
        if let Some(acts) = selected.and_then(|line| self.listed.own(command, &line.record, world)) {
            return Some(acts);
        }
        if command == Command::DetailFull {
            return Some(self.turn_full(world));
        }
        if self.beside.is_full() {
            return self.beside.scroll(command).then(Vec::new);
        }
        let own = self.list.handle(command, world);
        self.moved(world);
        own.then(Vec::new)
    }
    fn subject(&self, world: &World) -> Subject {
        match self.list.selected() {
            Some(line) => self.listed.subject(&line.record, world),
            None => self.listed.owner(world),
        }
    }
    fn marked(&self, world: &World) -> Marked {
        // Where the rows are out of sight what is done is done to the one that is shown in full.
        if self.beside.is_full() || !self.listed.takes_several() {
            return Marked::default();
        }
        let rows = self.list.marked().into_iter();
        let rows = rows.map(|line| (line.record.id().into_owned(), self.listed.subject(&line.record, world)));
        let hidden = self.list.table().hidden_marks();
        Marked { rows: rows.collect(), hidden, also: self.listed.also(), route: None }
    }
    fn unmark(&mut self, rows: &[String]) {
        self.list.unmark(rows);
    }
    fn filter(&mut self, text: &str, world: &World) -> Result<(), FilterError> {
        let read = self.list.filter(text, world);
        self.moved(world);
        read
    }
    fn is_text(&self) -> bool {
        self.beside.is_full()
    }
    fn pointed(&mut self, spot: &Spot, asked: Asked, _: u16, world: &World) -> bool {
        let Spot::Row(row) = spot else { return false };
        let met = !self.beside.is_full() && self.list.point(row, asked);
        self.moved(world);
        met
    }
    fn has_detail(&self) -> bool {
        self.list.selected().is_some() && !self.beside.is_full()
    }
    fn listing(&self) -> Option<&dyn Listing> {
        // Where the rows are out of sight nothing filters or sorts them.
        (!self.beside.is_full()).then_some(&self.list)
    }
    fn listing_mut(&mut self) -> Option<&mut dyn Listing> {
        (!self.beside.is_full()).then_some(&mut self.list)
    }
    fn is_filtering(&self) -> bool {
        self.list.table().is_filtering()
    }
    fn step(&mut self, world: &World) -> bool {
        self.list.step(world)
    }
    fn unfilter(&mut self, world: &World) -> bool {
        if self.beside.is_full() {
            self.turn_full(world);
            return true;
        }
        let restricted = self.list.unfilter(world);
        self.moved(world);
        restricted
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if self.beside.view_full(world, area, painter) {
            return;
        }
        let area = self.beside.view(world, area, painter);
        let below = self.listed.detail().filter(|_| area.height >= LEAST_FOR_DETAIL && !world.beside);
        let detail = below.zip(self.list.selected());
        let below = detail.map_or(0, |_| (area.height / 3).clamp(5, 10));
        let above = Rect::new(area.x, area.y, area.width, area.height - below);
        let (title, fresh, empty) = (self.listed.title(world), self.listed.freshness(world), self.listed.empty(world));
        pane::view_list(&self.list, &title, &fresh, empty, world, above, painter);
        if let Some((view, line)) = detail {
            view(&line.record, world, Rect::new(area.x, above.bottom(), area.width, below), painter);
        }
    }
}
