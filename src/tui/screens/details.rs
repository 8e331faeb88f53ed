//! Labels with their values, one below the other, wrapped and scrolled.

use crate::domain::Known;
use crate::tui::command::Command;
use crate::tui::paint::Painter;
use crate::tui::table::Cell;
use crate::tui::text;
use crate::tui::theme::Role;
use ratatui::layout::Rect;
use std::cell::Cell as Memo;

/// A label and what stands beside it; an empty label continues, an empty value makes a heading.
#[derive(Debug, Clone)]
pub struct Detail {
    label: String,
    value: Cell,
}

impl Detail {
    /// A label with a plain value.
    pub fn new(label: &str, value: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: Cell::plain(value.into()) }
    }

    /// A label with a value that has a role.
    pub fn cell(label: &str, value: Cell) -> Self {
        Self { label: label.to_owned(), value }
    }

    /// A heading.
    pub fn heading(title: &str) -> Self {
        Self { label: title.to_owned(), value: Cell::plain("") }
    }

    /// A label with a value that no answer may have told yet.
    pub fn known(label: &str, value: Known<String>) -> Self {
        match value {
            Known::Known(value) => Self::new(label, value),
            Known::Unknown => Self { label: label.to_owned(), value: Cell::dim("not known") },
        }
    }

    /// A label with a value, when there is one.
    pub fn maybe(label: &str, value: Option<impl Into<String>>) -> Option<Self> {
        value.map(|value| Self::new(label, value))
    }
}

/// Where one has scrolled to.
#[derive(Debug, Default)]
pub struct Scroll {
    offset: usize,
    /// What the last frame showed: how many lines there were, and how many fitted.
    seen: Memo<(usize, usize)>,
}

impl Scroll {
    /// Moves; false when the command does not move.
    pub fn handle(&mut self, command: Command) -> bool {
        let (lines, height) = self.seen.get();
        let last = lines.saturating_sub(height);
        let page = height.max(1);
        self.offset = match command {
            Command::Down => self.offset + 1,
            Command::Up => self.offset.saturating_sub(1),
            Command::PageDown => self.offset + page,
            Command::PageUp => self.offset.saturating_sub(page),
            Command::HalfDown => self.offset + page / 2,
            Command::HalfUp => self.offset.saturating_sub(page / 2),
            Command::Top => 0,
            Command::Bottom => last,
            _ => return false,
        }
        .min(last);
        true
    }
}

/// Draws details into an area; returns how many lines all of them take.
pub fn view(details: &[Detail], scroll: &Scroll, area: Rect, painter: &mut Painter<'_>) -> usize {
    let label_width = details.iter().map(|detail| text::width(&detail.label)).max().unwrap_or(0).min(20) as u16;
    let value_x = label_width + 2;
    let value_width = area.width.saturating_sub(value_x + 1).max(10);
    let mut lines: Vec<(String, String, Role)> = Vec::new();
    for detail in details {
        if detail.value.text.is_empty() {
            if !lines.is_empty() {
                lines.push((String::new(), String::new(), Role::Text));
            }
            lines.push((detail.label.clone(), String::new(), Role::Title));
            continue;
        }
        let safe: Vec<String> = detail.value.text.split('\n').map(|line| text::harmless(line).into_owned()).collect();
        for (nth, line) in text::wrap(&safe.join("\n"), usize::from(value_width)).into_iter().enumerate() {
            let label = if nth == 0 { detail.label.clone() } else { String::new() };
            lines.push((label, line, detail.value.role));
        }
    }
    let height = usize::from(area.height);
    let offset = scroll.offset.min(lines.len().saturating_sub(height));
    scroll.seen.set((lines.len(), height));
    for (row, (label, value, role)) in lines.iter().skip(offset).take(height).enumerate() {
        let y = area.y + row as u16;
        if *role == Role::Title {
            painter.put(area.x, y, area.width, label, Role::Title);
            continue;
        }
        painter.put(area.x, y, label_width, label, Role::Dim);
        painter.put(area.x + value_x, y, value_width, value, *role);
    }
    painter.scrollbar(area, offset, height, lines.len());
    lines.len()
}
