//! The saved views, to choose one.

use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::theme::Role;
use crate::tui::widgets::picker::{self, Choice, Picker, PickerEvent};
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// The views by their names.
#[derive(Debug)]
pub struct SavedViews {
    picker: Picker,
}

impl SavedViews {
    /// All that are saved.
    pub fn new(world: &World) -> Self {
        let choices = world.views.all().map(|(name, view)| {
            let problems = if view.problems { " only problems" } else { "" };
            Choice::new(name, name, format!("{}{problems} {}", view.list, view.filter))
        });
        Self { picker: Picker::new(choices.collect(), "") }
    }
}

impl Modal for SavedViews {
    fn title(&self, _: &World) -> String {
        "Saved views".to_owned()
    }
    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        match input {
            Input::Paste(pasted) => self.picker.paste(&pasted),
            Input::Key(key) if key.code == KeyCode::Esc => return vec![Act::Close],
            Input::Key(key) => {
                if let PickerEvent::Chose(index) = self.picker.handle(key) {
                    return vec![Act::Close, Act::Recall(self.picker.choices()[index].value.clone())];
                }
            }
        }
        Vec::new()
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (80, self.picker.choices().len().clamp(2, 20) as u16 + 1)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        if self.picker.choices().is_empty() {
            painter.paragraph(area, "Nothing is saved yet. Filter and sort a list, then :save-view NAME", Role::Text);
        } else {
            self.picker.view("> ", area, painter);
        }
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        picker::hints("narrow", "show")
    }
}
