//! What lies on an axis.

use crate::tui::paint::Painter;
use crate::tui::text;
use crate::tui::theme::Role;
use std::borrow::Cow;

/// Something on an axis, from one part of it to another: both are between 0 and 1.
#[derive(Debug, Clone)]
pub struct Span {
    from: f64,
    to: f64,
    /// Whether the text fills it over and over, or stands at its begin.
    fills: bool,
    text: Cow<'static, str>,
    role: Role,
}

impl Span {
    /// A sign all along.
    pub fn fill(from: f64, to: f64, sign: &'static str, role: Role) -> Self {
        Self { from, to, fills: true, text: sign.into(), role }
    }

    /// A text at its begin. Where one on the axis has no room for all of its own, each shows its first word.
    pub fn text(from: f64, to: f64, text: String, role: Role) -> Self {
        Self { from, to, fills: false, text: text.into(), role }
    }

    /// One sign.
    pub fn mark(at: f64, sign: &'static str, role: Role) -> Self {
        Self { from: at, to: at, fills: true, text: sign.into(), role }
    }

    /// Its first column on an axis of so many.
    fn first(&self, width: u16) -> u16 {
        ((self.from * f64::from(width)).floor() as u16).min(width.saturating_sub(1))
    }

    /// The columns that it fills.
    fn filled(&self, width: u16) -> u16 {
        let first = self.first(width);
        let last = ((self.to * f64::from(width)).ceil() as u16).clamp(first + 1, width.max(first + 1));
        last - first
    }

    /// The columns for its text: one before whatever begins where it ends stays free.
    fn room(&self, width: u16) -> u16 {
        let last = (self.to * f64::from(width)).floor() as u16;
        let free = u16::from(last < width);
        last.saturating_sub(self.first(width) + free).max(1)
    }

    fn first_word(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }
}

/// Draws what lies on one axis of so many columns.
pub(super) fn view(spans: &[Span], x: u16, y: u16, width: u16, painter: &mut Painter<'_>) {
    let texts = spans.iter().filter(|span| !span.fills);
    let whole = texts.clone().all(|span| text::width(&span.text) <= usize::from(span.room(width)));
    for span in spans {
        let (first, filled, room) = (x + span.first(width), span.filled(width), span.room(width));
        match (span.fills, whole) {
            (true, _) => painter.put_cut(first, y, filled, &span.text.repeat(usize::from(filled)), span.role),
            (false, true) => painter.put_cut(first, y, room, &span.text, span.role),
            (false, false) => painter.put_cut(first, y, room, span.first_word(), span.role),
        }
    }
}
