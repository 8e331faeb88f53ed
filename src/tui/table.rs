//! Tables over any number of rows: sorted and filtered once when data change, and only the rows in view are ever built.

mod column;
mod grid;
mod places;
mod view;

pub use column::{Cell, Column, Same, When};
pub use grid::Grid;

use crate::tui::command::Command;
use crate::tui::store::Line;
use crate::tui::world::World;
use std::borrow::Cow;
use std::cell::Cell as Memo;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What a table needs to know of its rows.
pub trait Record: Sized + 'static {
    /// What tells it from all others; the selection follows it.
    fn id(&self) -> Cow<'_, str>;
    /// Its columns.
    fn columns() -> &'static [Column<Self>];
    /// Appends the words that a filter looks at.
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
    selected: Option<String>,
    /// Whether the cursor stands where a person put it. Until then it stays at the top, whatever comes in.
    moved: bool,
    sort: Option<(usize, bool)>,
    filter: String,
    problems: bool,
    marks: BTreeSet<String>,
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
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), table: Table::default() }
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List").field("lines", &self.lines.len()).field("table", &self.table).finish()
    }
}

impl<T: Record> List<T> {
    /// An empty list; its title tells what the columns shown at `titled` would.
    pub fn titled(titled: Option<When>) -> Self {
        Self { lines: Vec::new(), table: Table { titled, ..Table::default() } }
    }

    /// Takes new rows; the selection stays on its row wherever that went, or at the top when nobody ever moved it.
    pub fn set(&mut self, lines: Vec<Line<T>>) {
        self.lines = lines;
        self.arrange();
    }

    /// Finds the columns that say the same in every row, shown or not. As long as rows still come in none moves to the title
    /// that is not there yet, so that none comes and goes; one row alone has nothing to be the same as.
    pub fn tell_once(&mut self, whole: bool, world: &World) {
        let before = std::mem::take(&mut self.table.once);
        self.table.compared = 0;
        let [first, others @ ..] = self.lines.as_slice() else { return };
        if others.is_empty() {
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

    /// Sorts and filters, and finds the selected row again.
    fn arrange(&mut self) {
        let table = &mut self.table;
        let needles: Vec<String> = table.filter.split_whitespace().map(str::to_lowercase).collect();
        let mut words = String::new();
        let lines = &self.lines;
        table.order = (0..lines.len() as u32)
            .filter(|index| {
                let record = &*lines[*index as usize].record;
                if table.problems && !record.is_problem() {
                    return false;
                }
                if needles.is_empty() {
                    return true;
                }
                words.clear();
                record.words(&mut words);
                let words = words.to_lowercase();
                needles.iter().all(|needle| words.contains(needle.as_str()))
            })
            .collect();
        if let Some((column, reversed)) = table.sort
            && let Some(order) = T::columns().get(column).and_then(|column| column.order)
        {
            table.order.sort_by(|a, b| {
                let ordering = order(&lines[*a as usize].record, &lines[*b as usize].record);
                if reversed { ordering.reverse() } else { ordering }
            });
        }
        table.built.set(0);
        if !table.moved {
            table.cursor = 0;
        } else if let Some(selected) = &table.selected
            && let Some(found) = table.order.iter().position(|index| lines[*index as usize].record.id() == *selected)
        {
            table.cursor = found;
        }
        table.cursor = table.cursor.min(table.order.len().saturating_sub(1));
        self.remember();
    }

    /// The same for other rows than before, or the same in another order.
    fn rearrange(&mut self) {
        self.table.widest.set([0; MOST_COLUMNS]);
        self.arrange();
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
        self.table.moved = true;
        self.selected()
    }

    /// The marked rows, in the order of the data.
    pub fn marked(&self) -> Vec<&Line<T>> {
        self.lines.iter().filter(|line| self.table.marks.contains(&*line.record.id())).collect()
    }

    /// Marks exactly the rows for which `marked` holds.
    pub fn mark_where(&mut self, marked: impl Fn(&T) -> bool) {
        self.table.marks =
            self.lines.iter().filter(|line| marked(&line.record)).map(|line| line.record.id().into_owned()).collect();
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

    /// Shows only rows that hold every word of this text.
    pub fn filter(&mut self, text: &str) {
        if self.table.filter != text {
            text.clone_into(&mut self.table.filter);
            self.rearrange();
        }
    }

    /// Shows all rows again; false when nothing restricted them.
    pub fn unfilter(&mut self) -> bool {
        let restricted = self.table.problems || !self.table.filter.is_empty();
        if restricted {
            self.table.problems = false;
            self.table.filter.clear();
            self.rearrange();
        }
        restricted
    }

    /// Puts the selection on a row.
    pub fn select(&mut self, id: &str) {
        self.table.selected = Some(id.to_owned());
        self.table.moved = true;
        self.arrange();
    }

    /// Moves, sorts, marks; false when the command is not a table's.
    pub fn handle(&mut self, command: Command) -> bool {
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
            Command::SortNext => return self.sort_next(),
            Command::SortReverse => {
                let sort = self.table.sort.or_else(|| self.sortable().next().map(|column| (column, false)));
                self.table.sort = sort.map(|(column, reversed)| (column, !reversed));
                self.rearrange();
                return true;
            }
            Command::Failures => {
                self.table.problems = !self.table.problems;
                self.rearrange();
                return true;
            }
            Command::Mark => return self.mark(),
            Command::ClearMarks => {
                self.table.marks.clear();
                return true;
            }
            _ => return false,
        };
        self.table.moved = true;
        self.remember();
        true
    }

    fn sortable(&self) -> impl Iterator<Item = usize> {
        let columns = T::columns().iter().enumerate().filter(|(_, column)| column.order.is_some());
        columns.filter(|(index, column)| self.table.has(*index, column.when)).map(|(index, _)| index)
    }

    /// The next column that can be sorted by, and after the last the data's own order.
    fn sort_next(&mut self) -> bool {
        let from = self.table.sort.map_or(0, |(column, _)| column + 1);
        let next = self.sortable().find(|column| *column >= from);
        self.table.sort = next.map(|column| (column, false));
        self.rearrange();
        true
    }

    fn mark(&mut self) -> bool {
        if let Some(id) = self.table.selected.clone() {
            if !self.table.marks.remove(&id) {
                self.table.marks.insert(id);
            }
            self.handle(Command::Down);
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
        self.has(column, when) && when.holds(world)
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

    /// Whether only problems are shown.
    pub fn only_problems(&self) -> bool {
        self.problems
    }

    /// How many rows are marked.
    pub fn marks(&self) -> usize {
        self.marks.len()
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
