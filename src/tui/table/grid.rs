//! A list as a grid: what its rows are called at the left, and one cell for each of any number of columns beside it.
//!
//! Where not all cells fit, the window over them moves with the chosen one, and signs in the heading say that there is more.

use super::places::places;
use super::view::GUTTER;
use super::{List, Record, When};
use crate::tui::paint::{Painter, Segments, segments_width};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::zone::Spot;
use ratatui::layout::Rect;

/// Between two cells.
const GAP: u16 = 2;
/// What the names keep however many cells there are.
const LEAST_FOR_NAMES: u16 = 20;
/// No cell is wider.
const WIDEST: u16 = 24;

/// The cells beside the rows' names.
pub struct Grid<'a, T> {
    /// What stands above each column of cells.
    pub titles: &'a [String],
    /// The chosen column.
    pub at: usize,
    /// What stands in a cell.
    pub cell: fn(&T, usize, &World) -> Segments<'static>,
}

/// Where the cells are.
struct Cells {
    x: u16,
    /// How wide each is.
    width: u16,
    /// The first one in view.
    first: usize,
    /// How many are in view.
    shown: usize,
}

impl Cells {
    /// Where each cell in view stands.
    fn places(&self) -> impl Iterator<Item = (usize, u16)> {
        let (x, step) = (self.x, self.width + GAP);
        (self.first..self.first + self.shown).zip((0..).map(move |nth: u16| x + nth * step))
    }
}

impl<T: Record> List<T> {
    /// Draws the heading and the rows that fit, as a grid.
    pub fn view_grid(&self, grid: &Grid<'_, T>, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 2 || area.width < 10 {
            return;
        }
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
        let visible = usize::from(body.height);
        let total = self.table.order.len();
        let offset = self.table.offset(visible);
        self.table.seen.set((offset, visible));
        let rows = self.build(offset, visible, world);
        let told: Vec<Vec<Segments<'static>>> = rows
            .iter()
            .map(|row| (0..grid.titles.len()).map(|nth| (grid.cell)(&row.line.record, nth, world)).collect())
            .collect();
        let titles = grid.titles.iter().map(|title| text::columns(title));
        let width = titles.chain(told.iter().flatten().map(segments_width)).max().unwrap_or_default().min(WIDEST);
        let room = area.width - GUTTER - u16::from(total > visible);
        let all = grid.titles.len() as u16 * (width + GAP);
        let for_names = room.saturating_sub(all).max(LEAST_FOR_NAMES.min(room.saturating_sub(width + GAP)));
        let widest = self.table.measure(&rows, T::columns().iter().map(|column| column.title), painter);
        let applies = |column: usize, when: When| self.table.shows(column, when, world);
        let order = self.table.order_of(T::columns().len());
        let names = places(T::columns(), &order, applies, &widest, for_names);
        let used = names.last().map_or(0, |(_, x, width)| x + width) + GAP;
        let shown = usize::from((room.saturating_sub(used) + GAP) / (width + GAP)).min(grid.titles.len());
        let first = (grid.at + 1).saturating_sub(shown.max(1)).min(grid.titles.len().saturating_sub(shown));
        let cells = Cells { x: area.x + GUTTER + used, width, first, shown };
        self.view_heading(area, &names, painter);
        view_titles(grid, &cells, area, painter);
        for (nth, (row, told)) in rows.iter().zip(&told).enumerate() {
            let y = body.y + nth as u16;
            painter.zone(Rect::new(body.x, y, body.width, 1), Spot::Row(row.line.record.id().into_owned()));
            self.view_row(row, Rect::new(body.x, y, GUTTER + used - GAP, 1), &names, painter);
            for (at, x) in cells.places() {
                let Some(told) = told.get(at) else { continue };
                let base = match (row.selected && at == grid.at, row.line.stale) {
                    (true, _) => Some(Role::Selected),
                    (false, true) => Some(Role::Stale),
                    (false, false) => None,
                };
                if base == Some(Role::Selected) {
                    painter.style(Rect::new(x, y, width, 1), Role::Selected);
                }
                let told: Segments<'_> =
                    told.iter().map(|(text, role)| (text.clone(), base.unwrap_or(*role))).collect();
                painter.line(x, y, width, &told);
            }
        }
        painter.scrollbar(body, offset, visible, total);
    }
}

fn view_titles<T>(grid: &Grid<'_, T>, cells: &Cells, area: Rect, painter: &mut Painter<'_>) {
    for (at, x) in cells.places() {
        let role = if at == grid.at { Role::Strong } else { Role::Dim };
        painter.put(x, area.y, cells.width, &grid.titles[at], role);
    }
    let more = painter.glyphs.ellipsis;
    if cells.first > 0 {
        painter.put(cells.x - 1, area.y, 1, more, Role::Dim);
    }
    if cells.first + cells.shown < grid.titles.len() {
        painter.put(area.right().saturating_sub(1), area.y, 1, more, Role::Dim);
    }
}
