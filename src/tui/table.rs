//! Tables over any number of rows: sorted and filtered once when data change, and only the rows in view are ever built.

mod arrangement;
mod column;
mod filtering;
mod grid;
mod places;
mod view;

pub use column::{Cell, Column, Same, When};
pub use filtering::Listing;
pub use grid::Grid;

use crate::client::attributes::Attribute;
use crate::domain::filter::Filter;
use crate::tui::command::Command;
use crate::tui::store::Line;
use crate::tui::world::World;
use filtering::Fresh;
use std::borrow::Cow;
use std::cell::Cell as Memo;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

/// What a table needs to know of its rows.
pub trait Record: Sized + 'static {
    /// What tells it from all others; the selection follows it.
    fn id(&self) -> Cow<'_, str>;
    /// Its columns.
    fn columns() -> &'static [Column<Self>];
    /// What else filters know of it: what the command line tells of it as JSON and CSV.
    fn attributes() -> &'static [&'static Attribute<Self>] {
        &[]
    }
    /// Appends the words that text in a filter is looked for in.
    fn words(&self, words: &mut String);
    /// Whether it is one of the problems that `f` shows.
    fn is_problem(&self) -> bool {
        false
    }
}

/// Which rows a table shows, in what order, and where one is in it.
#[derive(Debug, Default)]
pub struct Table {
    order: Vec<u32>,
    cursor: usize,
    /// The row in view that the cursor stands on.
    selected: Option<String>,
    /// The row that somebody put the cursor on. It stays the one to come back to while a filter hides it.
    anchor: Option<String>,
    /// Whether the cursor stands where a person put it. Until then it stays at the top, whatever comes in.
    moved: bool,
    /// What rows are sorted by, the first key first: the column, and whether the other way round.
    sort: Vec<(usize, bool)>,
    /// The columns that somebody chose, in their order; the list's own where there is none.
    chosen: Vec<usize>,
    /// The filter as it was written, and as it was read.
    filter: String,
    read: Filter,
    /// Where no row passes it: its terms, with how many rows pass each alone.
    apart: Vec<(String, usize)>,
    /// Whether rows are still to be looked at; until then those are shown that were.
    filtering: bool,
    problems: bool,
    /// The marked rows. A mark is of one row, whatever sorts, filters or refreshes the list; it goes with its row.
    marks: BTreeSet<String>,
    /// How many of them a filter hides.
    hidden_marks: usize,
    /// What the last frame showed: the first row, and how many.
    seen: Memo<(usize, usize)>,
    /// How wide the widest text of each column was that was in view since the rows were last sorted or filtered.
    widest: Memo<[u16; MOST_COLUMNS]>,
    built: Memo<usize>,
    /// What the title tells of all rows, so that its columns are left out.
    titled: Option<When>,
    /// The columns that say the same in every row, with what they say: it is told once, in the title.
    once: Vec<Once>,
    /// How many rows were compared to find them, when data changed last.
    compared: usize,
    /// Whether another pane has the keys: the selected row is marked, and not lit.
    aside: bool,
}

/// What a column says in every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    column: usize,
    /// The column's title, as a word.
    pub title: String,
    /// What stands in it.
    pub text: String,
}

/// No table has more columns.
const MOST_COLUMNS: usize = 16;

/// Rows with their table.
pub struct List<T> {
    lines: Vec<Line<T>>,
    table: Table,
    pass: Option<filtering::Pass<T>>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), table: Table::default(), pass: None }
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List").field("lines", &self.lines.len()).field("table", &self.table).finish_non_exhaustive()
    }
}

impl<T: Record> List<T> {
    /// An empty list; its title tells what the columns shown at `titled` would.
    pub fn titled(titled: Option<When>) -> Self {
        Self { lines: Vec::new(), table: Table { titled, ..Table::default() }, pass: None }
    }

    /// Takes new rows; the selection stays on its row wherever that went, or at the top when nobody ever moved it. `whole` is
    /// whether no more rows are on their way.
    pub fn set(&mut self, lines: Vec<Line<T>>, whole: bool, world: &World) {
        self.begin(Some(Fresh { lines, whole }), world);
    }

    /// Finds the columns that say the same in every row, shown or not. As long as rows still come in none moves to the title
    /// that is not there yet, so that none comes and goes; one row alone has nothing to be the same as.
    fn tell_once(&mut self, whole: bool, world: &World) {
        let before = std::mem::take(&mut self.table.once);
        self.table.compared = 0;
        let [first, others @ ..] = self.lines.as_slice() else { return };
        if others.is_empty() || !self.table.chosen.is_empty() {
            return;
        }
        let mut live: Vec<(usize, &Column<T>, Same<T>)> = Vec::new();
        for (index, column) in T::columns().iter().enumerate() {
            let was = before.iter().any(|once| once.column == index);
            let may = self.table.shows(index, column.when, world) && (whole || was);
            live.extend(column.same.filter(|_| may).map(|same| (index, column, same)));
        }
        for line in others {
            if live.is_empty() {
                break;
            }
            self.table.compared += live.len();
            live.retain(|(.., same)| same(&first.record, &line.record));
        }
        for (index, column, _) in live {
            let text = column.cell(&first.record, world).text.into_owned();
            if !text.is_empty() && text != world.glyphs.none {
                self.table.once.push(Once { column: index, title: column.title.to_lowercase(), text });
            }
        }
    }

    /// Sorts the rows that are left, and finds the selected one again.
    fn arrange(&mut self) {
        let (table, lines) = (&mut self.table, &self.lines);
        let orders: Vec<_> = table
            .sort
            .iter()
            .filter_map(|(column, reversed)| Some((T::columns().get(*column)?.order?, *reversed)))
            .collect();
        if !orders.is_empty() {
            table.order.sort_by(|a, b| {
                let (a, b) = (&lines[*a as usize].record, &lines[*b as usize].record);
                let keys = orders.iter().map(|(order, reversed)| {
                    let ordering = order(a, b);
                    if *reversed { ordering.reverse() } else { ordering }
                });
                keys.fold(Ordering::Equal, Ordering::then)
            });
        }
        table.built.set(0);
        if !table.moved {
            table.cursor = 0;
        } else if let Some(anchor) = &table.anchor
            && let Some(found) = table.order.iter().position(|index| lines[*index as usize].record.id() == *anchor)
        {
            table.cursor = found;
        }
        table.cursor = table.cursor.min(table.order.len().saturating_sub(1));
        self.remember();
        self.count_hidden();
        // Of a row that is gone for good the one in its place is the one to stay on.
        let is_gone = |anchor: &String| !self.lines.iter().any(|line| line.record.id() == *anchor);
        if self.table.selected.is_some()
            && self.table.selected != self.table.anchor
            && self.table.anchor.as_ref().is_some_and(is_gone)
        {
            self.table.anchor.clone_from(&self.table.selected);
        }
    }

    /// The same for other rows than before, or the same in another order.
    fn rearrange(&mut self, world: &World) {
        self.table.widest.set([0; MOST_COLUMNS]);
        self.begin(None, world);
    }

    fn remember(&mut self) {
        self.table.selected = self.selected().map(|line| line.record.id().into_owned());
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Line<T>> {
        self.table.order.get(self.table.cursor).map(|index| &self.lines[*index as usize])
    }

    /// The selected row, which someone chose: the cursor stays on it from now on.
    pub fn choose(&mut self) -> Option<&Line<T>> {
        self.stay();
        self.selected()
    }

    /// The cursor was put where it is.
    fn stay(&mut self) {
        self.table.moved = true;
        self.remember();
        if self.table.selected.is_some() {
            self.table.anchor.clone_from(&self.table.selected);
        }
    }

    /// The marked rows, in the order of the data.
    pub fn marked(&self) -> Vec<&Line<T>> {
        self.lines.iter().filter(|line| self.table.marks.contains(&*line.record.id())).collect()
    }

    /// Marks exactly the rows of these ids, those too that come later.
    pub fn mark_only(&mut self, ids: BTreeSet<String>) {
        self.table.marks = ids;
        self.count_hidden();
    }

    /// Takes the marks of these rows away.
    pub fn unmark(&mut self, ids: &[String]) {
        for id in ids {
            self.table.marks.remove(id);
        }
        self.count_hidden();
    }

    /// The rows that are shown, in their order.
    pub fn shown(&self) -> impl Iterator<Item = &Line<T>> {
        self.table.order.iter().map(|index| &self.lines[*index as usize])
    }

    /// Takes the marks of rows away that are gone, so that one that comes later is not marked by a name that it shares.
    fn forget_gone(&mut self) {
        if !self.table.marks.is_empty() {
            let here: HashSet<Cow<'_, str>> = self.lines.iter().map(|line| line.record.id()).collect();
            self.table.marks.retain(|id| here.contains(id.as_str()));
        }
    }

    fn count_hidden(&mut self) {
        let shown = || self.shown().filter(|line| self.table.marks.contains(&*line.record.id())).count();
        let marks = self.table.marks.len();
        self.table.hidden_marks = if marks == 0 { 0 } else { marks.saturating_sub(shown()) };
    }

    /// Marks all rows that are shown; where all of them are, unmarks them.
    fn mark_shown(&mut self) {
        let shown: Vec<String> = self.shown().map(|line| line.record.id().into_owned()).collect();
        if shown.iter().all(|id| self.table.marks.contains(id)) {
            self.unmark(&shown);
        } else {
            self.table.marks.extend(shown);
        }
    }

    /// All rows, shown or not.
    pub fn lines(&self) -> &[Line<T>] {
        &self.lines
    }

    /// The table's own state.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Says whether another pane has the keys.
    pub fn set_aside(&mut self, aside: bool) {
        self.table.aside = aside;
    }

    /// Puts the selection on a row.
    pub fn select(&mut self, id: &str) {
        self.table.anchor = Some(id.to_owned());
        self.table.moved = true;
        self.arrange();
    }

    /// Moves, sorts, marks; false when the command is not a table's.
    pub fn handle(&mut self, command: Command, world: &World) -> bool {
        let last = self.table.order.len().saturating_sub(1);
        let page = self.table.seen.get().1.max(1);
        let cursor = self.table.cursor;
        self.table.cursor = match command {
            Command::Down => (cursor + 1).min(last),
            Command::Up => cursor.saturating_sub(1),
            Command::PageDown => (cursor + page).min(last),
            Command::PageUp => cursor.saturating_sub(page),
            Command::HalfDown => (cursor + page.div_ceil(2)).min(last),
            Command::HalfUp => cursor.saturating_sub(page.div_ceil(2)),
            Command::Top => 0,
            Command::Bottom => last,
            Command::SortNext => return self.sort_next(world),
            Command::SortReverse => {
                let first = self.table.sort.first().copied().or_else(|| Some((self.sortable().next()?, false)));
                if let Some((column, reversed)) = first {
                    self.table.sort.splice(..self.table.sort.len().min(1), [(column, !reversed)]);
                }
                self.rearrange(world);
                return true;
            }
            Command::Failures => {
                self.table.problems = !self.table.problems;
                self.rearrange(world);
                return true;
            }
            Command::Mark => return self.mark(world),
            Command::MarkShown => {
                self.mark_shown();
                return true;
            }
            Command::ClearMarks => {
                self.table.marks.clear();
                self.table.hidden_marks = 0;
                return true;
            }
            _ => return false,
        };
        self.stay();
        true
    }

    fn sortable(&self) -> impl Iterator<Item = usize> {
        let columns = T::columns().iter().enumerate().filter(|(_, column)| column.order.is_some());
        columns.filter(|(index, column)| self.table.has(*index, column.when)).map(|(index, _)| index)
    }

    /// The next column that can be sorted by, and after the last the data's own order.
    fn sort_next(&mut self, world: &World) -> bool {
        let from = self.table.sort.first().map_or(0, |(column, _)| column + 1);
        let next = self.sortable().find(|column| *column >= from);
        self.table.sort = next.map(|column| (column, false)).into_iter().collect();
        self.rearrange(world);
        true
    }

    fn mark(&mut self, world: &World) -> bool {
        if let Some(id) = self.table.selected.clone() {
            if !self.table.marks.remove(&id) {
                self.table.marks.insert(id);
            }
            self.handle(Command::Down, world);
        }
        true
    }
}

impl Table {
    /// The first row in view: as it was, unless the cursor left the view.
    fn offset(&self, visible: usize) -> usize {
        let (before, _) = self.seen.get();
        let last = self.order.len().saturating_sub(visible);
        let lowest = (self.cursor + 1).saturating_sub(visible);
        before.clamp(lowest, self.cursor.max(lowest)).min(last.max(lowest))
    }

    /// Whether a column has anything to tell that the title does not.
    fn has(&self, column: usize, when: When) -> bool {
        Some(when) != self.titled && !self.once.iter().any(|once| once.column == column)
    }

    /// Whether a column is worth its room now.
    fn shows(&self, column: usize, when: When, world: &World) -> bool {
        if self.chosen.is_empty() { self.has(column, when) && when.holds(world) } else { self.chosen.contains(&column) }
    }

    /// So many columns in the order in which they stand.
    fn order_of(&self, columns: usize) -> Vec<usize> {
        if self.chosen.is_empty() { (0..columns).collect() } else { self.chosen.clone() }
    }

    /// What columns say that say the same in every row.
    pub fn once(&self) -> &[Once] {
        &self.once
    }

    /// How many rows were compared for that, when data changed last.
    pub fn compared(&self) -> usize {
        self.compared
    }

    /// How many rows there are to see.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Where the cursor stands, from 1; 0 when there is no row.
    pub fn position(&self) -> usize {
        if self.order.is_empty() { 0 } else { self.cursor + 1 }
    }

    /// The text that rows are filtered by.
    pub fn filter_text(&self) -> &str {
        &self.filter
    }

    /// Where no row passes the filter: its terms, with how many rows pass each alone.
    pub fn apart(&self) -> &[(String, usize)] {
        &self.apart
    }

    /// Whether rows are still to be looked at.
    pub fn is_filtering(&self) -> bool {
        self.filtering
    }

    /// Whether only problems are shown.
    pub fn only_problems(&self) -> bool {
        self.problems
    }

    /// How many rows are marked.
    pub fn marks(&self) -> usize {
        self.marks.len()
    }

    /// How many of the marked rows a filter hides.
    pub fn hidden_marks(&self) -> usize {
        self.hidden_marks
    }

    /// How many rows the last frame built.
    pub fn built(&self) -> usize {
        self.built.get()
    }
}

/// Compares texts without regard to case, numbers in them not specially.
pub fn by_text(a: &str, b: &str) -> Ordering {
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase)).then_with(|| a.cmp(b))
}
