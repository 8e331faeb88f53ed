//! Lines of a dialog that are more than fit: which of them are in view.

use crate::tui::paint::Painter;
use crate::tui::theme::Role;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;
use std::cell::Cell as Memo;

/// Where one has scrolled to.
#[derive(Debug, Default)]
pub struct Scrolled {
    offset: usize,
    /// What the last frame showed: lines, and how many fitted.
    seen: Memo<(usize, usize)>,
}

impl Scrolled {
    /// Scrolls; false when the key does not scroll.
    pub fn handle(&mut self, code: KeyCode) -> bool {
        let (lines, height) = self.seen.get();
        let last = lines.saturating_sub(height);
        self.offset = match code {
            KeyCode::Down => self.offset + 1,
            KeyCode::Up => self.offset.saturating_sub(1),
            KeyCode::PageDown => self.offset + height.max(1),
            KeyCode::PageUp => self.offset.saturating_sub(height.max(1)),
            _ => return false,
        }
        .min(last);
        true
    }

    /// Draws the lines that fit, each cut off where it is too long.
    pub fn view(&self, lines: &[(String, Role)], body: Rect, painter: &mut Painter<'_>) {
        let visible = usize::from(body.height);
        let offset = self.offset.min(lines.len().saturating_sub(visible));
        self.seen.set((lines.len(), visible));
        for (row, (line, role)) in lines.iter().skip(offset).take(visible).enumerate() {
            painter.put_cut(body.x, body.y + row as u16, body.width.saturating_sub(1), line, *role);
        }
        painter.scrollbar(body, offset, visible, lines.len());
    }
}
