//! A text to read.

use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// A text with a title; any key closes it.
#[derive(Debug)]
pub struct Notice {
    title: String,
    text: String,
}

impl Notice {
    /// A notice.
    pub fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into() }
    }
}

impl Modal for Notice {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }
    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        match input {
            Input::Key(_) => vec![Act::Close],
            Input::Paste(_) => Vec::new(),
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (76, crate::tui::text::wrap(&self.text, 72).len() as u16 + 2)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        painter.paragraph(area, &self.text, Role::Text);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        vec![segment("any key", Role::Key), segment(" closes", Role::Dim)]
    }
}
