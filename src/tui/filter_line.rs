//! The line that a filter is typed into: it is read with every key, says what it does not understand, and offers what can
//! stand where one types. A term that cannot be read yet is left out: the list stays as it was before it.

use crate::domain::filter::{Candidates, FilterError, Rule};
use crate::tui::command::Command;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::screens::screen::Screen;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::edit::Edit;
use crate::tui::world::World;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

/// An error takes no more lines of the screen.
const MOST_LINES: u16 = 3;

/// The line.
#[derive(Debug)]
pub struct FilterLine {
    edit: Edit,
    error: Option<FilterError>,
    offered: Option<Offered>,
}

/// What can stand where one types.
#[derive(Debug)]
struct Offered {
    found: Candidates,
    /// Which one was put in.
    nth: Option<usize>,
    /// The text before one was put in.
    text: String,
}

impl FilterLine {
    /// The line over a screen's list, with the filter that it has.
    pub fn new(text: &str, page: &dyn Screen, world: &World) -> Self {
        let mut line = Self { edit: Edit::new(text), error: None, offered: None };
        line.offer(page, world);
        line
    }

    /// Takes a key; false when the line is closed by it.
    pub fn handle(&mut self, key: KeyEvent, page: &mut dyn Screen, world: &World) -> bool {
        match key.code {
            // A filter that cannot be read is not kept, and the line that says so stays.
            KeyCode::Enter => return self.error.is_some(),
            KeyCode::Esc => {
                self.edit.set("");
                self.read(page, world);
                return false;
            }
            KeyCode::Down | KeyCode::Up => {
                page.handle(if key.code == KeyCode::Down { Command::Down } else { Command::Up }, world);
            }
            KeyCode::Tab => self.complete(true, page, world),
            KeyCode::BackTab => self.complete(false, page, world),
            _ => {
                if self.edit.handle(key) {
                    self.typed(page, world);
                }
            }
        }
        true
    }

    /// Takes a pasted text.
    pub fn paste(&mut self, text: &str, page: &mut dyn Screen, world: &World) {
        self.edit.paste(text);
        self.typed(page, world);
    }

    fn typed(&mut self, page: &mut dyn Screen, world: &World) {
        self.read(page, world);
        self.offer(page, world);
    }

    fn read(&mut self, page: &mut dyn Screen, world: &World) {
        self.error = page.filter(self.edit.text(), world).err();
    }

    fn offer(&mut self, page: &dyn Screen, world: &World) {
        let text = self.edit.text();
        let found = page.listing().and_then(|list| list.candidates(text, self.edit.cursor(), world));
        // What stands there already is not offered again.
        let is_new =
            |found: &Candidates| found.put(0, text).is_some_and(|(put, _)| found.texts.len() > 1 || put != text);
        self.offered = found.filter(is_new).map(|found| Offered { found, nth: None, text: text.to_owned() });
    }

    /// Puts in the next of what can stand there. Where it is the only one, goes on to what can follow.
    fn complete(&mut self, forward: bool, page: &mut dyn Screen, world: &World) {
        let Some(offered) = &mut self.offered else { return };
        let count = offered.found.texts.len();
        let nth = match (offered.nth, forward) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(nth), true) => (nth + 1) % count,
            (Some(nth), false) => (nth + count - 1) % count,
        };
        let Some((text, cursor)) = offered.found.put(nth, &offered.text) else { return };
        offered.nth = Some(nth);
        self.edit.put(&text, cursor);
        self.read(page, world);
        if count == 1 {
            self.offer(page, world);
        }
    }

    /// Draws it into the last row of an area, and what it says above.
    pub fn view(&self, area: Rect, painter: &mut Painter<'_>) {
        let last = Rect::new(area.x, area.bottom() - 1, area.width, 1);
        let hints = if area.width < 100 {
            "tab completes, esc shows all "
        } else {
            "tab completes, enter keeps, esc shows all "
        };
        let room = area.width.saturating_sub(text::columns(hints) + 3);
        painter.put(last.x, last.y, 2, " /", Role::Key);
        self.edit.view(last.x + 2, last.y, room.max(20), true, painter);
        painter.put_right(last.x, last.y, last.width, hints, Role::Dim);
        match (&self.error, &self.offered) {
            // A value that is still missing is better offered than asked for.
            (Some(FilterError { rule: Rule::NoValue { .. }, .. }) | None, Some(offered)) => {
                let above = Rect::new(area.x, last.y - 1, area.width, 1);
                painter.clear(above);
                painter.line(above.x + 1, above.y, above.width - 1, &offered.segments(area.width));
            }
            (Some(error), _) => {
                let said = format!("{} {error}", painter.glyphs.bad);
                let width = area.width - 2;
                let lines = (text::wrap(&painter.shown(&said), usize::from(width)).len() as u16).min(MOST_LINES);
                let above = Rect::new(area.x, last.y - lines, area.width, lines);
                painter.clear(above);
                painter.paragraph(Rect::new(above.x + 1, above.y, width, lines), &said, Role::Bad);
            }
            (None, None) => {}
        }
    }
}

impl Offered {
    /// The texts, from the first one on that leaves the chosen one in view.
    fn segments(&self, width: u16) -> Segments<'_> {
        let widths = self.found.texts.iter().map(|text| text::width(text) + 2);
        let before: usize = widths.take(self.nth.map_or(0, |nth| nth + 1)).sum();
        let skip = if before > usize::from(width) { self.nth.unwrap_or(0) } else { 0 };
        let texts = self.found.texts.iter().enumerate().skip(skip);
        let told = texts.flat_map(|(nth, text)| {
            let role = if self.nth == Some(nth) { Role::Selected } else { Role::Dim };
            [segment(text.as_str(), role), segment("  ", Role::Dim)]
        });
        told.collect()
    }
}
