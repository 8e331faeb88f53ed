//! Shows the tags of something, and changes one of them.

use crate::client::change::{TagResource, UntagResource};
use crate::client::{Key, Query};
use crate::domain::{Arn, Scope, Tags, tags};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::paint::Painter;
use crate::tui::screens::pane;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
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
}

impl FormDialog for TagsEditor {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
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
    fn submit(&mut self, _: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let (scope, arn) = (self.scope.clone(), self.arn.clone());
        if self.removes() {
            return match self.form.value("gone") {
                "" => Err(vec![FieldError::new("gone", "choose the tag to remove")]),
                key => Ok(propose(scope, UntagResource { arn, keys: vec![key.to_owned()] })),
            };
        }
        let (key, value) = (self.form.value("key").to_owned(), self.form.value("value").to_owned());
        match tags::validate_tag("Tags", &key, &value) {
            Err(invalid) => Err(vec![FieldError::new("key", invalid.message)]),
            Ok(()) => Ok(propose(scope, TagResource { arn, tags: Tags::from([(key, value)]) })),
        }
    }
    fn changed(&mut self, world: &World) {
        self.form.show_errors(&[]);
        self.sync(world);
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
}
