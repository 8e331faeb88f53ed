//! Sets or removes one tag of several.

use crate::client::Mutation;
use crate::client::change::{TagResource, UntagResource};
use crate::domain::{Arn, Tags, tags};
use crate::tui::bulk::proposed;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted};
use crate::tui::dialogs::several::{ask_all, heading};
use crate::tui::several::Several;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::world::World;

/// The form.
#[derive(Debug)]
pub struct TagAll {
    several: Several,
    form: Form,
}

impl TagAll {
    /// Of these.
    pub fn new(several: Several) -> Self {
        let mut form = Form::default();
        form.note("of", &heading(&several), Role::Dim)
            .turn("do", "Do", &[("set", "set a tag"), ("remove", "remove a tag")], "set")
            .text("key", "Key", "")
            .text("value", "Value", "");
        Self { several, form }
    }

    fn removes(&self) -> bool {
        self.form.value("do") == "remove"
    }
}

impl FormDialog for TagAll {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "A tag of several".to_owned()
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let (key, value) = (self.form.value("key").to_owned(), self.form.value("value").to_owned());
        let removes = self.removes();
        let checked = if removes { "" } else { value.as_str() };
        tags::validate_tag("Tags", &key, checked).map_err(|invalid| vec![FieldError::new("key", invalid.message)])?;
        let change = |arn: Arn| -> Mutation {
            if removes {
                UntagResource { arn, keys: vec![key.clone()] }.into()
            } else {
                TagResource { arn, tags: Tags::from([(key.clone(), value.clone())]) }.into()
            }
        };
        let mut proposal = self.several.proposal(String::new());
        for target in &self.several.targets {
            if let Some((scope, arn)) = target.subject.tagged() {
                proposal.changes.push(proposed(target, (scope, change(arn)), world));
            }
        }
        ask_all(proposal, self.several.command, "key")
    }
    fn changed(&mut self, _: &World) {
        let removes = self.removes();
        self.form.hide("value", removes);
        self.form.show_errors(&[]);
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (76, 7)
    }
}
