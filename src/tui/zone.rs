//! Where on the screen something is that the pointer can be put on: told while a frame is drawn, asked when it is clicked.

use crate::tui::command::Command;
use ratatui::layout::{Position, Rect};

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// A row of a list, by what tells it from all others.
    Row(String),
    /// A line of days: its place among all, and where its cells are.
    Days {
        /// Its place, from 0 on.
        line: usize,
        /// The columns before the first cell.
        before: u16,
        /// How wide a cell is.
        cell: u16,
        /// How many there are.
        cells: usize,
    },
    /// What a command does: a tab, a tile, a key with what it does.
    Run(Command),
    /// A choice of a dialog: how many further down it is than the one under the cursor.
    Choice(isize),
    /// What parts a list from the detail beside it.
    Divider,
    /// Something that covers what is below, and takes no click.
    Cover,
}

/// What the pointer asks of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To put the cursor there.
    Select,
    /// To show rows so far below, or above where it is negative; the cursor stays on its row as long as that is in view.
    Scroll(isize),
}

/// The spots of a frame, those on top last.
#[derive(Debug, Default)]
pub struct Zones(Vec<(Rect, Spot)>);

impl Zones {
    /// Something is drawn here, above all that was.
    pub fn put(&mut self, area: Rect, spot: Spot) {
        self.0.push((area, spot));
    }

    /// What stands at a place, and how many columns of it are before.
    pub fn at(&self, x: u16, y: u16) -> Option<(&Spot, u16)> {
        let found = self.0.iter().rev().find(|(area, _)| area.contains(Position::new(x, y)));
        found.map(|(area, spot)| (spot, x - area.x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_top_is_what_is_met() {
        let mut zones = Zones::default();
        zones.put(Rect::new(2, 1, 10, 3), Spot::Row("a".to_owned()));
        zones.put(Rect::new(4, 2, 3, 1), Spot::Cover);
        assert_eq!(zones.at(3, 2), Some((&Spot::Row("a".to_owned()), 1)));
        assert_eq!(zones.at(4, 2), Some((&Spot::Cover, 0)));
        assert_eq!(zones.at(12, 1), None);
        assert_eq!(zones.at(0, 0), None);
    }
}
