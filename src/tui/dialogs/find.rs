//! Asks for the name of what is to be found.

use crate::client::query::Place;
use crate::domain::Scope;
use crate::domain::pattern::Pattern;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, enter_hints};
use crate::tui::msg::Act;
use crate::tui::paint::Segments;
use crate::tui::route::{Route, Sought};
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::world::World;

/// The form.
#[derive(Debug)]
pub struct Find {
    scope: Scope,
    place: Place,
    form: Form,
}

const GLOB: &str = "glob";
const REGEX: &str = "regex";

impl Find {
    /// An empty form.
    pub fn new(scope: Scope, place: Place) -> Self {
        let mut form = Form::default();
        form.text("name", "Name", "").hint("name", "*.toml, or with a slash a path: conf/**/*.toml").turn(
            "kind",
            "It is",
            &[(GLOB, "a name with * and ?"), (REGEX, "a regular expression")],
            GLOB,
        );
        Self { scope, place, form }
    }
}

impl FormDialog for Find {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, world: &World) -> String {
        match &self.place {
            Place::Vault(name) => format!("Find in all recovery points of {name}"),
            Place::Resource(arn) => format!("Find in all recovery points of {}", world.resource_name(&self.scope, arn)),
        }
    }
    fn submit(&mut self, _: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let is_regex = self.form.value("kind") == REGEX;
        let mut fields = Reader::new(&self.form);
        let read = |text: &str| {
            let read = if is_regex { Pattern::regex(text) } else { Pattern::glob(text) };
            read.map(|_| text.to_owned()).map_err(|invalid| invalid.message)
        };
        let name = fields.read("name", read);
        let name = fields.finish(name)?;
        let sought = Sought { scope: self.scope.clone(), place: self.place.clone(), name, is_regex };
        Ok(vec![Act::Close, Act::Open(Route::Found(sought))])
    }
    fn enter_takes(&self) -> bool {
        true
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 4)
    }
    fn hints(&self) -> Segments<'static> {
        enter_hints()
    }
}
