//! What stands beside the rows of a list where the screen is wide: the sheet of the selected row. At any width it is shown in
//! full in their place when that is asked for.
//!
//! It follows the cursor once that has rested a moment: a row that one only passes costs neither a call nor the bytes of its
//! sheet, and a key is answered by the next frame whatever the sheet needs.

use crate::client::Key;
use crate::tui::command::Command;
use crate::tui::paint::Painter;
use crate::tui::screens::details::Scroll;
use crate::tui::screens::sheets::{self, Sheet};
use crate::tui::world::World;
use crate::tui::zone::Spot;
use ratatui::layout::Rect;

/// From this many columns of the screen on there is room for it.
pub const WIDE: u16 = 120;
/// What it takes of the width.
const SHARE: (u16, u16) = (2, 5);
/// And how much of that is of use.
const WIDTHS: (u16, u16) = (53, 90);

/// What somebody made of it is no less than this, and leaves the rows as much.
const LEAST: u16 = 40;

/// How wide it is on a screen, as somebody chose it or as is of use.
pub fn width_of(screen: u16, chosen: Option<u16>) -> u16 {
    match chosen {
        Some(chosen) => chosen.clamp(LEAST, screen.saturating_sub(LEAST).max(LEAST)),
        None => (screen / SHARE.1 * SHARE.0).clamp(WIDTHS.0, WIDTHS.1),
    }
}

/// What stands beside the rows.
#[derive(Debug, Default)]
pub struct Beside {
    /// Which row it tells of.
    of: Option<String>,
    sheet: Option<Sheet>,
    /// Whether the cursor went to another row and has not rested there yet.
    moving: bool,
    /// Where one has scrolled to, while the sheet is shown in full in the place of the rows.
    full: Option<Scroll>,
}

impl Beside {
    /// A key was pressed, and the selection is this row now.
    pub fn moved(&mut self, selected: Option<&str>, world: &World) {
        self.moving = world.beside && self.of.as_deref() != selected;
    }

    /// Whether the cursor went to another row and has not rested there yet.
    pub fn is_moving(&self) -> bool {
        self.moving
    }

    /// Whether the sheet is shown in full in the place of the rows.
    pub fn is_full(&self) -> bool {
        self.full.is_some()
    }

    /// Shows the sheet in full in the place of the rows, or the rows again.
    pub fn turn_full(&mut self) {
        self.full = if self.is_full() { None } else { Some(Scroll::default()) };
        self.moving = false;
    }

    /// Scrolls in the sheet that is shown in full; false when the command does not.
    pub fn scroll(&mut self, command: Command) -> bool {
        self.full.as_mut().is_some_and(|scroll| scroll.handle(command))
    }

    /// The cursor has rested.
    pub fn rest(&mut self) {
        self.moving = false;
    }

    /// Takes in what is known of the selected row; not of one on which the cursor has not rested.
    pub fn follow(&mut self, selected: Option<&str>, world: &World, sheet: impl FnOnce() -> Option<Sheet>) {
        if !self.is_told(world) {
            *self = Self::default();
        } else if !self.moving {
            self.of = selected.map(str::to_owned);
            self.sheet = selected.and_then(|_| sheet());
            // The rows come back when the one that it tells of went.
            self.full = self.full.take().filter(|_| self.sheet.is_some());
        }
    }

    fn is_told(&self, world: &World) -> bool {
        world.beside || self.is_full()
    }

    /// What is asked for the row that it tells of.
    pub fn keys(&self, world: &World) -> impl Iterator<Item = Key> {
        self.sheet.iter().filter(|_| self.is_told(world)).flat_map(|sheet| sheet.keys.iter().cloned())
    }

    /// Draws the sheet in full, where that is asked for; false where the rows are to be drawn.
    pub fn view_full(&self, world: &World, area: Rect, painter: &mut Painter<'_>) -> bool {
        let Some((sheet, scroll)) = self.sheet.as_ref().zip(self.full.as_ref()) else { return false };
        sheets::view(sheet, &sheet.name, scroll, world, area, painter);
        true
    }

    /// The room for the rows, and draws what stands beside them; all room is theirs where nothing does.
    pub fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) -> Rect {
        let Some(sheet) = self.sheet.as_ref().filter(|_| world.beside) else { return area };
        let width = width_of(area.width, world.beside_width);
        let rows = area.width.saturating_sub(width);
        painter.zone(Rect::new((area.x + rows).saturating_sub(1), area.y, 2, area.height), Spot::Divider);
        sheets::view_top(sheet, self.moving, world, Rect::new(area.x + rows, area.y, width, area.height), painter);
        Rect::new(area.x, area.y, rows.saturating_sub(1), area.height)
    }
}
