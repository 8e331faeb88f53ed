//! How the dashboard can look, to choose one: the screen behind shows each while the cursor is on it.

use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::theme::Theme;
use crate::tui::widgets::picker::{self, Choice, Picker, PickerEvent};
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// The themes by their names.
#[derive(Debug)]
pub struct ThemeChoice {
    picker: Picker,
    /// What it looked like before.
    before: Theme,
}

impl ThemeChoice {
    /// All that can be chosen.
    pub fn new(world: &World) -> Self {
        let choices = world.themes.names().map(|name| Choice::new(name, name, world.themes.about(name)));
        Self { picker: Picker::new(choices.collect(), world.theme.name()), before: world.theme.clone() }
    }

    /// Shows the one under the cursor; one that cannot be used changes nothing.
    fn show(&self, world: &mut World) {
        let chosen = self.picker.current().and_then(|choice| world.themes.choose(&choice.value).ok());
        world.theme = chosen.unwrap_or_else(|| self.before.clone());
    }
}

impl Modal for ThemeChoice {
    fn title(&self, _: &World) -> String {
        "Theme".to_owned()
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        match input {
            Input::Paste(pasted) => self.picker.paste(&pasted),
            Input::Key(key) if key.code == KeyCode::Esc => {
                world.theme = self.before.clone();
                return vec![Act::Close];
            }
            Input::Key(key) => {
                if let PickerEvent::Chose(index) = self.picker.handle(key) {
                    world.theme = self.before.clone();
                    return vec![Act::Close, Act::Theme(self.picker.choices()[index].value.clone())];
                }
            }
        }
        self.show(world);
        Vec::new()
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (80, self.picker.choices().len().min(20) as u16 + 3)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        self.picker.view("> ", area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        picker::hints("narrow", "keep")
    }
}
