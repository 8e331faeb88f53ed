//! Backs a resource up now.

use crate::client::change::StartBackup;
use crate::client::{Key, Query};
use crate::domain::plan_rules::validate_windows;
use crate::domain::{Arn, Lifecycle, Scope, tags};
use crate::tui::dialogs::create_vault::form_hints;
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::dialogs::parse::{parse_days, parse_minutes, parse_tags};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::screens::pane;
use crate::tui::subject::Subject;
use crate::tui::widgets::form::{Filled, Form};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

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
    for scope in &world.shown {
        for resource in world.store.resources(scope).into_iter().flat_map(|all| all.iter()) {
            let name = resource.name.clone().known().unwrap_or_else(|| resource.arn.last_part().to_owned());
            let place = if world.many_accounts() { format!("{}  ", world.scope_name(scope)) } else { String::new() };
            let path = resource.path.clone().known().unwrap_or_else(|| resource.arn.to_string());
            choices.push(Choice::new(resource.arn.to_string(), name, format!("{place}{path}")));
        }
        for resource in world.store.protected(scope).into_iter().flat_map(|all| all.iter()) {
            if !choices.iter().any(|choice| choice.value == resource.arn.as_str()) {
                let name = resource.name.clone().unwrap_or_else(|| resource.arn.last_part().to_owned());
                choices.push(Choice::new(resource.arn.to_string(), name, resource.arn.to_string()));
            }
        }
    }
    choices
}

/// The vaults of a scope.
pub fn vaults(scope: &Scope, world: &World) -> Vec<Choice> {
    let vaults = world.store.vaults(scope).into_iter().flat_map(|vaults| vaults.iter());
    vaults
        .map(|vault| Choice::new(vault.name.clone(), vault.name.clone(), format!("{} points", vault.recovery_points)))
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
        form.pick("resource", "Resource", resources(world), &resource)
            .pick("vault", "Into vault", Vec::new(), "")
            .text("keep", "Keep for days", "35")
            .hint("keep", "1 to 36500; empty keeps it for ever")
            .text("start", "Start within", "8h")
            .hint("start", "90m, 8h or 1d; at least 1h")
            .text("end", "Done within", "7d")
            .hint("end", "at least an hour longer than the start window")
            .text("tags", "Tags", "")
            .hint("tags", "optional, of the recovery point: key=value key=value")
            .text("role", "Role", "")
            .hint("role", "what the job runs as; the engine's default role is always there");
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

    /// The mutation, or what is wrong at which field.
    fn read(&self, token: String) -> Result<StartBackup, Vec<(&'static str, String)>> {
        let mut mistakes = Vec::new();
        let mut note = |id: &'static str, message: String| mistakes.push((id, message));
        let resource = self.resource();
        if resource.is_none() {
            note("resource", "choose what is backed up".to_owned());
        }
        let vault = self.form.value("vault").to_owned();
        if vault.is_empty() {
            note("vault", "choose a vault".to_owned());
        }
        let days = parse_days(self.form.value("keep")).map_err(|message| note("keep", message)).unwrap_or_default();
        let lifecycle = days.map(Lifecycle::delete_after);
        if let Some(Err(invalid)) = lifecycle.map(|lifecycle| lifecycle.validate()) {
            note("keep", invalid.message);
        }
        let start = parse_minutes(self.form.value("start")).map_err(|message| note("start", message)).ok();
        let end = parse_minutes(self.form.value("end")).map_err(|message| note("end", message)).ok();
        if let (Some(start), Some(end)) = (start, end)
            && let Err(invalid) = validate_windows("CompleteWindowMinutes", start, end)
        {
            note(if invalid.field.starts_with("Start") { "start" } else { "end" }, invalid.message);
        }
        let tags = match parse_tags(self.form.value("tags")) {
            Ok(parsed) => {
                if let Err(invalid) = tags::validate("RecoveryPointTags", &parsed) {
                    note("tags", invalid.message);
                }
                parsed
            }
            Err(message) => {
                note("tags", message);
                crate::domain::Tags::new()
            }
        };
        let role = self.form.value("role").trim().parse::<Arn>().map_err(|invalid| note("role", invalid.message)).ok();
        match (resource, role) {
            (Some(resource), Some(role)) if mistakes.is_empty() => Ok(StartBackup {
                vault,
                resource,
                role,
                lifecycle,
                start_window_minutes: start,
                complete_window_minutes: end,
                tags,
                options: std::collections::BTreeMap::new(),
                idempotency_token: token,
            }),
            _ => Err(mistakes),
        }
    }

    fn submit(&mut self, world: &mut World) -> Vec<Act> {
        match (self.read((world.tokens.0)()), self.scope(world)) {
            (Ok(start), Some(scope)) => vec![Act::propose(scope, start)],
            (Ok(_), None) => {
                self.form.mistakes(&[("resource", "its account and region are not among those shown".to_owned())]);
                Vec::new()
            }
            (Err(mistakes), _) => {
                self.form.mistakes(&mistakes);
                self.form.focus_mistake();
                Vec::new()
            }
        }
    }
}

impl Modal for Backup {
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
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let filled = match input {
            Input::Paste(pasted) => self.form.paste(&pasted),
            Input::Key(key) if key.code == KeyCode::Esc && !self.form.is_picking() => return vec![Act::Close],
            Input::Key(key) => self.form.handle(key),
        };
        match filled {
            Filled::Submit => return self.submit(world),
            Filled::Changed => {
                self.own_role |= self.form.focused() == "role";
                self.own_vault |= self.form.focused() == "vault";
                self.sync(world);
                self.form.mistakes(&[]);
            }
            Filled::Moved | Filled::Unknown => {}
        }
        Vec::new()
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (92, 12)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let asked = world.everywhere(&Query::Resources);
        let fresh = world.store.freshness(&asked);
        if resources(world).is_empty() {
            let empty: pane::Empty<'_> = &[
                "There is no resource to back up yet. In another shell:",
                "$ vaultdeck resource add EFS projects --path /srv/projects --tag env=prod",
            ];
            pane::view_nothing(&fresh, empty, world, area, painter);
            return;
        }
        self.form.view(area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        form_hints("review")
    }
}
