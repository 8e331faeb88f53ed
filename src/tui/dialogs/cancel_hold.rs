//! Releases a legal hold.

use crate::client::change::CancelHold as Change;
use crate::client::{Key, Query};
use crate::domain::legal_hold::{HoldSummary, RETAIN_RECORD_DAYS, validate_description, validate_retention};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::world::World;
use std::sync::Arc;

/// The form.
#[derive(Debug)]
pub struct CancelHold {
    hold: Arc<HoldSummary>,
    form: Form,
}

impl CancelHold {
    /// Of this hold.
    pub fn new(hold: Arc<HoldSummary>, world: &World) -> Self {
        let mut form = Form::default();
        form.note("of", &hold.title, Role::Strong)
            .text("why", "Why", "")
            .hint("why", "the record of the hold keeps it")
            .text("days", "Keep the record for days", "")
            .hint("days", &format!("{RETAIN_RECORD_DAYS} when empty; the record, not the recovery points"))
            .note("effect", "", Role::Text);
        let mut dialog = Self { hold, form };
        dialog.sync(world);
        dialog
    }
}

impl FormDialog for CancelHold {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "Release a legal hold".to_owned()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        vec![Key::scoped(self.hold.scope.clone(), Query::HeldPoints { hold: self.hold.id.clone() })]
    }
    fn sync(&mut self, world: &World) {
        let effect = match world.store.held_points(&self.hold.scope, &self.hold.id) {
            None => "How much it is on is being looked up…".to_owned(),
            Some(points) => {
                format!("It is on {}.", text::count(points.len(), "recovery point", "recovery points"))
            }
        };
        self.form.label("effect", &effect);
    }
    fn submit(&mut self, _: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let description =
            fields.read("why", |text| validate_description("CancelDescription", text).map(|()| text.trim().to_owned()));
        let days = fields.read("days", |text| match text.trim() {
            "" => Ok(None),
            text => {
                let days = text.parse().map_err(|_| "a number of days".to_owned())?;
                validate_retention(days).map(|()| Some(days)).map_err(|invalid| invalid.message)
            }
        });
        let HoldSummary { id, title, scope, .. } = self.hold.as_ref().clone();
        let change = || Some(Change { id, title, description: description?, retain_record_in_days: days? });
        fields.finish(change().map(|change| propose(scope, change)))
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 7)
    }
}
