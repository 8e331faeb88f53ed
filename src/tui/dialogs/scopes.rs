//! Which account and region are shown.

use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::widgets::picker::{self, Choice, Picker, PickerEvent};
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// All scopes, and the one of all.
#[derive(Debug)]
pub struct Scopes {
    picker: Picker,
}

impl Scopes {
    /// The scopes of the context.
    pub fn new(world: &World) -> Self {
        let mut choices = vec![Choice::new("", "all accounts and regions", world.scopes.len().to_string())];
        let views = world.store.scopes();
        choices.extend(world.scopes.iter().map(|scope| {
            let fault = views.and_then(|views| views.iter().find(|view| view.scope == *scope)?.fault.clone());
            let detail = fault.map_or_else(|| scope.account.to_string(), |fault| fault.to_string());
            Choice::new(scope.to_string(), world.scope_name(scope), detail)
        }));
        let chosen = if world.narrowed { world.shown.first().map(ToString::to_string) } else { None };
        Self { picker: Picker::new(choices, &chosen.unwrap_or_default()) }
    }
}

impl Modal for Scopes {
    fn title(&self, _: &World) -> String {
        "Show account and region".to_owned()
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        match input {
            Input::Paste(pasted) => self.picker.paste(&pasted),
            Input::Key(key) if key.code == KeyCode::Esc => return vec![Act::Close],
            Input::Key(key) => {
                if let PickerEvent::Chose(index) = self.picker.handle(key) {
                    let scope = index.checked_sub(1).and_then(|place| world.scopes.get(place)).cloned();
                    return vec![Act::Close, Act::Narrow(scope)];
                }
            }
        }
        Vec::new()
    }
    fn size(&self, world: &World) -> (u16, u16) {
        (80, world.scopes.len().min(20) as u16 + 2)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        self.picker.view("> ", area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        picker::hints("narrow", "show")
    }
}
