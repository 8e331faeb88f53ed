//! A dialog that is a form. What is special to it is said by its [`FormDialog`]; keys, pasting, closing, and what becomes of a
//! form that is to be taken are here, once. Most end in a change, which is shown and asked for ([`propose`]).

use crate::client::{Key, Mutation};
use crate::domain::{Scope, Time};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, FormEvent};
use crate::tui::world::World;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use std::fmt::Debug;

/// What a form that is taken asks for.
pub type Submitted = Vec<Act>;

/// The change that a form says, and where it is to be made: what it would do is shown, and asked for.
pub fn propose(scope: Scope, change: impl Into<Mutation>) -> Submitted {
    vec![Act::propose(scope, change)]
}

/// What a form dialog is told.
pub trait FormDialog: Debug {
    /// Its form.
    fn form(&self) -> &Form;
    /// Its form, to change.
    fn form_mut(&mut self) -> &mut Form;
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
    /// Reads the fields: what they ask for, or what is wrong at which field. No error at all means that there is nothing to
    /// send yet, since something is not known.
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>>;
    /// A field was changed.
    fn changed(&mut self, _world: &World) {
        self.form_mut().show_errors(&[]);
    }
    /// Takes a pasted text that belongs to the dialog and not to its form; false leaves it to the form.
    fn own_paste(&mut self, _pasted: &str) -> bool {
        false
    }
    /// Takes a key that belongs to the dialog and not to its form; false leaves it to the form, and `esc` closes the dialog.
    fn own_key(&mut self, _key: KeyEvent, _world: &World) -> bool {
        false
    }
    /// Whether enter takes it as it stands, in any field: it asks for little, and sends nothing that changes anything.
    fn enter_takes(&self) -> bool {
        false
    }
    /// How large it wants to be.
    fn size(&self, world: &World) -> (u16, u16);
    /// Draws what is inside its frame.
    fn view(&self, _world: &World, area: Rect, painter: &mut Painter<'_>) {
        self.form().view(area, painter);
    }
    /// What its keys do.
    fn hints(&self) -> Segments<'static> {
        form_hints()
    }
}

impl<D: FormDialog> Modal for D {
    fn title(&self, world: &World) -> String {
        FormDialog::title(self, world)
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        FormDialog::keys(self, world)
    }
    fn sync(&mut self, world: &World) {
        FormDialog::sync(self, world);
    }
    fn wakes(&self, world: &World) -> Option<Time> {
        FormDialog::wakes(self, world)
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let event = match input {
            Input::Paste(pasted) if self.own_paste(&pasted) => FormEvent::Moved,
            Input::Paste(pasted) => self.form_mut().paste(&pasted),
            Input::Key(key) if self.own_key(key, world) => FormEvent::Moved,
            Input::Key(key) if key.code == KeyCode::Esc && !self.form().is_picking() => return vec![Act::Close],
            Input::Key(key) if key.code == KeyCode::Enter && self.enter_takes() => FormEvent::Submit,
            Input::Key(key) => self.form_mut().handle(key),
        };
        match event {
            FormEvent::Submit => {
                let submitted = self.submit(world);
                let errors = submitted.as_ref().err().map_or(&[][..], Vec::as_slice);
                self.form_mut().show_errors(errors);
                self.form_mut().focus_error();
                submitted.unwrap_or_default()
            }
            FormEvent::Changed => {
                self.changed(world);
                Vec::new()
            }
            FormEvent::Moved | FormEvent::Unknown => Vec::new(),
        }
    }
    fn size(&self, world: &World) -> (u16, u16) {
        FormDialog::size(self, world)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        FormDialog::view(self, world, area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        FormDialog::hints(self)
    }
}

/// What the keys of a form do that ends in a change.
pub fn form_hints() -> Segments<'static> {
    hints("ctrl-s", " review  ")
}

/// What the keys of a form do that is taken at once.
pub fn plain_hints() -> Segments<'static> {
    hints("ctrl-s", " done  ")
}

/// What the keys of a form do that enter takes.
pub fn enter_hints() -> Segments<'static> {
    hints("enter", " done  ")
}

fn hints(key: &'static str, taking: &'static str) -> Segments<'static> {
    vec![
        segment("tab", Role::Key),
        segment(" next  ", Role::Dim),
        segment("left right", Role::Key),
        segment(" change  ", Role::Dim),
        segment("ctrl-g", Role::Key),
        segment(" go to  ", Role::Dim),
        segment(key, Role::Key),
        segment(taking, Role::Dim),
        segment("esc", Role::Key),
        segment(" close", Role::Dim),
    ]
}
