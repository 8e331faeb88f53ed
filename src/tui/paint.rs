//! Putting text into cells by role; the only way in which views draw.

use crate::tui::glyph::Glyphs;
use crate::tui::text::{self, Elide};
use crate::tui::theme::{Role, Theme};
use crate::tui::zone::{Spot, Zones};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::borrow::Cow;

/// Draws into a frame.
pub struct Painter<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    zones: Zones,
    /// The signs to draw with.
    pub glyphs: Glyphs,
}

/// Texts with their roles, one behind the other.
pub type Segments<'a> = Vec<(Cow<'a, str>, Role)>;

/// One segment.
pub fn segment<'a>(text: impl Into<Cow<'a, str>>, role: Role) -> (Cow<'a, str>, Role) {
    (text.into(), role)
}

/// How wide segments are.
pub fn segments_width(segments: &Segments<'_>) -> u16 {
    segments.iter().map(|(text, _)| text::width(text) as u16).sum()
}

impl<'a> Painter<'a> {
    /// A painter on `buffer`.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, glyphs: Glyphs) -> Self {
        Self { buffer, theme, zones: Zones::default(), glyphs }
    }

    /// Says what stands in an area, for whoever clicks there.
    pub fn zone(&mut self, area: Rect, spot: Spot) {
        self.zones.put(area.intersection(self.buffer.area), spot);
    }

    /// All that was said so.
    pub fn into_zones(self) -> Zones {
        self.zones
    }

    /// A text as it is shown: harmless, and in ASCII where only that may be.
    pub fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.glyphs.only_ascii { text::ascii(text) } else { text::harmless(text) }
    }

    /// Puts a text at a place, cut at `columns`; returns how many it took.
    pub fn put(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) -> u16 {
        self.put_elided(x, y, columns, text, role, Elide::Right)
    }

    /// The same, with a say in where it is cut.
    pub fn put_elided(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role, elide: Elide) -> u16 {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() || columns == 0 {
            return 0;
        }
        let columns = columns.min(area.right() - x);
        let safe = self.shown(text);
        let fitted = text::fit(&safe, usize::from(columns), elide, self.glyphs.ellipsis);
        let (end, _) = self.buffer.set_stringn(x, y, &*fitted, usize::from(columns), self.theme.style(role));
        end - x
    }

    /// Puts a text and cuts it hard, without a mark.
    pub fn put_cut(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) {
        let area = self.buffer.area;
        if y < area.bottom() && x < area.right() {
            let columns = columns.min(area.right() - x);
            let style = self.theme.style(role);
            self.buffer.set_stringn(x, y, &*self.shown(text), usize::from(columns), style);
        }
    }

    /// Puts a text so that it ends where `columns` end.
    pub fn put_right(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) {
        let width = text::columns(&self.shown(text)).min(columns);
        self.put(x + columns - width, y, width, text, role);
    }

    /// Puts segments one behind the other; returns how many columns they took.
    pub fn line(&mut self, x: u16, y: u16, columns: u16, segments: &Segments<'_>) -> u16 {
        let mut used = 0;
        for (text, role) in segments {
            if used >= columns {
                break;
            }
            used += self.put(x + used, y, columns - used, text, *role);
        }
        used
    }

    /// Wraps a text into an area; returns how many lines it took.
    pub fn paragraph(&mut self, area: Rect, text: &str, role: Role) -> u16 {
        let mut used = 0;
        let lines: Vec<Cow<'_, str>> = text.split('\n').map(|line| self.shown(line)).collect();
        for line in text::wrap(&lines.join("\n"), usize::from(area.width)) {
            if used >= area.height {
                break;
            }
            self.put(area.x, area.y + used, area.width, &line, role);
            used += 1;
        }
        used
    }

    /// Gives an area a role's style, whatever stands in it.
    pub fn style(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, self.theme.style(role));
    }

    /// Empties an area, down to the background of the theme.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        let ground = self.theme.style(Role::Text);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
                self.buffer[(x, y)].set_style(ground);
            }
        }
    }

    /// A rule over a whole row, with a title at its left and something at its right; the right one gives way first.
    pub fn rule(&mut self, area: Rect, left: &Segments<'_>, right: &Segments<'_>) {
        let rule = self.glyphs.rule.repeat(usize::from(area.width));
        self.put(area.x, area.y, area.width, &rule, Role::Rule);
        let mut used = 2;
        if !left.is_empty() && area.width > 4 {
            used += self.put(area.x + 1, area.y, area.width - 1, " ", Role::Text);
            used += self.line(area.x + used - 1, area.y, area.width.saturating_sub(used), left);
            used += self.put(area.x + used - 1, area.y, area.width.saturating_sub(used), " ", Role::Text);
        }
        let wanted = segments_width(right) + 3;
        let room = area.width.saturating_sub(used);
        if !right.is_empty() && room > 8 {
            let width = wanted.min(room);
            let x = area.right() - width;
            self.put(x, area.y, 1, " ", Role::Text);
            let written = self.line(x + 1, area.y, width.saturating_sub(3), right);
            self.put(x + 1 + written, area.y, 1, " ", Role::Text);
        }
    }

    /// A box with a title on an emptied ground; returns what is inside.
    pub fn boxed(&mut self, area: Rect, title: &str, role: Role) -> Rect {
        let area = area.intersection(self.buffer.area);
        self.clear(area);
        if area.width < 4 || area.height < 3 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        let [left_top, right_top, left_bottom, right_bottom] = self.glyphs.corners;
        let (rule, vertical) = (self.glyphs.rule, self.glyphs.vertical);
        let across = rule.repeat(usize::from(area.width - 2));
        self.put(area.x, area.y, area.width, &format!("{left_top}{across}{right_top}"), role);
        self.put(area.x, area.bottom() - 1, area.width, &format!("{left_bottom}{across}{right_bottom}"), role);
        for y in area.y + 1..area.bottom() - 1 {
            self.put(area.x, y, 1, vertical, role);
            self.put(area.right() - 1, y, 1, vertical, role);
        }
        if !title.is_empty() {
            self.put(area.x + 2, area.y, area.width - 4, &format!(" {title} "), Role::Title);
        }
        Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height - 2)
    }

    /// A bar that is full to a fraction.
    pub fn bar(&mut self, x: u16, y: u16, columns: u16, fraction: f64, role: Role) {
        let full = (fraction.clamp(0.0, 1.0) * f64::from(columns)).floor() as u16;
        self.put(x, y, full, &self.glyphs.full.repeat(usize::from(full)), role);
        let empty = columns - full;
        self.put(x + full, y, empty, &self.glyphs.empty.repeat(usize::from(empty)), Role::Rule);
    }

    /// A scroll bar at an area's right edge, when not all fits.
    pub fn scrollbar(&mut self, area: Rect, offset: usize, visible: usize, total: usize) {
        if total <= visible || area.height == 0 {
            return;
        }
        let height = usize::from(area.height);
        let length = (visible * height / total).clamp(1, height);
        let start = (offset * (height - length)).div_ceil((total - visible).max(1)).min(height - length);
        for row in start..start + length {
            self.put(area.right().saturating_sub(1), area.y + row as u16, 1, self.glyphs.thumb, Role::Rule);
        }
    }
}
