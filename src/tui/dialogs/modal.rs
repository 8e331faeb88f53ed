//! What a dialog is to the app.

use crate::client::{Fault, Key};
use crate::domain::Time;
use crate::domain::extension::ResourceProbe;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::world::World;
use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

/// What comes to a dialog.
#[derive(Debug)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// A pasted text.
    Paste(String),
}

/// What every dialog can do.
pub trait Modal: std::fmt::Debug {
    /// What stands in its frame.
    fn title(&self, world: &World) -> String;
    /// What it needs to know, beside what the screen below shows.
    fn keys(&self, _world: &World) -> Vec<Key> {
        Vec::new()
    }
    /// Takes new data in, and once when it opens.
    fn sync(&mut self, _world: &World) {}
    /// When it wants to be asked again for [`Self::keys`], though nothing else happens.
    fn wakes(&self, _world: &World) -> Option<Time> {
        None
    }
    /// Takes a key or a paste.
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act>;
    /// What it wanted to know of a resource is known.
    fn probed(&mut self, _outcome: Result<ResourceProbe, Fault>, _world: &World) -> Vec<Act> {
        Vec::new()
    }
    /// How large it wants to be; it gets less on a small screen.
    fn size(&self, world: &World) -> (u16, u16);
    /// Draws what is inside its frame.
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>);
    /// What its keys do, for the last line of the screen.
    fn hints(&self, world: &World) -> Segments<'static>;
}
