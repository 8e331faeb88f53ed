//! Backs a resource up now.

use crate::client::change::StartBackup;
use crate::client::{Key, Query};
use crate::domain::plan_rules::validate_windows;
use crate::domain::vault::DEFAULT_VAULT;
use crate::domain::{Arn, Lifecycle, Scope, Tags};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::dialogs::parse::{parse_days, parse_minutes, read_tags};
use crate::tui::paint::Painter;
use crate::tui::screens::pane;
use crate::tui::subject::Subject;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use ratatui::layout::Rect;
use std::collections::HashSet;

/// The form.
#[derive(Debug)]
pub struct Backup {
    form: Form,
    /// The vault from which the form was opened, and where it is: what is taken until another is chosen. It may be so new
    /// that no list has it yet.
    wished_vault: Option<(Scope, String)>,
    /// Whether the vault was chosen.
    own_vault: bool,
    /// Whether the role was typed; else it follows the resource's account.
    own_role: bool,
}

/// Every resource of the shown scopes that can be backed up.
fn resources(world: &World) -> Vec<Choice> {
    let mut choices = Vec::new();
    let mut known = HashSet::new();
    for scope in &world.shown {
        for resource in world.store.resources(scope).into_iter().flat_map(|all| all.iter()) {
            known.insert(&resource.arn);
            let name = resource.name.clone().known().unwrap_or_else(|| resource.arn.last_part().to_owned());
            let place = if world.many_accounts() { format!("{}  ", world.scope_name(scope)) } else { String::new() };
            let path = resource.path.clone().known().unwrap_or_else(|| resource.arn.to_string());
            choices.push(Choice::new(resource.arn.to_string(), name, format!("{place}{path}")));
        }
        for resource in world.store.protected(scope).into_iter().flat_map(|all| all.iter()) {
            if known.insert(&resource.arn) {
                let name = resource.name.clone().unwrap_or_else(|| resource.arn.last_part().to_owned());
                choices.push(Choice::new(resource.arn.to_string(), name, resource.arn.to_string()));
            }
        }
    }
    choices
}

/// Whether there is any: asked at each frame, so without making them.
fn has_resources(world: &World) -> bool {
    let store = &world.store;
    world.shown.iter().any(|scope| {
        store.resources(scope).is_some_and(|all| !all.is_empty())
            || store.protected(scope).is_some_and(|all| !all.is_empty())
    })
}

/// The vaults of a scope.
pub fn vaults(scope: &Scope, world: &World) -> Vec<Choice> {
    let vaults = world.store.vaults(scope).into_iter().flat_map(|vaults| vaults.iter());
    vaults
        .map(|vault| {
            let kind = if vault.vault_type.is_air_gapped() { "  air-gapped" } else { "" };
            Choice::new(vault.name.clone(), vault.name.clone(), format!("{} points{kind}", vault.recovery_points))
        })
        .collect()
}

impl Backup {
    /// The form, filled with what is selected.
    pub fn new(subject: &Subject, world: &World) -> Self {
        let (resource, vault) = match subject {
            Subject::Resource(_, arn) => (arn.to_string(), None),
            Subject::BackupJob(job) => {
                (job.resource_arn.to_string(), Some((job.scope.clone(), job.vault_name.clone())))
            }
            Subject::Point(point, _) | Subject::Path(point, ..) => {
                (point.resource_arn.to_string(), Some((point.scope.clone(), point.vault_name.clone())))
            }
            Subject::Vault(vault) => (String::new(), Some((vault.scope.clone(), vault.name.clone()))),
            Subject::VaultName(scope, name) => (String::new(), Some((scope.clone(), name.clone()))),
            _ => (String::new(), None),
        };
        let mut form = Form::default();
        form.pick("resource", "Resource", resources(world), &resource).pick("vault", "Into vault", Vec::new(), "");
        ask_terms(&mut form);
        form.text("role", "Role", "").hint("role", "what the job runs as; the engine's default role is always there");
        Self { form, wished_vault: vault, own_vault: false, own_role: false }
    }

    fn resource(&self) -> Option<Arn> {
        self.form.value("resource").parse().ok()
    }

    /// Where the resource lives: as its ARN says, else where it is listed.
    fn scope(&self, world: &World) -> Option<Scope> {
        let arn = self.resource()?;
        let listed =
            |scope: &&Scope| world.store.resources(scope).is_some_and(|all| all.iter().any(|one| one.arn == arn));
        arn.scope().filter(|scope| world.scopes.contains(scope)).or_else(|| world.scopes.iter().find(listed).cloned())
    }

    /// The backup to start, or what is wrong at which field.
    fn read(&self, token: String) -> Result<StartBackup, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let resource = fields.read("resource", |text| text.parse::<Arn>().map_err(|_| "choose what is backed up"));
        let vault = fields.read("vault", |text| if text.is_empty() { Err("choose a vault") } else { Ok(text) });
        let terms = Terms::read(&mut fields);
        let role = fields.read("role", |text| text.trim().parse::<Arn>());
        let whole = || Some(terms?.start(vault?.to_owned(), resource?, role?, token));
        fields.finish(whole())
    }
}

/// Asks for what is the same of every backup, whatever it is of: how long it is kept, its windows, its tags.
pub fn ask_terms(form: &mut Form) -> &mut Form {
    form.text("keep", "Keep for days", "35")
        .hint("keep", "1 to 36500; empty keeps it for ever")
        .text("start", "Start within", "8h")
        .hint("start", "90m, 8h or 1d; at least 1h")
        .text("end", "Done within", "7d")
        .hint("end", "at least an hour longer than the start window")
        .text("tags", "Tags", "")
        .hint("tags", "optional, of the recovery point: key=value key=value")
}

/// What was answered to [`ask_terms`].
#[derive(Debug, Clone)]
pub struct Terms {
    lifecycle: Option<Lifecycle>,
    start: i64,
    end: i64,
    tags: Tags,
}

impl Terms {
    /// Reads the fields.
    pub fn read(fields: &mut Reader<'_>) -> Option<Self> {
        let lifecycle = fields.read("keep", read_lifecycle);
        let start = fields.read("start", parse_minutes);
        let end = fields.read("end", parse_minutes);
        if let (Some(start), Some(end)) = (start, end)
            && let Err(invalid) = validate_windows("CompleteWindowMinutes", start, end)
        {
            fields.wrong(if invalid.field.starts_with("Start") { "start" } else { "end" }, invalid.message);
        }
        let tags = fields.read("tags", |text| read_tags("RecoveryPointTags", text));
        Some(Self { lifecycle: lifecycle?, start: start?, end: end?, tags: tags? })
    }

    /// The backup of a resource on these terms.
    pub fn start(self, vault: String, resource: Arn, role: Arn, token: String) -> StartBackup {
        StartBackup {
            vault,
            air_gapped_vault: None,
            resource,
            role,
            lifecycle: self.lifecycle,
            start_window_minutes: Some(self.start),
            complete_window_minutes: Some(self.end),
            tags: self.tags,
            options: std::collections::BTreeMap::new(),
            idempotency_token: token,
        }
    }
}

/// An air-gapped vault is named by a member of its own, beside a standard one whose place it takes.
pub fn name_by_kind(start: &mut StartBackup, scope: &Scope, world: &World) -> Result<(), Vec<FieldError>> {
    let all = || world.store.vaults(scope).into_iter().flat_map(|vaults| vaults.iter());
    let Some(chosen) = all().find(|vault| vault.name == start.vault && vault.vault_type.is_air_gapped()) else {
        return Ok(());
    };
    let standard = || all().filter(|vault| vault.vault_type.is_standard());
    let beside = standard().find(|vault| vault.name == DEFAULT_VAULT).or_else(|| standard().next());
    let none =
        || vec![FieldError::new("vault", "AWS Backup asks for a standard vault beside it, and there is none here")];
    start.vault.clone_from(&beside.ok_or_else(none)?.name);
    start.air_gapped_vault = Some(chosen.arn.clone());
    Ok(())
}

/// How long it is kept; empty means for ever.
fn read_lifecycle(text: &str) -> Result<Option<Lifecycle>, String> {
    let lifecycle = parse_days(text)?.map(Lifecycle::delete_after);
    if let Some(lifecycle) = lifecycle {
        lifecycle.validate().map_err(|invalid| invalid.message)?;
    }
    Ok(lifecycle)
}

impl FormDialog for Backup {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "Back up now".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = world.everywhere(&Query::Resources);
        keys.extend(world.everywhere(&Query::ProtectedResources));
        keys.extend(self.scope(world).map(|scope| Key::scoped(scope, Query::Vaults)));
        keys
    }
    fn sync(&mut self, world: &World) {
        self.form.choices("resource", resources(world));
        let Some(scope) = self.scope(world) else { return };
        let mut choices = vaults(&scope, world);
        let has = |choices: &[Choice], name: &str| choices.iter().any(|choice| choice.value == name);
        let wished = self.wished_vault.as_ref().filter(|(place, _)| *place == scope).map(|(_, name)| name.as_str());
        if let Some(name) = wished.filter(|name| !has(&choices, name)) {
            choices.push(Choice::new(name, name, ""));
        }
        if !self.own_vault
            && let Some(name) = wished
        {
            self.form.set("vault", name);
        } else if !has(&choices, self.form.value("vault")) {
            self.form.set("vault", "");
        }
        self.form.choices("vault", choices);
        if !self.own_role {
            self.form.set("role", Arn::default_role(&scope.account).as_str());
        }
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let mut start = self.read((world.tokens.0)())?;
        let elsewhere = || vec![FieldError::new("resource", "its account and region are not among those shown")];
        let scope = self.scope(world).ok_or_else(elsewhere)?;
        name_by_kind(&mut start, &scope, world)?;
        Ok(propose(scope, start))
    }
    fn changed(&mut self, world: &World) {
        self.own_role |= self.form.focused() == "role";
        self.own_vault |= self.form.focused() == "vault";
        self.sync(world);
        self.form.show_errors(&[]);
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (92, 12)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let asked = world.everywhere(&Query::Resources);
        let fresh = world.store.freshness(&asked);
        if !has_resources(world) {
            let empty: pane::Empty<'_> =
                &["There is no resource to back up yet. Register one, behind esc:", "$ :add-resource"];
            pane::view_nothing(&fresh, empty, world, area, painter);
            return;
        }
        self.form.view(area, painter);
    }
}
