//! Registers a resource: its service is asked first, and what it says is shown before anything is saved.

mod fields;

use crate::client::change;
use crate::client::{Answer, Fault, FaultKind, Key, Query};
use crate::domain::Scope;
use crate::domain::extension::{self, ResourceProbe};
use crate::domain::types::{TYPES, TypeFacts};
use crate::tui::dialogs::create_vault::{scope_choices, scope_of};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::said;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, FormEvent};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use crossterm::event::KeyCode;
use fields::{FOUND, NAME, SCOPE, TYPE};
use ratatui::layout::Rect;

/// The form.
#[derive(Debug)]
pub struct AddResource {
    form: Form,
    /// What the service was asked about, while it is and after it answered well.
    asked: Option<(Scope, Box<extension::AddResource>)>,
}

impl AddResource {
    /// An empty form.
    pub fn new(world: &World) -> Self {
        let scope = world.default_scope().map(ToString::to_string).unwrap_or_default();
        let mut form = fields::form(scope_choices(world), &scope);
        form.hide(SCOPE, world.scopes.len() < 2);
        let mut this = Self { form, asked: None };
        this.offer_types(world);
        this
    }

    fn scope(&self, world: &World) -> Option<Scope> {
        scope_of(self.form.value(SCOPE), world)
    }

    fn types_key(&self, world: &World) -> Option<Key> {
        Some(Key::scoped(self.scope(world)?, Query::SupportedResourceTypes))
    }

    /// The types that the engine has drivers for, as it tells them.
    fn offer_types(&mut self, world: &World) {
        let slot = self.types_key(world).map(|key| world.store.slot(&key));
        let Some(Answer::ResourceTypes(types)) = slot.and_then(|slot| slot.answer.as_ref()) else { return };
        let known = types.iter().filter_map(|kind| kind.facts()).filter(|facts| !facts.locations.is_empty());
        let choice = |facts: &TypeFacts| Choice::new(facts.name, facts.name, format!("a {}", facts.noun));
        let choices = known.map(choice).collect();
        self.form.offer(TYPE, choices);
    }

    fn facts(&self) -> Option<&'static TypeFacts> {
        TYPES.iter().copied().find(|facts| facts.name == self.form.value(TYPE))
    }

    /// Something was typed: what the service said before is of something else.
    fn changed(&mut self) {
        let facts = self.facts();
        fields::show(&mut self.form, facts);
        self.form.show_errors(&[]);
        self.forget();
    }

    fn forget(&mut self) {
        self.asked = None;
        self.form.label(FOUND, "");
    }

    /// Asks the service, if the form is whole.
    fn ask(&mut self, world: &World) -> Vec<Act> {
        let read = fields::read(&self.form, self.facts());
        let scope = self.scope(world).ok_or_else(|| vec![FieldError::new(SCOPE, "choose where")]);
        let (mut request, scope) = match (read, scope) {
            (Ok(request), Ok(scope)) => (request, scope),
            (Err(errors), _) | (_, Err(errors)) => {
                self.form.show_errors(&errors);
                self.form.focus_error();
                return Vec::new();
            }
        };
        self.form.show_errors(&[]);
        self.forget();
        (request.account_id, request.region) = (Some(scope.account.to_string()), Some(scope.region.to_string()));
        let request = Box::new(request);
        self.asked = Some((scope, request.clone()));
        vec![Act::Probe(request)]
    }

    /// Shows a refusal at the field at which it can be mended.
    fn refuse(&mut self, fault: &Fault) {
        self.asked = None;
        let field = fields::of_refusal(&self.form, fault);
        let label = if fault.kind == FaultKind::Refused { String::new() } else { format!("{}: ", fault.label()) };
        self.form.show_errors(&[FieldError::new(field, format!("{label}{}", fault.message))]);
        self.form.focus_error();
    }
}

impl Modal for AddResource {
    fn title(&self, _: &World) -> String {
        "Register a resource".to_owned()
    }

    fn keys(&self, world: &World) -> Vec<Key> {
        self.types_key(world).into_iter().collect()
    }

    fn sync(&mut self, world: &World) {
        self.offer_types(world);
    }

    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let (was_picking, at) = (self.form.is_picking(), self.form.focused());
        let event = match input {
            Input::Paste(pasted) => self.form.paste(&pasted),
            Input::Key(key) if key.code == KeyCode::Esc && !was_picking => return vec![Act::Close],
            Input::Key(key) => self.form.handle(key),
        };
        match event {
            FormEvent::Submit => return self.ask(world),
            FormEvent::Changed => {
                self.changed();
                if was_picking && at == TYPE {
                    self.form.focus(NAME);
                }
            }
            FormEvent::Moved | FormEvent::Unknown => {}
        }
        Vec::new()
    }

    fn probed(&mut self, outcome: Result<ResourceProbe, Fault>, _: &World) -> Vec<Act> {
        match outcome {
            Err(fault) => {
                self.refuse(&fault);
                Vec::new()
            }
            Ok(probe) => {
                let found = said::found(&probe);
                self.form.label(FOUND, &found);
                let Some((scope, request)) = self.asked.clone() else { return Vec::new() };
                vec![Act::propose(scope, change::AddResource { request: *request, found })]
            }
        }
    }

    fn size(&self, _: &World) -> (u16, u16) {
        (88, 15)
    }

    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        self.form.view(area, painter);
    }

    fn hints(&self, _: &World) -> Segments<'static> {
        let keys =
            [("tab", " next  "), ("left right", " change  "), ("ctrl-s", " ask the service  "), ("esc", " close")];
        keys.into_iter().flat_map(|(key, does)| [segment(key, Role::Key), segment(does, Role::Dim)]).collect()
    }
}
