//! What a screen is to the app.

use crate::client::Key;
use crate::domain::filter::FilterError;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::several::Marked;
use crate::tui::subject::Subject;
use crate::tui::table::{Listing, Table};
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
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
    /// Keys that only it has, and what they do, for the last line: `{turn}` is what is pressed for that command.
    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// What is selected, for the actions.
    fn subject(&self, world: &World) -> Subject;
    /// What is marked in its list, for what can be done to several rows at once.
    fn marked(&self, _world: &World) -> Marked {
        Marked::default()
    }
    /// Takes the marks of these rows away.
    fn unmark(&mut self, _rows: &[String]) {}
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
    /// The command that opens the list that it shows now, where it has several.
    fn opened_by(&self) -> Option<Command> {
        None
    }
    /// Its list, as far as it has one in view.
    fn listing(&self) -> Option<&dyn Listing> {
        None
    }
    /// The same, to change what it shows.
    fn listing_mut(&mut self) -> Option<&mut dyn Listing> {
        None
    }
    /// What that shows: what it is filtered by, and how many rows it built for the last frame.
    fn table(&self) -> Option<&Table> {
        self.listing().map(Listing::table)
    }
    /// Whether it shows a text to scroll in, and no rows.
    fn is_text(&self) -> bool {
        false
    }
    /// Does what the pointer asks on what it drew; false when that is none of its own.
    fn pointed(&mut self, spot: &Spot, asked: Asked, _across: u16, _world: &World) -> bool {
        let Spot::Row(row) = spot else { return false };
        self.listing_mut().is_some_and(|list| list.point(row, asked))
    }
    /// Filters its list by the terms that can be read; the error tells the first other one.
    fn filter(&mut self, text: &str, world: &World) -> Result<(), FilterError> {
        self.listing_mut().map_or(Ok(()), |list| list.filter(text, world))
    }
    /// Whether its filter has still rows to look at, be they in view or not.
    fn is_filtering(&self) -> bool {
        self.table().is_some_and(Table::is_filtering)
    }
    /// Looks at some more of them; false when there is none left.
    fn step(&mut self, world: &World) -> bool {
        self.listing_mut().is_some_and(|list| list.step(world))
    }
    /// How many rows were built for the last frame of what has the keys.
    fn built(&self) -> usize {
        self.table().map_or(0, Table::built)
    }
    /// Takes the filter and the restriction to problems away; false when there was neither.
    fn unfilter(&mut self, world: &World) -> bool {
        self.listing_mut().is_some_and(|list| list.unfilter(world))
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
