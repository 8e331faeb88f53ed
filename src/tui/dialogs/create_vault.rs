//! Makes a vault.

use crate::client::{Key, Query, change};
use crate::domain::{Scope, VaultName};
use crate::tui::dialogs::form_dialog::{FormDialog, Proposal};
use crate::tui::dialogs::parse::read_tags;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;

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
            .hint("key", "optional, and for good: alias/aws/backup when empty");
        form.hide("scope", world.scopes.len() < 2);
        Self { form }
    }

    /// A name that no vault of the scope has yet.
    fn free_name(&self, name: &str, world: &World) -> Result<String, String> {
        name.parse::<VaultName>().map_err(|invalid| invalid.message)?;
        let scope = scope_of(self.form.value("scope"), world);
        let vaults = scope.and_then(|scope| world.store.vaults(&scope));
        if vaults.is_some_and(|vaults| vaults.iter().any(|vault| vault.name == name)) {
            return Err("there is a vault of this name already".to_owned());
        }
        Ok(name.to_owned())
    }
}

impl FormDialog for CreateVault {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "Create a vault".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        scope_of(self.form.value("scope"), world).map(|scope| Key::scoped(scope, Query::Vaults)).into_iter().collect()
    }
    fn submit(&mut self, world: &mut World) -> Result<Proposal, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let name = fields.read("name", |name| self.free_name(name, world));
        let tags = fields.read("tags", |text| read_tags("BackupVaultTags", text));
        let scope = scope_of(self.form.value("scope"), world);
        let key = self.form.value("key").trim();
        let encryption_key_arn = (!key.is_empty()).then(|| key.to_owned());
        let whole = || Some((scope?, change::CreateVault { name: name?, tags: tags?, encryption_key_arn }.into()));
        fields.finish(whole())
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 7)
    }
}
