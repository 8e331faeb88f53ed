//! What may follow the first key of a chord, for whoever does not know it by heart.

use crate::tui::keymap::{Keymap, Stroke};
use crate::tui::paint::Painter;
use crate::tui::text;
use crate::tui::theme::Role;
use ratatui::layout::Rect;

/// Between two columns of keys.
const GAP: u16 = 3;

/// Draws a small box over the end of the screen, above its last line.
pub fn view(first: Stroke, keymap: &Keymap, area: Rect, painter: &mut Painter<'_>) {
    let follow: Vec<(String, &str)> =
        keymap.chords(first).iter().map(|(key, command)| (key.to_string(), command.info().title)).collect();
    let keys = follow.iter().map(|(key, _)| text::columns(key)).max().unwrap_or(0);
    let titles = follow.iter().map(|(_, title)| text::columns(&painter.shown(title))).max().unwrap_or(0);
    let column = keys + 1 + titles;
    let room = area.width.saturating_sub(4);
    let columns = usize::from(((room + GAP) / (column + GAP)).max(1));
    // As few columns as there are rows for.
    let most = usize::from(area.height.saturating_sub(6)).max(1);
    let rows = follow.len().div_ceil(follow.len().div_ceil(most).clamp(1, columns)).min(most);
    let columns = follow.len().div_ceil(rows.max(1)) as u16;
    let title = format!("{first} and then");
    let width = (columns * (column + GAP) - GAP).max(text::columns(&title) + 2).min(room) + 4;
    let height = rows as u16 + 3;
    let place = Rect::new(area.right().saturating_sub(width), area.bottom().saturating_sub(height + 1), width, height);
    let inner = painter.boxed(place, &title, Role::Accent);
    for (nth, (key, title)) in follow.iter().enumerate() {
        let x = inner.x + (nth / rows) as u16 * (column + GAP);
        let y = inner.y + (nth % rows) as u16;
        if x < inner.right() && y < inner.bottom() {
            painter.put(x, y, keys, key, Role::Key);
            painter.put(x + keys + 1, y, inner.right().saturating_sub(x + keys + 1).min(titles), title, Role::Text);
        }
    }
    let last = inner.bottom().saturating_sub(1);
    painter.put(inner.x, last, inner.width, "esc leaves", Role::Dim);
}
