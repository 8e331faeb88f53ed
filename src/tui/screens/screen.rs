//! What a screen is to the app.

use crate::client::Key;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::subject::Subject;
use crate::tui::table::Table;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// What every screen can do.
pub trait Screen: std::fmt::Debug {
    /// Its part of the path at the top.
    fn crumb(&self, world: &World) -> String;
    /// What it shows.
    fn keys(&self, world: &World) -> Vec<Key>;
    /// Takes new data in.
    fn sync(&mut self, world: &World);
    /// Carries a command out that moves in it; none when the command is not one of its own.
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>>;
    /// Keys that only it has, and what they do, for the last line.
    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// What is selected, for the actions.
    fn subject(&self, world: &World) -> Subject;
    /// Whether the cursor went to another row, and what stands beside the rows waits until it has rested there.
    fn is_moving(&self) -> bool {
        false
    }
    /// The cursor has rested.
    fn rest(&mut self, _world: &World) {}
    /// Whether the selected row has a detail, that stands beside it or can be shown in full.
    fn has_detail(&self) -> bool {
        false
    }
    /// Filters its list.
    fn filter(&mut self, _text: &str, _world: &World) {}
    /// Its list, as far as it has one in view: what it is filtered by, and how many rows it built for the last frame.
    fn table(&self) -> Option<&Table> {
        None
    }
    /// How many rows were built for the last frame of what has the keys.
    fn built(&self) -> usize {
        self.table().map_or(0, Table::built)
    }
    /// Takes the filter and the restriction to problems away; false when there was neither.
    fn unfilter(&mut self, _world: &World) -> bool {
        false
    }
    /// Draws it.
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>);
}

/// A screen with nothing on it.
#[derive(Debug)]
pub struct Nowhere;

impl Screen for Nowhere {
    fn crumb(&self, _: &World) -> String {
        String::new()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        Vec::new()
    }
    fn sync(&mut self, _: &World) {}
    fn handle(&mut self, _: Command, _: &World) -> Option<Vec<Act>> {
        None
    }
    fn subject(&self, _: &World) -> Subject {
        Subject::Nothing
    }
    fn view(&self, _: &World, _: Rect, _: &mut Painter<'_>) {}
}
