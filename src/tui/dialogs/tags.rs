//! Shows the tags of something, and changes one of them.

use crate::client::change::{TagResource, UntagResource};
use crate::client::{Key, Query};
use crate::domain::{Arn, Scope, Tags, tags};
use crate::tui::dialogs::create_vault::form_hints;
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::screens::pane;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{Filled, Form};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// The form.
#[derive(Debug)]
pub struct TagsEditor {
    scope: Scope,
    arn: Arn,
    form: Form,
}

impl TagsEditor {
    /// Of a vault, plan or recovery point.
    pub fn new(scope: Scope, arn: Arn) -> Self {
        let mut form = Form::default();
        form.note("now", "", Role::Text)
            .turn("do", "Do", &[("set", "set a tag"), ("remove", "remove a tag")], "set")
            .text("key", "Key", "")
            .text("value", "Value", "")
            .pick("gone", "Tag", Vec::new(), "")
            .hide("gone", true);
        Self { scope, arn, form }
    }

    fn key(&self) -> Key {
        Key::scoped(self.scope.clone(), Query::Tags { arn: self.arn.clone() })
    }

    fn removes(&self) -> bool {
        self.form.value("do") == "remove"
    }

    fn submit(&mut self) -> Vec<Act> {
        if self.removes() {
            let key = self.form.value("gone").to_owned();
            if key.is_empty() {
                self.form.mistakes(&[("gone", "choose the tag to remove".to_owned())]);
                return Vec::new();
            }
            let change = UntagResource { arn: self.arn.clone(), keys: vec![key] };
            return vec![Act::propose(self.scope.clone(), change)];
        }
        let (key, value) = (self.form.value("key").to_owned(), self.form.value("value").to_owned());
        if let Err(invalid) = tags::validate_tag("Tags", &key, &value) {
            self.form.mistakes(&[("key", invalid.message)]);
            return Vec::new();
        }
        let change = TagResource { arn: self.arn.clone(), tags: Tags::from([(key, value)]) };
        vec![Act::propose(self.scope.clone(), change)]
    }
}

impl Modal for TagsEditor {
    fn title(&self, _: &World) -> String {
        format!("Tags of {}", self.arn.last_part())
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        vec![self.key()]
    }
    fn sync(&mut self, world: &World) {
        let Some(tags) = world.store.tags(&self.scope, &self.arn) else { return };
        let lines: Vec<String> = tags.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        self.form.label("now", &if lines.is_empty() { "It has no tag.".to_owned() } else { lines.join("\n") });
        let choices = tags.iter().map(|(key, value)| Choice::new(key.clone(), key.clone(), value.clone())).collect();
        self.form.choices("gone", choices);
        let removes = self.removes();
        self.form.hide("gone", !removes).hide("key", removes).hide("value", removes);
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let filled = match input {
            Input::Paste(pasted) => self.form.paste(&pasted),
            Input::Key(key) if key.code == KeyCode::Esc && !self.form.is_picking() => return vec![Act::Close],
            Input::Key(key) => self.form.handle(key),
        };
        match filled {
            Filled::Submit => return self.submit(),
            Filled::Changed => {
                self.form.mistakes(&[]);
                self.sync(world);
            }
            Filled::Moved | Filled::Unknown => {}
        }
        Vec::new()
    }
    fn size(&self, world: &World) -> (u16, u16) {
        let number = world.store.tags(&self.scope, &self.arn).map_or(1, |tags| tags.len().max(1));
        (72, 5 + number.min(30) as u16)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if world.store.tags(&self.scope, &self.arn).is_none() {
            pane::view_nothing(&world.store.freshness(&[self.key()]), &[], world, area, painter);
            return;
        }
        self.form.view(area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        form_hints("review")
    }
}
