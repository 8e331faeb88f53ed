//! Tables over any number of rows: sorted and filtered once when data change, and only the rows in view are ever built.

mod places;

use crate::tui::command::Command;
use crate::tui::paint::Painter;
use crate::tui::store::Line;
use crate::tui::text::{self, Elide};
use crate::tui::theme::Role;
use crate::tui::world::World;
use places::places;
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::cell::Cell as Memo;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text.
    pub text: Cow<'static, str>,
    /// How it looks.
    pub role: Role,
}

impl Cell {
    /// A text with a role.
    pub fn new(text: impl Into<Cow<'static, str>>, role: Role) -> Self {
        Self { text: text.into(), role }
    }

    /// Plain text.
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(text, Role::Text)
    }

    /// Text that matters less.
    pub fn dim(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(text, Role::Dim)
    }
}

/// When a column is worth its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// When rows of several accounts are shown.
    ManyAccounts,
    /// When rows of several regions are shown.
    ManyRegions,
}

/// A column, as data.
pub struct Column<T: ?Sized> {
    title: &'static str,
    minimum: u16,
    ideal: u16,
    grows: bool,
    priority: u8,
    right: bool,
    elide: Elide,
    when: When,
    cell: fn(&T, &World) -> Cell,
    order: Option<fn(&T, &T) -> Ordering>,
}

impl<T: ?Sized> Column<T> {
    /// A column that needs `minimum` columns of the screen and is glad of `ideal`.
    pub const fn new(title: &'static str, minimum: u16, ideal: u16, cell: fn(&T, &World) -> Cell) -> Self {
        Self {
            title,
            minimum,
            ideal,
            grows: false,
            priority: 0,
            right: false,
            elide: Elide::Right,
            when: When::Always,
            cell,
            order: None,
        }
    }

    /// Takes what room is left over.
    pub const fn grows(mut self) -> Self {
        self.grows = true;
        self
    }

    /// Gives way when the screen is narrow: the highest first; 0 stays.
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// Ends its texts at its right edge.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// Where its texts are cut.
    pub const fn elide(mut self, elide: Elide) -> Self {
        self.elide = elide;
        self
    }

    /// Only shown when.
    pub const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Can be sorted by.
    pub const fn sorted(mut self, order: fn(&T, &T) -> Ordering) -> Self {
        self.order = Some(order);
        self
    }
}

/// What a table needs to know of its rows.
pub trait Record: 'static {
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
    sort: Option<(usize, bool)>,
    filter: String,
    problems: bool,
    marks: BTreeSet<String>,
    /// What the last frame showed: the first row, and how many.
    seen: Memo<(usize, usize)>,
    built: Memo<usize>,
}

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

/// What is left of a width when the columns stand beside each other with gaps of one.
const GAP: u16 = 1;
/// The place of the cursor and the mark in front of each row.
const GUTTER: u16 = 2;

impl<T: Record> List<T> {
    /// Takes new rows; the selection stays on its row wherever that went.
    pub fn set(&mut self, lines: Vec<Line<T>>) {
        self.lines = lines;
        self.arrange();
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
        if let Some(selected) = &table.selected
            && let Some(found) = table.order.iter().position(|index| lines[*index as usize].record.id() == *selected)
        {
            table.cursor = found;
        }
        table.cursor = table.cursor.min(table.order.len().saturating_sub(1));
        self.remember();
    }

    fn remember(&mut self) {
        self.table.selected = self.selected().map(|line| line.record.id().into_owned());
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Line<T>> {
        self.table.order.get(self.table.cursor).map(|index| &self.lines[*index as usize])
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

    /// Shows only rows that hold every word of this text.
    pub fn filter(&mut self, text: &str) {
        if self.table.filter != text {
            text.clone_into(&mut self.table.filter);
            self.arrange();
        }
    }

    /// Shows all rows again; false when nothing restricted them.
    pub fn unfilter(&mut self) -> bool {
        let restricted = self.table.problems || !self.table.filter.is_empty();
        if restricted {
            self.table.problems = false;
            self.table.filter.clear();
            self.arrange();
        }
        restricted
    }

    /// Puts the selection on a row.
    pub fn select(&mut self, id: &str) {
        self.table.selected = Some(id.to_owned());
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
                let sort = self.table.sort.or_else(|| Self::sortable().next().map(|column| (column, false)));
                self.table.sort = sort.map(|(column, reversed)| (column, !reversed));
                self.arrange();
                return true;
            }
            Command::Failures => {
                self.table.problems = !self.table.problems;
                self.arrange();
                return true;
            }
            Command::Mark => return self.mark(),
            Command::ClearMarks => {
                self.table.marks.clear();
                return true;
            }
            _ => return false,
        };
        self.remember();
        true
    }

    fn sortable() -> impl Iterator<Item = usize> + use<T> {
        T::columns().iter().enumerate().filter(|(_, column)| column.order.is_some()).map(|(index, _)| index)
    }

    /// The next column that can be sorted by, and after the last the data's own order.
    fn sort_next(&mut self) -> bool {
        let from = self.table.sort.map_or(0, |(column, _)| column + 1);
        let next = Self::sortable().find(|column| *column >= from);
        self.table.sort = next.map(|column| (column, false));
        self.arrange();
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

    /// Draws the heading and the rows that fit.
    pub fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 2 || area.width < 10 {
            return;
        }
        let columns = T::columns();
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
        let visible = usize::from(body.height);
        let total = self.table.order.len();
        let scrolls = total > visible;
        let places = places(columns, world, area.width - GUTTER - u16::from(scrolls));
        self.view_heading(area, &places, painter);
        let offset = self.table.offset(visible);
        self.table.seen.set((offset, visible));
        let mut built = 0;
        for (row, index) in self.table.order.iter().skip(offset).take(visible).enumerate() {
            let line = &self.lines[*index as usize];
            let y = body.y + row as u16;
            let selected = offset + row == self.table.cursor;
            self.view_row(line, selected, Rect::new(body.x, y, body.width, 1), &places, world, painter);
            built += 1;
        }
        self.table.built.set(built);
        painter.scrollbar(body, offset, visible, total);
    }

    fn view_heading(&self, area: Rect, places: &[(usize, u16, u16)], painter: &mut Painter<'_>) {
        let columns = T::columns();
        for (index, x, width) in places {
            let column = &columns[*index];
            let mark = match self.table.sort {
                Some((sorted, reversed)) if sorted == *index => {
                    if reversed {
                        painter.glyphs.descending
                    } else {
                        painter.glyphs.ascending
                    }
                }
                _ => "",
            };
            let title = format!("{}{mark}", column.title);
            if column.right {
                painter.put_right(area.x + GUTTER + x, area.y, *width, &title, Role::Dim);
            } else {
                painter.put(area.x + GUTTER + x, area.y, *width, &title, Role::Dim);
            }
        }
    }

    fn view_row(
        &self,
        line: &Line<T>,
        selected: bool,
        area: Rect,
        places: &[(usize, u16, u16)],
        world: &World,
        painter: &mut Painter<'_>,
    ) {
        let marked = !self.table.marks.is_empty() && self.table.marks.contains(&*line.record.id());
        let base = match (selected, line.stale) {
            (true, _) => Some(Role::Selected),
            (false, true) => Some(Role::Stale),
            (false, false) => None,
        };
        if selected {
            painter.style(area, Role::Selected);
            painter.put(area.x, area.y, 1, painter.glyphs.cursor, Role::Selected);
        }
        if marked {
            painter.put(area.x + 1, area.y, 1, painter.glyphs.mark, base.unwrap_or(Role::Marked));
        }
        let columns = T::columns();
        for (index, x, width) in places {
            let column = &columns[*index];
            let cell = (column.cell)(&line.record, world);
            let role = base.unwrap_or(if marked { Role::Marked } else { cell.role });
            let x = area.x + GUTTER + x;
            if column.right {
                painter.put_right(x, area.y, *width, &cell.text, role);
            } else {
                painter.put_elided(x, area.y, *width, &cell.text, role, column.elide);
            }
        }
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

/// How wide a text is, for columns that are measured.
pub fn wide(text: &str) -> u16 {
    text::width(text) as u16
}
