//! Makes a vault.

use crate::client::{Key, Query, change};
use crate::domain::{Scope, VaultName, tags};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::dialogs::parse::parse_tags;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{Filled, Form};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// The form.
#[derive(Debug)]
pub struct CreateVault {
    form: Form,
}

/// The scopes as choices, the one to begin with first.
pub fn scope_choices(world: &World) -> Vec<Choice> {
    world
        .scopes
        .iter()
        .map(|scope| Choice::new(scope.to_string(), world.scope_name(scope), scope.account.to_string()))
        .collect()
}

/// The scope that a form's field names.
pub fn scope_of(text: &str, world: &World) -> Option<Scope> {
    world.scopes.iter().find(|scope| scope.to_string() == text).cloned()
}

/// What the keys of every form do.
pub fn form_hints(submit: &'static str) -> Segments<'static> {
    vec![
        segment("tab", Role::Key),
        segment(" next  ", Role::Dim),
        segment("left right", Role::Key),
        segment(" change  ", Role::Dim),
        segment("ctrl-s", Role::Key),
        segment(format!(" {submit}  "), Role::Dim),
        segment("esc", Role::Key),
        segment(" close", Role::Dim),
    ]
}

impl CreateVault {
    /// An empty form.
    pub fn new(world: &World) -> Self {
        let scope = world.default_scope().map(ToString::to_string).unwrap_or_default();
        let mut form = Form::default();
        form.text("name", "Name", "")
            .hint("name", "2 to 50 letters, digits, hyphens or underscores")
            .pick("scope", "Account, region", scope_choices(world), &scope)
            .text("tags", "Tags", "")
            .hint("tags", "optional: key=value key=value")
            .text("key", "KMS key ARN", "")
            .hint("key", "optional: the service's own key when empty");
        let engine = world.is_engine().then_some("this engine wraps the vault's key with its own local key");
        form.disable("key", engine).hide("scope", world.scopes.len() < 2);
        Self { form }
    }

    /// What is wrong, by field.
    fn mistakes(&self, world: &World) -> Vec<(&'static str, String)> {
        let mut mistakes = Vec::new();
        let name = self.form.value("name");
        match name.parse::<VaultName>() {
            Err(invalid) => mistakes.push(("name", invalid.message)),
            Ok(_) => {
                let scope = scope_of(self.form.value("scope"), world);
                let taken =
                    scope.and_then(|scope| Some(world.store.vaults(&scope)?.iter().any(|vault| vault.name == name)));
                if taken == Some(true) {
                    mistakes.push(("name", "there is a vault of this name already".to_owned()));
                }
            }
        }
        match parse_tags(self.form.value("tags")).map(|parsed| tags::validate("BackupVaultTags", &parsed)) {
            Err(message) => mistakes.push(("tags", message)),
            Ok(Err(invalid)) => mistakes.push(("tags", invalid.message)),
            Ok(Ok(())) => {}
        }
        mistakes
    }

    fn submit(&mut self, world: &World) -> Vec<Act> {
        let mistakes = self.mistakes(world);
        self.form.mistakes(&mistakes);
        if !mistakes.is_empty() {
            self.form.focus_mistake();
            return Vec::new();
        }
        let Some(scope) = scope_of(self.form.value("scope"), world) else { return Vec::new() };
        let key = self.form.value("key").trim();
        let change = change::CreateVault {
            name: self.form.value("name").to_owned(),
            tags: parse_tags(self.form.value("tags")).unwrap_or_default(),
            encryption_key_arn: (!key.is_empty()).then(|| key.to_owned()),
        };
        vec![Act::propose(scope, change)]
    }
}

impl Modal for CreateVault {
    fn title(&self, _: &World) -> String {
        "Create a vault".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        scope_of(self.form.value("scope"), world).map(|scope| Key::scoped(scope, Query::Vaults)).into_iter().collect()
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let filled = match input {
            Input::Paste(pasted) => self.form.paste(&pasted),
            Input::Key(key) if key.code == KeyCode::Esc && !self.form.is_picking() => return vec![Act::Close],
            Input::Key(key) => self.form.handle(key),
        };
        match filled {
            Filled::Submit => self.submit(world),
            Filled::Changed => {
                self.form.mistakes(&[]);
                Vec::new()
            }
            Filled::Moved | Filled::Unknown => Vec::new(),
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 7)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        self.form.view(area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        form_hints("review")
    }
}
