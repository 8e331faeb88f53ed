//! A table on the screen: only the rows in view are built, each once, and their texts say how wide the columns are.

use super::places::places;
use super::{Cell, List, MOST_COLUMNS, Record, Table, When};
use crate::tui::paint::Painter;
use crate::tui::store::Line;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
use ratatui::layout::Rect;

/// The place of the cursor and the mark in front of each row.
pub(super) const GUTTER: u16 = 2;

/// A row in view, with its cells.
pub(super) struct Built<'a, T> {
    pub(super) line: &'a Line<T>,
    cells: Vec<Cell>,
    pub(super) selected: bool,
}

impl<T: Record> List<T> {
    /// Draws the heading and the rows that fit.
    pub fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 2 || area.width < 10 {
            return;
        }
        let columns = T::columns();
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
        let visible = usize::from(body.height);
        let total = self.table.order.len();
        let offset = self.table.offset(visible);
        self.table.seen.set((offset, visible));
        let rows = self.build(offset, visible, world);
        let widest = self.table.measure(&rows, columns.iter().map(|column| column.title), painter);
        let room = area.width - GUTTER - u16::from(total > visible);
        let applies = |column: usize, when: When| self.table.shows(column, when, world);
        let places = places(columns, &self.table.order_of(columns.len()), applies, &widest, room);
        self.view_heading(area, &places, painter);
        for (nth, row) in rows.iter().enumerate() {
            let area = Rect::new(body.x, body.y + nth as u16, body.width, 1);
            painter.zone(area, Spot::Row(row.line.record.id().into_owned()));
            self.view_row(row, area, &places, painter);
        }
        painter.scrollbar(body, offset, visible, total);
    }

    pub(super) fn build(&self, offset: usize, visible: usize, world: &World) -> Vec<Built<'_, T>> {
        let in_view = self.table.order.iter().enumerate().skip(offset).take(visible);
        let rows: Vec<Built<'_, T>> = in_view
            .map(|(position, index)| {
                let line = &self.lines[*index as usize];
                let cells = T::columns().iter().map(|column| column.cell(&line.record, world)).collect();
                Built { line, cells, selected: position == self.table.cursor }
            })
            .collect();
        self.table.built.set(rows.len());
        rows
    }

    pub(super) fn view_heading(&self, area: Rect, places: &[(usize, u16, u16)], painter: &mut Painter<'_>) {
        let columns = T::columns();
        for (index, x, width) in places {
            let column = &columns[*index];
            let title = format!("{}{}", column.title, self.table.mark_of(*index, painter));
            if column.right {
                painter.put_right(area.x + GUTTER + x, area.y, *width, &title, Role::Dim);
            } else {
                painter.put(area.x + GUTTER + x, area.y, *width, &title, Role::Dim);
            }
        }
    }

    pub(super) fn view_row(
        &self,
        row: &Built<'_, T>,
        area: Rect,
        places: &[(usize, u16, u16)],
        painter: &mut Painter<'_>,
    ) {
        let marked = !self.table.marks.is_empty() && self.table.marks.contains(&*row.line.record.id());
        let lit = row.selected && !self.table.aside;
        let base = match (lit, row.line.stale) {
            (true, _) => Some(Role::Selected),
            (false, true) => Some(Role::Stale),
            (false, false) => None,
        };
        if row.selected && !lit {
            painter.put(area.x, area.y, 1, painter.glyphs.cursor, Role::Dim);
        }
        if lit {
            painter.style(area, Role::Selected);
            painter.put(area.x, area.y, 1, painter.glyphs.cursor, Role::Selected);
        }
        if marked {
            painter.put(area.x + 1, area.y, 1, painter.glyphs.mark, base.unwrap_or(Role::Marked));
        }
        let columns = T::columns();
        for (index, x, width) in places {
            let (column, cell) = (&columns[*index], &row.cells[*index]);
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

impl<T: Record> List<T> {
    /// Does what the pointer asks on a row; false where it is not shown any more.
    pub(super) fn point_at(&mut self, row: &str, asked: Asked) -> bool {
        let (offset, visible) = self.table.seen.get();
        let in_view = self.table.order.iter().enumerate().skip(offset).take(visible);
        let mut found = in_view.map(|(place, index)| (place, &self.lines[*index as usize].record));
        let Some((place, _)) = found.find(|(_, record)| *record.id() == *row) else { return false };
        match asked {
            Asked::Select => self.table.cursor = place,
            Asked::Scroll(by) => {
                let last = self.table.order.len().saturating_sub(visible);
                let offset = offset.saturating_add_signed(by).min(last);
                self.table.seen.set((offset, visible));
                let cursor = self.table.cursor.clamp(offset, (offset + visible).saturating_sub(1));
                if cursor == self.table.cursor {
                    return true;
                }
                // What keys act on stays in view.
                self.table.cursor = cursor;
            }
        }
        self.stay();
        true
    }
}

impl Table {
    /// How rows are sorted by a column, and where there are several keys, as which of them.
    fn mark_of(&self, column: usize, painter: &Painter<'_>) -> String {
        let Some(nth) = self.sort.iter().position(|(sorted, _)| *sorted == column) else { return String::new() };
        let arrow = if self.sort[nth].1 { painter.glyphs.descending } else { painter.glyphs.ascending };
        if self.sort.len() > 1 { format!("{arrow}{}", nth + 1) } else { arrow.to_owned() }
    }

    /// How wide each column's texts and title are, 0 where no row has a text. What was wide once stays wide, so that
    /// columns do not move to and fro while one scrolls.
    pub(super) fn measure<T>(
        &self,
        rows: &[Built<'_, T>],
        titles: impl Iterator<Item = &'static str>,
        painter: &Painter<'_>,
    ) -> [u16; MOST_COLUMNS] {
        let mut widest = self.widest.get();
        for row in rows {
            for (wide, cell) in widest.iter_mut().zip(&row.cells) {
                *wide = (*wide).max(text::columns(&painter.shown(&cell.text)));
            }
        }
        self.widest.set(widest);
        for (index, (wide, title)) in widest.iter_mut().zip(titles).enumerate() {
            if *wide > 0 {
                *wide = (*wide).max(text::columns(title) + text::columns(&self.mark_of(index, painter)));
            }
        }
        widest
    }
}
