//! What the terminal tells of the mouse, as clicks, drags and turns of the wheel.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use std::time::{Duration, Instant};

/// Two clicks on one place within this are a double click.
const DOUBLE: Duration = Duration::from_millis(400);

/// What the pointer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// The left button went down.
    Pressed {
        /// The column.
        x: u16,
        /// The row.
        y: u16,
        /// Whether that was the second time there, just now.
        again: bool,
    },
    /// It moved to a column, with the button down.
    Dragged(u16),
    /// The button came up.
    Released,
    /// The wheel turned over a place.
    Wheel {
        /// The column.
        x: u16,
        /// The row.
        y: u16,
        /// Whether towards the end.
        down: bool,
    },
}

/// Tells double clicks from others.
#[derive(Debug, Default)]
pub struct Clicks {
    last: Option<(Instant, u16, u16)>,
}

impl Clicks {
    /// What an event of the terminal means; none for what nothing is done about.
    pub fn read(&mut self, event: MouseEvent, now: Instant) -> Option<Pointer> {
        let (x, y) = (event.column, event.row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let is_again = |(at, column, row): (Instant, u16, u16)| {
                    (column, row) == (x, y) && now.saturating_duration_since(at) <= DOUBLE
                };
                let again = self.last.is_some_and(is_again);
                // A third click begins anew.
                self.last = (!again).then_some((now, x, y));
                Some(Pointer::Pressed { x, y, again })
            }
            MouseEventKind::Drag(MouseButton::Left) => Some(Pointer::Dragged(x)),
            MouseEventKind::Up(MouseButton::Left) => Some(Pointer::Released),
            MouseEventKind::ScrollDown => Some(Pointer::Wheel { x, y, down: true }),
            MouseEventKind::ScrollUp => Some(Pointer::Wheel { x, y, down: false }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    #[test]
    fn two_clicks_on_one_place_within_a_moment_are_a_double_click_and_a_third_is_not() {
        let begin = Instant::now();
        let mut clicks = Clicks::default();
        let mut click = |x: u16, after: u64| {
            let kind = MouseEventKind::Down(MouseButton::Left);
            let event = MouseEvent { kind, column: x, row: 3, modifiers: KeyModifiers::NONE };
            let pointer = clicks.read(event, begin + Duration::from_millis(after));
            matches!(pointer, Some(Pointer::Pressed { again: true, .. }))
        };
        let table = [(5, 0, false), (5, 300, true), (5, 400, false), (6, 500, false), (6, 901, false), (6, 1301, true)];
        for (x, after, again) in table {
            assert_eq!(click(x, after), again, "{x} after {after} ms");
        }
    }

    #[test]
    fn other_buttons_and_a_pointer_that_only_moves_do_nothing() {
        let mut clicks = Clicks::default();
        for kind in [MouseEventKind::Moved, MouseEventKind::Down(MouseButton::Right), MouseEventKind::ScrollLeft] {
            let event = MouseEvent { kind, column: 1, row: 1, modifiers: KeyModifiers::NONE };
            assert_eq!(clicks.read(event, Instant::now()), None);
        }
    }
}
