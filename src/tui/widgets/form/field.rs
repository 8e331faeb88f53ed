//! How one field is drawn.

use super::{Field, Kind};
use crate::tui::paint::Painter;
use crate::tui::text;
use crate::tui::theme::Role;
use ratatui::layout::Rect;

impl Field {
    pub(super) fn takes_keys(&self) -> bool {
        !self.hidden && !matches!(self.kind, Kind::Note(_))
    }

    pub(super) fn takes_room(&self) -> bool {
        !matches!(self.kind, Kind::Note(_))
    }

    /// What stands below it: what is wrong, why it is disabled, or the hint.
    pub(super) fn below(&self, focused: bool) -> Option<(&str, Role)> {
        match (&self.error, &self.disabled) {
            (_, Some(_)) => None,
            (Some(error), None) => Some((error, Role::Bad)),
            (None, None) if focused && !self.hint.is_empty() => Some((&self.hint, Role::Dim)),
            (None, None) => None,
        }
    }

    pub(super) fn height(&self, width: u16, label_width: u16, focused: bool) -> u16 {
        let room = usize::from(width.saturating_sub(label_width + 5).max(8));
        match &self.kind {
            Kind::Note(_) => text::wrap(&self.label, usize::from(width.saturating_sub(2).max(8))).len() as u16,
            _ => 1 + self.below(focused).map_or(0, |(text, _)| text::wrap(text, room).len() as u16),
        }
    }

    pub(super) fn view(&self, area: Rect, label_width: u16, focused: bool, painter: &mut Painter<'_>) {
        if let Kind::Note(role) = self.kind {
            painter.paragraph(area, &self.label, role);
            return;
        }
        let cursor = if focused { painter.glyphs.cursor } else { " " };
        painter.put(area.x, area.y, 1, cursor, Role::Accent);
        let label = if focused { Role::Strong } else { Role::Text };
        let label = if self.disabled.is_some() { Role::Disabled } else { label };
        painter.put(area.x + 2, area.y, label_width, &self.label, label);
        let x = area.x + label_width + 4;
        let room = area.right().saturating_sub(x);
        if let Some(reason) = &self.disabled {
            painter.put(x, area.y, room, &format!("{} {reason}", painter.glyphs.none), Role::Disabled);
            return;
        }
        match &self.kind {
            Kind::Text(edit) => edit.view(x, area.y, room.min(72), focused, painter),
            Kind::Secret(edit) => edit.view(x, area.y, room.min(72), focused, painter),
            Kind::Turn { options, at } => {
                let shown = options.get(*at).map_or("", |(_, label)| label);
                let role = if focused { Role::Focus } else { Role::Field };
                let used = painter.put(x, area.y, room, &format!("< {shown} >"), role);
                if focused {
                    let (room, of) = (room.saturating_sub(used + 2), format!("{} of {}", at + 1, options.len()));
                    let turn = format!("{of}, left and right turn");
                    let said = if text::width(&turn) > usize::from(room) { of } else { turn };
                    painter.put(x + used + 2, area.y, room, &said, Role::Dim);
                }
            }
            Kind::Pick { choices, value } => {
                let chosen = choices.iter().find(|choice| choice.value == *value);
                let shown = match (chosen, value.is_empty()) {
                    (Some(choice), _) => choice.label.clone(),
                    (None, true) => "choose".to_owned(),
                    (None, false) => value.clone(),
                };
                let role = if focused { Role::Focus } else { Role::Field };
                let used = painter.put_elided(x, area.y, room.min(72), &shown, role, text::Elide::Middle);
                if focused {
                    let said = format!("enter lists {}", choices.len());
                    painter.put(x + used + 2, area.y, room.saturating_sub(used + 2), &said, Role::Dim);
                }
            }
            Kind::Toggle(on) => {
                let sign = painter.glyphs.check[usize::from(!*on)];
                let role = if focused { Role::Focus } else { Role::Field };
                let used = painter.put(x, area.y, room, sign, role);
                painter.put(
                    x + used + 1,
                    area.y,
                    room.saturating_sub(used + 1),
                    if *on { "yes" } else { "no" },
                    Role::Dim,
                );
            }
            Kind::Note(_) => {}
        }
        if let Some((below, role)) = self.below(focused) {
            let rest = Rect::new(x, area.y + 1, room, area.height.saturating_sub(1));
            painter.paragraph(rest, below, role);
        }
    }
}
