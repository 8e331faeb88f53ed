//! Makes a vault.

use crate::client::{Key, Mutation, Query, change};
use crate::domain::air_gap::RetentionBounds;
use crate::domain::{Scope, VaultName};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::dialogs::parse::{parse_days, read_tags};
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;

/// The kinds of vault.
const STANDARD: &str = "standard";
const AIR_GAPPED: &str = "air-gapped";

const KEY_OF_STANDARD: &str = "optional, and for good: alias/aws/backup when empty";
const KEY_OF_AIR_GAPPED: &str = "optional, and for good: AWS Backup's own when empty";

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
            .turn("kind", "Kind", &[(STANDARD, "standard"), (AIR_GAPPED, "logically air-gapped")], STANDARD)
            .text("min", "Keep at least", "7")
            .hint("min", "days, 7 at least; nobody changes it later")
            .text("max", "Keep at most", "365")
            .hint("max", "days, to 36500; nobody changes it later")
            .pick("scope", "Account, region", scope_choices(world), &scope)
            .text("tags", "Tags", "")
            .hint("tags", "optional: key=value key=value")
            .text("key", "KMS key ARN", "")
            .hint("key", KEY_OF_STANDARD);
        form.hide("scope", world.scopes.len() < 2);
        let mut this = Self { form };
        this.show_kind();
        this
    }

    fn is_air_gapped(&self) -> bool {
        self.form.value("kind") == AIR_GAPPED
    }

    /// Shows what the chosen kind of vault asks for.
    fn show_kind(&mut self) {
        let air_gapped = self.is_air_gapped();
        self.form.hide("min", !air_gapped).hide("max", !air_gapped);
        self.form.hint("key", if air_gapped { KEY_OF_AIR_GAPPED } else { KEY_OF_STANDARD });
    }

    /// The change that the fields ask for, or what is wrong at which of them.
    fn read(&self, world: &World) -> Result<Mutation, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let name = fields.read("name", |name| self.free_name(name, world));
        let tags = fields.read("tags", |text| read_tags("BackupVaultTags", text));
        let key = self.form.value("key").trim();
        let encryption_key_arn = (!key.is_empty()).then(|| key.to_owned());
        if !self.is_air_gapped() {
            let whole = || Some(change::CreateVault { name: name?, tags: tags?, encryption_key_arn }.into());
            return fields.finish(whole());
        }
        let days = |text: &str| parse_days(text)?.ok_or_else(|| "a number of days".to_owned());
        let bounds = fields.read("min", days).zip(fields.read("max", days));
        let bounds = bounds.map(|(min_days, max_days)| RetentionBounds { min_days, max_days });
        if let Some(invalid) = bounds.and_then(|bounds| bounds.validate().err()) {
            fields.wrong(if invalid.field.starts_with("Min") { "min" } else { "max" }, invalid.message);
        }
        let whole = || {
            Some(change::CreateAirGappedVault { name: name?, bounds: bounds?, tags: tags?, encryption_key_arn }.into())
        };
        fields.finish(whole())
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
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let change = self.read(world)?;
        let scope = scope_of(self.form.value("scope"), world);
        let nowhere = || vec![FieldError::new("scope", "choose where")];
        Ok(propose(scope.ok_or_else(nowhere)?, change))
    }
    fn changed(&mut self, _: &World) {
        self.show_kind();
        self.form.show_errors(&[]);
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, if self.is_air_gapped() { 9 } else { 8 })
    }
}
